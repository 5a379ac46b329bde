import pytest

from loadtest.report.figures.memory import (
    MIB,
    Match,
    best_of,
    matched,
    per_process,
    picture,
    sentence,
    title,
)
from loadtest.results.schema import Results, Step
from loadtest.verdict.aggregate import Row, rows
from loadtest.workload.closed import Closed
from loadtest.workload.demand import DEADLOCK
from tests.loadtest.support.fabricated import calibration, contender, measured, results, step


def sized(service: str, users: int, mib: float | None, **changes: object) -> Step:
    """Return a step at whose end the service held `mib` MiB of memory."""
    done = step(service, users)
    assert done.measured
    memory = None if mib is None else round(mib * MIB)
    return done.model_copy(update={"measured": done.measured.model_copy(update={"memory": memory, **changes})})


def match(run: Results, service: str) -> Match | None:
    table = rows(run)
    best = best_of(run, table)
    assert best
    (known,) = [each for each in run.contenders if each.name == service]
    return matched(known, best, table)


def of(run: Results, service: str) -> list[Row]:
    return [row for row in rows(run) if row.service == service]


GROWS = results(
    [
        *(sized("flask-threads", users, 100 + min(users, 64) / 16) for users in (1, 10, 64, 400)),
        *(sized("aiohttp", users, 80 + users / 100, server_cpu=1.0) for users in (1, 10, 64, 400)),
    ]
)
"""64 threads of 64 KiB each; queued requests take no memory."""


def test_a_worker_takes_its_share_of_the_whole_beside_the_master() -> None:
    run = results([sized("flask", 1, 100), sized("flask", 5, 150)])
    assert per_process(rows(run)[-1], 5) == pytest.approx(25 * MIB)
    assert per_process(rows(results([sized("flask", 5, None)]))[-1], 5) is None


def test_to_match_a_throughput_takes_a_slot_for_each_request_in_flight() -> None:
    found = match(GROWS, "flask-threads")
    assert found
    assert (found.service, found.needs, found.has, found.unit) == ("flask-threads", 400, 64, "threads")
    assert found.more == pytest.approx((400 - 64) * MIB / 16, rel=1e-4)
    assert found.cpu == pytest.approx(0.5 / 640 * 4000)  # half a core serves 640 requests/s; 4000 are wanted


def test_a_service_of_one_thread_a_worker_needs_processes() -> None:
    run = results([sized("flask", 1, 100), sized("flask", 50, 150), sized("aiohttp", 50, 80)])
    found = match(run, "flask")
    assert found == Match("flask", needs=50, has=5, unit="processes", more=45 * 25 * MIB, cpu=5.0)


def test_to_match_askers_takes_a_slot_more_than_there_are_of_them() -> None:
    run = results([step("flask-threads", 10, scenario="ask"), step("aiohttp", 100, scenario="ask")], scenario="ask")
    found = match(run, "flask-threads")
    assert found
    assert found.needs == 101  # 100 slots for 100 users would be a deadlock


def test_a_service_that_carries_no_more_needs_no_more_memory() -> None:
    assert match(results([sized("flask-threads", 50, 100), sized("aiohttp", 50, 80)]), "flask-threads") is None
    assert match(GROWS, "aiohttp") is None


def test_more_slots_do_not_help_where_a_pool_binds() -> None:
    run = results([step(name, 200, scenario="query") for name in ("flask-threads", "aiohttp")], scenario="query")
    assert match(run, "flask-threads") is None


def test_nothing_is_said_of_a_service_that_is_not_ours() -> None:
    assert match(results([sized("stranger", 50, None), sized("aiohttp", 50, 80)]), "stranger") is None


def test_nothing_is_said_of_a_service_of_which_nothing_holds() -> None:
    doubted = step("flask-threads", 400, doubts=["a doubt"])
    assert match(results([doubted, sized("aiohttp", 400, 80)]), "flask-threads") is None


def test_the_cpu_that_nobody_measured_is_unknown() -> None:
    run = results([sized("flask-threads", 400, 100, server_cpu=None), sized("aiohttp", 400, 80)])
    found = match(run, "flask-threads")
    assert found
    assert (found.cpu, found.more) == (None, None)


