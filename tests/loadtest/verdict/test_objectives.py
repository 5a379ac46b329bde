"""Tests of objectives, of the intervals of a share, and of what windows say of a rate."""

from collections.abc import Sequence
from itertools import islice
from random import Random

import pytest

from loadtest.verdict.objectives import Evidence, Objective, Outcome, combined, objective
from loadtest.verdict.shares import Stratum, design_effect, interval
from loadtest.workload.demand import SLOTS, Demand, Limit
from loadtest.workload.margins import SLOWDOWNS, STRATA, Model
from loadtest.workload.open import Open

WAIT = 0.25
GOOD, BAD = 250.0, 600.0
SOUGHT = objective("p99<500ms")
MODEL = Model(Demand(WAIT, (Limit(SLOTS, 5, WAIT),)), 0.5, Open(1.0), replayed=20_000)


@pytest.mark.parametrize(
    ("text", "deadline", "allowed"),
    [
        ("p99<500ms", 0.5, 0.01),
        ("p99.9<1.5s", 1.5, 0.001),
        ("p50 < 20ms", 0.02, 0.5),
        ("errors<1%", None, 0.01),
        ("errors < 0.1 %", None, 0.001),
    ],
)
def test_an_objective_states_a_deadline_and_the_share_that_may_miss_it(
    text: str, deadline: float | None, allowed: float
) -> None:
    assert objective(text) == Objective(text.replace(" ", ""), deadline, allowed)


@pytest.mark.parametrize(
    "text",
    [
        *("", "p99", "p99>500ms", "p99<=500ms", "p99<ms", "p99<0ms", "p0<1s", "p100<1s", "p9.9.9<1s", "p99<60s"),
        *("99<500ms", "p99<500ms,errors<1%", "errors<1", "errors<0%", "errors<100%"),
    ],
)
def test_an_objective_that_cannot_be_read_is_refused_in_one_sentence(text: str) -> None:
    with pytest.raises(ValueError, match=r"^[^\n]+\.$"):
        objective(text)


@pytest.mark.parametrize(
    ("text", "latency", "missed"),
    [
        ("p99<500ms", 499.9, False),
        ("p99<500ms", 500.0, True),
        ("p99<500ms", None, True),
        ("errors<1%", 9000.0, False),
        ("errors<1%", None, True),
    ],
)
def test_an_arrival_misses_if_it_is_lost_or_takes_as_long_as_the_deadline(
    text: str, latency: float | None, missed: bool
) -> None:
    assert objective(text).missed_by(latency) is missed


P, F, U = Outcome.PASSED, Outcome.FAILED, Outcome.UNDECIDED


@pytest.mark.parametrize(
    ("outcomes", "together"),
    [([P], P), ([P, P], P), ([P, F], F), ([U, F], F), ([P, U], U), ([], U)],
)
def test_several_objectives_fail_if_one_fails_and_pass_if_all_pass(outcomes: list[Outcome], together: Outcome) -> None:
    assert combined(outcomes) is together


