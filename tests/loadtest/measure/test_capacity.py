"""Tests of the search for the capacity of services, with fabricated windows: what counts, and what is recorded."""

import re
from collections.abc import Callable

import pytest

from backing.environment import Backing
from loadtest.contenders.cores import SHARED
from loadtest.contenders.selection import chosen
from loadtest.contenders.service import Service, lineup
from loadtest.measure import capacity as module
from loadtest.measure.capacity import CEILING, FIRST, OFFERED, CapacitySearch, _Probes
from loadtest.measure.search import PROBES
from loadtest.results.capacity import Capacity
from loadtest.results.schema import Step
from loadtest.verdict.objectives import objective
from loadtest.workload.demand import GENERATOR, SLOTS, Demand, Limit
from loadtest.workload.margins import Model
from loadtest.workload.open import Open
from loadtest.workload.replay import replay
from tests.loadtest.support.arrivals import changed
from tests.loadtest.support.fabricated import WAIT, open_step, options

FAST, SLOW, LOST = 100.0, 600.0, None
"""Latencies in milliseconds that meet p99<500ms, that miss it, and that of an arrival without an answer."""

WITHIN = objective("p99<500ms")

BUSY = ["the load generator used 95% of a core"]

BEHIND = Backing({}, {})


@pytest.fixture(autouse=True)
def _replays_are_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REPLAYED", 2000)


def windowed(load: Open, latency: float | None, number: int = 1, seconds: float = 20.0, **changes: object) -> Step:
    """Return a window of flask in which every arrival had this latency."""
    step = open_step("flask", load, repeat=number, seconds=seconds)
    inside = [start for start in load.until(step.warmup + seconds, number) if start >= step.warmup]
    return changed(step, latencies=[latency] * len(inside)).model_copy(update=changes)


class Noted:
    """A receiver of progress that keeps the findings, and raises `ends` when `most` windows have one."""

    def __init__(self, most: int = 100, ends: type[BaseException] = AssertionError) -> None:
        self.findings: list[str] = []
        self._most, self._ends = most, ends

    def begins(self, _service: str, _what: str, _repeat: int, _seconds: float) -> None:
        if len(self.findings) == self._most:
            raise self._ends

    def ended(self, step: Step) -> None:
        pass

    def found(self, sentence: str) -> None:
        self.findings.append(sentence)


class Fabricated(CapacitySearch):
    """A search for the capacity of services whose windows are fabricated. `rates`: those of the windows, in order."""

    def __init__(self, made: Callable[[Open, int], Step], *names: str, budget: float = 180.0) -> None:
        asked = options(loads=[Open(1.0)], objectives=[WITHIN.text], deadlines=[0.5])
        services = [chosen(name, lineup(2)) for name in names or ("flask",)]
        super().__init__(services, asked, ["sync-vs-async", "capacity"], SHARED, [WITHIN], budget)
        self._made = made
        self.rates: list[float] = []

    def _window(self, service: Service, rate: float, _seconds: float, number: int, _behind: Backing) -> Step:
        self.rates.append(rate)
        return self._made(self._load.at(rate), number).model_copy(update={"service": service.name})

    def searched(self, progress: Noted | None = None) -> list[Capacity]:
        self.run(progress or Noted(), BEHIND)
        return self.results(complete=True).capacities


def slots(times: float) -> Demand:
    """Return the demand of flask on a machine on which everything takes `times` times as long as predicted."""
    return Demand(WAIT * times, (Limit(SLOTS, 5, WAIT * times),))


def replayed(times: float) -> Callable[[Open, int], Step]:
    """Return a function that makes windows of that service: each arrival takes what it takes in a replay."""

    def made(load: Open, number: int) -> Step:
        step = windowed(load, FAST, number)
        starts = [*load.until(step.warmup + step.window, number)]
        passages = replay(starts, slots(times))
        latencies = [1000 * (each.left - each.arrived) for each in passages if each.arrived >= step.warmup]
        return changed(step, latencies=latencies)

    return made


def probes(*objectives: str, demand: Demand | None = None) -> _Probes:
    return _Probes([objective(text) for text in objectives or (WITHIN.text,)], Open(1.0), demand)


