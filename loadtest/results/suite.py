"""The three comparisons of the line-up: the waiting test and two controls, which do not wait."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from loadtest.workload.closed import Closed
from loadtest.workload.durations import seconds as seconds_of

from .schema import FILE, Options, Results, load, point, write

DELAY, CPU, HEALTHZ = "delay", "cpu", "healthz"
"""Names of the comparisons: of their folders and of their scenarios."""


class Way(NamedTuple):
    """The settings of one of the three comparisons."""

    loads: tuple[Closed, ...]
    delay: str
    longer: int = 1
    """The factor by which its windows are longer than the option `seconds`."""

    @property
    def amounts(self) -> str:
        """The amounts of its loads in words."""
        return ", ".join(str(load.amount) for load in self.loads)

    @property
    def pause(self) -> str:
        """The think time of its users in words."""
        return f"{self.loads[-1].think * 1000:g}ms"


WAYS: Mapping[str, Way] = {
    DELAY: Way((Closed(1), Closed(40), Closed(200)), "250ms"),
    # few users: an event loop that computes lets some of many wait for seconds; longer, so that each asks often enough
    CPU: Way((Closed(8),), "20ms", longer=2),
    # think time prevents saturation; the delay only spreads the users' first requests
    HEALTHZ: Way((Closed(32, think=0.05),), "50ms", longer=2),  # longer: its requests take little CPU time
}


def options(name: str, seconds: float, repeats: int) -> Options:
    """Return the options of one comparison; `seconds` is the shortest window before `longer` is applied."""
    way = WAYS[name]
    return Options(
        scenario=name,
        loads=list(way.loads),
        delay=way.delay,
        wait=seconds_of("delay", way.delay),
        seconds=seconds * way.longer,
        repeats=repeats,
    )


def save_all(measured: Mapping[str, Results], folder: Path) -> Path:
    """Write each comparison into `folder`/its name, point the link `latest` beside `folder` to it, return `folder`."""
    for name, results in measured.items():
        write(results, folder / name)
    point(folder)
    return folder


def is_lineup(folder: Path) -> bool:
    """Return True if `folder` has the layout that `save_all` writes."""
    return not (folder / FILE).exists() and any((folder / name / FILE).is_file() for name in WAYS)


def load_all(folder: Path) -> dict[str, Results]:
    """Read the comparisons in `folder`, which are fewer than three if the run was interrupted.

    Raises ValueError, with one sentence, if a file is not a results file or has another scenario.
    """
    found = {name: load(folder / name / FILE) for name in WAYS if (folder / name / FILE).is_file()}
    for name, results in found.items():
        if results.options.scenario != name:
            raise ValueError(f"{folder / name / FILE} is a run of {results.options.scenario}, not of {name}.")
    return found
