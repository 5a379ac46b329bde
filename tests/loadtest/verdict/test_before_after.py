"""Two runs compared: the steps, the meaning of their differences, and runs that cannot be compared."""

import pytest

from loadtest.results.schema import Results, Step
from loadtest.verdict.aggregate import Row, rows
from loadtest.verdict.before_after import (
    NOTHING_IN_COMMON,
    NOTHING_TRUSTED,
    TOO_FEW_REPEATS,
    Change,
    advised,
    changes,
    conclusion,
    nothing_to_tell,
    only,
    refuse_others,
    verdict,
)
from loadtest.verdict.pairs import FASTER, SLOWER
from loadtest.workload.closed import Closed
from loadtest.workload.open import Open
from tests.loadtest.support.fabricated import not_run, open_step, options, results, step, stuck

DOUBTS = ["a doubt"]

SAME = "no difference larger than 1%"


def repeats(*responses: float, users: int = 10, service: str = "aiohttp") -> list[Step]:
    """Return the steps of one service, one per repeat, from their response times in seconds."""
    return [step(service, users, response, repeat=place) for place, response in enumerate(responses, 1)]


def paired(before: list[Step], after: list[Step]) -> list[Change]:
    return changes(rows(results(before)), rows(results(after)))


def change(before: list[Step], after: list[Step]) -> Change:
    (found,) = paired(before, after)
    return found


def test_steps_that_both_runs_measured_make_a_pair() -> None:
    before = [step("flask", 1), step("flask", 50), step("aiohttp", 1), step("aiohttp", 400), not_run("flask", 400)]
    after = [step("aiohttp", 1), step("aiohttp", 50), not_run("aiohttp", 400), step("flask", 50), step("flask", 400)]
    found = [(each.before.service, each.before.load.amount) for each in paired(before, after)]
    assert found == [("flask", 50), ("aiohttp", 1)]


def test_what_only_one_run_measured_is_named() -> None:
    before = [step("flask", 1), step("flask", 50), not_run("flask", 400)]
    after = [step("flask", 1), step("flask", 400), not_run("flask", 50), step("aiohttp", 1)]
    assert only(rows(results(before)), rows(results(after))) == [
        "Measured only before: flask at 50 users.",
        "Measured only after: flask at 400 users.",
        "Measured only after: aiohttp at 1 user.",
    ]


def test_the_ratio_is_of_throughput_and_the_spread_is_of_both() -> None:
    found = change(repeats(0.100, 0.104), repeats(0.200, 0.205))
    assert (
        found.ratio == pytest.approx(found.after.throughput / found.before.throughput) == pytest.approx(0.5, rel=0.02)
    )
    assert found.difference == pytest.approx(found.after.throughput - found.before.throughput)
    assert found.spread == pytest.approx(found.before.spread + found.after.spread)
    assert found.before.spread > 0 < found.after.spread


def test_a_service_that_answered_nothing_before_has_no_ratio() -> None:
    assert change([stuck("flask", 10)], [step("flask", 10)]).ratio is None


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        (repeats(0.200, 0.204), repeats(0.100, 0.102), FASTER),
        (repeats(0.100, 0.102), repeats(0.200, 0.204), SLOWER),
        (repeats(0.100, 0.104), repeats(0.101, 0.105), "no difference larger than 6%"),  # of any repeat from any other
        (repeats(0.100, 0.109), repeats(0.104, 0.114), "cannot be told: the repeats differ more"),
        (repeats(0.100, 0.100), repeats(0.100, 0.100), "no difference larger than 1%"),
        (repeats(0.100, 0.100), repeats(0.104, 0.104), "no difference larger than 4%"),  # two repeats agree by chance
        (repeats(0.104, 0.104), repeats(0.100, 0.100), "no difference larger than 4%"),
        (repeats(0.100, 0.100), repeats(0.106, 0.106), SLOWER),
        (repeats(0.100), repeats(0.200, 0.200), "cannot be told: one repeat"),
        (repeats(0.100, 0.100), repeats(0.200), "cannot be told: one repeat"),
        (repeats(0.100, 0.200), repeats(0.100, 0.100), "cannot be told: inconclusive"),  # the repeats disagree
        ([step("aiohttp", 10, doubts=DOUBTS)], repeats(0.200), "cannot be told: inconclusive"),
        (repeats(0.100), [step("aiohttp", 10, doubts=DOUBTS)], "cannot be told: inconclusive"),
    ],
)
def test_a_difference_means_something_where_it_is_large_and_larger_than_the_repeats_differ(
    before: list[Step], after: list[Step], says: str
) -> None:
    assert change(before, after).says == says


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (repeats(0.1), repeats(0.2), TOO_FEW_REPEATS),
        (repeats(0.1), repeats(0.2, 0.2), TOO_FEW_REPEATS),
        ([*repeats(0.1), *repeats(0.1, 0.1, users=5)], [*repeats(0.1), *repeats(0.1, 0.1, users=5)], None),
        (repeats(0.1, 0.1), repeats(0.2, 0.2, users=5), NOTHING_IN_COMMON),
    ],
)
def test_runs_that_can_tell_nothing_are_known_without_their_figures(
    before: list[Step], after: list[Step], told: str | None
) -> None:
    assert nothing_to_tell(paired(before, after)) == told


