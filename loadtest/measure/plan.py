"""How long each step has to be, and which steps are run."""

from dataclasses import dataclass

from loadtest.verdict.judge import FEWEST
from loadtest.workload.closed import Load, Prediction, predict

SHORTEST_WARMUP = 0.5
"""Seconds."""

WARMUP_RESPONSES = 1.25
"""Predicted response times that a warm-up spans: after one, every answer has seen the full queue."""

WINDOW_RESPONSES = 1.8
"""Predicted response times that a window spans at the least. It then goes on to the end of a turn: to two."""


@dataclass(frozen=True)
class PlannedStep:
    """One number of users on one service: what the model says, and how long to look. Seconds."""

    users: int
    predicted: Prediction
    warmup: float
    window: float
    run: bool

    @property
    def seconds(self) -> float:
        """How long it will take."""
        return self.warmup + self.window if self.run else 0.0


def plan(users: list[int], load: Load, seconds: float) -> list[PlannedStep]:
    """The steps of one service. One step beyond the first saturated one is run, the rest is only predicted."""
    steps = []
    saturated_before = 0
    for count in sorted(users):
        predicted = predict(count, load)
        warmup, window = spans(count, predicted.response, load, seconds)
        steps.append(PlannedStep(count, predicted, warmup, window, run=goes_on(saturated_before)))
        saturated_before += predicted.saturated
    return steps


def goes_on(saturated: int) -> bool:
    """Whether one more step is worth its time after `saturated` of them were."""
    return saturated < 2


def spans(users: int, response: float, load: Load, seconds: float) -> tuple[float, float]:
    """Seconds of warm-up and of window where `users` users see responses of `response` seconds.

    The warm-up also outlasts the moment that users who start together are spread over, one wait.
    """
    cycle = response + load.think
    window = max(seconds, WINDOW_RESPONSES * cycle, (FEWEST + 1) * cycle / users)
    return max(SHORTEST_WARMUP, load.wait + WARMUP_RESPONSES * cycle), window
