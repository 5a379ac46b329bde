import json
from collections.abc import Iterator

import pytest

from contract import bodies
from contract.bodies import Made
from contract.parameters import Answer, Calls, Drip, Events, File, Nothing, Question
from contract.replies import EVENTS, JSON, METRICS, TEXT, Chunks, Reply
from tests.contract.support.asking import whole

CALLS = Calls.model_construct(n=2, delay=0.1, mode="sequential")
UNBUFFERED = {"Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no"}
LUNCH = Question.model_construct(question="lunch", timeout=2.5)


class Handed:
    """An answer whose body is one piece."""

    text = "soup \U0001f35c"

    def carried_by(self, body: bytes) -> Chunks:
        return iter([body])


def pieces(reply: Reply) -> list[bytes]:
    assert isinstance(reply.body, Iterator)
    return list(reply.body)


@pytest.mark.parametrize(
    ("reply", "status", "headers", "body"),
    [
        (
            bodies.fanout(CALLS, Made("concurrent", [None, None])),
            200,
            {"Waits": "concurrent; n=2"},
            b'{"n":2,"delay":0.1,"mode":"sequential"}\n',
        ),
        (
            bodies.fetched(CALLS, Made("sequential", [0.1, 0.101])),
            200,
            {"Waits": "sequential; n=2"},
            b'{"n":2,"delay":0.1,"mode":"sequential","durations":[0.1,0.101]}\n',
        ),
        (
            bodies.queried(CALLS, Made("concurrent", [0, 1])),
            200,
            {"Waits": "concurrent; n=2"},
            b'{"n":2,"delay":0.1,"mode":"sequential","rows":[0,1]}\n',
        ),
        (
            bodies.file(File.model_construct(size=3), "ab" * 32),
            200,
            {},
            f'{{"size":3,"sha256":"{"ab" * 32}"}}\n'.encode(),
        ),
        (
            bodies.answered(Answer.model_construct(question="lunch", answer="soup"), None),
            202,
            {},
            b'{"question":"lunch"}\n',
        ),
    ],
    ids=["fanout", "fetched", "queried", "file", "answered"],
)
def test_a_body_says_what_was_asked_and_what_came_back_and_a_header_how_n_waits_were_made(
    reply: Reply, status: int, headers: dict[str, str], body: bytes
) -> None:
    assert (reply.status, reply.content_type, dict(reply.headers), whole(reply)) == (status, JSON, headers, body)


def test_an_answer_is_carried_by_a_body_of_known_length() -> None:
    reply = bodies.asked_for(LUNCH, Handed())
    (body,) = pieces(reply)
    assert json.loads(body) == {"question": "lunch", "answer": Handed.text}
    assert (reply.status, reply.content_type, reply.headers) == (200, JSON, {"Content-Length": str(len(body))})


def test_no_answer_is_a_504_that_names_the_question() -> None:
    reply = bodies.asked_for(LUNCH, None)
    assert reply.status == 504
    assert json.loads(whole(reply))["detail"] == "No answer to 'lunch' came within 2.5 s."


@pytest.mark.parametrize("code", [200, 201, 206, 404, 418, 500, 599])
def test_a_drip_has_a_length_whatever_its_status(code: int) -> None:
    asked = Drip.model_construct(duration=0.0, numbytes=3, delay=0.0, code=code)
    reply = bodies.drip(asked, iter([b"*", b"*", b"*"]))
    assert (reply.status, reply.content_type, reply.headers) == (code, TEXT, {**UNBUFFERED, "Content-Length": "3"})
    assert pieces(reply) == [b"*"] * 3


@pytest.mark.parametrize(("code", "headers"), [(204, {}), (205, {"Content-Length": "0"}), (304, {})])
def test_a_drip_with_a_status_that_has_no_body_has_none(code: int, headers: dict[str, str]) -> None:
    asked = Drip.model_construct(duration=0.0, numbytes=3, delay=0.0, code=code)
    assert bodies.drip(asked, iter([b"*"])) == Reply(b"", code, TEXT, headers)


def test_events_are_neither_stored_nor_held_back_by_proxies() -> None:
    reply = bodies.events(Events.model_construct(count=1, duration=1.0, delay=0.0), iter([b"x"]))
    assert (reply.status, reply.content_type, reply.headers) == (200, EVENTS, UNBUFFERED)
    assert pieces(reply) == [b"x"]


def test_an_event_has_its_number_and_the_time_in_milliseconds() -> None:
    assert bodies.event(3, 1.5) == b'event: ping\ndata: {"id":3,"timestamp":1500}\n\n'


def test_metrics_are_what_prometheus_reads() -> None:
    assert bodies.metrics(Nothing(), b"x 1\n") == Reply(b"x 1\n", content_type=METRICS)
