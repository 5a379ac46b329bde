"""The sandbox of a learner's file: limits, a scratch folder, and a certain end of all its processes."""

import json
import os
import queue
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from uuid import uuid4

import psutil

from backing.processes import PYTHON, lines_of

from .keeper import END_WITHIN, MARKER, marked
from .limits import Limits

WITHIN_LIMITS = Limits()

SHOWN = 200
"""Characters of an exception that are shown."""

ANSWER_WITHIN = 2 * END_WITHIN
"""Seconds that the keeper may be later than its limits, before it is taken to be frozen."""


class Stopped(Exception):
    """The end of a learner's file before its check was done. The message is one sentence, for the learner."""


class Sandbox:
    """A learner's file that runs. `process` is its keeper's process; `marker` is in the environment of all of them."""

    def __init__(self, file: Path, process: subprocess.Popen[str], marker: str, limits: Limits) -> None:
        self._marker = marker
        self._name = file.name
        self._process = process
        self._limits = limits
        self._scratch: Path | None = None
        self._events = lines_of(process.stdout)
        self._output: Path | None = None
        self._ended: str | None = None
        self._why: str | None = None

    def listens(self) -> None:
        """Wait until the service listens. Raises Stopped if it ends, or is stopped, before that."""
        while self._output is None:
            try:
                self._read(self._limits.listen + ANSWER_WITHIN)
            except queue.Empty:
                raise Stopped(f"The keeper of the sandbox does not answer: {self._name} has frozen it.") from None
            self.check()
            if self._ended is not None:
                raise Stopped(self.early_end())

    def ended(self) -> str | None:
        """Return the end of the output of a program that has ended by itself, or None if it still runs."""
        self.check()
        return self._ended

    def check(self) -> None:
        """Raise Stopped if the file was stopped."""
        with suppress(queue.Empty):
            while self._why is None and self._ended is None:
                self._read(0)
        if self._why is not None:
            raise Stopped(self._why)

    def early_end(self) -> str:
        """Return a sentence about a service that has ended by itself."""
        last = (self._ended or "").rpartition("\n")[2]
        return f"{self._name} ended by itself: {f'its last line is {last!r}' if last else 'it printed nothing'}."

    def failure(self) -> str:
        """Return the last exception that a running service has printed, with the line of the file, or an empty string.

        It reads `line 20: NameError: name 'x' is not defined`.
        """
        assert self._output is not None
        *_, last = ["", *self._output.read_text(errors="replace").split("Traceback (most recent call last):\n")[1:]]
        lines = re.findall(rf'^  File "[^"]*{re.escape(self._name)}", line (\d+)', last, re.MULTILINE)
        error = re.search(r"^[^\W\d][\w.]*(?:: .*)?$", last, re.MULTILINE)
        where = f"line {lines[-1]}: " if lines else ""
        return f"{where}{error[0][:SHOWN]}" if error else ""

    def processes(self) -> list[psutil.Process]:
        """Return the processes of the file that run now."""
        with suppress(psutil.NoSuchProcess):
            return psutil.Process(self._process.pid).children(recursive=True)
        return []

    def close(self) -> None:
        """Let the keeper end the file and itself. It goes on to do so if this is interrupted.

        A file can kill or freeze its keeper. Then its processes are found by the marker.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(ANSWER_WITHIN)
        if self._process.returncode != 0:
            self._process.kill()
            self._process.wait()
            self._sweep()
        self._process.stdout.close()

    def _sweep(self) -> None:
        """Kill what a keeper that did not end by itself has left, and remove its scratch folder."""
        deadline = time.monotonic() + END_WITHIN
        while (left := [*marked(self._marker)]) and time.monotonic() < deadline:
            for each in left:
                with suppress(psutil.Error):
                    each.kill()
        with suppress(queue.Empty):
            while self._scratch is None and self._why is None:
                self._read(0)
        if self._scratch is not None:
            shutil.rmtree(self._scratch, ignore_errors=True)

    def _read(self, seconds: float) -> None:
        """Take in the next event; wait up to `seconds` for it. Raises queue.Empty."""
        line = self._events.get(timeout=seconds) if seconds > 0 else self._events.get_nowait()
        event = json.loads(line or '{"stopped": "The keeper of the sandbox ended unexpectedly."}')
        if "scratch" in event:
            self._scratch = Path(event["scratch"])
        elif "listening" in event:
            self._output = Path(event["listening"])
        elif "ended" in event:
            self._ended = event["output"]
        else:
            self._why = event["stopped"]


@contextmanager
def sandbox(
    file: Path, environment: Mapping[str, str], port: int = 0, limits: Limits = WITHIN_LIMITS
) -> Iterator[Sandbox]:
    """Run a file until the context exits, with `environment` added to that of this process, and yield it.

    `port`: the port on which a service must listen, 0 for a program that is none. Its working directory and TMPDIR are
    a scratch folder. At the exit, however it comes about, all its processes are killed and the folder is removed.
    """
    marker = uuid4().hex
    told = [str(file.resolve()), str(port), json.dumps(asdict(limits))]
    process = subprocess.Popen(
        [*PYTHON, "loadtest.exercises.keeper", *told],
        env={**os.environ, **environment, **({"PORT": str(port)} if port else {}), MARKER: marker},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C must not reach it before it has cleaned up
    )
    box = Sandbox(file, process, marker, limits)
    try:
        yield box
    finally:
        box.close()
