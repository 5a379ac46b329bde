"""Run a learner's file as `python FILE` does, within the limits that a process sets itself.

The arguments are FILE SCRATCH PROCESSES WRITTEN. It runs as a script of the standard library alone: the learner's file
has the process for itself.
"""

import errno
import os
import resource
import runpy
import sys
import traceback
from pathlib import Path
from typing import Any

SHOWN = 200
"""Characters of an exception's message that are shown."""

OPEN_FILES = 4096
"""Open files and sockets that are asked for: some systems allow 256 by default, fewer than a check needs."""

STARTS = {"os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.system", "pty.spawn", "subprocess.Popen"}
"""The audit events that announce a new process."""

CHANGES = {"os.chmod", "os.mkdir", "os.remove", "os.rmdir", "os.truncate", "shutil.rmtree"}
MOVES = {"os.link", "os.rename", "os.symlink"}
"""The audit events that announce a change of one path, and of two."""

WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class Guard:
    """The audit hook of a file's process, which every fork inherits."""

    def __init__(self, file: str, scratch: str, processes: int) -> None:
        self._file = Path(file).name
        self._scratch = Path(scratch)
        self._inside = os.path.join(os.path.realpath(scratch), "")
        self._processes = processes

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Count a new process, and refuse to change a file outside the scratch folder."""
        if event in STARTS:
            self._count()
        elif event in CHANGES or (event == "open" and arguments[2] & WRITES):
            self._refuse_outside(arguments[0])
        elif event in MOVES:
            for path in arguments[:2]:
                self._refuse_outside(path)

    def _refuse_outside(self, changed: Any) -> None:
        """Stop the file if a path is outside the scratch folder. A descriptor was checked when it was opened."""
        if isinstance(changed, str | bytes | os.PathLike):
            path = os.path.realpath(os.fsdecode(changed))
            if path != os.devnull and not path.startswith(self._inside):
                self.stop(f"{self._file} changed something outside its working folder: {path}")

    def _count(self) -> None:
        """Add a byte to the file of all starts. A write that appends is atomic, whichever process does it."""
        with (self._scratch / "starts").open("ab", buffering=0) as starts:
            starts.write(b".")
            started = starts.tell()
        if started > self._processes:
            self.stop(f"{self._file} started more than {self._processes} processes.")

    def stop(self, sentence: str) -> None:
        """Report why the file is stopped, and raise RuntimeError. The keeper reads the first report."""
        self.report(sentence)
        raise RuntimeError(sentence)

    def report(self, sentence: str) -> None:
        """Add a line to the reports."""
        with (self._scratch / "report").open("a", encoding="utf-8", errors="replace") as reports:
            reports.write(f"{' '.join(sentence.split())}\n")


def failure(file: str, error: BaseException) -> str:
    """Return a sentence with the error and the line of the file where it came from."""
    name, kind = Path(file).name, type(error).__name__
    if isinstance(error, SyntaxError) and error.filename == file:
        return f"{name} is not valid Python, line {error.lineno}: {error.msg}."
    if isinstance(error, OSError) and error.errno == errno.EFBIG:
        return f"{name} wrote more to one file than it may."
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    where = f" at line {lines[-1]}" if lines else ""
    return f"{name} failed{where}: {kind}: {str(error)[:SHOWN]}."


def main() -> None:
    """Set the limits, then run the file."""
    file, scratch, processes, written = sys.argv[1:]
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(written), int(written)))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < OPEN_FILES:
        enough = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (enough, hard))
    guard = Guard(file, scratch, int(processes))
    sys.addaudithook(guard)
    sys.argv = [file]
    sys.path.insert(0, str(Path(file).parent))
    try:
        runpy.run_path(file, run_name="__main__")
    except Exception as error:
        guard.report(failure(file, error))
        raise


if __name__ == "__main__":
    main()
