from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from math import ceil

import pytest

from tests.conformance.support.fleet import LOOPS, ONE_AT_A_TIME, SEVERAL, TOGETHER, WAYS_TO_WAIT, Fleet
from tests.conformance.support.wire import Held, ask, at_once, elapsed
from tests.support.stalls import within

WAIT = 0.5
TWENTY = ["/delay/500ms"] * 20


@pytest.mark.parametrize("name", ONE_AT_A_TIME)
def test_twenty_waits_take_twenty_over_its_slots_where_these_are_few(fleet: Fleet, name: str) -> None:
    service = fleet(name, SEVERAL[name])
    slots = service.service.slots
    assert slots
    answers = at_once(service.url, TWENTY)
    assert {answer.status for answer in answers} == {200}
    rounds = ceil(20 / slots)
    assert elapsed(answers) >= rounds * WAIT
    within((rounds + 2) * WAIT, elapsed(answers))


@pytest.mark.parametrize("name", TOGETHER)
def test_twenty_waits_take_about_one_where_there_are_slots_enough(fleet: Fleet, name: str) -> None:
    answers = at_once(fleet(name).url, TWENTY)
    assert {answer.status for answer in answers} == {200}
    assert elapsed(answers) >= WAIT
    within(3 * WAIT, elapsed(answers))


# One process each. gevent replaces the standard library's blocking sleep by one that blocks no other request.
@pytest.mark.parametrize(
    ("name", "neighbour", "held_up"),
    [
        *((name, "/delay/500ms", True) for name in ONE_AT_A_TIME),
        *((name, "/offload/500ms", True) for name in ONE_AT_A_TIME),
        *((name, "/delay/500ms", False) for name in TOGETHER),
        *((name, "/blocking/500ms", name in LOOPS) for name in TOGETHER),
        *((name, "/offload/500ms", False) for name in TOGETHER if name != "flask-gevent"),
        *((name, "/cpu/500ms", True) for name in (*LOOPS, "flask-gevent")),
    ],
)
def test_a_neighbour_holds_a_request_up_or_does_not(fleet: Fleet, name: str, neighbour: str, held_up: bool) -> None:
    url = fleet(name, workers=1).url
    with ThreadPoolExecutor() as pool:
        slow = pool.submit(Held(url, neighbour).answer)
        quick = ask(url, "/delay/0")
    assert slow.result().status == quick.status == 200
    if held_up:
        assert quick.ended - slow.result().began >= WAIT
    else:
        within(WAIT, quick.ended - slow.result().began)


# A waiting request must not delay another one. /file is left out: gevent cannot make disk calls cooperative, so they
# block the whole process.
WAITED_FOR = ["/fetch?delay=500ms", "/query?delay=500ms", "/ask/nobody?timeout=500ms"]
STREAMED = ["/drip?delay=500ms&duration=0", "/sse?delay=500ms&count=1"]


def overlapping(streamed: Sequence[str]) -> list[tuple[str, str]]:
    """Return pairs of service and target: streams for every service, the other waits once for each way to wait."""
    own = [(name, target) for name in WAYS_TO_WAIT if name in TOGETHER for target in WAITED_FOR]
    return own + [(name, target) for name in TOGETHER for target in streamed]


@pytest.mark.parametrize(("name", "neighbour"), overlapping(STREAMED))
def test_nothing_that_waits_holds_up_its_neighbours(fleet: Fleet, name: str, neighbour: str) -> None:
    url = fleet(name, workers=1).url
    with ThreadPoolExecutor() as pool:
        slow = [pool.submit(Held(url, neighbour).answer) for _ in range(3)]
        quick = ask(url, "/delay/10ms")
    assert quick.elapsed >= 0.01
    assert {each.result().status for each in slow} <= {200, 504}
    assert all(each.result().elapsed >= WAIT for each in slow)
    within(WAIT, quick.ended - slow[0].result().began)


@pytest.mark.parametrize(("name", "target"), overlapping(["/drip?duration=500ms", "/sse?duration=500ms"]))
def test_three_of_a_kind_wait_together(fleet: Fleet, name: str, target: str) -> None:
    answers = at_once(fleet(name, workers=1).url, [target] * 3)
    assert len({answer.status for answer in answers}) == 1
    assert elapsed(answers) >= WAIT
    within(2 * WAIT, elapsed(answers))
