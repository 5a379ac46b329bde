"""Tests of the picture of latency by the rate of arrivals."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from altair.utils.schemapi import debug_mode

from loadtest.report import comparison as one
from loadtest.report.figures import rates
from loadtest.report.figures.throughput import NOTHING_HOLDS
from loadtest.results.schema import Results, Step
from loadtest.verdict.aggregate import rows
from loadtest.workload.closed import Closed
from loadtest.workload.open import Open
from tests.loadtest.support.arrivals import RUN, changed, limited, not_run, open_run, refusing
from tests.loadtest.support.fabricated import contender, open_step, results, step
from tests.loadtest.support.pages import records


@pytest.fixture(autouse=True)
def _charts_are_not_checked() -> Iterator[None]:
    with debug_mode(False):
        yield


def title(steps: Sequence[Step]) -> str:
    run = open_run(steps, contenders=[limited(32)])
    return rates.title([row for row in rows(run) if row.windows])


def doubted(done: Step) -> Step:
    return done.model_copy(update={"doubts": ["a doubt"]})


def changed_latency(done: Step, factor: float) -> Step:
    """Return a step whose requests took `factor` times as long."""
    assert done.measured
    slower = {factor * ms: number for ms, number in done.measured.latency.items()}
    return done.model_copy(update={"measured": done.measured.model_copy(update={"latency": slower})})


def drawn(run: Results, service: str) -> list[dict[str, Any]]:
    """Return the data of the chart of one service."""
    (known,) = [each for each in run.contenders if each.name == service]
    return records(rates.chart(run, [row for row in rows(run) if row.windows], known))


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (
            RUN,
            "At 100 arrivals/s 99% are answered within 100 ms on flask-threads and aiohttp; flask diverges from 100/s "
            "on; flask-threads diverges from 800/s on",
        ),
        (
            [open_step(name, Open(100)) for name in ("flask", "aiohttp")],
            "At 100 arrivals/s 99% are answered within 100 ms on aiohttp; flask diverges from 100/s on",
        ),
        ([open_step("flask", Open(100))], "flask diverges from 100/s on"),
        (
            [open_step(name, Open(100), seconds=1.0) for name in ("aiohttp", "flask-threads")],
            "At 100 arrivals/s half are answered within 100 ms on flask-threads and aiohttp",
        ),
        ([doubted(open_step("flask", Open(100)))], NOTHING_HOLDS),
        (
            [doubted(open_step("aiohttp", Open(800))), open_step("aiohttp", Open(100))],
            "At 100 arrivals/s 99% are answered within 100 ms on aiohttp",
        ),
        ([refusing(limited(32), Open(800))], "At 800 arrivals/s 61% not served on flask-threads:max-in-flight=16"),
        (
            [open_step("aiohttp", Open(800)), refusing(limited(32), Open(800))],
            "At 800 arrivals/s 99% are answered within 100 ms on aiohttp; 61% not served on "
            "flask-threads:max-in-flight=16",
        ),
    ],
    ids=["all", "two", "all diverge", "few arrivals", "doubts", "a doubt", "refusals", "refusals and answers"],
)
def test_the_title_names_the_latency_and_who_diverges_from_conclusive_steps(
    steps: Sequence[Step], expected: str
) -> None:
    assert title(steps) == expected


def test_a_run_of_arrivals_begins_with_latency_and_a_run_of_users_with_throughput() -> None:
    for run, name in ((open_run(), "rates"), (results([step("flask", 1)]), "throughput")):
        assert one.pictures(run, rows(run))[0].name == name


def test_each_service_has_a_chart_of_its_own_on_the_same_axes() -> None:
    run = open_run()
    (picture,) = [each for each in one.pictures(run, rows(run)) if each.name == "rates"]
    assert [figure.heading for figure in picture.figures] == ["flask", "flask-threads", "aiohttp"]
    first, *others = [figure.chart.to_dict() for figure in picture.figures]
    for other in others:
        for channel in ("x", "y"):
            scales = [chart["layer"][4]["encoding"][channel]["scale"]["domain"] for chart in (first, other)]
            assert scales[0] == scales[1]


@pytest.mark.parametrize(("number", "abreast"), [(1, 1), (2, 2), (3, 3), (4, 2), (5, 3)])
def test_charts_stand_side_by_side(number: int, abreast: int) -> None:
    names = ("flask", "flask-threads", "flask-gevent", "django", "aiohttp")[:number]
    run = open_run([open_step(name, Open(20)) for name in names])
    assert rates.picture(run, rows(run)).abreast == abreast


def test_a_mark_is_the_latency_from_the_intended_start_beside_its_prediction() -> None:
    (done,) = [each for each in RUN if each.service == "aiohttp" and each.load.amount == 100]
    run = open_run([changed_latency(done, 2)])
    marks = [record for record in drawn(run, "aiohttp") if "measured" in record]
    assert [(mark["rank"], mark["measured"], mark["predicted"], mark["ratio"], mark["sent"]) for mark in marks] == [
        ("p50", "200 ms", "100 ms", "2.00", "100 ms"),
        ("p99", "200 ms", "100 ms", "2.00", "100 ms"),
    ]


def test_a_step_that_diverges_has_a_mark_without_a_figure() -> None:
    found = [record for record in drawn(open_run(), "flask") if "says" in record]
    assert [(record.get("says"), record.get("ms")) for record in found] == [("diverges", None)]
    assert {record["holds"] for record in found} == {True}


def test_a_percentile_among_refusals_has_a_mark_without_a_figure() -> None:
    run = open_run([refusing(limited(32), Open(800))], contenders=[limited(32)])
    found = [record for record in drawn(run, limited(32).name) if "says" in record]
    assert [(record.get("says"), record.get("ms")) for record in found] == [("61% not served", None)]


@pytest.mark.parametrize(("service", "carries"), [("flask", "at most 50/s"), ("flask-threads", "at most 640/s")])
def test_the_rates_above_the_capacity_are_shaded(service: str, carries: str) -> None:
    (shade,) = [record for record in drawn(open_run(), service) if "carries" in record]
    assert shade["carries"] == carries
    assert shade["until"] == rates.sides([20, 100, 800])[2]


def test_nothing_is_shaded_where_the_service_carries_every_rate() -> None:
    assert not [record for record in drawn(open_run(), "aiohttp") if "carries" in record]
    run = open_run([open_step("stranger", Open(20))])
    assert not [record for record in drawn(run, "stranger") if "carries" in record]


def test_an_inconclusive_step_is_hollow_and_says_why() -> None:
    run = open_run([doubted(open_step("aiohttp", Open(100)))])
    marks = [record for record in drawn(run, "aiohttp") if "holds" in record]
    assert {(mark["holds"], mark["doubts"]) for mark in marks} == {(False, "a doubt")}


def test_the_table_has_what_was_predicted_and_measured() -> None:
    run = open_run([*RUN[:2], not_run("flask", 800), RUN[-3]])
    table = rates.picture(run, rows(run)).table
    cells = [dict(zip(table.head, row, strict=True)) for row in table.rows]
    assert [(row["service"], row["arrivals/s"], row["p50 predicted"], row["p50"]) for row in cells] == [
        ("flask", "20", "100 ms", "100 ms"),
        ("flask", "100", "diverges", "diverges"),
        ("flask", "800", "", ""),
        ("aiohttp", "20", "100 ms", "100 ms"),
    ]
    assert [row["p50 measured / predicted"] for row in cells] == ["1.00", "", "", "1.00"]
    assert cells[1]["bound by"].startswith("slots; diverges: +")
    assert cells[2]["bound by"] == "not run: diverges at a lower rate"
    assert {row["p99"] for row in cells} == {"too few", "diverges", ""}


def test_the_table_prints_what_was_lost_as_longer_than_the_patience() -> None:
    run = open_run([refusing(limited(32), Open(800))], contenders=[limited(32)])
    ((*_, median, ratio, _, tail, _, service_time, _, _, bound),) = [
        row[2:] for row in rates.picture(run, rows(run)).table.rows
    ]
    assert (median, ratio, tail, service_time, bound) == ("> 10 s", "", "> 10 s", "> 10 s", "in-flight limit")


def test_a_target_has_measurements_without_a_prediction() -> None:
    run = open_run([open_step("stranger", Open(100)).model_copy(update={"predicted": None})])
    (row,) = rates.picture(run, rows(run)).table.rows
    assert row[2:5] == ["unknown", "100 ms", ""]
    growing = changed(open_step("stranger", Open(100)).model_copy(update={"predicted": None}), slope=50.0)
    assert title([growing]) == "stranger diverges from 100/s on"


def test_a_limit_that_no_load_reaches_shades_nothing() -> None:
    known = contender("flask")
    assert known.demand
    unlimited = known.model_copy(update={"demand": replace(known.demand, limits=())})
    run = open_run([open_step("flask", Open(20))], contenders=[unlimited])
    assert not [record for record in drawn(run, "flask") if "carries" in record]


def test_the_load_that_is_shown_first_is_the_largest_that_most_services_had() -> None:
    assert one.telling([row for row in rows(open_run()) if row.windows]).amount == 100
    assert one.telling(rows(results([step("flask", 1), step("aiohttp", 1)]))) == Closed(1)


def test_rates_and_latencies_that_are_close_have_linear_axes() -> None:
    for few, many, kind in ((20, 50, "linear"), (20, 800, "log"), (20, 20, "linear")):
        found, low, high = rates.sides([few, many])
        assert found == kind
        assert 0 < low < few <= many < high
    for factor, wide in ((1, False), (10, True)):
        slower = changed_latency(open_step("aiohttp", Open(100)), factor)
        plot = rates.Plot.of(rows(open_run([open_step("aiohttp", Open(20)), slower])))
        assert plot.wide == wide
        for ms in (100.0, 150.0):
            assert plot.ms(plot.pixel(ms)) == pytest.approx(ms)


def test_a_line_stops_before_what_is_inconclusive_or_has_no_figure() -> None:
    steps = [open_step("aiohttp", Open(rate)) for rate in (20, 50, 100, 200)]
    steps[2] = doubted(steps[2])
    marks = [
        record for record in drawn(open_run(steps), "aiohttp") if record.get("rank") == "p50" and "stretch" in record
    ]
    assert [(mark["rate"], mark["stretch"], mark["holds"]) for mark in marks] == [
        (20, 0, True),
        (50, 0, True),
        (100, 1, False),
        (200, 1, True),
    ]


def test_marks_that_say_the_same_have_one_label() -> None:
    steps = [open_step("flask", Open(rate)) for rate in (20, 100, 150, 200, 400)]
    steps[3] = doubted(steps[3])
    found = drawn(open_run(steps), "flask")
    assert [(record["rate"], record["right"]) for record in found if "says" in record] == [
        (100, False),  # the first rate of its group, in the left half
        (200, True),
        (400, True),
    ]
    assert [record["label"] for record in found if isinstance(record.get("label"), str)] == [
        "diverges",
        "(diverges)",
        "diverges",
    ]
