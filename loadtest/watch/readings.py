"""The reports of a watched service, as records."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from .inside.loops import Look
from .inside.stacks import Line, Stack
from .sites import Site, site_of


class Seen(NamedTuple):
    """A line that was on the stack for a part of a stall, in seconds."""

    site: Site
    route: str
    """The request that was served, empty if unknown."""
    seconds: float
    cpu: float
    """CPU time of the loop's thread."""
    late: float
    """Time by which its stacks were taken late."""


class Waits(NamedTuple):
    """A line at which tasks waited, and how many."""

    site: Site
    route: str
    tasks: int


@dataclass(frozen=True)
class Stall:
    """A callback that lasted too long, or a row of short ones. Times are in seconds, moments by perf_counter."""

    began: float
    took: float
    before: Look
    """The clocks of the loop's thread before it began, by 20 ms at most."""
    first: Look | None
    """The clocks when the first stack was taken; None without one."""
    after: Look
    garbage: float
    """Seconds of garbage collection."""
    row: bool
    """True for a row of callbacks, none of which was long."""
    seen: tuple[Seen, ...]


@dataclass
class LoopReading:
    """The reports about one event loop so far."""

    process: int
    made_of: str
    clocks: list[Look] = field(default_factory=list)
    """Every quarter of a second."""
    stalls: list[Stall] = field(default_factory=list)
    holds: Stall | None = None
    """The callback that still runs, as far as it had come when it was last reported; None if all have ended."""
    waits: list[tuple[float, tuple[Waits, ...]]] = field(default_factory=list)
    """The lines at which tasks waited, at a moment."""
    busy: list[tuple[float, float]] = field(default_factory=list)
    """At the moments of `clocks`: the seconds in callbacks so far."""


class Readings:
    """The reports in a folder. `base`: the folder of the service, to which files are relative.

    `update` reads what has been written since the last time.
    """

    def __init__(self, folder: Path, base: Path) -> None:
        self.loops: list[LoopReading] = []
        self.faults: list[str] = []
        """Sentences about faults of the watcher, and of lines that cannot be read."""
        self._folder = folder
        self._base = base
        self._files: dict[Path, _File] = {}

    def update(self) -> None:
        """Read what is new. Lines that are no reports are passed over, and told as a fault."""
        for path in sorted(self._folder.glob("*.jsonl")):
            if not path.stem.isdecimal():
                continue
            file = self._files.setdefault(path, _File(int(path.stem)))
            for line in file.unread(path):
                try:
                    self._add(file, json.loads(line))
                except (ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError):
                    self._fault(f"a line in the report of process {file.process} cannot be read")

    def _fault(self, told: str) -> None:
        if told not in self.faults:
            self.faults.append(told)

    def _add(self, file: "_File", event: dict[str, Any]) -> None:
        match event["event"]:
            case "loop":
                reading = LoopReading(file.process, event["made_of"])
                file.loops[event["loop"]] = reading
                self.loops.append(reading)
            case "stack":
                path, line, name, at = event["line"]
                stack = Stack(Line(path, line, name, at and tuple(at)), event["inside"], event["route"], event["own"])
                file.stacks[event["number"]] = site_of(stack, self._base), stack.route
            case "clocks":
                reading = file.loops[event["loop"]]
                reading.clocks.append(Look(event["moment"], event["cpu"], event["delay"]))
                reading.busy.append((event["moment"], event["busy"]))
                if event["waits"]:
                    waits = tuple(Waits(*file.stacks[number], tasks) for number, tasks in event["waits"])
                    reading.waits.append((event["moment"], waits))
            case "stall" | "holds" as what:
                reading = file.loops[event["loop"]]
                stall = _stall(event, file.stacks)
                if what == "stall":
                    reading.stalls.append(stall)
                reading.holds = stall if what == "holds" else None
            case "fault":
                self._fault(f"the watcher failed: {event['fault']}")


def _stall(event: dict[str, Any], stacks: dict[int, tuple[Site, str]]) -> Stall:
    began, took = event["began"], event["took"]
    before, after = Look(*event["before"]), Look(*event["after"])
    first = event["first"] and Look(*event["first"])
    samples = [(*stacks[number], *clocks) for number, *clocks in event["stacks"]]
    seen = tuple(_seen(samples, (began, before.cpu), (began + took, after.cpu)))
    return Stall(began, took, before, first, after, event["garbage"], event["row"], seen)


Clocks = tuple[float, float]
"""A moment, and the CPU clock of the loop's thread."""


def _seen(samples: Sequence[tuple[Any, ...]], begin: Clocks, end: Clocks) -> Iterator[Seen]:
    """Yield the lines of a stall. Each stack stands for the time since the one before it, the last one to the end."""
    parts: dict[tuple[Site, str], list[float]] = {}
    at, clock = begin
    for number, (site, route, moment, cpu, late) in enumerate(samples, start=1):
        till, until = end if number == len(samples) else (moment, cpu)
        seconds = max(0.0, till - at)
        known = parts.setdefault((site, route), [0.0, 0.0, 0.0])
        known[0] += seconds
        known[1] += min(seconds, max(0.0, until - clock))
        known[2] += min(seconds, late)
        at, clock = till, until
    for (site, route), figures in parts.items():
        yield Seen(site, route, *figures)


class _File:
    """The report of one process, as far as it has been read."""

    def __init__(self, process: int) -> None:
        self.process = process
        self.loops: dict[int, LoopReading] = {}
        self.stacks: dict[int, tuple[Site, str]] = {}
        self._read = 0

    def unread(self, path: Path) -> Iterator[bytes]:
        """Yield the lines since the last time. A line that is half written is left for the next time."""
        with path.open("rb") as file:
            file.seek(self._read)
            for line in file:
                if not line.endswith(b"\n"):
                    return
                self._read += len(line)
                yield line
