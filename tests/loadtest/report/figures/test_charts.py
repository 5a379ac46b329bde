"""Tests that every chart of every possible run is valid Vega-Lite; drawing does not validate them."""

import json
from collections.abc import Iterator, Sequence
from functools import cache
from operator import itemgetter
from typing import Any
from urllib.parse import quote

import altair as alt
import jsonschema_rs
import pytest
import vl_convert
from altair.utils.schemapi import debug_mode
from altair.vegalite.v6.schema import core

from loadtest.report import before_after as two
from loadtest.report import comparison as one
from loadtest.report.figures import percentiles
from loadtest.report.figures import requests as swimlane
from loadtest.report.figures.picture import Picture, data
from loadtest.report.figures.theme import finished
from loadtest.results.exchange import Exchange
from loadtest.results.schema import Results, Step
from loadtest.verdict.aggregate import rows
from loadtest.workload.closed import Closed
from loadtest.workload.open import Open
from tests.loadtest.support.arrivals import DEADLINE, RUN, limited, open_run, refusing
from tests.loadtest.support.fabricated import contender, measured, not_run, open_step, results, step, stuck
from tests.loadtest.support.pages import records, strings

pytestmark = pytest.mark.slow

TWINS = ("flask", "aiohttp")

FIVE = ("flask", "flask-threads", "flask-gevent", "django", "aiohttp")

TELLS = "app; pid=1; lane=loop"

NAMED = ["waiting for a worker", "waiting for a timer"]


def everyone(users: Sequence[int], **changes: object) -> list[Step]:
    return [step(name, count, **changes) for name in TWINS for count in users]  # type: ignore[arg-type] # any field of a step


def dozen() -> Results:
    """Return a run of twelve services with different names."""
    run = results([step("aiohttp", users) for users in (50,)])
    names = [f"aiohttp:workers={number}" for number in range(1, 13)]
    return run.model_copy(
        update={
            "contenders": [contender("aiohttp").model_copy(update={"name": name}) for name in names],
            "steps": [each.model_copy(update={"service": name}) for name in names for each in run.steps],
        }
    )


RUNS = {
    "all of it": results([*everyone([1, 10, 50]), *(not_run(name, 400) for name in TWINS)]),
    "no step that was run": results([not_run("flask", 400), not_run("aiohttp", 400)]),
    "no step": results([]),
    "one service": results([step("aiohttp", users) for users in (1, 5)]),
    "one step": results([step("flask", 1)]),
    "one user": results(everyone([1])),
    "interrupted": results([step("flask", 1), step("flask", 50), step("aiohttp", 1)], complete=False),
    "failed": results([step("flask", 1)], complete=False).model_copy(update={"failure": "flask died with status 1."}),
    "a target": results([step(name, users) for name in ("stranger", "aiohttp") for users in (1, 5)]),
    "a target alone": results([step("stranger", users) for users in (1, 5)]),
    "deadlock": results([*everyone([1], scenario="ask"), stuck("flask", 10), stuck("flask", 20)], scenario="ask"),
    "nothing answered": results([step("aiohttp", 10, measured=measured(10, requests=0, response_ms=0.0, latency={}))]),
    "all failed": results([step("aiohttp", 10, measured=measured(10, failures=1000, errors={"status 500": 1000}))]),
    "doubts": results(everyone([1, 5], doubts=["a doubt"])),
    "mixed": results(everyone([1, 5], scenario="mixed"), scenario="mixed"),
    "cpu": results(everyone([1, 5], scenario="cpu"), scenario="cpu"),
    "query": results(everyone([1, 400], scenario="query"), scenario="query"),
    "file": results(everyone([1, 5], scenario="file"), scenario="file"),
    "think time": results(everyone([1, 5], think=1.0)),
    "a dozen": dozen(),
    "arrivals": open_run(deadline=DEADLINE),
    "arrivals without a deadline": open_run(),
    "doubtful arrivals": open_run([each.model_copy(update={"doubts": ["a doubt"]}) for each in RUN]),
    "refusals": open_run([refusing(limited(32), Open(800))], deadline=DEADLINE, contenders=[limited(32)]),
    "arrivals that all diverge": open_run([open_step("flask", Open(100))], deadline=DEADLINE),
    "arrivals at a target": open_run([open_step("stranger", Open(rate)) for rate in (0.5, 20)], deadline=DEADLINE),
    "arrivals at five services": open_run([open_step(name, Open(20)) for name in FIVE]),
}  # fmt: skip


@cache
def schema() -> jsonschema_rs.Validator:
    """Return a validator of Altair's schema, which Altair itself would take a hundred times as long to apply."""

    def encoded(part: dict[str, Any]) -> dict[str, Any]:
        return {**part, "$ref": quote(part["$ref"], safe="#/")} if isinstance(part.get("$ref"), str) else part

    definitions = json.loads(json.dumps(core.load_schema()), object_hook=encoded)  # names in it are no valid references
    return jsonschema_rs.validator_for({**definitions, **alt.LayerChart._schema})


