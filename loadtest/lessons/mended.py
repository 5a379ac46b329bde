"""An experiment with the service of a task, as it is given to learners and as its solution mends it."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import workshop
from backing.environment import Backing, Need
from loadtest.contenders.cores import halves
from loadtest.contenders.request import Request
from loadtest.contenders.target import Start, Target
from loadtest.measure.comparison import Comparison, Progress
from loadtest.results.schema import Options
from loadtest.workload.closed import Closed
from loadtest.workload.scenarios import OWN

from .lesson import Finding
from .load import SECONDS, bracketed, run_both
from .marking import figure

WORKSHOP = Path(workshop.__file__).parent


@dataclass(frozen=True)
class Mended:
    """Users who wait for their answer before they send the next request: answers per second of a task's service.

    `file`: the name of the task's file. `path`: that of the request. `before` and `after`: answers per second of the
    task and of its solution, by the model.
    """

    file: str
    path: str
    users: int
    before: float
    after: float

    needs: frozenset[Need] = frozenset(("upstream",))

    @property
    def seconds(self) -> float:
        """The estimated seconds of the run."""
        return self._comparison({}).seconds

    def run(self, progress: Progress, behind: Backing) -> Finding:
        """Put the task and its solution under load, one after the other."""
        asked, mended = run_both(self._comparison(behind.environment), progress, behind)
        times = ""
        if asked.throughput and mended.throughput:
            times = f", {figure(mended.throughput / asked.throughput)} times as many"
        told = (
            f"workshop/solutions/{self.file}, under the same load: {figure(mended.throughput)} answers/s{times}; the "
            f"model says {figure(self.after)}{bracketed(mended)}."
        )
        return Finding(asked.throughput, (told,), tuple(asked.doubts))

    def _comparison(self, environment: Mapping[str, str]) -> Comparison:
        options = Options(scenario=OWN, loads=[Closed(self.users)], delay="", wait=0.0, seconds=SECONDS, repeats=1)
        services = [
            self._service("task", self.before, environment),
            self._service("solution", self.after, environment),
        ]
        return Comparison([*services], options, [], halves())

    def _service(self, kind: str, rate: float, environment: Mapping[str, str]) -> Target:
        command = (sys.executable, str(WORKSHOP / f"{kind}s" / self.file))
        start = Start(command, WORKSHOP, {"PORT": "{port}", **environment}, "/healthz")
        response = self.users / rate  # with the queue, which the model of an unknown service does not have
        return Target(kind, "", (Request(self.path),), start=start, wait=response)
