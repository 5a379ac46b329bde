"""A service in Flask on gunicorn, with 8 threads: the ninth user waits for a thread.

Task: carry 40 users at once. Threads cost memory: have at most 64, however many users there are.
The check counts the requests that wait at its upstream, of 40 users and of 100.
"""

import os

import urllib3
from flask import Flask
from gunicorn.app.base import BaseApplication

UPSTREAM = os.environ["UPSTREAM_URL"]
THREADS = 8

app = Flask(__name__)
http = urllib3.PoolManager(maxsize=THREADS)


@app.get("/slow")
def slow() -> str:
    return http.request("GET", f"{UPSTREAM}/slow").data.decode()  # holds a thread


@app.get("/healthz")
def healthz() -> str:
    return "ok"


class Service(BaseApplication):
    def load_config(self) -> None:
        self.cfg.set("bind", f"127.0.0.1:{os.environ['PORT']}")
        self.cfg.set("threads", THREADS)

    def load(self) -> Flask:
        return app


if __name__ == "__main__":
    Service().run()
