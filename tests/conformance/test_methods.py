import json

import pytest

from contract.operations import OPERATIONS
from loadtest.processes.service import Running
from tests.conformance.support.cases import BAD, GOOD, NOWHERE, by_operation
from tests.conformance.support.wire import Answer, ask

EXAMPLES = [(operation.example, operation.methods) for operation in OPERATIONS]


@pytest.mark.parametrize(("target", "methods"), EXAMPLES)
def test_other_methods_are_not_allowed(application: Running, target: str, methods: tuple[str, ...]) -> None:
    for method in {"GET", "POST", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND"} - {*methods}:
        answer = ask(application.url, target, method)
        assert (answer.status, answer.headers["Content-Type"]) == (405, "application/problem+json")
        assert answer.headers["Allow"] == ", ".join(sorted(methods))
        assert json.loads(answer.body) == {
            "type": "about:blank",
            "title": "Method Not Allowed",
            "status": 405,
            "detail": f"Method '{method}' is not allowed, only {', '.join(sorted(methods))}.",
        }
        assert answer.timing.keys() == {"total"}


@pytest.mark.parametrize("target", ["/answer/lunch", "/answer/"])
def test_head_is_not_allowed_where_get_is_not(application: Running, target: str) -> None:
    answer = ask(application.url, target, "HEAD")
    assert (answer.status, answer.headers["Allow"], answer.body) == (405, "OPTIONS, POST", b"")


def options_say(application: Running, target: str, methods: tuple[str, ...]) -> None:
    answer = ask(application.url, target, "OPTIONS")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json"), target
    assert answer.headers["Allow"] == ", ".join(methods), target
    assert json.loads(answer.body) == {"allow": [*methods]}, target
    assert answer.timing.keys() == {"total"}, target


def test_options_says_what_is_allowed_and_waits_for_nothing(application: Running) -> None:
    for target, methods in EXAMPLES:
        options_say(application, target, methods)


def test_options_does_not_look_at_parameters(application: Running) -> None:
    for target in ("/delay/nan", "/fanout?x", "/blocking/10s"):
        options_say(application, target, ("GET", "HEAD", "OPTIONS"))


MEASURED = {"date", "served-by", "server-timing"}


def fixed_headers(answer: Answer) -> dict[str, str]:
    return {name.lower(): value for name, value in answer.headers.items() if name.lower() not in MEASURED}


HEADED = {
    **{name: [case.target for case in cases] for name, cases in by_operation(GOOD).items()},
    "one bad request of each": [cases[-1].target for cases in by_operation(BAD).values()],
    "nowhere": list(NOWHERE[:5]),
}
"""The targets that HEAD is compared with GET for."""


@pytest.mark.parametrize("targets", HEADED.values(), ids=HEADED)
def test_head_has_the_headers_of_get_and_no_body(application: Running, targets: list[str]) -> None:
    for target in targets:
        got = ask(application.url, target)
        head = ask(application.url, target, "HEAD")
        assert head.status == got.status, target
        assert fixed_headers(head) == fixed_headers(got), target
        assert {name.lower() for name in head.headers} == {name.lower() for name in got.headers}, target
        assert head.headers["Content-Length"] == str(len(got.body)), target
        assert head.body == b"", target


def test_head_waits_as_get_does(application: Running) -> None:
    answer = ask(application.url, "/delay/100ms", "HEAD")
    assert answer.timing["wait"] >= 0.1
    assert answer.elapsed >= 0.1
