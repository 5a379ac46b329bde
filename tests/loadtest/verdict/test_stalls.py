from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from loadtest.results.stalls import BLOCKING, BURST, COMPUTING, GARBAGE, LOCKED, NOT_SCHEDULED, OTHER_THREAD, RARE
from loadtest.verdict.stalls import Found, found
from loadtest.verdict.waits import waiting
from loadtest.watch.inside.loops import Look
from loadtest.watch.readings import LoopReading, Seen, Stall, Waits
from loadtest.watch.sites import Site

WINDOW = (100.0, 110.0)
LEAST = 0.01

LINE = Site("shop.py", 57, "stock", "requests.get", "socket.SocketIO.readinto")
OTHER = Site("shop.py", 61, "stock", "requests.post")
SUMS = Site("shop.py", 70, "total", "sum")
LIBRARY = Site("yarl/_url.py", 508, "URL.build", own=False)


def a_line(site: Site, seconds: float = 0.04, cpu: float = 0.0, late: float = 0.0, route: str = "GET /stock") -> Seen:
    return Seen(site, route, seconds, cpu, late)


def a_stall(
    began: float, seen: Sequence[Seen], *, took: float | None = None, delay: float = 0.0, **about: Any
) -> Stall:
    """Return a stall of these lines. `about`: changes of the record."""
    took = sum(each.seconds for each in seen) if took is None else took
    cpu = sum(each.cpu for each in seen)
    before, first = Look(began - 0.01, 0.0, 0.0), Look(began + 0.005, 0.0, 0.0)
    after = Look(began + took, cpu, delay)
    known = Stall(began, took, before, first if seen else None, after, 0.0, row=False, seen=tuple(seen))
    return replace(known, **about)


def a_loop(stalls: Sequence[Stall], process: int = 7) -> LoopReading:
    clocks = [Look(100.0 + moment / 4, moment * 0.01, 0.0) for moment in range(41)]
    waited = [(each.began, each.took - sum(one.cpu for one in each.seen)) for each in stalls]
    held = [sum(min(took, max(0.0, look.moment - began)) for began, took in waited) for look in clocks]
    busy = [(look.moment, look.cpu + seconds) for look, seconds in zip(clocks, held, strict=True)]
    return LoopReading(process, "uvloop, CPython 3.11.7", clocks, list(stalls), busy=busy)


def found_in(*seen: Seen, times: int = 5, least: float = LEAST, **about: Any) -> Found:
    """Return what is found in a window of ten seconds in which these lines held the loop so often."""
    return found([a_loop([a_stall(101.0 + at, seen, **about) for at in range(times)])], WINDOW, 10, least)


@pytest.mark.parametrize(
    ("cpu", "late", "about", "kind"),
    [
        (0.0, 0.0, {}, BLOCKING),
        (0.015, 0.0, {}, BLOCKING),
        (0.039, 0.0, {}, COMPUTING),
        (0.039, 0.02, {}, COMPUTING),  # each look waited 5 ms for the lock
        (0.039, 0.037, {}, LOCKED),
        (0.0, 0.02, {}, OTHER_THREAD),
        (0.0, 0.037, {}, OTHER_THREAD),
        (0.039, 0.0, {"garbage": 0.03}, GARBAGE),
        (0.039, 0.0, {"row": True}, BURST),
        (0.001, 0.037, {"row": True}, OTHER_THREAD),
    ],
)
def test_the_clocks_and_the_stacks_tell_the_kind(cpu: float, late: float, about: dict[str, Any], kind: str) -> None:
    (finding,) = found_in(a_line(LINE, 0.04, cpu, late), **about).findings
    assert finding.kind == kind


@pytest.mark.parametrize(
    ("least", "late", "kind", "releases"),
    [
        (0.002, 0.033, COMPUTING, False),  # a nap of 1 ms, then 5 ms for the lock
        (0.002, 0.0385, LOCKED, False),
        (0.01, 0.02, COMPUTING, False),
        (0.03, 0.02, COMPUTING, False),  # the nap stays 5 ms
        (0.01, 0.004, COMPUTING, True),
    ],
)
def test_the_kind_does_not_depend_on_the_shortest_stall(least: float, late: float, kind: str, releases: bool) -> None:
    (finding,) = found_in(a_line(LINE, 0.04, 0.039, late), least=least).findings
    assert (finding.kind, finding.releases_lock) == (kind, releases)


def test_a_finding_says_how_long_each_request_holds_the_loop() -> None:
    stalls = [*(a_stall(101.0 + at, [a_line(LINE)]) for at in range(4)), a_stall(108.0, [a_line(LINE, 0.09)])]
    known = found([a_loop(stalls)], WINDOW, 10, LEAST)
    (finding,) = known.findings
    assert (finding.site, finding.times, finding.routes) == (LINE, 5, {"GET /stock": 5})
    assert (finding.p50_ms, finding.worst_ms) == pytest.approx((40, 90))
    assert finding.request_ms == pytest.approx(25)  # 250 ms by 10 requests
    assert finding.share == pytest.approx(0.025)
    assert known.waited == pytest.approx(0.25)
    assert known.cpu == pytest.approx(0.4)


def test_two_lines_of_one_callback_have_each_their_time_and_their_kind() -> None:
    known = found_in(a_line(LINE, 0.03), a_line(SUMS, 0.01, 0.01))
    assert [(each.site, each.kind) for each in known.findings] == [(LINE, BLOCKING), (SUMS, COMPUTING)]
    assert [each.p50_ms for each in known.findings] == pytest.approx([30, 10])
    assert known.computed == pytest.approx([0.0, 0.05])
    assert known.waited == pytest.approx(0.15)


