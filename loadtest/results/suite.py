"""The line-up measured three ways: under a wait, and beside it under the two controls, which wait for nothing."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from loadtest.workload.closed import Closed
from loadtest.workload.durations import seconds as seconds_of

from .schema import FILE, Options, Results, load, point, write

DELAY, CPU, HEALTHZ = "delay", "cpu", "healthz"
"""Of a folder, and of the scenario that it holds a run of."""


class Way(NamedTuple):
    """One of the three comparisons."""

    loads: tuple[Closed, ...]
    delay: str
    longer: int = 1
    """How many times as long as asked for its windows are at the least."""

    @property
    def amounts(self) -> str:
        """The amounts of its loads, as a sentence has them."""
        return ", ".join(str(load.amount) for load in self.loads)

    @property
    def pause(self) -> str:
        """How long its users think, as a sentence has it."""
        return f"{self.loads[-1].think * 1000:g}ms"


WAYS: Mapping[str, Way] = {
    DELAY: Way((Closed(1), Closed(64), Closed(400)), "250ms"),
    # an event loop that computes takes turns so rarely that some wait for seconds
    CPU: Way((Closed(32),), "20ms", longer=4),
    # with a pause, so that nothing saturates; its delay is what users who begin together are spread over
    HEALTHZ: Way((Closed(32, think=0.05),), "50ms", longer=4),  # CPU time is counted in ticks of 10 ms
}


def options(name: str, seconds: float, repeats: int) -> Options:
    """What one of the three comparisons is asked for."""
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
    """Write each comparison into a folder of its name in `folder`, and point `latest` beside that there; `folder`."""
    for name, results in measured.items():
        write(results, folder / name)
    point(folder)
    return folder


def is_lineup(folder: Path) -> bool:
    """Whether it holds what `save_all` writes."""
    return not (folder / FILE).exists() and any((folder / name / FILE).is_file() for name in WAYS)


def load_all(folder: Path) -> dict[str, Results]:
    """The comparisons that `folder` holds, which are fewer than three where a run was interrupted.

    A ValueError, of one sentence, where a file is no results file, or that of another scenario.
    """
    found = {name: load(folder / name / FILE) for name in WAYS if (folder / name / FILE).is_file()}
    for name, results in found.items():
        if results.options.scenario != name:
            raise ValueError(f"{folder / name / FILE} is a run of {results.options.scenario}, not of {name}.")
    return found
