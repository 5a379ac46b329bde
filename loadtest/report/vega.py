"""The library that the page draws with: Vega, compressed to a third of its size; report.js unpacks it."""

import gzip
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import vl_convert


def packed() -> str:
    """Its code, for a browser to unpack."""
    code = vl_convert.javascript_bundle()  # type: ignore[call-arg] # its stub knows no default
    return b64encode(gzip.compress(code.encode(), mtime=0)).decode()


_packed: list[str] = []
"""What was packed, once it has been: a line-up is many reports."""


@contextmanager
def being_packed() -> Iterator[Callable[[], str]]:
    """What waits for it: packing takes over a second, and holds up every thread of the process that it goes on in."""
    if _packed:
        yield lambda: _packed[0]
        return
    with subprocess.Popen([sys.executable, "-m", __name__], stdout=subprocess.PIPE, text=True) as process:
        try:
            yield lambda: _said(process)
        finally:
            process.kill()


def _said(process: subprocess.Popen[str]) -> str:
    said, _ = process.communicate()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, process.args)
    _packed.append(said)
    return said


if __name__ == "__main__":
    sys.stdout.write(packed())
