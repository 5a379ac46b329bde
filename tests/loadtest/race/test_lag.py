from collections.abc import Iterator
from contextlib import contextmanager
from math import inf

import pytest

from loadtest.race.lag import SILENT, WINDOW, Lag, buckets, standstill

EDGES = (0.1, 0.2, 1.0, 5.0, inf)


def read(*late: float) -> dict[float, float]:
    """Return the histogram of timers that were late by so many seconds."""
    return {edge: sum(each <= edge for each in late) for edge in EDGES}


def test_the_histogram_of_a_service_is_read() -> None:
    exposition = """# TYPE event_loop_lag_seconds histogram
event_loop_lag_seconds_bucket{le="0.2"} 7.0
event_loop_lag_seconds_bucket{le="+Inf"} 9.0
event_loop_lag_seconds_count 9.0
http_requests_in_flight 3.0
"""
    assert buckets(exposition) == {0.2: 7.0, inf: 9.0}
    assert buckets("") == {}


@pytest.mark.parametrize(
    ("late", "longest"),
    [
        ([0.001] * 40, None),
        ([0.15] * 40, None),  # a loop that is busy
        ([0.001] * 40 + [0.5, 0.4, 0.3, 0.25], None),  # one pause of the machine
        ([0.001] * 8 + [0.3, 0.25], 0.2),
        ([6.0, 5.9, 0.1], 5.0),
        ([], None),
    ],
)
def test_a_loop_stands_still_if_many_of_its_new_timers_are_late(late: list[float], longest: float | None) -> None:
    before = [7.0] * 30  # long ago
    assert standstill(read(*before), read(*before, *late)) == longest


def test_one_of_several_loops_is_found_by_the_share_of_its_timers_and_said_to_be_one() -> None:
    late = [0.001] * 20 + [0.5, 0.6, 0.7]
    assert standstill(read(), read(*late), loops=1) is None
    assert standstill(read(), read(*late), loops=2) == 0.2
    lag = Lag("http://127.0.0.1:1", loops=2)
    lag.add(100.0, read())
    lag.add(101.0, read(*late))
    assert lag.stands(101.0) == "at least one of 2 event loops stands still, over 0.2 s at a time"
    lag.begin_anew()
    assert lag.stands(101.0) is None


def test_a_service_that_was_started_anew_does_not_stand_still() -> None:
    assert standstill(read(*[7.0] * 30), read(0.001)) is None
    assert standstill({}, {}) is None


def test_a_lane_turns_red_with_late_timers_and_back_when_the_loop_runs() -> None:
    lag, late, clock = Lag("http://127.0.0.1:1"), [0.001] * 20, 100.0
    lag.add(clock, read(*late))
    assert lag.stands(clock) is None
    late += [2.0, 1.9, 1.8]
    lag.add(clock + 1, read(*late))
    assert lag.stands(clock + 1) == "event loop stands still, over 1 s at a time"
    for second in (2, 3, 4, 5):
        late += [0.001] * 10
        lag.add(clock + second, read(*late))
    assert 1 + WINDOW < 5
    assert lag.stands(clock + 5) is None


@contextmanager
def unanswered(lag: Lag, since: float) -> Iterator[None]:
    lag._asked = since  # as while a greenlet waits for an answer
    yield
    lag._asked = None


def test_silence_of_the_metrics_is_said_as_such() -> None:
    lag = Lag("http://127.0.0.1:1")
    with unanswered(lag, 100.0):
        assert lag.stands(100.0 + SILENT / 2) is None
        assert lag.stands(112.0) == "/metrics unanswered for 12 s"
    assert lag.stands(112.0) is None
