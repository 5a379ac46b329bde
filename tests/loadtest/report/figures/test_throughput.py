"""Tests of the picture of throughput by number of users; others are in test_titles."""

from collections.abc import Iterator
from typing import Any

import pytest
from altair.utils.schemapi import debug_mode

from loadtest.report.figures import throughput
from loadtest.results.schema import Results, Step
from loadtest.verdict.aggregate import rows
from loadtest.workload.demand import LOOPS, Demand, Limit
from tests.loadtest.support.fabricated import not_run, results, step, stuck
from tests.loadtest.support.pages import records


@pytest.fixture(autouse=True)
def _charts_are_not_checked() -> Iterator[None]:
    with debug_mode(False):
        yield


def drawn(*steps: Step, scenario: str = "delay") -> list[dict[str, Any]]:
    run: Results = results(steps, scenario=scenario)
    return records(throughput.chart(run, rows(run)))


def test_each_line_is_named_where_it_ends() -> None:
    steps = [
        *(step("aiohttp", users) for users in (1, 50)),
        step("flask", 1),
        not_run("flask", 50),
        step("stranger", 1),
    ]
    steps.append(step("flask-threads", 50, doubts=["a doubt"]))
    ends = {each["name"]: (each["label"], each["from"], each["end"]) for each in drawn(*steps) if "beside" in each}
    assert ends == {
        "aiohttp": (["aiohttp"], 50, 500.0),  # measured
        "flask": (["flask"], 50, 50.0),  # predicted: not measured with so many users
        "flask-threads": (["(flask-threads)"], 50, 500.0),
        "stranger": (["stranger"], 1, 10.0),  # without a prediction
    }


def test_a_measured_line_is_straight_on_a_linear_axis_and_stops_before_what_is_inconclusive() -> None:
    steps = [step("aiohttp", users) for users in (1, 11, 101, 201)]
    steps[2] = step("aiohttp", 101, doubts=["a doubt"])
    path = [each for each in drawn(*steps) if set(each) == {"service", "stretch", "users", "rate"}]
    assert (path[0]["users"], path[-1]["users"]) == (1, pytest.approx(11))
    for point in path:
        assert point["rate"] == pytest.approx(10 * point["users"], abs=0.01)


def test_a_deadlock_is_drawn_at_zero() -> None:
    found = drawn(step("flask", 1, scenario="ask"), stuck("flask", 10), scenario="ask")
    predicted = {each["users"]: each["rate"] for each in found if set(each) == {"service", "users", "rate"}}
    assert (predicted[4], predicted[5], predicted[10]) == (pytest.approx(40, abs=0.5), 0, 0)
    (mark,) = [each for each in found if each.get("users") == 10 and "holds" in each]
    assert mark["rate"] == 0


@pytest.mark.parametrize(
    ("most", "expected"),
    [
        (1590, [0, 500, 1000, 1500]),
        (1000, [0, 200, 400, 600, 800, 1000]),
        (4000, [0, 1000, 2000, 3000, 4000]),
        (0.5, [0, 0.1, 0.2, 0.3, 0.4, 0.5]),
        (1, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (9.99, [0, 2, 4, 6, 8]),
    ],
)
def test_the_axis_has_few_round_values(most: float, expected: list[float]) -> None:
    assert throughput.ticks(most) == pytest.approx(expected)


def test_no_figure_is_drawn_outside_the_part_with_the_lines() -> None:
    for most, above in ((1590.0, 0), (0.3, 32)):
        plot = throughput.Plot([1, 10, 400], most, 300, above)
        assert plot.height == 300 + above
        assert plot.pixel(0) == plot.height
        assert plot.pixel(most) == pytest.approx(above + throughput.HEAD)
        for rate in (0.0, most / 3, most):
            assert plot.rate(plot.pixel(rate)) == pytest.approx(rate)
        assert plot.row(0) > plot.rate(above)
        assert [round(plot.across(users), 2) for users in (1, 20, 400)] == [0.03, 0.5, 0.97]


def test_a_knee_at_one_user_has_no_line_from_none() -> None:
    run = results([step("aiohttp", users) for users in (1, 8)])
    held = Demand(0.1, (Limit(LOOPS, 1, 0.099),))
    limited = [each.model_copy(update={"demand": held}) for each in run.contenders]
    found = records(throughput.chart(run.model_copy(update={"contenders": limited}), rows(run)))
    assert min(each["users"] for each in found if set(each) == {"service", "users", "rate"}) == 1