def test_the_best_is_the_cheapest_of_those_that_carry_the_most() -> None:
    run = results(
        [
            sized("flask-gevent", 400, 100, server_cpu=1.0),
            sized("aiohttp", 400, 100, server_cpu=0.5),
            sized("flask-threads", 50, 100, server_cpu=0.3),
        ]
    )
    best = best_of(run, rows(run))
    assert best
    assert (best.service, best.load) == ("aiohttp", Closed(400))


@pytest.mark.parametrize(
    "steps",
    [
        [step("flask", 50), step("flask-threads", 50)],
        [step("flask", 50), step("aiohttp", 50, doubts=["a doubt"])],
        [step("flask", 50), step("aiohttp", 50, bound=DEADLOCK)],
        [step("stranger", 50)],
    ],
)
def test_without_an_event_loop_that_can_be_trusted_there_is_nothing_to_match(steps: list[Step]) -> None:
    run = results(steps)
    assert best_of(run, rows(run)) is None


def titled(run: Results, found: list[Match]) -> str:
    table = rows(run)
    return title(run, table, best_of(run, table), found)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (Match("flask", 50, 5, "processes", 45 * 30 * MIB, 5.0), "flask needs about 50 processes in all (at most "
         "1.3 GiB beyond what it uses now)"),
        (Match("flask-threads", 400, 64, "threads", 21.0 * MIB, None), "flask-threads needs about 400 threads in all "
         "(21 MiB beyond what it uses now)"),
        (Match("flask-threads", 400, 64, "threads", None, None), "flask-threads needs about 400 threads in all"),
    ],
)  # fmt: skip
def test_the_title_says_what_a_match_would_take(found: Match, expected: str) -> None:
    run = results([step("aiohttp", 400)])
    assert titled(run, [found]) == f"To match the throughput of aiohttp at 400 users, {expected}"


def test_the_title_says_that_nobody_needs_more() -> None:
    told = titled(results([step("flask-threads", 50), step("aiohttp", 50)]), [])
    assert told == "No service needs more slots to match the throughput of aiohttp at 50 users"


def test_where_a_blocking_service_carries_more_there_is_nothing_to_match() -> None:
    told = titled(results([step("flask-threads", 50), step("aiohttp", 50, 0.2)]), [])
    assert told == "At 50 users flask-threads has more throughput than aiohttp: nothing to match"


def test_what_a_service_needs_of_which_nothing_holds_is_unknown() -> None:
    told = titled(results([step("flask-threads", 50, doubts=["a doubt"]), step("aiohttp", 50)]), [])
    assert told == "To match the throughput of aiohttp at 50 users, the needs of flask-threads are unknown"


def test_without_a_best_the_title_promises_nothing() -> None:
    assert "is unknown" in titled(results([step("flask", 50)]), [])


@pytest.mark.parametrize(
    ("more", "cpu", "expected"),
    [
        (MIB, 1.25, "flask has 5 processes; at that throughput it would use 1.2 of 2 cores."),
        (MIB, 2.5, "flask has 5 processes; at that throughput it would use 2.5 cores, but it has only 2."),
        (MIB, None, "flask has 5 processes."),
        (None, None, "flask has 5 processes; the memory of more processes is unknown: its memory hardly grew."),
    ],
)
def test_what_is_unknown_of_a_match_is_said(more: float | None, cpu: float | None, expected: str) -> None:
    assert sentence(Match("flask", 50, 5, "processes", more, cpu), 2) == expected


def test_where_no_memory_was_measured_there_is_no_picture() -> None:
    run = results([step("stranger", 50, measured=measured(50, memory=None))])
    assert picture(run, rows(run)) is None


def test_more_slots_do_not_help_where_the_cpu_binds() -> None:
    known = [contender("flask-threads", calibration=calibration(cpu=0.004)), contender("aiohttp")]
    run = results([step("flask-threads", 50, 0.11), step("aiohttp", 100)]).model_copy(update={"contenders": known})
    assert match(run, "flask-threads") is None
    assert titled(run, []) == (
        "To match the throughput of aiohttp at 100 users, flask-threads needs 2.0 times its CPU time, not more slots"
    )
    alike = results([step("flask-threads", 50), step("aiohttp", 50)]).model_copy(update={"contenders": known})
    assert titled(alike, []) == "No service needs more slots to match the throughput of aiohttp at 50 users"
