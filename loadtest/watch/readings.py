"""The reports of a watched service, as records."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from .inside.loops import Look
from .inside.stacks import Line, Stack
from .sites import Site, site_of


class Seen(NamedTuple):
    """A line that was on the stack: how often, and the seconds by which these looks were late in all."""

    site: Site
    route: str
    """The request that was served, empty if unknown."""
    times: int
    late: float


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
    waits: list[tuple[float, tuple[Seen, ...]]] = field(default_factory=list)
    """At a moment: the lines at which tasks waited, each with the number of tasks."""


class Readings:
    """The reports in a folder. `base`: the folder of the service, to which files are relative.

    `update` reads what has been written since the last time.
    """

    def __init__(self, folder: Path, base: Path) -> None:
        self.loops: list[LoopReading] = []
        self._folder = folder
        self._base = base
        self._files: dict[Path, _File] = {}

    def update(self) -> None:
        """Read what is new."""
        for path in sorted(self._folder.glob("*.jsonl")):
            file = self._files.setdefault(path, _File(int(path.stem)))
            for event in file.unread(path):
                self._add(file, event)

    def _add(self, file: "_File", event: dict[str, Any]) -> None:
        match event["event"]:
            case "loop":
                reading = LoopReading(file.process, event["made_of"])
                file.loops[event["loop"]] = reading
                self.loops.append(reading)
            case "stack":
                lines = tuple(Line(path, line, name, at and tuple(at)) for path, line, name, at in event["lines"])
                stack = Stack(lines, event["inside"], event["route"], event["own"])
                file.stacks[event["number"]] = site_of(stack, self._base), stack.route
            case "clocks":
                reading = file.loops[event["loop"]]
                reading.clocks.append(Look(event["moment"], event["cpu"], event["delay"]))
                if event["waits"]:
                    waits = tuple(Seen(*file.stacks[number], times, 0.0) for number, times in event["waits"])
                    reading.waits.append((event["moment"], waits))
            case "stall" | "holds" as what:
                seen = tuple(Seen(*file.stacks[number], times, late) for number, times, late in event["stacks"])
                first = event["first"] and Look(*event["first"])
                looks = Look(*event["before"]), first, Look(*event["after"])
                times = event["began"], event["took"]
                stall = Stall(*times, *looks, event["garbage"], event["row"], seen)
                reading = file.loops[event["loop"]]
                if what == "stall":
                    reading.stalls.append(stall)
                reading.holds = stall if what == "holds" else None


class _File:
    """The report of one process, as far as it has been read."""

    def __init__(self, process: int) -> None:
        self.process = process
        self.loops: dict[int, LoopReading] = {}
        self.stacks: dict[int, tuple[Site, str]] = {}
        self._read = 0

    def unread(self, path: Path) -> Iterator[dict[str, Any]]:
        """Yield the events since the last time. A line that is half written is left for the next time."""
        with path.open("rb") as file:
            file.seek(self._read)
            for line in file:
                if not line.endswith(b"\n"):
                    return
                self._read += len(line)
                yield json.loads(line)