def test_the_verdict_names_what_changed_and_counts_the_rest() -> None:
    before = [
        *repeats(0.200, 0.200),
        *repeats(0.100, 0.100, users=50),
        *repeats(0.100, 0.100, users=400),
        *repeats(1.0, 1.0, service="flask"),
        *repeats(0.100, users=5),
    ]
    after = [
        *repeats(0.100, 0.100),
        *repeats(0.200, 0.200, users=50),
        *repeats(0.104, 0.104, users=400),
        *repeats(1.0, 1.0, service="flask"),
        *repeats(0.200, users=5),
    ]
    faster, slower, same, unknown, chance = verdict(paired(before, after))
    assert faster == "aiohttp at 10 users is faster: 50.0/s before, 100/s after (2.00 times, 2.00 to 2.00)."
    assert slower == "aiohttp at 50 users is slower: 500/s before, 250/s after (0.50 times, 0.50 to 0.50)."
    assert same == "No difference larger than 4% among the repeats in 2 of 5 steps."
    assert chance == ("After 2 and 2 repeats, 1 of 3 comparisons of equal runs looks as clear; after 6 each, 1 of 462.")
    assert unknown == "1 of 5 steps cannot be told: the table gives the reasons."
    assert conclusion(paired(before, after)) == (
        "At 50 users aiohttp is slower: 250/s instead of 500/s (0.50 times); 1 other step changed: 1 faster"
    )


def test_what_answered_nothing_before_is_not_told_as_a_ratio() -> None:
    before = [stuck("flask", 10), stuck("flask", 10, repeat=2)]
    told, _chance = verdict(paired(before, repeats(0.1, 0.1, service="flask")))
    assert told == "flask at 10 users is faster: 0.0/s before, 100/s after."


def test_runs_of_one_repeat_are_to_be_made_again_as_they_were_but_for_the_repeats() -> None:
    asked = ["sync-vs-async", "compare", "--repeats", "1", "--quick", "--repeats=1", "--out", "my results"]
    one, two = (
        results([step("aiohttp", 10)]).model_copy(update={"command": asked, "options": options(repeats=repeats)})
        for repeats in (1, 2)
    )
    again = "sync-vs-async compare --quick --out 'my results' --repeats 6"
    for before, after, commands in ((one, one, [again]), (one, two, [again]), (two, one, [again]), (two, two, [])):
        assert advised(before, after, TOO_FEW_REPEATS) == commands
        assert advised(before, after, NOTHING_TRUSTED) == []


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (
            [*repeats(0.2, 0.2), *repeats(0.1, 0.1, users=50)],
            [*repeats(0.1, 0.1), *repeats(0.3, 0.3, users=50)],
            "At 50 users aiohttp is slower: ",
        ),  # slower by two thirds; at 10 users faster by a half
        (
            repeats(0.1, 0.1),
            repeats(0.1, 0.1),
            "No difference larger than 1% among the repeats between before and after",
        ),
        (
            [*repeats(0.1, 0.1), *repeats(0.1, users=5)],
            [*repeats(0.104, 0.104), *repeats(0.1, users=5)],
            "No difference larger than 4% among the repeats in 1 of 2 steps; the others cannot be told",
        ),
        (
            repeats(0.1),
            repeats(0.2),
            "Faster or slower cannot be told: no step was measured twice in both runs",
        ),
        (
            [step("aiohttp", 10, repeat=each, doubts=DOUBTS) for each in (1, 2)],
            repeats(0.2, 0.2),
            "Faster or slower cannot be told: no step can be trusted in both runs",
        ),
    ],
    ids=["two", "none", "some", "one repeat", "doubts"],
)
def test_the_conclusion_is_the_largest_difference_that_means_anything(
    before: list[Step], after: list[Step], told: str
) -> None:
    found = conclusion(paired(before, after))
    assert found.startswith(told)
    assert not found.endswith(".")