@pytest.fixture(autouse=True)
def _as_for_a_report() -> Iterator[None]:
    """Let Altair validate no part of a chart while it is made: `checked` validates each whole chart."""
    with debug_mode(False):
        yield


def checked(pictures: list[Picture]) -> int:
    """Validate every chart against Altair's schema, draw it, and return the number of charts."""
    count = 0
    for picture in pictures:
        for figure in picture.figures:
            specification = json.loads(json.dumps(finished(figure.chart)))  # as it stands in the page
            layout = specification["config"]["legend"].pop("layout")  # Vega's, which Altair's schema does not know
            schema().validate(specification)
            specification["config"]["legend"]["layout"] = layout
            assert vl_convert.vegalite_to_svg({**specification, "width": 300}).startswith("<svg")
            count += 1
    return count


@pytest.mark.parametrize("name", RUNS)
def test_every_run_has_charts_that_can_be_drawn(name: str) -> None:
    run = RUNS[name]
    page = one.page(run)
    services = {each.service for each in run.steps if each.measured and any(one.timed for one in each.measured.first)}
    assert {picture.name: len(picture.figures) for picture in page.pictures if picture.name == "swimlane"} == (
        {"swimlane": len(services)} if services else {}
    )
    assert checked(page.pictures) >= (2 if any(each.measured for each in run.steps) else 0)
    assert page.title
    assert page.about


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("all of it", "all of it"),
        ("one step", "all of it"),
        ("a target", "a target"),
        ("deadlock", "deadlock"),
        ("all failed", "all failed"),
        ("a dozen", "a dozen"),
        ("no step", "no step that was run"),
        ("arrivals", "arrivals"),
    ],
)
def test_two_runs_have_bars_that_can_be_drawn(before: str, after: str) -> None:
    page = two.page(RUNS[before], RUNS[after])
    lengths = [
        bar.length for group in page.paired for panel in group.panels for each in panel.twos for bar in each.bars
    ]
    assert bool(lengths) == (before != "no step")
    assert all(length is None or 0 <= length <= 1 for length in lengths)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("interrupted", ["This run is incomplete: it was interrupted."]),
        ("failed", ["This run is incomplete: it failed. flask died with status 1."]),
        ("doubts", []),
        ("all of it", []),
        ("no step", []),
    ],
)
def test_what_a_run_lacks_is_said_before_anything_else(name: str, told: list[str]) -> None:
    assert one.page(RUNS[name]).warnings == told


def test_a_step_that_was_not_run_has_no_mark_and_a_row_in_the_table() -> None:
    run = RUNS["all of it"]
    throughput = next(picture for picture in one.page(run).pictures if picture.name == "throughput")
    rates = {name: [row[3] for row in throughput.table.rows if row[0] == name] for name in TWINS}
    assert rates["flask"] == ["10.0", "50.0", "50.0", "not run"]
    assert rates["aiohttp"] == ["10.0", "100.0", "500.0", "not run"]


def bars_of_each(run: Results) -> list[list[dict[str, Any]]]:
    """Return the parts of the first requests of each service that are drawn, of all steps."""
    table = rows(run)
    picture = swimlane.picture(run, table, table[-1].load)
    assert picture
    return [[record for record in records(figure.chart) if "kind" in record] for figure in picture.figures]


def rows_of_each(run: Results) -> list[int]:
    """Return the number of rows that are drawn of each service, of all steps."""
    return [len({(bar["amount"], bar["row"]) for bar in bars}) for bars in bars_of_each(run)]


def first_of(service: str, *exchanges: Exchange) -> Step:
    """Return a step of ten users with the given first requests."""
    done = step(service, 10)
    assert done.measured
    return done.model_copy(update={"measured": done.measured.model_copy(update={"first": list(exchanges)})})


def test_a_request_without_an_answer_lasts_until_its_picture_ends() -> None:
    answered = Exchange(0.0, 0.5, 0.5, 200, TELLS, 0.1, 0.1)
    longest = Exchange(0.0, 2.5, 2.5, 200, TELLS, 0.1, 0.1)
    run = results([first_of("flask", answered, Exchange(0.25)), first_of("aiohttp", longest)])
    (unanswered,) = [bar for bar in bars_of_each(run)[0] if bar["begin"] == 0.25]
    assert (unanswered["kind"], unanswered["end"]) == (swimlane.UNKNOWN, 2.5)  # both services share the time axis


