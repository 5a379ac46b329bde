from collections.abc import Sequence
from math import comb, exp, inf
from random import Random
from typing import Any

import pytest

from loadtest.results.schema import Pairing, Results, Step
from loadtest.verdict.comparison import verdict
from loadtest.verdict.pairs import (
    CHANGED,
    CPU_TIME,
    EQUAL,
    FASTER,
    LESS,
    MEDIAN,
    MEMORY,
    MORE,
    SLOWER,
    SMALLEST,
    TAIL,
    TELLING,
    THROUGHPUT,
    UNKNOWN,
    Difference,
    Interval,
    differences,
    headline,
    interval,
    lacks_pairs,
    ratio_of,
    sentences,
    told,
    trusted,
)
from loadtest.workload.closed import Closed
from loadtest.workload.open import Open
from tests.loadtest.support.fabricated import measured, not_run, open_step, options, results, step

OF_TARGETS: dict[str, Any] = dict.fromkeys(("memory", "server_cpu"))

OLD_NEW, ITSELF = Pairing(before="old", after="new"), Pairing(before="old", after="old again", itself=True)

MiB = 2**20


def difference(ratios: Sequence[float], figure: str = MEDIAN, noise: float = 0.0) -> Difference:
    return Difference(OLD_NEW, Closed(10), figure, 100.0, 100.0, tuple(ratios), noise)


def a_run(service: str, repeat: int, users: int = 10, took: float = 0.1, **changes: Any) -> Step:
    """Return a step of a target whose responses take `took` seconds, with enough requests for a 99th percentile."""
    window = measured(users, took, seconds=100.0, **{"memory": 100 * MiB, "server_cpu": 0.5, **changes})
    return step(service, users, repeat=repeat, measured=window)


def paired(*steps: Step, pairings: Sequence[Pairing] = (OLD_NEW,)) -> Results:
    known = results(steps)
    asked = options(loads=known.options.loads, pairings=list(pairings), repeats=6)
    return known.model_copy(update={"options": asked})


def six(service: str, took: float = 0.1, **changes: Any) -> list[Step]:
    """Return six runs of a service."""
    return [a_run(service, repeat, took=took, **changes) for repeat in range(1, 7)]


def by_figure(found: Sequence[Difference]) -> dict[str, str]:
    return {each.figure: each.says for each in found}


def test_an_interval_is_between_the_order_statistics_that_hold_the_median_often_enough() -> None:
    assert [interval([1.0] * size) for size in range(6)] == [None] * 6
    assert interval([3, 1, 2, 6, 5, 4]) == Interval(1, 6, 0.96875)
    nine = interval([9, 1, 2, 8, 7, 3, 4, 5, 6])
    assert nine is not None
    assert (nine.low, nine.high) == (2, 8)
    for size in range(6, 51):
        found = interval(range(size))
        assert found is not None
        left_out = int(found.low)
        assert found.high == size - 1 - left_out

        def holds(out: int, size: int = size) -> float:
            """Return the chance that neither `out` + 1 or more values miss the median on one side."""
            return sum(comb(size, below) for below in range(out + 1, size - out)) / float(2**size)

        assert found.confidence == pytest.approx(holds(left_out), abs=1e-12)
        assert found.confidence >= 0.95 > holds(left_out + 1)