def asked(**changes: object) -> Results:
    run = results([step("aiohttp", 10)])
    return run.model_copy(update={"options": run.options.model_copy(update=changes)})


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"scenario": "query"}, "scenario is delay before and query after."),
        ({"delay": "250ms"}, "delay is 100ms before and 250ms after."),
        ({"loads": [Closed(10, think=1.5)]}, "think is 0.0 before and 1.5 after."),
    ],
)
def test_runs_that_asked_for_different_things_are_refused_in_one_sentence(
    changes: dict[str, object], told: str
) -> None:
    with pytest.raises(ValueError, match="The runs cannot be compared") as refusal:
        refuse_others(asked().options, asked(**changes).options)
    assert str(refusal.value).endswith(told)


@pytest.mark.parametrize("changes", [{}, {"loads": [Closed(1), Closed(2)]}, {"repeats": 3}, {"seconds": 2.0}])
def test_comparing_runs_of_other_sizes_does_not_raise(changes: dict[str, object]) -> None:
    refuse_others(asked().options, asked(**changes).options)


def test_open_loads_are_compared_by_the_highest_percentile_that_all_repeats_have_too() -> None:
    load = Open(100, "even")
    steps = [open_step("aiohttp", load, repeat=repeat) for repeat in (1, 2)]

    def slower(times: float, lost: int = 0) -> list[Row]:
        found = []
        for known in steps:
            assert known.measured is not None
            assert known.measured.arrivals is not None
            latency = {each * times: count for each, count in known.measured.latency.items()}
            arrivals = known.measured.arrivals.model_copy(update={"lost": lost})
            measured = known.measured.model_copy(update={"latency": latency, "arrivals": arrivals})
            found.append(known.model_copy(update={"measured": measured}))
        return rows(results(found))

    before = slower(1)
    assert verdict(changes(before, before)) == ["No difference larger than 1% among the repeats in 2 of 2 figures."]
    none = changes(slower(1, lost=500), slower(2, lost=500))
    assert [change.says for change in none] == [SAME, "cannot be told: requests were lost in all repeats"]
    assert conclusion(changes(before, slower(2))).startswith("At 100 arrivals/s aiohttp is slower in p99: ")
    assert [change.figure for change in changes(before, before)] == ["throughput, requests/s", "p99, ms"]
    for after, says in ((slower(1), SAME), (slower(2), SLOWER), (slower(0.5), FASTER), (slower(1, lost=500), SLOWER)):
        assert [change.says for change in changes(before, after)] == [SAME, says]
    *_, told = verdict(changes(before, slower(2)))[:1]
    assert told.startswith("aiohttp at 100 arrivals/s is slower: p99 ")
    assert told.endswith(" ms after (2.00 times, 2.00 to 2.00).")
    (lost,) = [each for each in verdict(changes(before, slower(1, lost=500))) if "slower" in each]
    assert lost.endswith(" before, > 10 s after.")
    assert [change.figure for change in paired([step("aiohttp", 10)], [step("aiohttp", 10)])] == [
        "throughput, requests/s"
    ]
