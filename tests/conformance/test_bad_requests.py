import gzip
import time
import zlib
from itertools import product

import pytest

from loadtest.processes.service import Running
from tests.conformance.support.cases import BAD, NOWHERE, Bad, by_operation
from tests.conformance.support.exceptions import ANNOUNCED, deviates, leave_out
from tests.conformance.support.fleet import PARSERS, TWINS, Fleet
from tests.conformance.support.problems import detail
from tests.conformance.support.wire import HOST, announced, ask, connect, other_promises, read, say, written
from tests.support.stalls import SLACK

BAD_OF_EACH = by_operation(BAD)
"""All bad requests go to the twins. The others parse with the same code, and test_fuzz compares their answers to random
requests with those of flask: here each gets one bad request of each operation."""


@pytest.mark.parametrize("cases", BAD_OF_EACH.values(), ids=BAD_OF_EACH)
def test_a_bad_parameter_is_refused_with_its_limits_and_what_was_sent(application: Running, cases: list[Bad]) -> None:
    for case in cases if application.service.name in TWINS else cases[-1:]:
        if deviates(application.service.name, case.target):
            continue
        answer = ask(application.url, case.target)
        assert detail(answer, 400, "Bad Request") == case.detail
        assert not other_promises(answer), case.target
        assert answer.timing.keys() == {"total"}, case.target  # the request never waited
        assert answer.elapsed < SLACK, case.target


def test_what_is_served_nowhere_is_not_found(application: Running) -> None:
    for target in NOWHERE:
        if deviates(application.service.name, target):
            continue
        answer = ask(application.url, target)
        shown = ascii(target if len(target) <= 80 else target[:80] + "...")
        assert detail(answer, 404, "Not Found") == f"No endpoint matches {shown}; GET / lists the endpoints."
        assert not other_promises(answer), target
        assert answer.timing.keys() == {"total"}, target


def test_what_is_served_nowhere_is_not_found_by_any_method(application: Running) -> None:
    targets = ("/nope", "/delay", "/delay/1/", "/delay/a%2Fb", "/delay/a%2fb", "/delay/%2F")
    for target, method in product(targets, ("OPTIONS", "POST", "PUT", "DELETE", "PATCH")):
        answer = ask(application.url, target, method)
        assert detail(answer, 404, "Not Found").startswith(f"No endpoint matches '{target}'; ")


@pytest.mark.parametrize("target", ["/delay/\uff11", "/delay/\udcff", "/fanout?n=\udcff", "/delay/a\0b", "/delay/a b"])
@pytest.mark.parametrize("name", PARSERS)
def test_bytes_that_http_forbids_in_a_target_are_a_bad_request(fleet: Fleet, name: str, target: str) -> None:
    leave_out(name, target)
    assert ask(fleet(name).url, target).status == 400


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_body_up_to_the_limit_is_let_pass(application: Running, method: str) -> None:
    assert ask(application.url, "/delay/0", method, body=b"x" * 4096).status == 200


@pytest.mark.parametrize("size", [1, 5000])
def test_a_body_of_unknown_length_is_refused(service: Running, size: int) -> None:
    request = written("/delay/0", headers={"Transfer-Encoding": "chunked"})
    with connect(service.url) as connection:
        connection.sendall(request + b"%x\r\n%b\r\n0\r\n\r\n" % (size, b"x" * size))
        answer = read(connection, time.perf_counter())
    told = "A request body needs a Content-Length of at most 4096 bytes."
    assert detail(answer, 411, "Length Required") == told
    assert answer.timing.keys() == {"total"}


@pytest.mark.parametrize("size", [4097, 1_000_000])
def test_a_longer_body_is_refused(service: Running, size: int) -> None:
    for target in ("/", "/healthz", "/delay/0", "/fetch?delay=0", "/query?delay=0", "/drip?duration=0", "/metrics"):
        answer = ask(service.url, target, body=b"x" * size)
        assert detail(answer, 413, "Content Too Large") == "A request body may hold at most 4096 bytes.", target
        assert answer.timing.keys() == {"total"}, target


ENCODED = {
    "gzip": gzip.compress(b"soup"),
    "deflate": zlib.compress(b"soup"),
    "GZIP": gzip.compress(b"x" * 3 * 2**20),  # 3 MiB in 3 KiB
    **dict.fromkeys(("gzip, br", "br", "zstd", "x"), b"soup"),  # which is none of them
}


def test_an_encoded_body_is_refused(application: Running) -> None:
    told = "A request body must not be compressed or otherwise encoded: leave Content-Encoding out."
    for encoding, body in ENCODED.items():
        answer = ask(application.url, "/answer/x", "POST", {"Content-Encoding": encoding}, body)
        assert detail(answer, 415, "Unsupported Media Type") == told, encoding
        assert other_promises(answer) == {"Accept-Encoding": "identity"}, encoding
        assert answer.timing.keys() == {"total"}, encoding


def test_a_page_of_another_origin_may_not_answer(application: Running) -> None:
    for origin in ("http://127.0.0.1:9", "https://example.com", "null"):
        answer = ask(application.url, "/answer/x", "POST", {"Origin": origin}, b"soup")
        assert detail(answer, 403, "Forbidden").endswith("own page, or without Origin, as curl does."), origin
    own = {"Origin": application.url, "Host": application.url.removeprefix("http://")}
    assert ask(application.url, "/answer/x", "POST", own, b"").status == 400  # an answer has at least one character


def test_a_header_that_is_sent_twice_is_one_list(application: Running) -> None:
    head = f"GET / HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n"
    accepts = say(application.url, f"{head}Accept: application/json;q=0.1\r\nAccept: text/html\r\n\r\n".encode())
    encoded = say(application.url, f"{head}Content-Encoding: identity\r\nContent-Encoding: gzip\r\n\r\n".encode())
    assert (accepts.status, accepts.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert encoded.status == 415


def test_a_target_that_is_an_asterisk_is_not_found(application: Running) -> None:
    answer = ask(application.url, "*", "OPTIONS")
    assert detail(answer, 404, "Not Found") == "No endpoint matches '*'; GET / lists the endpoints."


def test_a_body_too_long_is_refused_before_it_comes(service: Running) -> None:
    leave_out(service.service.name, ANNOUNCED)
    with announced(service.url) as connection:
        assert connection.recv(65536).startswith(b"HTTP/1.1 413 ")
