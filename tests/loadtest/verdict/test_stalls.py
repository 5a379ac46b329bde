from collections.abc import Sequence
from typing import Any

import pytest

from loadtest.results.stalls import BLOCKING, BURST, COMPUTING, GARBAGE, LOCKED, NOT_SCHEDULED, RARE
from loadtest.verdict.stalls import found, waiting
from loadtest.watch.inside.loops import Look
from loadtest.watch.readings import LoopReading, Seen, Stall
from loadtest.watch.sites import Site

WINDOW = (100.0, 110.0)
LEAST = 0.01

LINE = Site("shop.py", 57, "stock", "requests.get", "socket.SocketIO.readinto")
OTHER = Site("shop.py", 61, "stock", "requests.post")
LIBRARY = Site("yarl/_url.py", 508, "URL.build", own=False)


def a_stall(  # noqa: PLR0913, PLR0917 - what a stall is made of
    began: float = 101.0,
    took: float = 0.04,
    cpu: float = 0.0,
    delay: float = 0.0,
    late: float = 0.0,
    garbage: float = 0.0,
    *,
    row: bool = False,
    seen: Sequence[Site] = (LINE,),
    busy_before: float = 0.0,
) -> Stall:
    """Return a stall whose thread computed for `cpu` seconds, beside `busy_before` seconds shortly before it."""
    before = Look(began - 0.01, 0.0, 0.0)
    first = Look(began + 0.005, busy_before + cpu * 0.005 / took, 0.0) if seen and not late else None
    after = Look(began + took, busy_before + cpu, delay)
    lines = tuple(Seen(site, "GET /stock/{n}", 7, late / len(seen)) for site in seen)
    return Stall(began, took, before, first, after, garbage, row, lines)


def a_loop(stalls: Sequence[Stall]) -> LoopReading:
    clocks = [Look(100.0 + moment / 4, moment * 0.01, 0.0) for moment in range(41)]
    return LoopReading(7, "uvloop, CPython 3.11.7", clocks, list(stalls))


def stalls_of(number: int = 5, **about: Any) -> list[Stall]:
    return [a_stall(101.0 + place, **about) for place in range(number)]


@pytest.mark.parametrize(
    ("about", "kind"),
    [
        ({}, BLOCKING),
        ({"busy_before": 0.01}, BLOCKING),  # by other callbacks, after the last look
        ({"cpu": 0.039}, COMPUTING),
        ({"cpu": 0.039, "late": 0.02}, COMPUTING),  # each look waited 5 ms for the lock
        ({"cpu": 0.039, "late": 0.037}, LOCKED),
        ({"cpu": 0.039, "garbage": 0.03}, GARBAGE),
        ({"cpu": 0.039, "row": True}, BURST),
    ],
)
def test_the_clocks_and_the_stacks_tell_what_kind_a_stall_is(about: dict[str, Any], kind: str) -> None:
    (finding,) = found([a_loop(stalls_of(**about))], WINDOW, 10, LEAST).findings
    assert finding.kind == kind


@pytest.mark.parametrize(("late", "releases"), [(0.0, True), (0.02, False)])
def test_a_computation_that_lets_other_threads_run_is_told_from_one_that_does_not(late: float, releases: bool) -> None:
    (finding,) = found([a_loop(stalls_of(cpu=0.039, late=late))], WINDOW, 10, LEAST).findings
    assert finding.releases_lock is releases


def test_a_finding_says_how_long_each_request_holds_the_loop() -> None:
    stalls = [*stalls_of(4, took=0.04), a_stall(108.0, took=0.09)]
    known = found([a_loop(stalls)], WINDOW, 10, LEAST)
    (finding,) = known.findings
    assert (finding.site, finding.times, finding.routes) == (LINE, 5, {"GET /stock/{n}": 5})
    assert (finding.p50_ms, finding.worst_ms) == pytest.approx((40, 90))
    assert finding.request_ms == pytest.approx(25)  # 250 ms by 10 requests
    assert finding.share == pytest.approx(0.025)
    assert known.waited == pytest.approx(0.25)
    assert known.cpu == pytest.approx(0.4)


def test_two_lines_of_one_callback_share_its_time() -> None:
    first, second = found([a_loop(stalls_of(seen=(LINE, OTHER)))], WINDOW, 10, LEAST).findings
    assert {first.site, second.site} == {LINE, OTHER}
    assert first.p50_ms == pytest.approx(20)
    assert second.p50_ms == pytest.approx(20)


def test_lines_of_libraries_count_only_if_no_line_is_the_users_own() -> None:
    (finding,) = found([a_loop(stalls_of(seen=(LINE, LIBRARY)))], WINDOW, 10, LEAST).findings
    assert finding.site == LINE
    (finding,) = found([a_loop(stalls_of(seen=(LIBRARY,)))], WINDOW, 10, LEAST).findings
    assert finding.site == LIBRARY


@pytest.mark.parametrize("about", [{"delay": 0.035}, {"delay": 0.02}, {"took": 0.012, "delay": 0.004}])
def test_a_thread_without_a_core_is_no_finding(about: dict[str, Any]) -> None:
    known = found([a_loop(stalls_of(**about))], WINDOW, 10, LEAST)
    assert known.findings == known.rare == []
    assert known.not_scheduled_ms == pytest.approx(5 * about.get("took", 0.04) * 1000)
    assert {each.what for each in known.loops[0].stretches} == {NOT_SCHEDULED}


def test_what_was_seen_once_or_twice_is_no_finding_but_is_told() -> None:
    known = found([a_loop(stalls_of(2))], WINDOW, 10, LEAST)
    assert not known.findings
    assert [each.site for each in known.rare] == [LINE]
    assert {each.what for each in known.loops[0].stretches} == {RARE}


def test_a_stall_without_a_stack_is_one_of_the_line_that_causes_most_of_its_kind() -> None:
    known = found([a_loop([*stalls_of(4), a_stall(108.0, took=0.011, seen=())])], WINDOW, 10, LEAST)
    assert [(each.site, each.times) for each in known.findings] == [(LINE, 5)]
    assert not known.rare


def test_only_stalls_of_the_window_count() -> None:
    stalls = [a_stall(moment) for moment in (98.0, 99.5, 110.5, 120.0)]
    known = found([a_loop(stalls)], WINDOW, 10, LEAST)
    assert known.findings == known.rare == []
    assert known.loops[0].busy == pytest.approx(0.04)


def test_requests_wait_elsewhere_if_the_loop_is_free() -> None:
    pool, timer = Site("shop.py", 27, "rows", "pool.acquire"), Site("shop.py", 3, "beat", "asyncio.sleep")
    loop = a_loop([])
    loop.waits = [(103.0, (Seen(pool, "GET /rows", 9, 0.0), Seen(timer, "", 1, 0.0)))]
    assert [(each.site, each.share) for each in waiting([loop], WINDOW)] == [(pool, 1.0)]
    held = a_loop([a_stall(100.0 + place / 10, took=0.09) for place in range(100)])
    held.waits = loop.waits
    assert not waiting([held], WINDOW)
