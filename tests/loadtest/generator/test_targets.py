"""The load generator and targets: what is sent, how often, and what of the answers counts."""

import gzip
import re
from pathlib import Path
from typing import Any

import pytest

from loadtest.contenders.request import METHODS, Expected, Request
from loadtest.contenders.target import Tls
from loadtest.generator.driver import generator
from loadtest.generator.orders import Job, Order
from loadtest.results.arrivals import Arrived
from loadtest.workload import Load
from loadtest.workload.closed import Closed
from loadtest.workload.open import Open
from tests.loadtest.support.targets import Asked, Authority, http, recording, scripted
from tests.support.stalls import SLACK, TooLate, at_best

pytestmark = [pytest.mark.slow, pytest.mark.measures]

THINKING = Closed(4, think=0.005)
UNANSWERED = "the service closed the connection without an answer"


def measured(
    url: str, *requests: Request, load: Load = THINKING, tls: Tls | None = None, window: float = 0.5
) -> dict[str, Any]:
    """Return the measurements of one window that begins at once."""
    with generator() as driver:
        driver.begin(Job("mine", url, "own", "", 0.01, requests, tls or Tls()))
        patience = load.patience if isinstance(load, Open) else 2 * SLACK
        return driver.measure(Order(load, warmup=0.0, window=window, patience=patience))


@at_best()
def test_each_arrival_is_sent_once_and_fails_if_the_service_closes_the_connection() -> None:
    def drops_some(asked: Asked, _: int) -> bytes | None:
        return None if int(asked.headers["x-n"]) % 25 == 13 else http()

    load = Open(100, "even", patience=60.0, clients=50)  # nobody gives up because of a stall
    numbered = {"X-N": "{n}"}
    with recording(drops_some) as (url, seen):
        window = measured(
            url,
            Request("/", "GET", numbered, name="get"),
            Request("/", "POST", numbered, "{n}", name="post"),
            load=load,
            window=1.0,
        )
    arrived = Arrived(**window["arrivals"])
    assert (arrived.offered, arrived.lost) == (100, 4)
    for method in ("GET", "POST"):
        bodies = {int(each.headers["x-n"]): each.body for each in seen if each.line == f"{method} / HTTP/1.1"}
        assert {*range(1, 51)} <= bodies.keys()
        assert all(body == (str(number).encode() if method == "POST" else b"") for number, body in bodies.items())
    assert len({(each.line, each.headers["x-n"]) for each in seen}) == len(seen)
    assert (window["resent"], window["reconnected"]) == (0, 0)
    assert window["errors"] == ({UNANSWERED: window["failures"]} if window["failures"] else {})  # of both
    if not window["failures"]:
        raise TooLate("all ended after the window")


def answer(asked: Asked, _: int) -> bytes:
    """Answer as the path says: with a status, a part of a body, a header, or a compressed body."""
    what = asked.line.split()[1].rpartition("/")[2]
    if what.isdecimal():
        return http(f"{what} So", body=b"" if asked.line.startswith("HEAD ") else b"x")
    if what == "gzip":
        compressed = "gzip" in asked.headers.get("accept-encoding", "")
        return http("200 OK", "Content-Encoding: gzip", body=gzip.compress(b"sold out")) if compressed else http()
    return http("200 OK", "X-Is: 2", body="söld out".encode())


RIGHT = (
    *(Request(f"/{method}/200", method, name=method) for method in METHODS),
    Request("/a%2Fb%C3%A9;c?q=a+b&q=&x=%2526/202", "PUT", {"X-Key": "k"}, "é ☃", Expected(202), "body"),
    Request("/404", expected=Expected(404), name="missing"),
    Request("/302", expected=Expected(302), name="elsewhere"),
    Request("/500", "POST", {}, "x", Expected(500), "broken"),
    Request("/gzip", expected=Expected(part="sold"), name="compressed"),
    Request("/told", expected=Expected(200, {"x-is": "2"}, "söld"), name="told"),
)
WRONG = (
    (Request("/404", name="404"), "status 404 instead of 200"),
    (Request("/200", expected=Expected(404), name="200"), "status 200 instead of 404"),
    (Request("/302", name="302"), "status 302 instead of 200"),
    (Request("/told", expected=Expected(part="x"), name="part"), "unexpected body: 'x' is not in it"),
    (Request("/told", expected=Expected(headers={"X-Is": "1"}), name="another"), "another header X-Is instead of '1'"),
    (Request("/told", expected=Expected(headers={"X-No": ""}), name="no"), "no header X-No instead of ''"),
)


@at_best()
def test_what_is_expected_decides_which_answers_are_failures() -> None:
    with recording(answer) as (url, seen):
        window = measured(url, *RIGHT, *(request for request, _ in WRONG))
    asked = {each.line: each for each in seen}
    assert asked.keys() == {f"{each.told} HTTP/1.1" for each in (*RIGHT, *(request for request, _ in WRONG))}
    put = asked["PUT /a%2Fb%C3%A9;c?q=a+b&q=&x=%2526/202 HTTP/1.1"]
    assert (put.headers["x-key"], put.body) == ("k", "é ☃".encode())
    parts = window["parts"]
    if not {request.name for request in RIGHT} | {request.name for request, _ in WRONG} <= parts.keys():
        raise TooLate(f"too few requests: {parts.keys()}")
    assert [parts[request.name]["failures"] for request in RIGHT] == [0] * len(RIGHT)
    assert [parts[request.name]["failures"] for request, _ in WRONG] == [
        parts[request.name]["requests"] for request, _ in WRONG
    ]
    assert window["errors"].keys() <= {error for _, error in WRONG}
    assert sum(window["errors"].values()) == window["failures"] == sum(each["failures"] for each in parts.values())
    if len(window["errors"]) < len(WRONG):
        raise TooLate("too few requests")


@at_best()
def test_half_an_answer_is_a_failure() -> None:
    with scripted(http("200 OK", "Connection: close", body=b"whole")[:-1]) as server:
        window = measured(server.url, Request())
    assert window["failures"] == window["requests"] > 0
    assert {*window["errors"]} == {"Incomplete response."}


def test_certificates_are_checked_as_in_the_trial(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    closing = http("200 OK", "Connection: close")
    for name, tls, error in (
        ("IP:127.0.0.1", Tls(str(authority.ca)), None),
        ("IP:127.0.0.1", Tls(), "certificate verify failed"),
        ("DNS:elsewhere.invalid", Tls(str(authority.ca)), "IP address mismatch"),
        ("DNS:elsewhere.invalid", Tls(insecure=True), None),
    ):
        with scripted(closing, authority.server(name)) as server:
            window = measured(server.url, Request(), load=Closed(1, think=0.005), tls=tls, window=0.2)
        assert window["requests"] > 0
        assert window["failures"] == (0 if error is None else window["requests"])
        assert all(error and re.search(error, told) for told in window["errors"])
