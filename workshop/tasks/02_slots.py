"""A restaurant in Flask with one waiter: while a guest waits for the kitchen, nobody else is served.

Task: serve five guests at once.
The check sends five requests to /slow. Its kitchen answers none of them before all five have been asked for.
"""

import os

import urllib3
from flask import Flask

UPSTREAM = os.environ["UPSTREAM_URL"]

app = Flask(__name__)
kitchen = urllib3.PoolManager(maxsize=5)


@app.get("/slow")
def slow() -> str:
    return kitchen.request("GET", f"{UPSTREAM}/slow").data.decode()  # holds the waiter


@app.get("/healthz")
def healthz() -> str:
    return "ok"


if __name__ == "__main__":
    app.run(port=int(os.environ["PORT"]), threaded=False)