def test_an_inconclusive_window_decides_nothing_and_bounds_nothing() -> None:
    known = probes()
    known.add(windowed(Open(40), SLOW, doubts=BUSY, bound=GENERATOR))
    assert known.outcomes() == {}
    (record,) = known.records()
    assert (record.outcome, record.windows, record.low, record.high) == ("inconclusive", 1, 0.0, 1.0)
    assert known.bound(40) == ""
    assert known.told(40) == f"inconclusive: {BUSY[0]}"


def test_an_inconclusive_window_does_not_count_beside_one_that_can_be_trusted() -> None:
    known = probes()
    known.add(windowed(Open(40), FAST, bound="slots"))
    alone = known.records()[0]
    known.add(windowed(Open(40), SLOW, 2, doubts=BUSY, bound=GENERATOR))
    (both,) = known.records()
    assert (both.outcome, both.share, both.low, both.high) == (alone.outcome, alone.share, alone.low, alone.high)
    assert both.windows == 2
    assert known.bound(40) == "slots"


@pytest.mark.parametrize(("latency", "outcome"), [(FAST, "passed"), (SLOW, "failed"), (LOST, "failed")])
def test_the_record_of_a_probe_has_its_windows_its_seconds_and_its_interval(
    latency: float | None, outcome: str
) -> None:
    known = probes()
    for number in (1, 2):
        known.add(windowed(Open(40), latency, number))
        known.spent(40, 15.0)
    (record,) = known.records()
    assert (record.rate, record.windows, record.seconds, record.outcome) == (40, 2, 30.0, outcome)
    assert record.low <= record.share <= record.high
    assert (record.high <= WITHIN.allowed) if outcome == "passed" else (record.low > WITHIN.allowed)


def test_the_records_are_in_the_order_of_their_rates() -> None:
    known = probes()
    for rate in (45, 30, 38.5):
        known.add(windowed(Open(rate), FAST))
    assert [record.rate for record in known.records()] == [30, 38.5, 45]


def test_a_rate_fails_if_it_misses_one_of_several_objectives_and_its_share_is_of_that_one() -> None:
    known = probes("p99<500ms", "errors<1%")
    known.add(windowed(Open(40), SLOW))
    (record,) = known.records()
    assert (known.outcomes()[40].value, record.outcome, record.share) == ("failed", "failed", 1.0)


def test_the_bounds_of_windows_that_differ_are_named_once_each_and_without_their_figures() -> None:
    known = probes()
    for number, bound in enumerate(("slots (5 of 5)", "slots (4 of 5)", "CPU"), 1):
        known.add(windowed(Open(40), SLOW, number, bound=bound))
    assert known.bound(40) == "slots; CPU"


def test_the_predicted_capacity_meets_every_objective_in_a_replay() -> None:
    slow, served = (probes(text, demand=slots(1)).predicted() for text in ("p99<500ms", "errors<1%"))
    assert slow
    assert served
    assert 0 < slow < served <= 50
    assert probes("p99<500ms", "errors<1%", demand=slots(1)).predicted() == slow


@pytest.mark.parametrize("demand", [None, Demand(WAIT)])
def test_no_capacity_is_predicted_without_a_model_or_without_a_limit(demand: Demand | None) -> None:
    assert probes(demand=demand).predicted() is None


@pytest.mark.parametrize("times", [0.8, 1.0, 1.2])
def test_the_range_that_is_found_contains_the_capacity_if_the_prediction_is_wrong_too(times: float) -> None:
    search = Fabricated(replayed(times))
    (found,) = search.searched()
    assert found.predicted == probes(demand=slots(1)).predicted()
    truth = Model(slots(times), 0.5, Open(1.0)).capacity(WITHIN.allowed)
    assert truth
    assert found.passed
    assert found.failed
    assert found.passed <= truth < found.failed < 1.11 * found.passed
    assert (found.resolved, found.why) == (True, "")
    assert sorted(set(search.rates)) == [each.rate for each in found.probes]
    assert len(search.rates) == sum(each.windows for each in found.probes) == len(search.steps)


@pytest.mark.parametrize(("judged", "told"), [("slots (5 of 5)", "slots"), ("arrivals", "queue for slots")])
def test_what_a_service_that_kept_up_and_missed_the_objective_was_short_of_is_named(judged: str, told: str) -> None:
    made = replayed(1.0)
    (found,) = Fabricated(lambda load, number: made(load, number).model_copy(update={"bound": judged})).searched()
    assert found.failed
    assert found.bound == told


