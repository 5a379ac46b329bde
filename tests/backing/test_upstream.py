import json
import re
import socket
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPResponse

import pytest

from backing.environment import upstream
from backing.processes import STOP_WITHIN
from contract.icon import favicon
from contract.operations import OPERATIONS
from contract.parameters import Duration, Nothing, checked
from contract.problems import PROBLEM
from contract.replies import HTML, SVG
from contract.services import UPSTREAM, described
from contract.settings import Settings
from tests.support.stalls import SLACK, at_best, within

NO_HEADERS: Mapping[str, str] = {}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with upstream() as (url, _):
        yield url


def ask(
    url: str, path: str, method: str = "GET", headers: Mapping[str, str] = NO_HEADERS
) -> tuple[HTTPResponse, bytes]:
    connection = HTTPConnection(url.removeprefix("http://"), timeout=30)
    try:
        connection.request(method, path, headers=headers)
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()


@pytest.mark.parametrize("duration", ["0", "1ms", "0.0333", "100ms", "0.25"])
def test_the_upstream_waits_as_long_as_the_request_says_and_never_less(url: str, duration: str) -> None:
    seconds = checked(Duration, [("duration", duration)], Settings().max_duration).duration
    began = time.perf_counter()
    response, body = ask(url, f"/delay/{duration}")
    assert time.perf_counter() - began >= seconds
    assert (response.status, json.loads(body)) == (200, {"duration": seconds})


def test_the_upstream_answers_in_the_words_of_the_contract(url: str) -> None:
    (delay,) = (operation for operation in OPERATIONS if operation.name == "delay")
    target = "/delay/0.05"
    promised = delay.reply(delay.parse(target, NO_HEADERS, Settings()), None)
    response, body = ask(url, target)
    assert (response.status, response.getheader("Content-Type"), body) == (200, promised.content_type, promised.body)


def test_the_upstream_says_what_it_is_and_what_it_serves(url: str) -> None:
    index = json.loads(ask(url, "/")[1])
    assert (index["name"], index["about"]) == (UPSTREAM, described(UPSTREAM).about)
    assert [row["path"] for row in index["endpoints"]] == ["/", "/healthz", "/favicon.ico", "/delay/{duration}"]
    assert index["endpoints"][-1]["curl"] == f"curl -i '{url}/delay/1s'"
    response, page = ask(url, "/", headers={"Accept": "text/html"})
    assert response.getheader("Content-Type") == HTML
    assert f"<h1>{described(UPSTREAM).headline}</h1>".encode() in page
    assert re.findall(rb'data-name="(\w+)"', page) == [b"delay", b"healthz", b"index", b"favicon"]
    response, icon = ask(url, "/favicon.ico")
    assert (response.getheader("Content-Type"), icon) == (SVG, favicon(Nothing(), UPSTREAM).body)


def test_a_hundred_requests_wait_at_once(url: str) -> None:
    began = time.perf_counter()
    with ThreadPoolExecutor(100) as pool:
        statuses = {answer.status for answer, _ in pool.map(lambda _: ask(url, "/delay/0.5"), range(100))}
    assert statuses == {200}
    assert 0.5 <= time.perf_counter() - began < 0.5 + SLACK  # in a row they would take 50 s


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/healthz", 200),
        ("HEAD", "/delay/0", 200),
        ("OPTIONS", "/delay/0", 200),
        ("GET", "/delay/11", 400),
        ("GET", "/delay/nan", 400),
        ("GET", "/delay/0?x=1", 400),
        ("GET", "/", 200),
        ("HEAD", "/favicon.ico", 200),
        ("GET", "/openapi.json", 404),
        ("GET", "/delay/0/0", 404),
        ("GET", "/delay/a%2Fb", 404),
        ("GET", "http://host", 200),
        ("OPTIONS", "*", 404),
        ("GET", "/query?delay=0", 404),
        ("POST", "/delay/0", 405),
        ("DELETE", "/healthz", 405),
    ],
)
def test_the_upstream_serves_its_own_endpoints_and_refuses_the_rest(
    url: str, method: str, path: str, status: int
) -> None:
    response, body = ask(url, path, method)
    assert response.status == status
    if status >= 400:
        assert response.getheader("Content-Type") == PROBLEM
        assert json.loads(body)["status"] == status


def test_the_upstream_refuses_a_request_with_a_content_encoding(url: str) -> None:
    for encoding in ("gzip", "deflate", "br", "zstd"):
        assert ask(url, "/delay/0", headers={"Content-Encoding": encoding})[0].status == 415


def test_the_environment_sets_its_longest_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAX_DURATION", "0.5")
    with upstream() as (url, _):
        assert ask(url, "/delay/0.6")[0].status == 400


@at_best()
def test_the_upstream_is_stopped_whoever_waits() -> None:
    with socket.socket() as asked:
        with upstream() as (url, _):
            asked.connect(("127.0.0.1", int(url.rpartition(":")[2])))
            asked.sendall(b"GET /delay/10 HTTP/1.1\r\nHost: x\r\n\r\n")
            assert ask(url, "/delay/0.1")[0].status == 200  # by then, the first request has arrived
            began = time.monotonic()
        within(STOP_WITHIN, time.monotonic() - began)  # by itself: then it is killed
        asked.settimeout(SLACK)
        assert asked.recv(1) == b""
