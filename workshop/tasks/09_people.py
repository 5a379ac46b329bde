"""A service in Flask where people wait for people: with 4 threads, four who ask are enough to stop it.

Task: let answers in, however many people ask. Ask those for whom there is no place to come back later (503).
The check asks 12 questions, and answers those that wait. At least 3 people must receive their answer.
"""

import os
from queue import SimpleQueue

from flask import Flask, request
from gunicorn.app.base import BaseApplication

app = Flask(__name__)
answers: dict[str, SimpleQueue[str]] = {}


@app.get("/ask/<question>")
def ask(question: str) -> str:
    return answers.setdefault(question, SimpleQueue()).get()  # holds a thread until somebody answers


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
