"""The report of one process: a file of JSON lines."""

from __future__ import annotations

import json
import os
import platform
import sys
from typing import Any

from .loops import Ended, Look
from .stacks import Stack


class Report:
    """The file of this process in a folder."""

    def __init__(self, folder: str) -> None:
        name = os.path.join(folder, f"{os.getpid()}.jsonl")
        self._file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._stacks: dict[Stack, int] = {}

    def loop(self, loop: int, kind: str) -> None:
        """Report that a loop is watched."""
        made_of = f"{kind}, {platform.python_implementation()} {sys.version.partition(' ')[0]}"
        self._write({"event": "loop", "loop": loop, "made_of": made_of})

    def stall(
        self,
        loop: int,
        ended: Ended,
        first: Look | None,
        stacks: list[tuple[Stack, float]],
        *,
        event: str = "stall",
    ) -> None:
        """Report a callback that lasted too long, with the stacks that were taken meanwhile.

        Each has the number of times that it was seen, and the seconds by which it was late in all. `first`: the clocks
        when the first one was taken. `event`: `holds` for a callback that still runs.
        """
        told: dict[int, list[float]] = {}
        for stack, late in stacks:
            known = told.setdefault(self._number(stack), [0, 0.0])
            known[0] += 1
            known[1] += late
        every = [(number, times, late) for number, (times, late) in told.items()]
        self._write({"event": event, "loop": loop, **ended._asdict(), "first": first, "stacks": every})

    def clocks(self, loop: int, look: Look, waits: list[tuple[Stack, int]]) -> None:
        """Report the clocks of a loop, and where its tasks wait."""
        told = [(self._number(stack), times) for stack, times in waits]
        self._write({"event": "clocks", "loop": loop, **look._asdict(), "waits": told})

    def _number(self, stack: Stack) -> int:
        """Return the number of a stack, which is written once."""
        number = self._stacks.get(stack)
        if number is None:
            number = self._stacks[stack] = len(self._stacks)
            self._write({"event": "stack", "number": number, **stack._asdict()})
        return number

    def _write(self, event: dict[str, Any]) -> None:
        os.write(self._file, json.dumps(event).encode() + b"\n")
