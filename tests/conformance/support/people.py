"""Questions and their answers, and requests that wait for an answer for as long as a test wants."""

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from uuid import uuid4

from tests.conformance.support.wire import Answer, Held, ask


def fresh() -> str:
    """Return a new name for a question."""
    return f"q-{uuid4().hex}"


def give(url: str, question: str, text: str) -> Answer:
    """Give an answer to the service at `url`, and return the response."""
    answer = ask(url, f"/answer/{question}", "POST", body=text.encode())
    assert (answer.status, answer.headers["Content-Type"]) == (202, "application/json"), answer.body
    assert answer.body == b'{"question":"%s"}\n' % question.encode()
    return answer


def told(answer: Answer, question: str) -> str:
    """Return the answer in the body of a response."""
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json"), answer.body
    assert answer.headers["Content-Length"] == str(len(answer.body))
    document = json.loads(answer.body)
    assert list(document) == ["question", "answer"]
    assert document["question"] == question
    text: str = document["answer"]
    return text


def nobody_is_answered(asked: Sequence[Future[Answer]]) -> None:
    """Check for a moment that no request is answered yet."""
    done = wait(asked, timeout=0.1).done
    assert [each.result() for each in done] == []


@contextmanager
def unanswered(url: str, number: int = 1, answering: str | None = None) -> Iterator[None]:
    """Keep requests to the service at `url` in flight until the context exits, then check that they are answered.

    They ask a question, whose answers are given to the service at `answering`, or to the same one.
    """
    question = fresh()
    with ThreadPoolExecutor(number) as pool:  # gunicorn waits in its main thread for a client that closes no connection
        asked = [pool.submit(Held(url, f"/ask/{question}?timeout=10s").answer) for _ in range(number)]
        try:
            yield
        finally:
            for _ in asked:
                give(answering or url, question, "soup")
        assert [told(each.result(), question) for each in asked] == ["soup"] * number
