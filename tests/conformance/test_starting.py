import errno
import os
import socket
import subprocess
import sys

import pytest

TWINS = pytest.mark.parametrize("module", ["sync_app", "async_app"])


def started(module: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A twin that is expected to end of itself."""
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@TWINS
def test_a_taken_port_is_one_clear_line_and_status_1(module: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = started(module, "--port", str(port))
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert ended.stderr == f"Cannot listen on 127.0.0.1:{port}: {os.strerror(errno.EADDRINUSE)}.\n"


@TWINS
def test_an_address_that_does_not_exist_is_one_clear_line_and_status_1(module: str) -> None:
    ended = started(module, "--host", "no-address", "--port", "0")
    assert ended.returncode == 1
    assert ended.stderr.startswith("Cannot listen on no-address:0: ")
    assert ended.stderr.count("\n") == 1
    assert "Unknown error" not in ended.stderr


@TWINS
def test_a_bad_option_is_one_clear_line_and_status_2(module: str) -> None:
    ended = started(module, "--port", "eighty")
    assert ended.returncode == 2
    assert ended.stderr == f"python -m {module}: argument --port: 'eighty' is not a port from 0 to 65535\n"


@TWINS
def test_a_bad_setting_is_one_clear_line_and_status_2(module: str) -> None:
    ended = started(module, "--port", "0", MAX_DURATION="nan")
    assert ended.returncode == 2
    assert ended.stderr.startswith(f"python -m {module}: MAX_DURATION='nan' cannot be used: ")
    assert ended.stderr.count("\n") == 1


@TWINS
def test_help_is_status_0(module: str) -> None:
    ended = started(module, "--help")
    assert ended.returncode == 0
    assert ended.stdout.startswith(f"usage: python -m {module} ")
    assert ended.stderr == ""