def test_each_window_of_a_rate_has_a_schedule_of_its_own() -> None:
    search = Fabricated(lambda load, number: windowed(load, FAST, number, doubts=BUSY))
    (found,) = search.searched()
    assert (found.passed, found.failed, found.resolved, found.bound) == (None, None, False, "")
    for probe in found.probes:
        repeats = [step.repeat for step in search.steps if step.load.amount == probe.rate]
        assert repeats == [*range(1, probe.windows + 1)]


def test_a_window_that_fills_the_load_generator_lowers_the_ceiling_and_the_search_begins_again() -> None:
    def made(load: Open, number: int) -> Step:
        step = windowed(load, FAST, number)
        return step.model_copy(update={"doubts": BUSY, "bound": GENERATOR}) if load.rate > 40 else step

    search = Fabricated(made)
    (found,) = search.searched()
    first, second = search.rates[:2]
    assert first > 40
    filled = search.steps[0].measured
    assert filled
    assert second == pytest.approx(OFFERED * filled.requests / filled.seconds, rel=1e-3)
    assert max(search.rates[1:]) == second
    assert (found.passed, found.failed, found.resolved) == (second, None, False)
    assert found.why == f"no more than {second:g} arrivals/s can be offered"


def test_the_time_until_the_ceiling_is_lowered_is_part_of_the_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 10_000, 60))  # each reading is 60 s after the last one
    monkeypatch.setattr("loadtest.measure.capacity.time.monotonic", lambda: next(clock))
    search = Fabricated(lambda load, number: windowed(load, FAST, number, doubts=BUSY, bound=GENERATOR))
    (found,) = search.searched()
    assert len(search.rates) == 3
    assert found.why == "another window would take longer than the 180 s of a search"


def test_no_rate_is_above_the_ceiling_even_if_the_prediction_is() -> None:
    search = Fabricated(lambda load, number: windowed(load, FAST, number, seconds=2.0), "flask-threads:threads=200")
    (found,) = search.searched()
    assert found.predicted
    assert found.predicted > 2 * CEILING
    assert max(search.rates) == found.passed == CEILING
    assert found.why == f"no more than {CEILING:g} arrivals/s can be offered"


def test_without_a_prediction_the_rates_double() -> None:
    search = Fabricated(lambda load, number: windowed(load, FAST, number, seconds=2.0), "aiohttp")
    (found,) = search.searched()
    assert found.predicted is None
    assert search.rates == [FIRST * 2**number for number in range(PROBES)]
    assert (found.passed, found.failed, found.why) == (search.rates[-1], None, f"{PROBES} rates were tried")


def test_each_service_has_a_search_of_its_own() -> None:
    found = Fabricated(replayed(1.2), "flask", "flask:workers=5").searched()
    assert [each.service for each in found] == ["flask", "flask:workers=5"]
    assert all(each.resolved for each in found)


def test_each_window_tells_the_outcome_of_its_rate() -> None:
    progress = Noted()
    search = Fabricated(replayed(1.2))
    search.searched(progress)
    assert [line.partition(": ")[0] for line in progress.findings] == [
        f"flask, {Open(rate).label}" for rate in search.rates
    ]
    words = r": (passed|failed|undecided) \([\d.]+% missed p99<500ms, [\d.]+% to [\d.]+% in the long run\)$"
    told = [found[1] for line in progress.findings if (found := re.search(words, line))]
    assert len(told) == len(progress.findings)
    assert {"passed", "failed"} <= {*told}


def test_an_interrupted_search_keeps_the_probes_that_it_has() -> None:
    search = Fabricated(replayed(1.5), "flask", "aiohttp")
    with pytest.raises(KeyboardInterrupt):
        search.run(Noted(2, KeyboardInterrupt), BEHIND)
    (found,) = search.results(complete=False).capacities
    assert (found.service, found.resolved, found.why) == ("flask", False, "the search is not over")
    assert [each.rate for each in found.probes] == sorted(search.rates)
    assert found.failed == min(search.rates)


def test_the_time_that_is_shown_is_that_of_all_searches() -> None:
    one, two = (Fabricated(replayed(1.0), *names, budget=60.0).seconds for names in (("flask",), ("flask", "aiohttp")))
    assert two == 2 * one > 120