def test_lines_of_a_computation_are_one_finding_if_they_are_in_one_function() -> None:
    (finding,) = found_in(a_line(SUMS, 0.03, 0.03), a_line(replace(SUMS, line=71), 0.01, 0.01)).findings
    assert finding.site == SUMS
    assert finding.p50_ms == pytest.approx(40)


def test_a_line_is_of_one_kind_even_if_its_stalls_differ() -> None:
    stalls = [a_stall(101.0 + at / 2, [a_line(LINE, 0.013, 0.013, 0.012 if at % 4 else 0.006)]) for at in range(16)]
    (finding,) = found([a_loop(stalls)], WINDOW, 10, LEAST).findings
    assert (finding.kind, finding.times) == (LOCKED, 16)


def test_lines_of_libraries_count_only_if_no_line_is_the_users_own() -> None:
    (finding,) = found_in(a_line(LINE, 0.02), a_line(LIBRARY, 0.02)).findings
    assert finding.site == LINE
    assert finding.p50_ms == pytest.approx(40)
    (finding,) = found_in(a_line(LIBRARY)).findings
    assert finding.site == LIBRARY


@pytest.mark.parametrize("delay", [0.031, 0.04])
def test_a_thread_without_a_core_is_no_finding(delay: float) -> None:
    known = found_in(a_line(LINE), delay=delay)
    assert known.findings == known.rare == []
    assert known.not_scheduled_ms == pytest.approx(5 * delay * 1000)
    assert {each.what for each in known.loops[0].stretches} == {NOT_SCHEDULED}


def test_time_without_a_core_is_no_part_of_a_stall() -> None:
    known = found_in(a_line(LINE), delay=0.01)
    assert [each.p50_ms for each in known.findings] == pytest.approx([30])
    assert known.not_scheduled_ms == pytest.approx(50)


def test_a_delay_before_the_stall_is_not_subtracted_from_it() -> None:
    stalls = [
        replace(
            a_stall(101.0 + at, [a_line(LINE)]), first=Look(101.001 + at, 0.0, 0.02), after=Look(101.04 + at, 0, 0.02)
        )
        for at in range(5)
    ]
    (finding,) = found([a_loop(stalls)], WINDOW, 10, LEAST).findings
    assert finding.p50_ms == pytest.approx(39)  # at most the millisecond before the first stack


def test_what_was_seen_once_or_twice_is_no_finding_but_is_told() -> None:
    known = found_in(a_line(LINE), times=2)
    assert not known.findings
    assert [each.site for each in known.rare] == [LINE]
    assert {each.what for each in known.loops[0].stretches} == {RARE}


def test_a_stall_of_a_hundredth_of_the_window_is_a_finding_even_alone() -> None:
    assert [each.site for each in found_in(a_line(LINE, 0.11), times=1).findings] == [LINE]


def test_the_number_of_loops_does_not_hide_a_line() -> None:
    loops = [a_loop([a_stall(101.0 + at, [a_line(LINE, 0.012)]) for at in range(10)]), *(a_loop([]) for _ in range(7))]
    assert [each.site for each in found(loops, WINDOW, 10, LEAST).findings] == [LINE]


def test_a_callback_that_never_ends_holds_the_loop_to_the_last_that_was_heard_of_it() -> None:
    loop = a_loop([])
    loop.holds = a_stall(105.0, [a_line(LINE, 4.5)])
    (finding,) = found([loop], WINDOW, 10, LEAST).findings
    assert finding.site == LINE
    assert finding.share == pytest.approx(0.45)


@pytest.mark.parametrize(("cpu", "site", "kind"), [(0.0, LINE, BLOCKING), (0.03, SUMS, LOCKED)])
def test_a_stall_without_a_stack_is_one_of_the_line_that_causes_most_of_its_kind(
    cpu: float, site: Site, kind: str
) -> None:
    stalls = [a_stall(101.0 + at, [a_line(site, 0.04, cpu + 0.009 * bool(cpu), cpu * 1.3)]) for at in range(4)]
    unseen = replace(a_stall(108.0, [], took=0.03), after=Look(108.03, cpu, 0.0))
    known = found([a_loop([*stalls, unseen])], WINDOW, 10, LEAST)
    assert [(each.site, each.times, each.kind) for each in known.findings] == [(site, 5, kind)]
    assert not known.rare


def test_a_library_that_was_seen_after_a_c_function_stands_for_the_line_of_the_same_route() -> None:
    stalls = [a_stall(101.0 + at, [a_line(SUMS, 0.04, 0.04, 0.037)]) for at in range(4)]
    late = a_stall(108.0, [a_line(LIBRARY, 0.04, 0.04, 0.037)])
    assert [(each.site, each.times) for each in found([a_loop([*stalls, late])], WINDOW, 10, LEAST).findings] == [
        (SUMS, 5)
    ]


def test_only_stalls_of_the_window_count() -> None:
    known = found([a_loop([a_stall(at, [a_line(LINE)]) for at in (98.0, 99.5, 110.5, 120.0)])], WINDOW, 10, LEAST)
    assert known.findings == known.rare == []
    assert known.loops[0].busy == pytest.approx(0.04)


def test_requests_wait_elsewhere_if_the_loop_is_free() -> None:
    pool, timer = Site("shop.py", 27, "rows", "pool.acquire"), Site("shop.py", 3, "beat", "asyncio.sleep")
    loop = a_loop([])
    loop.waits = [(103.0, (Waits(pool, "GET /rows", 9), Waits(timer, "", 1)))]
    assert [(each.site, each.share) for each in waiting([loop], WINDOW)] == [(pool, 1.0)]
    held = a_loop([a_stall(100.0 + at / 10, [a_line(LINE, 0.09)]) for at in range(100)])
    held.waits = loop.waits
    assert not waiting([held], WINDOW)
