"""The two services of the workshop, each run unchanged, except for a free port."""

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from socket import create_connection, create_server

import pytest

from tests.support.stalls import SLACK

ROOT = Path(__file__).parents[2]

ON_ANOTHER_PORT = {
    "flask_delay": "from flask import Flask as owner; run = 'run'",
    "aiohttp_delay": "from aiohttp import web as owner; run = 'run_app'",
}
"""The framework's function that runs each service. The test makes it use another port."""

RUN = """
import runpy
import signal

signal.signal(signal.SIGINT, signal.default_int_handler)
{what}
original = getattr(owner, run)
setattr(owner, run, lambda app, **options: original(app, **options | {{"port": {port}}}))
runpy.run_path("workshop/{name}.py", run_name="__main__")
"""

AT_ONCE = 12
"""Requests of 1 s that wait at once. In a row they would take longer than a machine that stalls."""

every_service = pytest.mark.parametrize("name", ON_ANOTHER_PORT)


@contextmanager
def served(name: str) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    with create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    code = RUN.format(what=ON_ANOTHER_PORT[name], name=name, port=port)
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-c", code], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            listens(port)
            yield port, process
        finally:
            process.kill()


def listens(port: int) -> None:
    end = time.monotonic() + 30
    while True:
        try:
            create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)
        else:
            return


def ask(port: int, path: str) -> tuple[int, str, bytes]:
    """GET `path`, and return the status, the content type and the body of the response."""
    with closing(HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.headers.get_content_type(), response.read()


@every_service
def test_it_waits_for_as_long_as_it_is_asked_and_says_so(name: str) -> None:
    with served(name) as (port, _):
        began = time.perf_counter()
        status, content_type, body = ask(port, "/delay/0.2")
        assert time.perf_counter() - began >= 0.2
        assert (status, content_type, json.loads(body)) == (200, "application/json", {"duration": 0.2})


@every_service
def test_it_waits_for_several_at_once(name: str) -> None:
    with served(name) as (port, _), ThreadPoolExecutor(AT_ONCE) as clients:
        began = time.perf_counter()
        answers = list(clients.map(lambda _: ask(port, "/delay/1"), range(AT_ONCE)))
        assert 1 <= time.perf_counter() - began < 1 + SLACK < AT_ONCE
        assert [json.loads(body) for _, _, body in answers] == [{"duration": 1.0}] * AT_ONCE


@pytest.mark.parametrize(
    ("path", "status"), [("/delay/0", 200), ("/delay/0.01", 200), ("/", 404), ("/delay/", 404), ("/delay/soon", 500)]
)
def test_both_answer_alike(both: tuple[int, int], path: str, status: int) -> None:
    (one, one_type, first), (other, other_type, second) = (ask(port, path) for port in both)
    assert one == other == status
    if status == 200:
        assert one_type == other_type == "application/json"
        assert json.loads(first) == json.loads(second)


@pytest.fixture(scope="module")
def both() -> Iterator[tuple[int, int]]:
    with served("flask_delay") as (one, _), served("aiohttp_delay") as (other, _):
        yield one, other


@every_service
def test_it_ends_on_ctrl_c(name: str) -> None:
    with served(name) as (port, process):
        ask(port, "/delay/0")  # the port opens shortly before the signal handlers are set
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0


@every_service
def test_what_it_and_the_readme_say_to_curl_is_where_it_listens(name: str) -> None:
    source = (ROOT / "workshop" / f"{name}.py").read_text()
    readme = (ROOT / "workshop" / "README.md").read_text()
    (port,) = re.findall(r"port=(\d+)\)", source)
    assert f"python workshop/{name}.py " in source
    assert f"curl -i http://127.0.0.1:{port}/delay/1 " in source
    assert f"$ .venv/bin/python workshop/{name}.py &\n$ curl http://127.0.0.1:{port}/delay/1\n" in readme
