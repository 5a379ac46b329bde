import json
from typing import Any

import pytest

from loadtest.report.perfetto import trace
from loadtest.results.exchange import Exchange
from loadtest.results.schema import Results, Step
from loadtest.verdict.time_spent import names
from loadtest.workload.open import Open
from tests.loadtest.support.fabricated import not_run, open_step, results, step, stuck

RUN = results(
    [
        *(step(name, users, repeat=repeat) for repeat in (1, 2) for name in ("flask", "aiohttp") for users in (1, 50)),
        not_run("flask", 400),
        stuck("flask", 10),
        step("stranger", 50),
    ]
)

TELLS = "app; pid=1; lane=loop"

WORKER, WAIT, WORK = PARTS = [*names("delay").values()]


def holding(*exchanges: Exchange) -> Step:
    done = step("aiohttp", 10)
    assert done.measured
    return done.model_copy(update={"measured": done.measured.model_copy(update={"first": list(exchanges)})})


def events(run: Results) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(trace(run))["traceEvents"]
    return found


def tracks(run: Results) -> dict[tuple[int, str], list[tuple[str, int, int]]]:
    """Return the slices of each request, its own first: name, begin and end in µs. Assert that each slice ends."""
    found: dict[tuple[int, str], list[tuple[str, int, int]]] = {}
    open_slices: dict[tuple[int, str, str], int] = {}
    for event in events(run):
        if event["ph"] == "M":
            continue
        track = (event["pid"], event["id"])
        if event["ph"] == "b":
            assert (*track, event["name"]) not in open_slices
            open_slices[*track, event["name"]] = event["ts"]
        else:
            assert event["ph"] == "e"
            begun = open_slices.pop((*track, event["name"]))
            found.setdefault(track, []).append((event["name"], begun, event["ts"]))
    assert not open_slices
    return found


def test_each_service_is_a_process_by_its_name() -> None:
    named = {event["pid"]: event["args"]["name"] for event in events(RUN) if event["ph"] == "M"}
    assert list(named.values()) == ["flask", "aiohttp", "stranger"]
    assert {pid for pid, _ in tracks(RUN)} == set(named)


def test_each_request_is_a_track_of_its_own() -> None:
    known = [each.measured.first for each in RUN.steps if each.measured]
    assert len(tracks(RUN)) == sum(map(len, known)) > 400


def test_the_parts_of_a_request_lie_within_it_one_after_the_other() -> None:
    for (_, number), (whole, *parts) in tracks(RUN).items():
        name, begin, end = whole
        assert name.endswith((" user", " users")), number
        assert begin <= end
        assert [part for part, _, _ in parts] == [part for part in PARTS if part in {each for each, _, _ in parts}]
        reached = begin
        for _, part_begin, part_end in parts:
            assert part_begin == reached
            assert part_begin <= part_end
            reached = part_end
        assert reached == (end if parts else begin)


def test_all_times_are_whole_microseconds_from_zero_on() -> None:
    times = [event["ts"] for event in events(RUN) if "ts" in event]
    assert all(isinstance(time, int) for time in times)
    assert min(times) == 0


def test_steps_of_one_service_do_not_lie_over_each_other() -> None:
    last = 0
    ends: dict[str, int] = {}
    for (pid, number), ((_, begin, end), *_) in tracks(RUN).items():
        if pid != 1:
            continue
        place = number.partition(".")[0]
        if place not in ends:
            last = max(ends.values(), default=0)
        assert begin >= last
        ends[place] = max(ends.get(place, 0), end)
    assert len(ends) == 5


@pytest.mark.parametrize(
    ("exchange", "slices"),
    [
        (Exchange(0.0), []),
        (Exchange(0.0, 0.5), []),
        (Exchange(0.0, 0.5, 0.6, 502), [("10 users", 0, 600_000)]),
        (
            Exchange(0.0, 0.5, 0.6, 200, TELLS, 0.2, 0.3),
            [("10 users", 0, 600_000), (WORKER, 0, 200_000), (WAIT, 200_000, 500_000), (WORK, 500_000, 600_000)],
        ),
        (Exchange(0.0, 0.5, 0.5, 200, TELLS, 0.5, 0.5), [("10 users", 0, 500_000), (WAIT, 0, 500_000)]),
        (Exchange(0.0, 0.5, 0.5, 200, TELLS, 9.0, 9.0), [("10 users", 0, 500_000), (WAIT, 0, 500_000)]),
        (Exchange(0.0, None, 0.5, 0, TELLS), [("10 users", 0, 500_000)]),
    ],
    ids=["unanswered", "no end", "nothing told", "all parts", "no queue", "a service that boasts", "no headers"],
)
def test_of_a_request_there_is_what_is_known(exchange: Exchange, slices: list[tuple[str, int, int]]) -> None:
    assert [each for track in tracks(results([holding(exchange)])).values() for each in track] == slices


def test_hostile_words_are_json_strings() -> None:
    hostile = '"}]</script>\N{RIGHT-TO-LEFT OVERRIDE}\N{SNOWMAN}\n'
    run = results([holding(Exchange(0.0, 0.5, 0.5, 200, hostile, 0.1, 0.1))])
    named = run.model_copy(
        update={
            "contenders": [run.contenders[0].model_copy(update={"name": hostile})],
            "steps": [run.steps[0].model_copy(update={"service": hostile})],
        }
    )
    told, begun, *_ = events(named)
    assert told["args"]["name"] == begun["args"]["served by"] == hostile


def test_a_run_without_a_step_that_was_run_is_a_trace_without_requests() -> None:
    assert tracks(results([not_run("flask", 400)])) == {}


@pytest.mark.parametrize(
    ("scenario", "parts"),
    [
        ("delay", {"waiting for a timer", "working"}),
        ("cpu", {"working"}),
        ("query", {"waiting for a worker or a connection", "waiting for a database", "working"}),
    ],
)
def test_the_parts_are_those_of_the_scenario(scenario: str, parts: set[str]) -> None:
    run = results([step("aiohttp", 50, scenario=scenario)], scenario=scenario)
    assert {name for track in tracks(run).values() for name, _, _ in track[1:]} - {"waiting for a worker"} == parts


def test_a_request_of_an_open_load_is_named_by_its_rate() -> None:
    done = open_step("aiohttp", Open(20))
    assert done.measured
    window = done.measured.model_copy(update={"first": [Exchange(0.0, 0.5, 0.5, 200, TELLS, 0.5, 0.5)]})
    run = results([done.model_copy(update={"measured": window})])
    whole = next(event for event in events(run) if event["ph"] == "b")
    assert whole["name"] == "20 arrivals/s"
    assert whole["args"]["arrivals/s"] == 20
