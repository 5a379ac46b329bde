"""Tests of paired bars of two services; those of two runs are in test_before_after.py."""

import pytest

from loadtest.report.figures.theme import UNSURE
from loadtest.report.paired import of_pairs
from loadtest.results.schema import Pairing, Results, Step
from tests.loadtest.support.fabricated import options, results, step

PAIRINGS = [Pairing(before="flask", after="flask again", itself=True), Pairing(before="flask", after="aiohttp")]


def six(service: str, times: float = 1.0, **changes: object) -> list[Step]:
    """Return six repeats of five loads: the third is the middle one."""
    return [
        step(service, users, 0.2 * times, repeat=repeat, **changes)  # type: ignore[arg-type]
        for users in (1, 2, 3, 4, 5)
        for repeat in range(1, 7)
    ]


def paired(steps: list[Step], pairings: list[Pairing]) -> Results:
    run = results(steps)
    return run.model_copy(update={"options": options(loads=run.options.loads, pairings=pairings, repeats=6)})


def test_bars_of_a_pair_have_a_scale_of_their_own_and_the_interval_at_the_end_of_the_second() -> None:
    run = paired([*six("flask"), *six("flask again"), *six("aiohttp", 0.5)], PAIRINGS)
    groups = of_pairs(run)
    assert [(each.name, [panel.heading for panel in each.panels]) for each in groups] == [
        ("paired", ["1 user", "3 users", "5 users"]),
        ("paired-others", ["2 users", "4 users"]),
        ("itself", ["1 user", "3 users", "5 users"]),
        ("itself-others", ["2 users", "4 users"]),
    ]
    panel = groups[0].panels[-1]
    assert panel.what == "aiohttp against flask"
    throughput, median, *_ = panel.twos
    assert (throughput.name, throughput.says, throughput.times) == ("throughput", "faster", "2.00 times, 2.00 to 2.00")
    first, second = throughput.bars
    assert (first.label, first.ends, second.label) == ("25.0/s", None, "50.0/s")
    assert first.length == pytest.approx(0.5)
    assert second.ends == pytest.approx((1.0, 1.0))
    assert (median.says, [bar.label for bar in median.bars]) == ("faster", ["200 ms", "100 ms"])
    own = groups[2].panels[0].twos[0]
    assert (own.says, own.clear) == ("no difference larger than 1%", False)
    assert UNSURE not in groups[0].caption


def test_pairs_that_cannot_be_trusted_are_hollow_and_in_brackets_and_have_no_ratio() -> None:
    (group, _) = of_pairs(paired([*six("flask"), *six("aiohttp", 0.5, doubts=["a doubt"])], PAIRINGS[1:]))
    throughput = group.panels[-1].twos[0]
    assert (throughput.says, throughput.times) == ("cannot be told: 0 pairs to trust, 6 needed", "")
    assert [(bar.label, bar.holds, bar.ends) for bar in throughput.bars] == [
        ("(25.0/s)", False, None),
        ("(50.0/s)", False, None),
    ]
    assert UNSURE in group.caption
    assert of_pairs(results(six("flask"))) == []
