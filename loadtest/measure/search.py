"""Search for the highest rate that a service carries within its objectives.

Terms and rules follow MLRsearch (draft-ietf-bmwg-mlrsearch): a rate at which the objectives are met, or are not, for
long enough is a bound; the relevant bounds are the lowest rate that failed and the highest below it that passed. A rate
that stays undecided is never a bound. The search begins at a prediction, not at the ends of a range, and steps outward
until there are bounds on both sides, so that a wrong prediction only costs time.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from math import inf, sqrt

from loadtest.english import listed
from loadtest.verdict.objectives import Outcome

WIDTH = 1.1
"""The lowest rate that failed, divided by the highest that passed, at which the search ends: their middle is then at
most 5 % off."""

STEP = sqrt(WIDTH)
"""The factor between the prediction and the first two rates, one on each side."""

ROUNDED = 1.001
"""The factor by which two rounded rates may be further apart."""

CLOSEST = 1.04
"""Bounds and undecided rates that are closer than this factor leave no room for another rate."""

PROBES = 8
"""The most rates that are tried."""

MOST_WINDOWS = 4
"""The most windows of an undecided rate. Other rates are tried first, for their windows may decide it too."""

BUDGET = 180.0
"""Seconds that a search may take."""

ARRIVALS = 3000
"""Arrivals that a window has at best: even if queues last for seconds, it sees some of them."""

SHORTEST, LONGEST = 10.0, 20.0
"""Seconds of a window for few arrivals: a budget holds six or more, so that rates on both sides are tried."""

DEADLINES = 10
"""Deadlines that a window lasts. At a tenth above its limit a service answers later by a tenth of the time since."""


def window(rate: float, deadline: float = 0.0) -> float:
    """Return the seconds of a window at a rate. `deadline`: seconds of the longest deadline that is sought."""
    return max(SHORTEST, min(LONGEST, ARRIVALS / rate), DEADLINES * deadline)


@dataclass(frozen=True)
class Found:
    """The result: the highest rate that passed and the lowest that failed, None where the range is open."""

    passed: float | None
    failed: float | None
    reason: str
    """Why the search ended before the bounds were close; empty if it is resolved."""

    @property
    def resolved(self) -> bool:
        """True if both bounds are known and as close as WIDTH."""
        return not self.reason


@dataclass
class _Probe:
    windows: int = 0
    outcome: Outcome = Outcome.UNDECIDED


@dataclass
class Search:
    """The search of one service. `next` returns the rate of the next window; `add` takes what came of it.

    `start`: the predicted rate. Without a prediction the search begins at `first` and doubles. `ceiling`: the highest
    rate that may be tried. `overhead`: seconds that a window takes beside itself.
    """

    start: float | None
    ceiling: float
    first: float = 1.0
    deadline: float = 0.0
    overhead: float = 4.0
    budget: float = BUDGET
    spent: float = 0.0
    """Seconds that all windows have taken."""
    _probes: dict[float, _Probe] = field(default_factory=dict)
    _over: str = ""

    def next(self) -> float | None:
        """Return the rate of the next window, or None if the search is over."""
        self._over = ""
        if self._close():
            return None
        rate = self._next()
        if rate is not None and rate not in self._probes and len(self._probes) == PROBES:
            rate = self._lengthened(f"{PROBES} rates were tried")
        if rate is not None and self.spent + self.overhead + window(rate, self.deadline) > self.budget:
            self._over, rate = f"another window would take longer than the {self.budget:g} s of a search", None
        return rate

    def add(self, rate: float, outcomes: Mapping[float, Outcome], seconds: float) -> None:
        """Note a window that took `seconds` in all, and what is now known of the rates that were tried.

        An inconclusive window is noted too, with the outcomes as they were: it counts only as time, and as a window of
        its rate.
        """
        self.spent += seconds
        self._probes.setdefault(rate, _Probe()).windows += 1
        for each, outcome in outcomes.items():
            self._probes[each].outcome = outcome

    @property
    def rates(self) -> list[float]:
        """The rates that were tried, ascending."""
        return sorted(self._probes)

    @property
    def found(self) -> Found:
        """The result so far; the last one, once `next` has returned None."""
        low, high = self._bounds()
        if self._close():
            return Found(low, high, "")
        above = [f"{rate:g}" for rate in self._with(Outcome.PASSED) if high is not None and rate > high]
        odd = f"; {listed(above)} arrivals/s passed although {high:g} failed" if above else ""
        return Found(low, high, f"{self._over or 'the search is not over'}{odd}")

    def _next(self) -> float | None:
        """Return the next rate by the rules of the search alone, or None if they leave none."""
        if not self._probes:
            return self._rounded(self.start * STEP if self.start else self.first)
        low, high = self._bounds()
        lowest, highest = self.rates[0], self.rates[-1]
        if high is None and highest < self._rounded(self.ceiling):
            return self._rounded(highest * self._outward(highest))
        if low is None:
            return self._rounded(lowest / self._outward(lowest))
        if high is None:
            return self._lengthened(f"no more than {highest:g} arrivals/s can be offered")
        return self._between(low, high)

    def _outward(self, edge: float) -> float:
        """Return the factor from the outermost rate to the next one further out.

        Beyond an undecided rate the bound is near. Beyond a bound, steps grow: with every rate that was decided.
        """
        if not self.start:
            return 2.0
        if self._probes[edge].outcome is Outcome.UNDECIDED:
            return WIDTH
        decided = sum(each.outcome is not Outcome.UNDECIDED for each in self._probes.values())
        return float(WIDTH**2 ** (decided - 1))

    def _between(self, low: float, high: float) -> float | None:
        """Return the middle of the widest gap between the bounds and the undecided rates in between."""
        rates = [low, *(rate for rate in self._with(Outcome.UNDECIDED) if low < rate < high), high]
        below, above = max(pairwise(rates), key=lambda gap: gap[1] / gap[0])
        if above / below >= CLOSEST:
            return self._rounded(sqrt(below * above))
        between = listed([f"{rate:g}" for rate in rates[1:-1]])
        return self._lengthened(f"{between} arrivals/s stayed undecided after {MOST_WINDOWS} windows")

    def _lengthened(self, otherwise: str) -> float | None:
        """Return the undecided rate with the fewest windows, or end the search if each has had all of its windows."""
        low, high = self._bounds()
        open_ = [
            rate
            for rate in self.rates
            if self._probes[rate].outcome is Outcome.UNDECIDED
            and self._probes[rate].windows < MOST_WINDOWS
            and (low or 0.0) < rate < (high or inf)
            and rate <= self.ceiling * ROUNDED
        ]
        if open_:
            return min(open_, key=lambda rate: self._probes[rate].windows)
        self._over = otherwise
        return None

    def _with(self, outcome: Outcome) -> list[float]:
        return [rate for rate in self.rates if self._probes[rate].outcome is outcome]

    def _bounds(self) -> tuple[float | None, float | None]:
        """Return the relevant bounds: the highest rate that passed below the lowest that failed, and that one."""
        high = min(self._with(Outcome.FAILED), default=None)
        passed = (rate for rate in self._with(Outcome.PASSED) if high is None or rate < high)
        return max(passed, default=None), high

    def _close(self) -> bool:
        """Return True if the search is resolved."""
        low, high = self._bounds()
        contradicted = high is not None and any(rate > high for rate in self._with(Outcome.PASSED))
        return low is not None and high is not None and high / low <= WIDTH * ROUNDED and not contradicted

    def _rounded(self, rate: float) -> float:
        """Return the rate with four digits, so that results show the rate that was used."""
        return float(f"{min(rate, self.ceiling):.4g}")
