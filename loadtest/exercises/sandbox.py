"""The sandbox of a learner's file: limits, a scratch folder, and a certain end of all its processes."""

import json
import os
import queue
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from uuid import uuid4

import psutil

from backing.processes import PYTHON, lines_of

from .keeper import END_WITHIN, MARKER
from .limits import Limits

WITHIN_LIMITS = Limits()

SHOWN = 200
"""Characters of an exception that are shown."""


class Stopped(Exception):
    """The end of a learner's file before its check was done. The message is one sentence, for the learner."""


class Sandbox:
    """A learner's file that runs. `process` is its keeper's process; `marker` is in the environment of all of them."""

    def __init__(self, file: Path, process: subprocess.Popen[str], marker: str) -> None:
        self.marker = marker
        self._name = file.name
        self._process = process
        self._events = lines_of(process.stdout)
        self._output: Path | None = None
        self._ended: str | None = None
        self._why: str | None = None

    def listens(self) -> None:
        """Wait until the service listens. Raises Stopped if it ends, or is stopped, before that."""
        while self._output is None:
            self._read(None)
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

    def _read(self, seconds: float | None) -> None:
        """Take in the next event; wait up to `seconds` for it, for ever if None. Raises queue.Empty."""
        line = self._events.get(timeout=seconds) if seconds is None or seconds > 0 else self._events.get_nowait()
        event = json.loads(line or '{"stopped": "The keeper of the sandbox ended unexpectedly."}')
        if "listening" in event:
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
    box = Sandbox(file, process, marker)
    try:
        yield box
    finally:
        _close(process)


def _close(process: subprocess.Popen[str]) -> None:
    """Let the keeper end the file and itself. It goes on to do so if this is interrupted."""
    assert process.stdin is not None
    assert process.stdout is not None
    with suppress(BrokenPipeError):
        process.stdin.close()
    with suppress(subprocess.TimeoutExpired):
        process.wait(2 * END_WITHIN)
        process.stdout.close()