def test_a_difference_has_a_name_only_if_the_whole_interval_is_beyond_the_smallest_and_it_exceeds_the_noise() -> None:
    more, fewer = 1 + SMALLEST + 1e-6, 1 / (1 + SMALLEST) - 1e-6
    for ratios, noise, says in (
        ([1.2] * 6, 0.0, SLOWER),
        ([0.8] * 6, 0.0, FASTER),
        ([more] * 6, 0.0, SLOWER),
        ([fewer] * 6, 0.0, FASTER),
        ([1 + SMALLEST] * 6, 0.0, EQUAL),
        ([1 / (1 + SMALLEST)] * 6, 0.0, EQUAL),
        ([1.2] * 5 + [1.02], 0.0, UNKNOWN),  # one pair of six is within
        ([1.2] * 8 + [0.5], 0.0, SLOWER),  # of nine, the outermost are left out
        ([1.2] * 5, 0.0, UNKNOWN),
        ([], 0.0, UNKNOWN),
        ([1.0] * 5 + [1 + TELLING - 1e-6], 0.0, EQUAL),
        ([1.0] * 5 + [1 + TELLING + 1e-6], 0.0, UNKNOWN),
        ([1.0] * 5 + [1 / (1 + TELLING) - 1e-6], 0.0, UNKNOWN),
        ([1.2] * 6, 0.19, SLOWER),
        ([1.2] * 6, 0.21, UNKNOWN),
        ([1 / 1.2] * 6, 0.21, UNKNOWN),
        ([1.0] * 6, 0.21, EQUAL),
    ):
        assert difference(ratios, noise=noise).says == says, (ratios, noise)


def test_the_direction_of_a_difference_depends_on_its_figure() -> None:
    for figure, grew, fell in (
        (THROUGHPUT, FASTER, SLOWER),
        (MEDIAN, SLOWER, FASTER),
        (TAIL, SLOWER, FASTER),
        (CPU_TIME, MORE, LESS),
        (MEMORY, MORE, LESS),
    ):
        assert (difference([1.3] * 6, figure).says, difference([0.7] * 6, figure).says) == (grew, fell), figure


def test_chance_is_seldom_named_and_a_true_difference_mostly_is() -> None:
    chance = Random(16)

    def named(true: float, noise: float, comparisons: int = 200) -> float:
        """Return the share of comparisons of six pairs that name a difference; `noise` is that of each run."""
        found = 0
        for _ in range(comparisons):
            ratios = [true * exp(chance.gauss(0, noise) - chance.gauss(0, noise)) for _ in range(6)]
            found += difference(ratios).says in CHANGED
        return found / comparisons

    for true, noise, least, most in (
        (1.0, 0.01, 0.0, 0.0),
        (1.0, 0.05, 0.0, 0.05),
        (1.0, 0.2, 0.0, 0.05),
        (1.05, 0.01, 0.85, 0.95),  # by theory 0.886: each ratio has twice the variance of a run, and all must be beyond
        (1.05, 0.008, 0.9, 1.0),
        (1 / 1.05, 0.005, 0.98, 1.0),
    ):
        assert least <= named(true, noise) <= most, (true, noise)


def test_only_pairs_of_which_both_runs_can_be_trusted_count() -> None:
    old, new = six("old"), six("new")
    doubted = new[2].model_copy(update={"doubts": ["the load generator was saturated"]})
    broken = old[4].model_copy(update={"doubts": ["5% of the requests failed"]})
    steps = [*old[:4], broken, old[5], *new[:2], doubted, *new[3:5]]  # the last pair is half, as of an interrupted run
    known = trusted(steps, OLD_NEW, Closed(10))
    assert [(first.service, other.service) for first, other in known] == [("old", "new")] * 3
    assert trusted(steps, OLD_NEW, Closed(11)) == []
    assert trusted(steps, Pairing(before="old", after="stranger"), Closed(10)) == []


def test_a_further_pair_helps_while_fewer_than_six_can_be_trusted_of_a_load_that_both_had() -> None:
    old, new = six("old"), six("new")
    doubted = new[5].model_copy(update={"doubts": ["stolen"]})
    saturated = [step.model_copy(update={"repeat": repeat}) for repeat in range(1, 7) for step in [not_run("new", 99)]]
    for steps, lacks in (
        ([*old, *new], False),
        ([*old, *new[:5]], True),
        ([*old, *new[:5], doubted], True),
        ([*old, *new[:5], doubted, a_run("old", 7), a_run("new", 7)], False),
        ([*old, *new, *(a_run("old", repeat, users=99) for repeat in range(1, 7)), *saturated], False),
        ([*old, *new, a_run("old", 1, users=99), a_run("new", 1, users=99)], True),
        ([*old, *(each.model_copy(update={"doubts": ["stolen"]}) for each in new)], False),  # it would not help
        ([], False),
    ):
        assert lacks_pairs(steps, [OLD_NEW]) is lacks
        assert not lacks_pairs(steps, [])


