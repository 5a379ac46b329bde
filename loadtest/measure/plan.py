"""How long each step has to be, and which steps are run."""

from collections.abc import Iterable
from dataclasses import dataclass

from loadtest.verdict.judge import FEWEST
from loadtest.workload import Load
from loadtest.workload.demand import Demand, Prediction


@dataclass(frozen=True)
class PlannedStep:
    """One load on one service: what the model says, and how long to look. Seconds."""

    load: Load
    predicted: Prediction
    warmup: float
    window: float

    @property
    def seconds(self) -> float:
        """How long it takes where it is run."""
        return self.warmup + self.window


def plan(loads: Iterable[Load], demand: Demand, seconds: float) -> list[PlannedStep]:
    """The steps of one service, the smallest load first."""
    steps = []
    for load in sorted(loads, key=lambda load: load.amount):
        predicted = load.predict(demand)
        steps.append(PlannedStep(load, predicted, *spans(load, predicted.response, demand, seconds)))
    return steps


def to_run(steps: list[PlannedStep]) -> list[PlannedStep]:
    """The steps that are run if every prediction holds: up to one beyond the first saturated one."""
    saturated = [step.predicted.saturated for step in steps]
    return [step for place, step in enumerate(steps) if goes_on(sum(saturated[:place]))]


def goes_on(saturated: int) -> bool:
    """Whether one more step is worth its time after `saturated` of them were."""
    return saturated < 2


def spans(load: Load, response: float, demand: Demand, seconds: float) -> tuple[float, float]:
    """Seconds of warm-up and of window, long enough to be judged, where responses take `response` seconds."""
    return load.spans(response, demand, seconds, FEWEST + 1)
