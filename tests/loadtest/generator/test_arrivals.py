from collections.abc import Iterator, Sequence
from heapq import heappop, heappush
from itertools import chain, count, islice
from math import isinf
from typing import Any

import pytest

from loadtest.generator.arrivals import Arrival, RecordedSchedule, Schedule, figures
from loadtest.generator.joined import joined_arrivals
from loadtest.results.arrivals import Arrived
from loadtest.results.histogram import percentile
from loadtest.workload.open import Open

PATIENCE = 1.0


class Clock:
    """A clock that stands still unless a test sets it."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("loadtest.generator.arrivals.perf_counter", clock)
    return clock


def schedule(*offsets: float, recorded: bool = True, clients: int = 3) -> Any:
    """Return a schedule with these offsets, then one a minute, that begins at 100."""
    kind = RecordedSchedule if recorded else Schedule
    made = kind(chain(offsets, count(60.0, 60.0)), PATIENCE, clients)
    made.began = 100.0
    return made


@pytest.mark.parametrize("recorded", [True, False])
def test_arrivals_are_taken_in_their_order_and_counted_from_the_beginning(recorded: bool, clock: Clock) -> None:
    clock.now = 99.0
    taking = schedule(0.0, 0.5, 0.5, 2.0, recorded=recorded)
    assert [taking.take().intended for _ in range(5)] == [100.0, 100.5, 100.5, 102.0, 160.0]


@pytest.mark.parametrize(("now", "free"), [(100.4, True), (100.5, False), (100.6, False)])
def test_a_client_is_free_for_an_arrival_that_it_takes_before_the_intended_start(
    now: float, free: bool, clock: Clock
) -> None:
    clock.now = now
    assert schedule(0.5).take() == Arrival(100.5, free=free)


def test_a_schedule_has_ended_when_every_arrival_before_a_moment_has(clock: Clock) -> None:
    clock.now = 99.0
    taking = schedule(0.0, 0.5, 1.0)
    assert not taking.has_ended(until=101.0)
    first, second, later = (taking.take() for _ in range(3))
    assert not taking.has_ended(until=101.0)
    second.ended = 100.6
    assert not taking.has_ended(until=101.0)
    first.ended = 100.7
    assert taking.has_ended(until=101.0)
    assert not taking.has_ended(until=101.1)
    later.ended = 101.2
    assert not taking.has_ended(until=101.1)  # there may be more before this moment, which nobody has taken
    taking.take()
    assert taking.has_ended(until=101.1)


def test_a_schedule_without_arrivals_before_a_moment_has_ended_once_a_client_sleeps_for_a_later_one(
    clock: Clock,
) -> None:
    clock.now = 99.0
    taking = schedule(0.5)
    assert not taking.has_ended(until=100.2)
    taking.take()
    assert taking.has_ended(until=100.2)


def test_a_closed_schedule_tells_what_was_taken_and_what_nobody_was_free_to_send(clock: Clock) -> None:
    clock.now = 99.0
    taking = schedule(0.0, 0.25, 0.5, 0.75, 1.0, 1.25)
    taken = [taking.take(), taking.take()]
    known = taking.close(until=101.0)
    assert known[:2] == taken
    assert known[2:] == [Arrival(100.5, free=False), Arrival(100.75, free=False)]
    assert {each.sent for each in known} == {None}


def test_a_closed_schedule_leaves_out_what_clients_have_taken_for_later(clock: Clock) -> None:
    clock.now = 99.0
    taking = schedule(0.0, 0.5, 1.0, 1.5)
    taken = [taking.take() for _ in range(4)]
    assert taking.close(until=101.0) == taken[:2]


def answered(intended: float, took: float, late: float = 0.0, process: str = "a; pid=1", **changes: Any) -> Arrival:
    """Return an arrival that was answered `took` seconds after its intended start, and sent `late` seconds after it."""
    known = {"free": True, "sent": intended + late, "ended": intended + took, "served": True, "process": process}
    return Arrival(intended, **{**known, **changes})


def seen(
    arrivals: Sequence[Arrival], window: float = 2.0, deadlines: Sequence[float] = (), clients: int = 3
) -> tuple[dict[str, Any], Arrived]:
    """Return the figures of a window that opens at 10."""
    schedule = Schedule(iter(()), PATIENCE, clients)
    found = figures(arrivals, schedule, 10.0, window, deadlines)
    return found, arrived_of(found)


def arrived_of(found: dict[str, Any]) -> Arrived:
    """Return the arrivals among the figures of the only load generator."""
    return Arrived.model_validate(joined_arrivals([found["arrivals"]]))


def test_a_request_belongs_to_the_window_of_its_intended_start_whenever_it_was_sent_and_answered() -> None:
    before = answered(9.99, 0.1)  # answered in the window
    late = answered(9.99, 0.2, late=0.1)  # sent in the window
    opening, closing = answered(10.0, 0.3), answered(11.999, 0.4, late=0.3)  # sent and answered after the window
    after = answered(12.0, 0.5)
    found, arrived = seen([before, late, opening, closing, after])
    assert arrived.offered == 2
    assert found["latency"] == {300.0: 1, 400.0: 1}
    assert arrived.service_ms == {300.0: 1, 100.0: 1}
    assert arrived.spent_ms == pytest.approx(700)


def test_every_arrival_is_served_or_lost() -> None:
    refused = answered(10.1, 0.001, served=False)
    gave_up = answered(10.2, PATIENCE, served=False, process="")
    not_sent = answered(10.3, 1.01, sent=None, served=False, free=False, process="")
    never = Arrival(10.4, free=False)
    unanswered = Arrival(10.5, free=True, sent=10.5)
    found, arrived = seen([answered(10.0, 0.25), refused, gave_up, not_sent, never, unanswered])
    assert (arrived.offered, arrived.lost) == (6, 5)
    assert found["latency"] == arrived.service_ms == {250.0: 1}
    # a refusal is over at once, and nobody waits longer than the patience
    assert arrived.spent_ms == pytest.approx(250 + 1 + 4 * PATIENCE * 1000)


def test_lateness_is_the_generators_own_only_if_a_client_was_free() -> None:
    arrivals = [
        answered(10.0, 0.5, late=0.0004),
        answered(10.1, 0.5, late=0.002),
        answered(10.2, 0.5, late=0.3, free=False),
        answered(10.3, 0.5, late=0.0, free=False),
        answered(10.4, 0.5, late=-0.001),
        Arrival(10.5, free=False),
    ]
    _, arrived = seen(arrivals, clients=7)
    assert arrived.late_ms == {0.4: 1, 2.0: 1, 0.0: 1}
    assert arrived.waited == 3
    assert arrived.early == 1
    assert arrived.clients == 7


def test_latency_counts_from_the_intended_start_and_service_time_from_the_send() -> None:
    found, arrived = seen([answered(10.0, 0.9, late=0.7, free=False)])
    assert found["latency"] == {900.0: 1}
    assert arrived.service_ms == {200.0: 1}


def test_requests_in_flight_are_those_that_have_begun_and_not_ended_at_each_moment_of_the_window() -> None:
    arrivals = [
        answered(9.5, 0.9),  # 0.4 s of it in the window, in flight when it opens
        answered(9.4, 0.5),  # over before it
        answered(10.5, 0.5),  # wholly inside
        answered(11.75, 0.5),  # 0.25 s, in flight when it closes
        answered(11.9, 3.0, served=False),  # 0.1 s; gave up at 12.9
        answered(12.5, 0.5),  # after it
        Arrival(9.2, free=False),  # until the patience is over at 10.2: 0.2 s, in flight when it opens
    ]
    _, arrived = seen(arrivals)
    assert arrived.in_flight == pytest.approx((0.4 + 0.5 + 0.25 + 0.1 + 0.2) / 2.0)
    assert arrived.edges == 2
    assert arrived.slope == 0
    _, shorter = seen(arrivals, window=1.95)
    assert (shorter.edges, shorter.slope) == (2, 0)
    _, longer = seen(arrivals[:2], window=1.0)
    assert (longer.edges, longer.slope) == (1, -1.0)


def test_the_slope_is_the_growth_of_the_backlog_by_the_second() -> None:
    waiting = [Arrival(10.0 + number / 10, free=True, sent=10.0 + number / 10) for number in range(40)]
    schedule = Schedule(iter(()), 10.0, 100)
    arrived = arrived_of(figures(waiting, schedule, 10.05, 3.0, ()))
    assert arrived.slope == pytest.approx(30 / 3.0)
    assert arrived.edges == 31


def test_answers_are_good_within_each_deadline() -> None:
    arrivals = [answered(10.0 + number / 10, 0.1 * (number + 1)) for number in range(5)]
    refused = answered(10.9, 0.01, served=False)
    found, _ = seen([*arrivals, refused, answered(9.0, 0.1)], deadlines=(0.25, 10.0))
    assert found["good"] == [2, 5]
    assert seen(arrivals)[0]["good"] == []


def test_the_processes_that_answered_are_counted_and_the_busiest_stands_first() -> None:
    processes = ["a; pid=1", "a; pid=2", "a; pid=2", "", "a; pid=3", "a; pid=2", "a; pid=1"]
    arrivals = [answered(10 + number / 10, 0.1, process=process) for number, process in enumerate(processes)]
    assert seen(arrivals)[1].shares == [3, 2, 1]
    assert seen([answered(10.0, 0.1, process="")])[1].shares == []


def test_a_window_without_arrivals_has_figures_too() -> None:
    found, arrived = seen([])
    assert (found["latency"], arrived.offered, arrived.lost, arrived.in_flight) == ({}, 0, 0, 0.0)


# The freeze: 100 requests arrive per second, evenly, for 20 s, and each takes 20 ms. The service stands still for 2 s.
RATE, SECONDS, SERVICE = 100, 20.0, 0.02
FROZEN, THAWED = 5.0, 7.0


def over(sent: float) -> float:
    """Return when a request that was sent at this time has its answer, from a service that stands still for a while."""
    ends = sent + SERVICE
    return max(ends, THAWED) if sent < THAWED and ends > FROZEN else ends


def arrivals_at(clients: int) -> list[Arrival]:
    """Return the arrivals of an open load on that service, sent by so many clients."""
    free = [0.0] * clients
    found = []
    for intended in islice(Open(RATE, "even").schedule(1), int(RATE * SECONDS)):
        available = heappop(free)
        sent = max(intended, available)
        found.append(Arrival(intended, free=available <= intended, sent=sent, ended=over(sent), served=True))
        heappush(free, over(sent))
    return found


def added(latency: dict[float, int], rank: float) -> float:
    """Return by how many seconds a percentile is longer than without the freeze."""
    found = percentile(latency, rank)
    assert found is not None
    assert not isinf(found)
    return found / 1000 - SERVICE


@pytest.mark.parametrize("clients", [1000, 50])
def test_a_service_that_stands_still_is_as_slow_as_it_is_for_those_who_arrive_meanwhile(clients: int) -> None:
    schedule = Schedule(iter(()), 10.0, clients)
    found = figures(arrivals_at(clients), schedule, 0.0, SECONDS, ())
    assert added(found["latency"], 0.95) == pytest.approx(1.00, rel=0.05)  # a tenth arrives in the freeze, half of
    assert added(found["latency"], 0.99) == pytest.approx(1.80, rel=0.05)  # them before its middle
    assert arrived_of(found).offered == RATE * SECONDS


def test_with_few_clients_the_time_from_the_send_hides_what_waited_for_a_client() -> None:
    schedule = Schedule(iter(()), 10.0, 50)
    arrived = arrived_of(figures(arrivals_at(50), schedule, 0.0, SECONDS, ()))
    assert arrived.waited >= 150
    assert added(arrived.service_ms, 0.95) < 0.05


def turns(users: int, think: float) -> Iterator[float]:
    """Yield the response times of a closed load on that service, in the order of sending."""
    ready = [(user * (SERVICE + think) / users, user) for user in range(users)]
    while True:
        sent, user = heappop(ready)
        if sent >= SECONDS:
            return
        heappush(ready, (over(sent) + think, user))
        yield over(sent) - sent


def test_users_who_wait_for_their_answers_miss_that_a_service_stood_still() -> None:
    took = sorted(turns(users=10, think=0.08))
    assert len(took) == pytest.approx(RATE * (SECONDS - (THAWED - FROZEN)), rel=0.02)  # as many a second
    assert max(took) > 1.8
    for rank in (0.95, 0.99):
        assert took[int(rank * len(took))] - SERVICE < 0.001
