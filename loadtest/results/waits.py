"""The comparisons of a map: the same two services at several waits, one comparison for each."""

from collections.abc import Mapping
from pathlib import Path

from loadtest.workload.closed import Closed
from loadtest.workload.durations import seconds as seconds_of

from .schema import FILE, Options, Results, load

POINTS: Mapping[str, tuple[int, ...]] = {
    "200ms": (12, 100, 400),
    "50ms": (6, 20, 150),
    "12ms": (4, 10, 48),
    "3ms": (2, 6, 16),
}
"""The numbers of users that are measured at each wait, which is also the name of its comparison.

At most 3,500 requests a second are asked for: one load generator carries more. The longest wait comes first, because
the first comparison is the one that is calibrated, and a calibration waits at most 5 ms: at none of these waits.
"""


def options(name: str, scenario: str, seconds: float, repeats: int) -> Options:
    """Return the options of one comparison; `seconds` is the shortest window."""
    return Options(
        scenario=scenario,
        loads=[Closed(users) for users in POINTS[name]],
        delay=name,
        wait=seconds_of("delay", name),
        seconds=seconds,
        repeats=repeats,
    )


def is_map(folder: Path) -> bool:
    """Return True if `folder` holds the comparisons of a map."""
    return not (folder / FILE).exists() and any((folder / name / FILE).is_file() for name in POINTS)


def load_map(folder: Path) -> dict[str, Results]:
    """Read the comparisons in `folder`, which are fewer than four if the run was interrupted.

    Raises ValueError, with one sentence, if a file is not a results file, or does not belong with the others.
    """
    found = {name: load(folder / name / FILE) for name in POINTS if (folder / name / FILE).is_file()}
    first = next(iter(found.values()))
    for name, results in found.items():
        if _subject(results) != _subject(first):
            raise ValueError(f"{folder / name / FILE} has other services or another scenario than the rest of the map.")
    return found


def _subject(results: Results) -> tuple[str, ...]:
    return results.options.scenario, *(each.name for each in results.contenders)
