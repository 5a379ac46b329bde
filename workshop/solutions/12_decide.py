"""A service in Flask on gunicorn: 100 requests a second that wait 200 ms are 20 in flight, and 30 threads do.

The rewrite was not needed. The threads are enough for the load, with a margin of a half, and few enough for the
supplier, who takes 40 requests at once: with more users, the others wait for a thread.
"""

import os

import urllib3
from flask import Flask
from gunicorn.app.base import BaseApplication

UPSTREAM = os.environ["UPSTREAM_URL"]
THREADS = 30

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
