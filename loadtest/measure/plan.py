"""Plan the steps of a service: how long each step lasts, and which steps are run."""

from collections.abc import Iterable
from dataclasses import dataclass

from loadtest.verdict.judge import FEWEST
from loadtest.workload import Load
from loadtest.workload.demand import Demand, Prediction


@dataclass(frozen=True)
class PlannedStep:
    """One load on one service with its prediction and the seconds of its warm-up and window."""

    load: Load
    predicted: Prediction
    warmup: float
    window: float
    saturates: bool
    """True if the load is more than the service can carry, by the prediction."""

    @property
    def seconds(self) -> float:
        """The expected seconds of warm-up and window, and until the window's last request has ended."""
        return self.warmup + self.window + self.load.tail(self.predicted.response)


def plan(loads: Iterable[Load], demand: Demand, seconds: float) -> list[PlannedStep]:
    """Return the steps of one service, smallest load first; `seconds` is the shortest window."""
    steps = []
    for load in sorted(loads, key=lambda load: load.amount):
        predicted = load.predict(demand)
        lasts = spans(load, predicted.response, demand, seconds)
        steps.append(PlannedStep(load, predicted, *lasts, saturates=load.saturates(demand)))
    return steps


def to_run(steps: list[PlannedStep]) -> list[PlannedStep]:
    """Return the steps to run if every prediction holds."""
    saturated = [step.saturates for step in steps]
    return [step for place, step in enumerate(steps) if goes_on(step.load, sum(saturated[:place]))]


def goes_on(load: Load, saturated: int) -> bool:
    """Return True if a step with this load is run after `saturated` saturated steps."""
    return saturated <= load.beyond


def spans(load: Load, response: float, demand: Demand, seconds: float) -> tuple[float, float]:
    """Return the seconds of warm-up and window, long enough to be judged, for response times of `response` seconds."""
    return load.spans(response, demand, seconds, FEWEST + 1)
