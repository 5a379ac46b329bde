from collections.abc import Iterator
from contextlib import closing

import pytest

from contract.upstream import ANSWER_WITHIN
from loadtest.contenders.service import SYNC
from loadtest.processes.service import Running
from tests.conformance.support.fleet import WAYS_TO_WAIT, Fleet
from tests.conformance.support.problems import detail
from tests.conformance.support.upstreams import GOOD, Upstream, response
from tests.conformance.support.wire import HOST, ask, request
from tests.support.stalls import SLACK

FETCH = "/fetch?delay=5s"
"""A request that lets the upstream take 10 s. The upstream of these tests does not wait, but this process may stall."""

NO_PROXY_IS_ASKED = dict.fromkeys(("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"), "http://127.0.0.1:9")


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    with closing(Upstream()) as upstream:
        yield upstream


@pytest.fixture(params=WAYS_TO_WAIT)
def asking(request: pytest.FixtureRequest, fleet: Fleet, upstream: Upstream) -> Running:
    """Return a service for each way to wait in turn, connected to `upstream`."""
    upstream.says = GOOD
    upstream.closes_when_asked_again = False
    upstream.heard.clear()
    return in_front_of(upstream, fleet, request.param)


def in_front_of(upstream: Upstream, fleet: Fleet, name: str) -> Running:
    return fleet(name, workers=1, environment={"UPSTREAM_URL": f"{upstream.url}/", **NO_PROXY_IS_ASKED})


def recovers(service: Running, upstream: Upstream) -> None:
    upstream.says = GOOD
    answer = ask(service.url, FETCH)
    assert (answer.status, answer.body) == (200, b'{"n":1,"delay":5.0,"mode":"idiomatic","durations":[0.01]}\n')


