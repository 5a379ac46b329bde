"""The report of one process: a file of JSON lines."""

from __future__ import annotations

import os
import sys
from _json import encode_basestring_ascii
from typing import Any

from .loops import Ended, Look, Sample
from .stacks import Stack

MOST_UNWRITTEN = 2**20
"""Bytes that wait for a disk that takes none."""

MOST_WRITTEN, MOST_STACKS = 2**25, 10_000
"""Bytes of a report, and different stacks in it. It ends there."""


class Report:
    """The file of this process in a folder. It is open only while something is written.

    A file that stays open could be closed by the service, as daemons close all that they find, and its number could
    then be that of a file of the service.
    """

    def __init__(self, folder: str) -> None:
        self._name = os.path.join(folder, f"{os.getpid()}.jsonl")
        self._stacks: dict[Stack, int] = {}
        self._faults: set[str] = set()
        self._unwritten = b""
        self._written = 0
        self._ended = False

    def loop(self, loop: int, kind: str) -> None:
        """Report that a loop is watched."""
        python = {"cpython": "CPython"}.get(sys.implementation.name, sys.implementation.name)
        self._add({"event": "loop", "loop": loop, "made_of": f"{kind}, {python} {sys.version.partition(' ')[0]}"})

    def stall(
        self,
        loop: int,
        ended: Ended,
        first: Look | None,
        samples: list[Sample],
        *,
        event: str = "stall",
    ) -> None:
        """Report a callback that lasted too long, with the stacks that were taken meanwhile.

        `first`: the clocks when the first one was taken. `event`: `holds` for a callback that still runs.
        """
        told = [(self._number(each.stack), each.moment, each.cpu, each.late) for each in samples]
        self._add({"event": event, "loop": loop, **ended._asdict(), "first": first, "stacks": told})

    def clocks(self, loop: int, look: Look, busy: float, waits: list[tuple[Stack, int]]) -> None:
        """Report the clocks of a loop, the seconds in its callbacks so far, and where its tasks wait."""
        told = [(self._number(stack), times) for stack, times in waits]
        self._add({"event": "clocks", "loop": loop, **look._asdict(), "busy": busy, "waits": told})

    def fault(self, told: str) -> None:
        """Report a fault of the watcher itself, each once."""
        if told not in self._faults:
            self._faults.add(told)
            self._add({"event": "fault", "fault": told})

    def write(self) -> None:
        """Write what is not written yet. What the disk does not take is tried again, up to a limit."""
        if not self._unwritten or self._ended:
            return
        try:
            file = os.open(self._name, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            try:
                written = os.write(file, self._unwritten)
            finally:
                os.close(file)
        except OSError:  # the disk is full, the folder is gone, no file can be opened
            return
        self._written += written
        self._unwritten = self._unwritten[written:]

    def _number(self, stack: Stack) -> int:
        """Return the number of a stack, which is written once."""
        number = self._stacks.get(stack)
        if number is None:
            number = self._stacks[stack] = len(self._stacks)
            self._add({"event": "stack", "number": number, **stack._asdict()})
        return number

    def _add(self, event: dict[str, Any]) -> None:
        full = self._written > MOST_WRITTEN or len(self._stacks) > MOST_STACKS
        self._ended = self._ended or full or len(self._unwritten) > MOST_UNWRITTEN
        if self._ended:
            self._unwritten = b""
            self._stacks.clear()
        else:
            self._unwritten += _json(event).encode() + b"\n"


def _json(value: Any) -> str:
    """Return the JSON of a value. The package `json` is not imported: the service may have a module of that name."""
    if value is None:
        return "null"
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, str):
        return encode_basestring_ascii(str(value))
    if isinstance(value, dict):
        return "{" + ", ".join([f"{encode_basestring_ascii(key)}: {_json(each)}" for key, each in value.items()]) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join([_json(each) for each in value]) + "]"
    return repr(value)
