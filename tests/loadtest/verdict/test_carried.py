from collections.abc import Sequence

import pytest

from loadtest.results.schema import Step
from loadtest.verdict.aggregate import rows
from loadtest.verdict.carried import carried
from tests.loadtest.support.arrivals import RUN, evenly, open_run
from tests.loadtest.support.fabricated import open_step


def told(steps: Sequence[Step], *deadlines: float) -> list[str]:
    return carried(rows(open_run(steps)), deadlines)


def slower(step: Step, milliseconds: float) -> Step:
    """Return a step whose requests all took as long."""
    assert step.measured
    return step.model_copy(update={"measured": step.measured.model_copy(update={"latency": {milliseconds: 2000}})})


def steps(name: str, *rates: float) -> list[Step]:
    return [open_step(name, evenly(rate)) for rate in rates]


def test_without_a_deadline_the_objective_is_the_longest_of_the_latencies_themselves() -> None:
    first, *_ = told([*steps("flask-threads", 100), slower(open_step("aiohttp", evenly(100)), 250.0)])
    assert first.startswith("Within 250 ms, 99% of the requests are answered by ")


def test_with_a_deadline_a_rate_counts_only_if_it_is_met() -> None:
    late = slower(open_step("aiohttp", evenly(800)), 1300.0)
    assert told([*steps("aiohttp", 100), late, *steps("flask-threads", 100, 800)], 1.0)[0] == (
        "Within 1 s, 99% of the requests are answered by flask-threads up to 100 arrivals/s (at 800 it diverges) and "
        "by aiohttp up to 100 (at 800 they take 1.3 s)."
    )


def test_how_many_times_is_said_of_rates_that_the_other_was_seen_not_to_carry() -> None:
    run = [*steps("flask", 20, 100), *steps("aiohttp", 20, 100, 800)]
    assert told(run)[1:] == ["aiohttp carries more than 8.0 times the load of flask."]
    assert told([*steps("flask", 20, 100), *steps("aiohttp", 20, 100)])[1:] == ["aiohttp carries more load than flask."]


@pytest.mark.parametrize(
    ("run", "note"),
    [
        ([*steps("flask", 20), *steps("aiohttp", 800)], "no higher rate was tried"),
        (
            [*steps("flask", 20), open_step("flask", evenly(100), doubts=["so"]), *steps("aiohttp", 800)],
            "100 is inconclusive",
        ),
    ],
)
def test_nothing_is_multiplied_where_the_limit_of_the_other_is_unknown(run: list[Step], note: str) -> None:
    first, *others = told(run)
    assert f"by flask up to 20 ({note})" in first
    assert others == []


def test_a_lower_rate_than_the_other_failed_at_shows_nothing() -> None:
    assert len(told([*steps("flask", 20, 100), *steps("aiohttp", 40)])) == 1


def test_one_service_is_compared_with_nobody() -> None:
    assert told(steps("aiohttp", 100, 800)) == []
    assert told([*steps("aiohttp", 100), *steps("flask", 100)]) == []  # flask diverges


def test_the_percentile_is_the_highest_that_most_services_have() -> None:
    assert "90% of the requests" in told(RUN)[0]  # 200 arrivals of flask
    assert "99% of the requests" in told([each for each in RUN if each.service != "flask"])[0]