BROKEN = "The upstream is unreachable or did not send a complete HTTP response."
NO_SENSE = "The upstream's response is not JSON with a valid duration."
TOO_LONG = "The upstream's response is over 4096 bytes or of unknown length."
WRONG = {
    "closes": (b"", BROKEN),
    "no HTTP": (b"220 mail.test ESMTP\r\n\r\n", BROKEN),
    "no status": (b"HTTP/1.1 abc\r\n\r\n", BROKEN),
    "half a head": (b"HTTP/1.1 200 OK\r\nContent-Le", None),
    "cut short": (response(b'{"dur', "Content-Length: 17"), BROKEN),
    "an endless header": (response(b"", "X: " + "x" * 200_000), BROKEN),
    "a wrong length": (response(b'{"duration":0.01}', "Content-Length: abc"), None),
    "a negative length": (response(b'{"duration":0.01}', "Content-Length: -1"), None),
    "500": (response(b"{}", "Content-Length: 2", status="500 Oops"), "The upstream responded with status 500."),
    "404": (response(b"{}", "Content-Length: 2", status="404 No"), "The upstream responded with status 404."),
    "204": (response(b"", status="204 Nothing"), "The upstream responded with status 204."),
    "299": (response(b"{}", "Content-Length: 2", status="299 Odd"), "The upstream responded with status 299."),
    "a long body": (response(b" " * 5000, "Content-Length: 5000"), TOO_LONG),
    "chunks": (response(b"11\r\n" + b'{"duration":0.01}\r\n0\r\n\r\n', "Transfer-Encoding: chunked"), TOO_LONG),
    "until it closes": (response(b'{"duration":0.01}', "Connection: close"), TOO_LONG),
    "text": (response(b"hello", "Content-Length: 5"), NO_SENSE),
    "nothing": (response(b"", "Content-Length: 0"), NO_SENSE),
    "no object": (response(b"[0.01]", "Content-Length: 6"), NO_SENSE),
    "less than nothing": (response(b'{"duration":-1}', "Content-Length: 15"), NO_SENSE),
    "not finite": (response(b'{"duration":1e999}', "Content-Length: 18"), NO_SENSE),
    "no UTF-8": (response(b'{"duration":"\xff"}', "Content-Length: 16"), NO_SENSE),
    "a NUL": (response(b'{"duration":0.01}', "Content-Length: 17", "X: a\0b"), BROKEN),
    "no colon": (response(b'{"duration":0.01}', "Content-Length: 17", "nonsense"), BROKEN),
    "a space in a name": (response(b'{"duration":0.01}', "Content-Length: 17", "X : a"), BROKEN),
    "a bracket in a name": (response(b'{"duration":0.01}', "Content-Length: 17", "X(: a"), BROKEN),
    "HTTP/2.0": (response(b'{"duration":0.01}', "Content-Length: 17").replace(b"HTTP/1.1", b"HTTP/2.0"), BROKEN),
    "a hundred headers": (response(b'{"duration":0.01}', "Content-Length: 17", *["X: y"] * 99), BROKEN),
    "only an interim response": (response(b"", status="103 Early Hints"), BROKEN),
    "interim responses without end": (response(b"", status="103 Early Hints") * 10_000, BROKEN),
    "a NUL in an interim response": (response(b"", "X: a\0b", status="103 Early Hints") + GOOD, BROKEN),
    "zipped": (response(b"\x1f\x8bjunk", "Content-Length: 6", "Content-Encoding: gzip"), NO_SENSE),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_an_answer_that_cannot_be_used_is_a_bad_gateway(asking: Running, upstream: Upstream, wrong: str) -> None:
    upstream.says, told = WRONG[wrong]
    answer = ask(asking.url, FETCH)
    assert detail(answer, 502, "Bad Gateway") in ([told] if told else [BROKEN, TOO_LONG])
    assert answer.elapsed < SLACK
    recovers(asking, upstream)


@pytest.mark.parametrize(
    "says",
    [
        response(b"", "Link: </x>", status="103 Early Hints") + GOOD,
        response(b"", status="100 Continue") + response(b"", status="102 Processing") * 2 + GOOD,
        response(b'{"duration":0.01}', "Content-Length: 17", "X: " + "y" * 60_000),
        response(b'{"duration":0.01}', "Content-Length: 17", *["X: y"] * 98),
    ],
    ids=["early hints", "several interim responses", "a long header", "99 headers"],
)
def test_an_odd_answer_is_used(asking: Running, upstream: Upstream, says: bytes) -> None:
    upstream.says = says
    assert ask(asking.url, FETCH).status == 200


@pytest.mark.parametrize(
    ("says", "used"),
    [
        (response(b'{"duration":0.01}', "Content-Length: 17").replace(b"HTTP/1.1", b"HTTP/1.2"), "blocking"),
        (response(b'{"duration":0.01}', "Content-Length: 17").replace(b"1.1 200", b"1.1  200"), "blocking"),
        (response(b'{"duration":0.01}xx', "Content-Length: 17"), "blocking"),
        (b"\r\n" + response(b'{"duration":0.01}', "Content-Length: 17"), "non-blocking"),
    ],
    ids=["HTTP/1.2", "two spaces", "more than it announced", "an empty line first"],
)
def test_what_only_one_client_tolerates_is_listed_in_the_limits(
    asking: Running, upstream: Upstream, says: bytes, used: str
) -> None:
    upstream.says = says
    kind = "blocking" if asking.service.twin == SYNC else "non-blocking"
    assert ask(asking.url, FETCH).status == (200 if kind == used else 502)


@pytest.mark.parametrize("says", ["a good answer", "a senseless one"])
def test_a_connection_that_is_closed_while_a_request_is_on_its_way_is_replaced(
    asking: Running, upstream: Upstream, says: str
) -> None:
    body = b'{"duration":0.01}' if says == "a good answer" else b'{"senseless":true}'
    upstream.says = response(body, f"Content-Length: {len(body)}")
    upstream.closes_when_asked_again = True
    ask(asking.url, FETCH)
    recovers(asking, upstream)


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"])
def test_a_redirect_is_not_followed(asking: Running, upstream: Upstream, status: str) -> None:
    with closing(Upstream()) as target:
        upstream.says = response(b"", f"Location: {target.url}/delay/0", "Content-Length: 0", status=status)
        answer = ask(asking.url, FETCH)
        assert detail(answer, 502, "Bad Gateway") == f"The upstream responded with status {status[:3]}."
        assert target.heard == []
    assert len(upstream.heard) == 1


def test_an_upstream_that_is_down_is_a_bad_gateway_until_it_is_back(asking: Running, upstream: Upstream) -> None:
    with upstream.down():
        for target in ("/fetch?delay=0", "/fetch?delay=0&n=3&mode=concurrent", "/fetch?delay=0&n=3&mode=sequential"):
            answer = ask(asking.url, target)
            assert detail(answer, 502, "Bad Gateway") == BROKEN
            assert answer.elapsed < SLACK
    recovers(asking, upstream)


def test_an_upstream_that_accepts_and_is_silent_is_a_gateway_timeout(asking: Running, upstream: Upstream) -> None:
    upstream.says = None
    answer = request(asking.url, "/fetch?delay=100ms")
    assert detail(answer, 504, "Gateway Timeout") == "The upstream did not respond within 5.1 s."
    assert ANSWER_WITHIN + 0.1 <= answer.elapsed < ANSWER_WITHIN + 0.1 + SLACK
    recovers(asking, upstream)


def head_of(sent: bytes) -> tuple[bytes, dict[bytes, bytes]]:
    line, *fields = sent.partition(b"\r\n\r\n")[0].split(b"\r\n")
    return line, dict(field.split(b": ", 1) for field in fields)


@pytest.mark.parametrize(
    ("target", "headers"),
    [
        ("/fetch?delay=5s", {}),
        ("/fetch?delay=5.0&_url=http://evil.test/", {}),
        ("http://evil.test/fetch?delay=5s", {}),
        ("/fetch?delay=5s", {"Host": "evil.test"}),
        ("/fetch?delay=5s", {"X-Forwarded-Host": "evil.test", "X-Forwarded-For": "6.6.6.6", "Forwarded": "host=x"}),
        ("/fetch?delay=5s", {"X-Original-URL": "/evil", "X-Rewrite-URL": "/evil", "Referer": "http://evil.test/"}),
        ("/fetch?delay=5s", {"Proxy": "http://127.0.0.1:9", "Cookie": "a=b", "Authorization": "Basic YTpi"}),
        ("/fetch?%64elay=5s", {"Range": "bytes=0-1", "Accept": "text/html", "Accept-Encoding": "gzip"}),
    ],
)
def test_nothing_in_a_request_changes_where_it_goes(
    asking: Running, upstream: Upstream, target: str, headers: dict[str, str]
) -> None:
    assert ask(asking.url, target, headers=headers).status == 200
    [sent] = upstream.heard
    line, fields = head_of(sent)
    assert line == b"GET /delay/5.000000000s HTTP/1.1"
    assert fields.pop(b"Host") == f"localhost:{upstream.port}".encode()
    assert {*fields} <= {b"Accept", b"Accept-Encoding", b"User-Agent"}
    for word in (b"evil", HOST.encode(), b"html", b"6.6.6.6"):
        assert word not in sent


@pytest.mark.parametrize(
    "target",
    [
        "/fetch?url=http://evil.test/",
        "/fetch?delay=1%0d%0aHost:evil.test",
        "/fetch?delay=../../x",
        "/fetch?delay=@evil",
    ],
)
def test_what_would_change_it_is_refused_before_it_goes_anywhere(
    asking: Running, upstream: Upstream, target: str
) -> None:
    detail(ask(asking.url, target), 400, "Bad Request")
    assert upstream.heard == []


def test_cookies_of_the_upstream_are_not_kept(asking: Running, upstream: Upstream) -> None:
    upstream.says = response(b'{"duration":0.01}', "Content-Length: 17", "Set-Cookie: a=b; Path=/", "Connection: close")
    for _ in range(2):
        assert ask(asking.url, FETCH).status == 200
    assert b"Cookie" not in upstream.heard[1]