def test_each_figure_has_its_medians_and_ratios_pair_by_pair() -> None:
    old = [a_run("old", repeat, memory=(100 + repeat) * MiB) for repeat in range(1, 7)]
    new = [a_run("new", repeat, took=0.2, memory=2 * (100 + repeat) * MiB) for repeat in range(1, 7)]
    found = differences(paired(*old, *new))
    figures = {each.figure: each for each in found}
    assert by_figure(found) == {THROUGHPUT: SLOWER, MEDIAN: SLOWER, TAIL: SLOWER, CPU_TIME: MORE, MEMORY: MORE}
    for figure, before, ratio in ((THROUGHPUT, 100.0, 0.5), (MEDIAN, 100.0, 2.0), (MEMORY, 103.5 * MiB, 2.0)):
        each = figures[figure]
        assert each.before == pytest.approx(before)
        assert each.after == pytest.approx(before * ratio)
        assert each.ratios == pytest.approx([ratio] * 6)
    assert told(figures[MEMORY]) == [MEMORY, "103.5", "207.0", "2.000", "2.000 to 2.000", "6", MORE]
    lost: dict[str, Any] = {"requests": 100, "failures": 100}  # nothing succeeded, and nothing doubts it
    shown = differences(paired(*six("old", **OF_TARGETS), *six("new", **OF_TARGETS, **lost)))
    assert told(shown[0]) == [THROUGHPUT, "100", "0.0", "0.000", "0.000 to 0.000", "6", SLOWER]
    assert not {CPU_TIME, MEMORY} & by_figure(shown).keys()


def test_the_noise_of_a_service_against_itself_hides_differences_of_its_size() -> None:
    again = [a_run("old again", repeat, took=0.1 * (1.5 if repeat == 1 else 1)) for repeat in range(1, 7)]
    found = differences(paired(*six("old"), *again, *six("new", took=0.13), pairings=(OLD_NEW, ITSELF)))
    assert [each.pairing.itself for each in found] == sorted((each.pairing.itself for each in found), reverse=True)
    others = [each for each in found if not each.pairing.itself]
    assert {each.figure: round(each.noise, 3) for each in others} == {
        **dict.fromkeys((THROUGHPUT, MEDIAN, TAIL, CPU_TIME), 0.5),
        MEMORY: 0.0,
    }
    assert by_figure(others) == {**dict.fromkeys((THROUGHPUT, MEDIAN, TAIL, CPU_TIME), UNKNOWN), MEMORY: EQUAL}


MEANING = "Each interval holds the median ratio of all such pairs with a probability of at least 96%."


