"""Checks of error responses."""

import json

from tests.conformance.support.wire import Answer


def detail(answer: Answer, status: int, title: str) -> str:
    """Check that a response is this problem, and return its detail."""
    assert (answer.status, answer.headers["Content-Type"]) == (status, "application/problem+json")
    assert answer.headers["Content-Length"] == str(len(answer.body))
    document = json.loads(answer.body)
    assert list(document) == ["type", "title", "status", "detail"]
    assert (document["type"], document["title"], document["status"]) == ("about:blank", title, status)
    sentence: str = document["detail"]
    return sentence


def unavailable(answer: Answer, again_after: int = 1) -> str:
    """Check that a response is a 503 with this Retry-After (seconds), and return its detail."""
    assert answer.headers["Retry-After"] == str(again_after)
    return detail(answer, 503, "Service Unavailable")
