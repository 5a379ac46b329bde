import re
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from backing.processes import address_in, lines_of, logged
from tests.conformance.support.fleet import LINEUP, PARSERS, Fleet
from tests.conformance.support.wire import HOST, PATIENCE, NotAnswered, ask, say, written
from tests.support.stalls import TooLate, eventually

LIMITS = (Path(__file__).parents[2] / "docs" / "limits.md").read_text().partition("## Of the servers\n")[2]

HALF = "the client closes its sending half after the request"
SECOND = written("/healthz", headers={"X": "y"})

SENT = {
    "what comes is not HTTP": b"EHLO x\r\n\r\n",
    "the request is one of HTTP/0.9: `GET /healthz` alone": b"GET /healthz\r\n\r\n",
    "the request says `HTTP/1.2`": written("/healthz").replace(b"HTTP/1.1", b"HTTP/1.2"),
    "the request says `HTTP/2.0`": written("/healthz").replace(b"HTTP/1.1", b"HTTP/2.0"),
    "the method is unknown: `FOO`": written("/healthz", "FOO"),
    "the method is in small letters: `get`": written("/healthz", "get"),
    "the method is CONNECT": written("twins.test:1", "CONNECT"),
    "the target has no path: `http://host`": written(f"http://{HOST}"),
    "the target has no slash: `GET healthz`": written("healthz"),
    "the target of a GET is `*`": written("*"),
    "the request line is longer than 8,190 bytes": written("/healthz?_=" + "y" * 9000),
    "a header is longer than 8,190 bytes": written("/healthz", headers={"X": "y" * 9000}),
    "there are more than 100 headers": written("/healthz", headers={f"X-{i}": "y" for i in range(99)}),
    "there is no Host": written("/healthz").replace(b"Host: ", b"X: "),
    "there are two Host headers": SECOND.replace(b"X: ", b"Host: "),
    "there are two equal Content-Length headers": SECOND.replace(b"X: y", b"Content-Length: 0\r\n" * 2 + b"X: y"),
    "the Transfer-Encoding is `gzip, chunked`": (
        written("/healthz", headers={"Transfer-Encoding": "gzip, chunked"}) + b"0\r\n\r\n"
    ),
    "the client expects more than `100-continue`": written("/healthz", headers={"Expect": "\xff"}),
    HALF: written("/delay/200ms"),
}
"""The requests that servers answer by themselves, in the words of the table in docs/limits.md."""

TOLD = {
    when: {
        server.strip().lower(): status
        for status, servers in re.findall(r"(\w+) \(([^)]+)\)", statuses)
        for server in servers.split(",")
    }
    for when, statuses in re.findall(r"^\| ([^|]+) \| ([^|]+) \|$", LIMITS, re.MULTILINE)[1:]
}


def test_the_table_tells_of_each_request_and_of_each_server() -> None:
    assert [*TOLD] == [*SENT]
    for statuses in TOLD.values():
        assert {*statuses} == {LINEUP[name].server for name in PARSERS}


@pytest.mark.parametrize("name", PARSERS)
@pytest.mark.parametrize("when", SENT)
def test_a_server_answers_by_itself_as_the_table_tells(fleet: Fleet, name: str, when: str) -> None:
    try:
        status = str(say(fleet(name).url, SENT[when], leaves=when == HALF).status)
    except NotAnswered:
        status = "closed"
    if when == HALF and status != TOLD[when][LINEUP[name].server]:
        raise TooLate("the request may have been answered before its client closed its sending half")
    assert status == TOLD[when][LINEUP[name].server]


@pytest.mark.parametrize("name", PARSERS)
def test_a_request_that_is_not_http_is_at_most_one_line_in_the_log(name: str) -> None:
    odd = [*SENT.values(), b"\x16\x03\x01\x02\r\n\r\n", written("/healthz").replace(b"Host:", b"Ho st\0:")]
    with logged(replace(LINEUP[name], workers=1).command()) as (process, log):
        url = address_in(lines_of(process.stdout).get(timeout=PATIENCE))
        assert url is not None
        eventually(lambda: ask(url, "/healthz").status == 200, PATIENCE)
        for request in odd:
            with suppress(NotAnswered):
                say(url, request)
        log.seek(0)
        lines = log.read().splitlines()
    assert "Traceback (most recent call last):" not in lines
    assert len(lines) <= len(odd)