# R. G. Newcombe, "Two-sided confidence intervals for the single proportion", Statistics in Medicine 17, 1998, table I:
# score intervals of 95 % without continuity correction.
@pytest.mark.parametrize(
    ("missed", "size", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_one_stratum_has_wilsons_interval(missed: int, size: int, low: float, high: float) -> None:
    found = interval([Stratum(1.0, size, missed)])
    assert found == pytest.approx((missed / size, low, high), abs=5e-5)
    mirrored = interval([Stratum(1.0, size, size - missed)])
    assert mirrored == pytest.approx((1 - missed / size, 1 - high, 1 - low), abs=5e-5)


@pytest.mark.parametrize("missed", [0, 400])
def test_strata_that_are_alike_are_one_sample_if_all_or_none_missed(missed: int) -> None:
    divided = [Stratum(share, 400 * share, missed * share) for share in (0.5, 0.25, 0.15, 0.1)]
    assert interval(divided) == pytest.approx(interval([Stratum(1.0, 400, missed)]))


def test_strata_that_explain_what_missed_narrow_the_interval() -> None:
    divided = interval([Stratum(0.02, 20, 20), Stratum(0.98, 980, 0)])
    whole = interval([Stratum(1.0, 1000, 20)])
    assert divided.share == whole.share == pytest.approx(0.02)
    assert whole.low < divided.low < 0.02 < divided.high < whole.high


def test_strata_are_weighted_as_in_the_long_run_and_not_as_in_the_sample() -> None:
    assert interval([Stratum(0.1, 10, 10), Stratum(0.9, 990, 0)]).share == pytest.approx(0.1)


def test_a_stratum_without_a_sample_may_have_any_share() -> None:
    seen = interval([Stratum(1.0, 1000, 0)])
    found = interval([Stratum(0.3, 0, 0), Stratum(0.7, 1000, 0)])
    assert found.low == pytest.approx(0.0, abs=1e-9)
    assert found.high == pytest.approx(0.3 + 0.7 * seen.high, rel=1e-3)


def test_an_interval_of_strata_contains_the_share_as_often_as_it_promises() -> None:
    random, inside = Random(1), 0
    parts = [(0.01, 12, 0.9), (0.04, 40, 0.1), (0.95, 900, 0.002)]
    share = sum(weight * p for weight, _, p in parts)
    for _ in range(400):
        drawn = [Stratum(weight, size, sum(random.random() < p for _ in range(size))) for weight, size, p in parts]
        inside += interval(drawn).low <= share <= interval(drawn).high
    assert inside >= 0.93 * 400


@pytest.mark.parametrize(
    ("batches", "effect"),
    [
        ([(10, 10), (10, 0)], 20.0),  # two batches that are as good as two arrivals: 20 arrivals in all, / (2 - 1)
        ([(10, 5), (10, 5)], 1.0),
        ([(10, 1), (10, 3), (0, 0)], 1.25),
        ([(10, 0), (10, 0)], 1.0),
        ([(10, 10), (10, 10)], 1.0),
        ([(10, 3)], 1.0),
        ([], 1.0),
    ],
)
def test_the_design_effect_is_the_variance_between_batches_by_that_of_independent_arrivals(
    batches: list[tuple[int, int]], effect: float
) -> None:
    assert design_effect(batches) == pytest.approx(effect)


def evenly(rate: float, seconds: float) -> list[float]:
    return [number / rate for number in range(int(rate * seconds))]


def missing(size: int, places: Sequence[int]) -> list[float]:
    """Return latencies of `size` arrivals of which those at some places miss."""
    latencies = [GOOD] * size
    for place in places:
        latencies[place] = BAD
    return latencies


@pytest.mark.parametrize(
    ("size", "places", "outcome"),
    [
        (300, [], U),
        (400, [], P),
        (2000, range(0, 2000, 200), P),
        (2000, range(0, 2000, 100), U),
        (2000, range(0, 2000, 50), F),
        (2000, range(40), U),  # as many, but all in a row: one event
    ],
)
def test_without_a_model_wilsons_interval_of_the_effective_sample_decides(
    size: int, places: Sequence[int], outcome: Outcome
) -> None:
    evidence = Evidence(SOUGHT)
    evidence.add(100.0, evenly(100.0, size / 100), 0.0, missing(size, places))
    decision = evidence.decide(100.0)
    assert decision.outcome is outcome
    assert (decision.arrivals, decision.missed) == (size, len(places))
    assert decision.interval.low <= decision.interval.share <= decision.interval.high


def test_arrivals_before_the_window_are_replayed_and_not_counted() -> None:
    evidence = Evidence(SOUGHT, MODEL)
    evidence.add(10.0, evenly(10.0, 30.0), 10.0, [GOOD] * 200)
    assert evidence.decide(10.0).arrivals == 200


def test_a_window_that_happened_to_be_calm_passes_nothing_that_the_model_holds_for_hard() -> None:
    calm = evenly(19.0, 100.0)
    naive, evidence = Evidence(SOUGHT), Evidence(SOUGHT, MODEL)
    for each in (naive, evidence):
        each.add(19.0, calm, 0.0, [GOOD] * len(calm))
    assert naive.decide(19.0).outcome is P
    assert evidence.decide(19.0).outcome is U
    assert evidence.decide(19.0).interval.high > 0.5


def poisson(rate: float, seconds: float, repeat: int = 0) -> list[float]:
    return list(Open(rate).until(seconds, repeat))


def latencies(offsets: Sequence[float], slots: int, wait: float) -> list[float]:
    """Return the latencies, in milliseconds, of a service that is `wait` seconds at each request."""
    ends = list[float]()
    for number, offset in enumerate(offsets):
        free = ends[number - slots] if number >= slots else 0.0  # requests that last equally long keep their order
        ends.append(max(offset, free) + wait)
    return [1000 * (end - offset) for end, offset in zip(ends, offsets, strict=True)]


@pytest.mark.parametrize("wait", [0.23, 0.25, 0.27])
def test_a_service_that_is_slower_or_faster_than_the_model_is_judged_by_what_was_measured(wait: float) -> None:
    long_run = [each / 13.5 for each in islice(Open(1.0, seed=7).schedule(0), 200_000)]
    true = sum(map(SOUGHT.missed_by, latencies(long_run, 5, wait))) / len(long_run)
    evidence = Evidence(SOUGHT, MODEL)
    for repeat in range(4):
        offsets = poisson(13.5, 40.0, repeat)
        evidence.add(13.5, offsets, 0.0, latencies(offsets, 5, wait))
    found = evidence.decide(13.5).interval
    assert found.low <= true <= found.high


@pytest.mark.parametrize(
    ("rate", "places", "outcome"),
    [(12.0, [], P), (8.0, [], U), (12.0, range(0, 900, 30), U), (8.0, range(0, 900, 30), F)],
)
def test_a_higher_rate_supports_a_pass_and_a_lower_one_a_failure_but_not_the_other_way_round(
    rate: float, places: Sequence[int], outcome: Outcome
) -> None:
    evidence = Evidence(SOUGHT)
    evidence.add(10.0, evenly(10.0, 10.0), 0.0, missing(100, [50]))
    assert evidence.decide(10.0).outcome is U
    evidence.add(rate, [number / rate for number in range(900)], 0.0, missing(900, places))
    assert evidence.decide(10.0).outcome is outcome


def test_rates_that_contradict_each_other_are_judged_by_their_own_windows() -> None:
    evidence = Evidence(SOUGHT)
    evidence.add(8.0, evenly(8.0, 125.0), 0.0, [BAD] * 1000)
    evidence.add(10.0, evenly(10.0, 2.0), 0.0, [GOOD] * 20)
    evidence.add(12.0, evenly(12.0, 100.0), 0.0, [GOOD] * 1200)
    assert evidence.decide(10.0).outcome is U
    assert evidence.decide(10.0).interval == interval([Stratum(1.0, 20, 0)])


def test_the_margin_of_an_arrival_is_the_slowdown_with_which_it_misses() -> None:
    model = Model(Demand(WAIT, (Limit(SLOTS, 1, WAIT),)), 0.5, Open(1.0))
    first, second, third = model.margins([0.0, 0.1, 0.2])
    assert first == STRATA - 1  # alone it takes 250 ms: it would need twice that
    assert SLOWDOWNS[second - 1] < 1.2 <= SLOWDOWNS[second]  # 2 x 250 ms - 100 ms = 400 ms
    assert SLOWDOWNS[third - 1] < 0.7 / 0.75 <= SLOWDOWNS[third]  # 3 x 250 ms - 200 ms = 550 ms


def test_at_the_capacity_of_the_model_the_allowed_share_misses() -> None:
    rate = MODEL.capacity(0.01)
    assert rate is not None
    assert 13.0 <= rate <= 14.0
    shares = MODEL.shares(rate)
    assert all(sum(block) == pytest.approx(1.0) for block in shares)
    first = next(number for number, slowdown in enumerate(SLOWDOWNS) if slowdown > 1)
    below, above = (sum(sum(block[:number]) for block in shares) / len(shares) for number in (first, first + 1))
    assert below <= 0.01 <= above
    assert MODEL.missed(rate) == pytest.approx(0.01, rel=0.05)


def test_nothing_limits_a_service_without_limits() -> None:
    assert Model(Demand(WAIT), 0.5, Open(1.0), replayed=100).capacity(0.01) is None
