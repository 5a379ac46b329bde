import os
import socket
import subprocess
import sys
from dataclasses import replace

import pytest

from loadtest.processes.service import running
from serving.command_line import parse
from serving.serve import listen
from sync_app.plumbing.service import SERVICE
from tests.conformance.support.fleet import LINEUP
from tests.conformance.support.wire import ask
from tests.loadtest.support.processes import taken_by_us

TWINS = pytest.mark.parametrize("module", ["sync_app", "async_app"])


def started(module: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a twin that is expected to exit at once, and return its result."""
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
    assert ended.stderr == f"Cannot listen on 127.0.0.1:{port}: {taken_by_us()}.\n"


@TWINS
def test_an_address_that_does_not_exist_is_one_clear_line_and_status_1(module: str) -> None:
    ended = started(module, "--host", "no-address", "--port", "0")
    assert ended.returncode == 1
    assert ended.stderr.startswith("Cannot listen on no-address:0: ")
    assert ended.stderr.count("\n") == 1
    assert "Unknown error" not in ended.stderr


@pytest.mark.parametrize("host", ["a..b", "a" * 64, "[::1]", " "])
def test_a_host_that_cannot_be_one_is_one_clear_line(host: str) -> None:
    with pytest.raises(SystemExit, match=r"\ACannot listen on .+\Z"):  # in one line
        listen(host, 0)


@TWINS
def test_a_bad_option_is_one_clear_line_and_status_2(module: str) -> None:
    ended = started(module, "--port", "eighty")
    assert ended.returncode == 2
    assert ended.stderr == f"python -m {module}: argument --port: 'eighty' is not a port from 0 to 65535\n"


@TWINS
def test_a_bad_setting_is_one_clear_line_and_status_2(module: str) -> None:
    ended = started(module, "--port", "0", MAX_DURATION="nan")
    assert ended.returncode == 2
    assert ended.stderr.startswith(f"python -m {module}: MAX_DURATION='nan' is invalid: ")
    assert ended.stderr.count("\n") == 1


UNUSABLE = (
    *("s3cret", "postgresql+psycopg2://ann:s3cret@127.0.0.1/mine", "http://ann:s3cret@127.0.0.1/mine"),
    *("postgresql://ann:s3cret@127.0.0.1:99999/mine", "host=127.0.0.1 port=x password=s3cret", "password=s3cret no=1"),
)


def test_a_database_that_its_client_cannot_name_is_one_clear_line_without_its_password(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for url in UNUSABLE:
        with pytest.raises(SystemExit) as ended:
            parse(SERVICE, [], {"DATABASE_URL": url})
        out, err = capsys.readouterr()
        assert (ended.value.code, out) == (2, "")
        assert err.startswith("python -m sync_app: DATABASE_URL is invalid: it must be ")
        assert err.count("\n") == 1
        assert "s3cret" not in err


def test_variables_that_gunicorn_reads_change_nothing_where_an_option_counts() -> None:
    variables = {"WEB_CONCURRENCY": "many", "FORWARDED_ALLOW_IPS": "nowhere"}
    with running(replace(LINEUP["flask"], workers=1), variables) as service:
        assert ask(service.url, "/healthz").status == 200


@TWINS
def test_help_is_status_0(module: str) -> None:
    ended = started(module, "--help")
    assert ended.returncode == 0
    assert ended.stdout.startswith(f"usage: python -m {module} ")
    assert ended.stderr == ""