def test_the_pairs_are_told_in_sentences() -> None:
    for old, new, sentence in (
        (
            six("old"),
            six("new", took=0.05, memory=104 * MiB, server_cpu=1.0),
            "At 10 users new is faster than old: throughput 2.00 times (2.00 to 2.00), p50 0.50 times (0.50 to 0.50), "
            "p99 0.50 times (0.50 to 0.50). What it takes: memory 1.04 times (1.04 to 1.04). No difference larger than "
            "1% in CPU per request.",
        ),
        (
            six("old"),
            [a_run("new", each, latency={50.0: 9_500, 500.0: 500}) for each in range(1, 7)],
            "At 10 users new is faster than old in p50, and slower in p99: p50 0.50 times (0.50 to 0.50), p99 5.00 "
            "times (5.00 to 5.00). No difference larger than 1% in throughput, CPU per request and memory.",
        ),
        (
            six("old", **OF_TARGETS),
            six("new", took=0.1015, **OF_TARGETS),
            "At 10 users new is neither faster nor slower than old. No difference larger than 2% in throughput, p50 "
            "and p99.",
        ),
        (
            six("old", **OF_TARGETS),
            [a_run("new", each, latency={100.0: 9_500, 100.0 * each: 500}, **OF_TARGETS) for each in range(1, 7)],
            "At 10 users new is neither faster nor slower than old in throughput and p50. No difference larger than 1% "
            "in throughput and p50. Unknown: p99.",
        ),
        (
            [a_run("old", 1, **OF_TARGETS)],
            [a_run("new", 1, **OF_TARGETS)],
            "At 10 users whether new is faster or slower than old cannot be told. Unknown: throughput, p50 and p99 "
            "(1 pair can be trusted, and 6 are needed).",
        ),
        (
            six("old")[:5],
            six("new")[5:],
            "At 10 users whether new is faster or slower than old cannot be told. Unknown: throughput and p50 "
            "(0 pairs can be trusted, and 6 are needed).",
        ),
    ):
        run = paired(*old, *new)
        assert sentence.startswith(headline(run).partition(":")[0])
        assert sentences(run) == [sentence, *([MEANING] if len(old) == 6 else [])]
        assert verdict(run, []).services[: len(sentences(run))] == sentences(run)
    assert sentences(results(six("old"))) == []


def test_a_service_against_itself_shows_how_large_a_difference_must_be() -> None:
    again = [a_run("old again", each, took=0.1 + 0.001 * each, **OF_TARGETS) for each in range(1, 7)]
    assert sentences(paired(*six("old", **OF_TARGETS), *again, pairings=[ITSELF])) == [
        "old against itself at 10 users: differences up to 6% in throughput, 6% in p50 and 6% in p99 cannot be told "
        "from chance here.",
        MEANING,
    ]
    few = paired(*six("old", **OF_TARGETS)[:2], *again[:2], pairings=[ITSELF])
    assert sentences(few) == [
        "old against itself at 10 users: how large a difference must be to mean anything cannot be told (2 pairs can "
        "be trusted, and 6 are needed)."
    ]
    assert headline(few) == sentences(few)[0].removesuffix(".")


def test_a_latency_of_lost_requests_is_slower_than_any_other_and_tells_nothing_of_another() -> None:
    assert ratio_of(2.0, 3.0) == 1.5
    assert (ratio_of(2.0, inf), ratio_of(inf, 2.0)) == (inf, 0.0)
    assert (ratio_of(0.0, 2.0), ratio_of(2.0, 0.0), ratio_of(2.0, 2.0)) == (inf, 0.0, 1.0)
    assert [ratio_of(*each) for each in ((inf, inf), (0.0, 0.0), (None, 2.0), (2.0, None))] == [None] * 4
    slower, faster = (Difference(OLD_NEW, Closed(10), TAIL, 100.0, 100.0, (ratio,) * 6) for ratio in (inf, 0.0))
    assert (slower.says, faster.says) == (SLOWER, FASTER)


def test_a_service_that_lost_requests_itself_says_nothing_of_that_figure() -> None:
    load = Open(100, "even")
    steps = [open_step(name, load, repeat=each) for name in ("old", "old again") for each in range(1, 7)]
    assert steps[-1].measured is not None
    assert steps[-1].measured.arrivals is not None
    arrivals = steps[-1].measured.arrivals.model_copy(update={"lost": 500})
    measured = steps[-1].measured.model_copy(update={"arrivals": arrivals})
    run = paired(*steps[:-1], steps[-1].model_copy(update={"measured": measured}), pairings=[ITSELF])
    assert "nothing can be told of p99, for requests were lost" in sentences(run)[0]
