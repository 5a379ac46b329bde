"""Locust with its web UI, on a free port."""

import os
import subprocess
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from backing.processes import stop

ROOT = Path(__file__).parents[3]


@contextmanager
def web_ui(
    command: Sequence[str], environment: Mapping[str, str], log: Path, others: Collection[str] = ()
) -> Iterator[str]:
    """Run `command` in the project's root until the context exits, and yield the URL of its web UI.

    `others`: addresses beside 127.0.0.1 on which it may listen.
    """
    with log.open("w") as written:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=written,
            text=True,
            start_new_session=True,
        )
    try:
        yield f"http://127.0.0.1:{_listening(process, others)}"
    finally:
        stop(process)


def _listening(process: subprocess.Popen[str], others: Collection[str]) -> int:
    """Wait until a process listens, check that it is on 127.0.0.1 or `others`, and return its port."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        for connection in psutil.Process(process.pid).net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN:
                assert connection.laddr.ip in ("127.0.0.1", *others)
                port: int = connection.laddr.port
                return port
        time.sleep(0.05)
    return pytest.fail("the web UI did not start")
