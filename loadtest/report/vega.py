"""Vega, the library that draws the charts, compressed to a third of its size; report.js unpacks it."""

import gzip
import os
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path

import vl_convert

from backing.processes import PYTHON
from loadtest.results import atomic


def packed() -> str:
    """Return the JavaScript code of Vega, compressed with gzip and encoded in base64."""
    code = vl_convert.javascript_bundle()  # type: ignore[call-arg] # its stub lacks the default
    return b64encode(gzip.compress(code.encode(), mtime=0)).decode()


_packed: list[str] = []
"""The packed code once it is known, kept because a line-up draws many reports."""


@contextmanager
def being_packed() -> Iterator[Callable[[], str]]:
    """Pack Vega in another process until the context exits, and yield a function that waits for the result.

    Packing takes over a second and blocks every thread of its process. Its result is kept in the user's cache.
    """
    if not _packed:
        with suppress(OSError, RuntimeError):
            _packed.append(_kept().read_text(encoding="ascii"))
    if _packed:
        yield lambda: _packed[0]
        return
    with subprocess.Popen([*PYTHON, __name__], stdout=subprocess.PIPE, text=True) as process:
        try:
            yield lambda: _said(process)
        finally:
            process.kill()


def _kept() -> Path:
    """Return the file that keeps the packed code of this version. Raises RuntimeError if there is no home directory."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "sync-vs-async" / f"vega-{version('vl-convert-python')}.txt"


def _said(process: subprocess.Popen[str]) -> str:
    said, _ = process.communicate()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, process.args)
    _packed.append(said)
    with suppress(OSError, RuntimeError):  # without a cache the next process packs again
        _kept().parent.mkdir(parents=True, exist_ok=True)
        atomic.write(_kept(), said)
    return said


if __name__ == "__main__":
    sys.stdout.write(packed())