def test_a_row_has_the_requests_of_one_user_until_some_user_has_no_later_ones_on_record() -> None:
    def user(number: int, *ends: float | None) -> list[Exchange]:
        begins = [number / 100, *(end for end in ends if end is not None)]
        timed = (TELLS, 0.1, 0.1)
        return [
            Exchange(begin, end, end, 200, *timed, user=number) if end else Exchange(begin, user=number)
            for begin, end in zip(begins, ends, strict=False)
        ]

    fast = first_of("aiohttp", *sorted([*user(1, 0.2, 0.4, 0.6, 0.8), *user(2, 0.11, 0.22, 0.35, 0.7)]))
    slow = first_of("flask", *sorted([*user(1, 2.0, 5.0), *user(2, 1.0, 3.0), *user(3, None)], key=itemgetter(0)))
    run = results([slow, fast])
    ends: list[float] = []
    for bars, first_row in zip(bars_of_each(run), (0.02, 0.02), strict=True):
        assert min(bar["begin"] for bar in bars if bar["row"] == 0) == first_row  # answered first, though sent later
        ends += [bar["end"] for bar in bars if bar["kind"] == swimlane.UNKNOWN]
        assert all(bar["begin"] < 0.7 for bar in bars)
    assert ends == [0.7]  # when user 2 of aiohttp has got the last answer on record
    (alone,), (others,) = bars_of_each(results([slow])), bars_of_each(results([fast]))
    assert {bar["row"] for bar in alone} == {0, 1, 2}
    assert [bar["end"] for bar in alone if bar["kind"] == swimlane.UNKNOWN] == [3.0]
    assert sum("next" in bar for bar in others) >= 4  # a gap before each later request


def test_where_there_are_many_steps_fewer_rows_of_each_are_drawn() -> None:
    users = tuple(range(100, 1000, 100))
    few, many = results(everyone([400])), results(everyone(users))
    assert rows_of_each(few) == [swimlane.MOST] * 2
    assert rows_of_each(many) == [len(users) * (swimlane.ROOM[0] // (2 * len(users)))] * 2
    each = rows_of_each(dozen())
    assert len(each) == 12
    assert {*each} == {swimlane.ROOM[1] // 12}
    crowd = rows_of_each(results(everyone(range(20, 90))))
    assert crowd == [70 * swimlane.FEWEST] * 2


def test_what_failed_is_crossed_and_only_then_explained() -> None:
    failed = Exchange(0.0, 0.5, 0.5, 503, TELLS, 0.1, 0.1)
    for exchanges, key in (
        ([failed], [*NAMED, "failed"]),
        ([failed._replace(status=200)], NAMED),
        ([failed._replace(served_by=""), failed._replace(status=200)], [*NAMED, "unknown", "failed"]),
    ):
        run = results([first_of("flask", *exchanges)])
        (picture,) = [picture for picture in one.page(run).pictures if picture.name == "swimlane"]
        assert [*picture.key.values()] == key
        crosses = [bar for bar in bars_of_each(run)[0] if bar["kind"] == swimlane.FAILED]
        assert [cross["status"] for cross in crosses] == [503] * ("failed" in key)


def test_percentiles_that_are_inconclusive_are_hollow_and_in_brackets() -> None:
    run = results([step("flask", 5), step("aiohttp", 5, doubts=["a doubt"])])
    drawn = percentiles.chart(run, rows(run), Closed(5))
    held = {record["service"]: record["holds"] for record in records(drawn) if "holds" in record}
    assert held == {"flask": True, "aiohttp": False}
    assert f"{{5: {json.dumps(['aiohttp'])}}}[step]" in "".join(strings(drawn.to_dict()))


def test_latency_is_drawn_with_its_figures_its_slowest_request_and_its_prediction() -> None:
    done = step("aiohttp", 50)
    assert done.measured
    window = done.measured.model_copy(update={"latency": {100.0: 900, 200.0: 80, 300.0: 19, 5000.0: 1}})
    slow = done.model_copy(update={"measured": window})
    run = results([step("flask", 50), slow, step("flask", 400)])
    found = records(percentiles.chart(run, rows(run), Closed(50)))
    (line,) = [record for record in found if record["service"] == "aiohttp" and "low" in record]
    assert [line[name] for name in ("low", "high", "slowest", "says")] == [100, 300, 5000, "p50 100 ms, p99 300 ms"]
    marks = {record["rank"]: record["ms"] for record in found if record["service"] == "aiohttp" and "rank" in record}
    assert marks == {"p50": 100, "p90": 100, "p99": 300, "predicted mean": 100}
    empty = [(record["service"], record["amount"]) for record in found if record.get("says") == percentiles.NOTHING]
    assert empty == [("aiohttp", 400)]


def test_what_cannot_be_printed_is_replaced_before_it_is_drawn() -> None:
    rows_of = [{"name": "a\x00\x1b[31m\N{SNOWMAN} b", "rate": 1.5, "users": 3, "none": None, "holds": True}]
    (record,) = data(rows_of).values
    assert record["name"] == "a\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}[31m\N{SNOWMAN} b"
    assert {**record, "name": None} == {**rows_of[0], "name": None}


def test_control_characters_in_a_doubt_do_not_keep_a_chart_from_being_drawn() -> None:
    run = results([step("flask", 1, doubts=["\x00\x01\x1f\x7f"]), step("flask", 5, bound="\x0b")])
    assert checked(one.page(run).pictures) == 5


def test_waiting_for_a_connection_is_waiting_for_a_worker() -> None:
    found = [bar for bar in bars_of_each(RUNS["query"])[1] if bar["amount"] == 400 and bar["kind"] == "worker"]
    assert found
    assert max(bar["end"] - bar["begin"] for bar in found) > 1.0
