"""Experiments under load: answers per second of users who wait, and answers in time at a rate of arrivals."""

from collections.abc import Set
from dataclasses import dataclass, replace

from backing.environment import Backing, Need
from loadtest.contenders.cores import halves
from loadtest.contenders.selection import chosen
from loadtest.contenders.service import lineup
from loadtest.measure.comparison import Comparison, Progress
from loadtest.results.schema import Options
from loadtest.verdict.aggregate import Row, rows
from loadtest.workload import scenarios
from loadtest.workload.closed import Closed
from loadtest.workload.open import Open

from .lesson import Finding
from .marking import figure

SECONDS = 2.0
"""The shortest window of a step, in seconds."""


@dataclass(frozen=True)
class Users:
    """Users who wait for their answer before they send the next request: answers per second of `service`.

    `beside`: another service that is put under the same load, for comparison. `wait`: seconds.
    """

    service: str
    beside: str
    scenario: str
    users: int
    wait: float

    @property
    def seconds(self) -> float:
        """The estimated seconds of the run."""
        return self._comparison().seconds

    @property
    def needs(self) -> Set[Need]:
        """The backing services that the run needs."""
        return scenarios.needs(self.scenario)

    @property
    def delay(self) -> str:
        """The wait as a request states it."""
        return f"{self.wait * 1000:g}ms"

    def run(self, progress: Progress, behind: Backing) -> Finding:
        """Put both services under load, one after the other."""
        asked, other = run_both(self._comparison(), progress, behind)
        told = f"{other.service}, under the same load: {figure(other.throughput)} answers/s{bracketed(other)}."
        return Finding(asked.throughput, (told,), tuple(asked.doubts))

    def _comparison(self) -> Comparison:
        options = Options(
            scenario=self.scenario,
            loads=[Closed(self.users)],
            delay=self.delay,
            wait=self.wait,
            seconds=SECONDS,
            repeats=1,
        )
        return _comparison((self.service, self.beside), options)


@dataclass(frozen=True)
class ThreadsNeeded:
    """The threads that serve `need` requests per second: `threads` of them are put under load, and `has` beside them.

    The answer is `threads` times the ratio of what is needed and what they serve. `wait`: seconds.
    """

    threads: int
    has: int
    need: float
    wait: float

    @property
    def seconds(self) -> float:
        """The estimated seconds of the run."""
        return self._users.seconds

    @property
    def needs(self) -> Set[Need]:
        """The backing services that the run needs."""
        return self._users.needs

    def run(self, progress: Progress, behind: Backing) -> Finding:
        """Put both numbers of threads under more load than they can serve."""
        found = self._users.run(progress, behind)
        if not found.measured:
            return found
        told = f"{self.threads} threads serve {figure(found.measured)} answers/s."
        return replace(found, measured=self.threads * self.need / found.measured, beside=(told, *found.beside))

    @property
    def _users(self) -> Users:
        service = "flask-threads:workers=1:threads="
        return Users(f"{service}{self.threads}", f"{service}{self.has}", "delay", 2 * self.threads, self.wait)


@dataclass(frozen=True)
class Arrivals:
    """Arrivals at an even rate: answers per second that `service` gives within a deadline.

    `beside`: another service that gets the same arrivals. `wait` and `deadline`: seconds. Clients give up after
    `patience` seconds.
    """

    service: str
    beside: str
    rate: float
    wait: float
    deadline: float
    patience: float
    window: float

    needs: frozenset[Need] = frozenset()

    @property
    def seconds(self) -> float:
        """The estimated seconds of the run."""
        return self._comparison().seconds

    def run(self, progress: Progress, behind: Backing) -> Finding:
        """Send both services the same arrivals, one after the other."""
        asked, other = run_both(self._comparison(), progress, behind)
        good = other.goodput
        told = f"{other.service}: " + ("unknown" if good is None else f"{figure(good)} answers/s in time")
        return Finding(asked.goodput, (f"{told}{bracketed(other)}.",), tuple(asked.doubts))

    def _comparison(self) -> Comparison:
        options = Options(
            scenario="delay",
            loads=[Open(self.rate, arrivals="even", patience=self.patience)],
            delay=f"{self.wait:g}s",
            wait=self.wait,
            seconds=self.window,
            repeats=1,
            deadlines=[self.deadline],
        )
        return _comparison((self.service, self.beside), options)


def _comparison(names: tuple[str, str], options: Options) -> Comparison:
    cores = halves()
    known = lineup(cores.usable)
    return Comparison([chosen(each, known) for each in names], options, [], cores)


def run_both(comparison: Comparison, progress: Progress, behind: Backing) -> tuple[Row, Row]:
    """Run a comparison of two services, and return the row of each, in their order."""
    comparison.run(progress, behind)
    found = {row.service: row for row in rows(comparison.results(complete=True))}
    first, second = (found[each.name] for each in comparison.services)
    return first, second


def bracketed(row: Row) -> str:
    """Return the reasons why a figure cannot be trusted, in brackets."""
    return f" (inconclusive: {'; '.join(row.doubts)})" if row.doubts else ""
