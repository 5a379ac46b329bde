"""A restaurant in Flask with a waiter for each guest: each request has a thread of its own.

This is Flask's default, and that of `flask run`.
"""

import os

import urllib3
from flask import Flask

UPSTREAM = os.environ["UPSTREAM_URL"]

app = Flask(__name__)
kitchen = urllib3.PoolManager(maxsize=5)


@app.get("/slow")
def slow() -> str:
    return kitchen.request("GET", f"{UPSTREAM}/slow").data.decode()  # holds a thread


@app.get("/healthz")
def healthz() -> str:
    return "ok"


if __name__ == "__main__":
    app.run(port=int(os.environ["PORT"]))
