from itertools import takewhile
from random import Random

import pytest

from loadtest.verdict.objectives import Evidence, Outcome, combined, objective
from loadtest.verdict.shares import Stratum, design_effect, interval
from loadtest.workload.demand import SLOTS, Demand, Limit
from loadtest.workload.margins import Model
from loadtest.workload.open import Open
from loadtest.workload.replay import replay

SLO = objective("p99<500ms")


def test_an_objective_states_its_deadline_and_the_share_that_may_miss() -> None:
    assert (SLO.deadline, SLO.allowed) == (0.5, 0.01)
    assert (objective("errors < 0.5%").deadline, objective("errors<0.5%").allowed) == (None, 0.005)
    assert [SLO.missed_by(each) for each in (499.9, 500.0, None)] == [False, True, True]
    assert [objective("errors<1%").missed_by(each) for each in (99_999.0, None)] == [False, True]


@pytest.mark.parametrize(
    "text", ["", "p99", "p99>500ms", "p0<1s", "p100<1s", "p99<0s", "p99<soon", "errors<0%", "errors<1", "p9.9.9<1s"]
)
def test_a_text_that_states_no_objective_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"p99<500ms|deadline"):
        objective(text)


@pytest.mark.parametrize(
    ("missed", "size", "low", "high"),
    [(0, 381, 0.0, 0.00998), (81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (1, 29, 0.0061, 0.1718)],
)
def test_one_stratum_has_wilsons_interval(missed: int, size: int, low: float, high: float) -> None:
    # R. G. Newcombe, "Two-sided confidence intervals for the single proportion" (1998), table I, method 3
    found = interval([Stratum(1.0, size, missed)])
    assert (found.low, found.high) == pytest.approx((low, high), abs=2e-4)


def test_arrivals_that_miss_together_count_for_fewer() -> None:
    assert design_effect([(10, 1)] * 10) == 1.0
    assert design_effect([(10, 10), *[(10, 0)] * 9]) > 5


def test_all_objectives_must_pass_and_one_is_enough_to_fail() -> None:
    passed, failed, undecided = Outcome.PASSED, Outcome.FAILED, Outcome.UNDECIDED
    assert combined([passed, passed]) == passed
    assert combined([passed, failed, undecided]) == failed
    assert combined([passed, undecided]) == combined([]) == undecided


@pytest.mark.parametrize(("rate", "outcome"), [(200.0, Outcome.PASSED), (270.0, Outcome.FAILED)])
def test_a_service_like_its_model_passes_well_below_its_limit_and_fails_above(rate: float, outcome: Outcome) -> None:
    demand = Demand(0.25, (Limit(SLOTS, 64, 0.25),))
    load = Open(rate)
    evidence = Evidence(SLO, Model(demand, 0.5, load, 20_000))
    offsets = [*takewhile(lambda moment: moment < 16, load.schedule(1))]
    random = Random(1)
    passages = zip(offsets, replay(offsets, demand), strict=True)
    latencies = [1000 * (each.left - arrived) + random.random() for arrived, each in passages if arrived >= 1]
    evidence.add(rate, offsets, 1.0, latencies)
    assert evidence.decide(rate).outcome == outcome


def test_without_a_model_three_hundred_arrivals_decide_nothing() -> None:
    evidence = Evidence(SLO)
    evidence.add(100.0, [number / 100 for number in range(300)], 0.0, [10.0] * 300)
    assert evidence.decide(100.0).outcome == Outcome.UNDECIDED
    evidence.add(100.0, [number / 100 for number in range(300)], 0.0, [10.0] * 300)
    assert evidence.decide(100.0).outcome == Outcome.PASSED
