"""A service in Flask where people wait for people: of 4 threads, one stays free for the answers."""

import os
from queue import SimpleQueue
from threading import Semaphore

from flask import Flask, request
from gunicorn.app.base import BaseApplication

app = Flask(__name__)
answers: dict[str, SimpleQueue[str]] = {}
places = Semaphore(3)


@app.get("/ask/<question>")
def ask(question: str) -> str | tuple[str, int]:
    if not places.acquire(blocking=False):
        return "come back later", 503
    text = answers.setdefault(question, SimpleQueue()).get()  # holds a thread until somebody answers
    places.release()
    return text


@app.post("/answer/<question>")
def answer(question: str) -> str:
    answers.setdefault(question, SimpleQueue()).put(request.get_data(as_text=True))
    return "thank you"


class Service(BaseApplication):
    def load_config(self) -> None:
        self.cfg.set("bind", f"127.0.0.1:{os.environ['PORT']}")
        self.cfg.set("threads", 4)

    def load(self) -> Flask:
        return app


if __name__ == "__main__":
    Service().run()
