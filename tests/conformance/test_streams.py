import json
import re
import time

import pytest

from loadtest.processes.service import Running
from tests.conformance.support.cases import EVENTS, TEXT
from tests.conformance.support.exceptions import OLD, leave_out
from tests.conformance.support.fleet import NAMES, ONE_AT_A_TIME, ONE_PLACE, Fleet
from tests.conformance.support.wire import Stream, ask, asked_in_http_1_0
from tests.support.stalls import eventually, within

# (target, seconds until the first byte, seconds between two bytes, number of bytes)
DRIPS = [
    ("/drip?duration=900ms&numbytes=4&delay=200ms", 0.2, 0.3, 4),
    ("/drip?duration=300ms&numbytes=2", 0.0, 0.3, 2),
]


@pytest.mark.parametrize(("target", "delay", "pause", "count"), DRIPS)
def test_a_drip_comes_byte_by_byte_each_in_its_time(
    service: Running, target: str, delay: float, pause: float, count: int
) -> None:
    drip = Stream(service.url, target).rest()
    assert (drip.status, drip.headers["Content-Type"]) == (200, TEXT)
    assert drip.headers["Content-Length"] == str(count)
    assert "Transfer-Encoding" not in drip.headers
    assert drip.body == b"*" * count
    for number in range(count):
        due = delay + number * pause
        assert drip.arrival(number + 1) >= due
        within(due + pause, drip.arrival(number + 1))  # not together with the next one


@pytest.mark.parametrize("target", ["/drip?duration=0", "/sse?duration=1ms&count=1"])
def test_proxies_are_told_to_hold_no_piece_of_a_stream_back(application: Running, target: str) -> None:
    headers = ask(application.url, target).headers
    assert (headers["Cache-Control"], headers["X-Accel-Buffering"]) == ("no-store, no-transform", "no")


def test_a_drip_of_no_duration_comes_in_one_piece(service: Running) -> None:
    drip = Stream(service.url, "/drip?duration=0&numbytes=1000&delay=100ms").rest()
    assert drip.body == b"*" * 1000
    assert drip.arrival(1) >= 0.1


def test_a_drip_of_many_bytes_takes_no_longer_than_it_should(service: Running) -> None:
    drip = Stream(service.url, "/drip?duration=300ms&numbytes=3000").rest()
    assert drip.body == b"*" * 3000
    assert drip.arrival(3000) >= 0.3
    within(2, drip.arrival(3000))


@pytest.mark.parametrize("code", [204, 304])
def test_a_status_that_has_no_body_comes_without(service: Running, code: int) -> None:
    drip = Stream(service.url, f"/drip?code={code}&delay=50ms&duration=9s").rest()
    assert (drip.status, drip.body, drip.headers["Content-Length"]) == (code, b"", None)
    assert drip.head_came - drip.began >= 0.05
    within(2, drip.head_came - drip.began)


def events(body: bytes) -> list[dict[str, int]]:
    """Return the events in a chunked body with one event per chunk."""
    assert body.endswith(b"0\r\n\r\n")
    found = []
    rest = body.removesuffix(b"0\r\n\r\n")
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        chunk, end, rest = rest[: int(size, 16)], rest[int(size, 16) :][:2], rest[int(size, 16) + 2 :]
        assert end == b"\r\n"
        event = re.fullmatch(rb"event: ping\ndata: (\{.*\})\n\n", chunk)
        assert event, chunk
        found.append(json.loads(event[1]))
    return found


def test_events_come_one_by_one_each_in_its_time(service: Running) -> None:
    before = time.time() * 1000
    stream = Stream(service.url, "/sse?count=4&duration=900ms&delay=200ms")
    sent = events(stream.rest().body)
    assert (stream.status, stream.headers["Content-Type"]) == (200, EVENTS)
    assert "Content-Length" not in stream.headers
    assert [event["id"] for event in sent] == [0, 1, 2, 3]
    length = (len(stream.body) - 5) // 4
    for number, event in enumerate(sent):
        due = 0.2 + number * 0.3
        arrival = stream.arrival((number + 1) * length)
        assert arrival >= due
        within(due + 0.3, arrival)
        assert int(before) + due * 1000 <= event["timestamp"] <= time.time() * 1000


def test_the_events_of_every_service_are_equal_but_for_their_time(service: Running, fleet: Fleet) -> None:
    own, flask = (
        re.sub(rb'"timestamp":\d+', b"", Stream(url, "/sse?count=3&duration=20ms").rest().body)
        for url in (service.url, fleet("flask").url)
    )
    assert flask.count(b"event: ping") == 3
    assert own == flask


@pytest.mark.parametrize("target", ["/drip?duration=9s&delay=100ms", "/sse?duration=9s&delay=100ms"])
def test_head_waits_for_the_delay_and_not_for_what_would_follow(service: Running, target: str) -> None:
    leave_out(service.service.name, target)
    head = Stream(service.url, target, "HEAD").rest()
    ended = time.perf_counter()
    with Stream(service.url, target) as got:
        pass
    assert (head.status, head.body) == (200, b"")
    assert ended - head.began >= 0.1
    within(5, ended - head.began)
    for name in ("Content-Type", "Content-Length", "Cache-Control"):
        assert head.headers[name] == got.headers[name]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "target", ["/drip?duration=9s&numbytes=31", "/sse?duration=9s&count=31"]
)  # 300 ms between two pieces
def test_a_client_that_leaves_frees_its_place_within_one_interval(fleet: Fleet, name: str, target: str) -> None:
    url = fleet(name, workers=1, environment=ONE_PLACE).url
    with Stream(url, target) as stream:
        while not stream.body:
            assert stream.more()
        if name not in ONE_AT_A_TIME:  # those accept no second request to refuse
            assert ask(url, "/delay/0").status == 503
    left = time.perf_counter()
    eventually(lambda: ask(url, "/delay/0").status == 200)
    within(0.3 + 0.5, time.perf_counter() - left)


def test_a_client_of_http_1_0_is_sent_no_chunks(service: Running) -> None:
    leave_out(service.service.name, OLD)
    answer = asked_in_http_1_0(service.url)
    assert (answer.status, answer.headers["Transfer-Encoding"]) == (200, None)
    assert answer.body.count(b"\n\n") == 2
