"""What a refusal looks like."""

import json

from tests.conformance.support.wire import Answer


def detail(answer: Answer, status: int, title: str) -> str:
    """What an answer that must be this problem says."""
    assert (answer.status, answer.headers["Content-Type"]) == (status, "application/problem+json")
    assert answer.headers["Content-Length"] == str(len(answer.body))
    document = json.loads(answer.body)
    assert list(document) == ["type", "title", "status", "detail"]
    assert (document["type"], document["title"], document["status"]) == ("about:blank", title, status)
    sentence: str = document["detail"]
    return sentence


def unavailable(answer: Answer, again_after: int = 1) -> str:
    """What an answer that must be a 503 says; it also says when to come again."""
    assert answer.headers["Retry-After"] == str(again_after)
    return detail(answer, 503, "Service Unavailable")
