from threading import Barrier

import pytest

from loadtest.generator import answering
from loadtest.generator.answering import refusal
from tests.loadtest.support.servers import absent, silent


def test_services_that_accept_no_connection_are_named_with_what_to_do() -> None:
    with absent() as nobody, silent() as somebody:
        assert refusal([("one", somebody)]) is None
        assert refusal([("one", somebody), ("two", nobody), ("two", nobody)]) == (
            f"Nothing answers at {nobody} (two): run sync-vs-async serve, which starts it, and try again."
        )
    for url in ("http://no-such-host.invalid:1", "127.0.0.1:1", "ftp://127.0.0.1", "", "http://127.0.0.1:x"):
        assert (refusal([("one", url)]) or "").startswith(f"Nothing answers at {url} (one): ")
    assert (refusal([("one", "http://no-such-host.invalid:1")]) or "").endswith(": start it, and try again.")


def test_all_services_are_asked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    together = Barrier(3)
    monkeypatch.setattr(answering, "_accepts", lambda _: together.wait(30) >= 0)
    assert refusal([("one", "a"), ("two", "b"), ("three", "c")]) is None
