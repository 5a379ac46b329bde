"""A service in Flask on gunicorn, with 48 threads: enough for 40 users, and a bound for their memory.

With more users than threads, the others wait for a thread; they are not lost.
"""

import os

import urllib3
from flask import Flask
from gunicorn.app.base import BaseApplication

UPSTREAM = os.environ["UPSTREAM_URL"]
THREADS = 48

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
