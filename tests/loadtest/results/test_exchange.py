import pytest

from loadtest.results.exchange import Exchange, answered

SERVED_BY = "async_app; pid=7; lane=loop"


@pytest.mark.parametrize(
    ("server_timing", "waited", "served"),
    [
        ("wait;dur=250.3, total;dur=251.0", 0.2503, 0.251),
        ("total;dur=251.0, wait;dur=250.3", 0.2503, 0.251),
        ("total;dur=251.0,wait;dur=250.3", 0.2503, 0.251),
        ("wait;dur=250, total;dur=251", 0.25, 0.251),
        ("wait;dur=0.0, total;dur=0.1", 0, 0.0001),
        ("cache;dur=9.9, total;dur=251.0", 0, 0.251),
        ("await;dur=9.9, sub-total;dur=9.9", 0, 0),
        ("total;dur=251.0", 0, 0.251),  # a request that did not wait
        ("wait;dur=250.3", 0.2503, 0),
        ("wait;dur=, total;dur=251.0", 0, 0.251),
        ("wait;dur=long, total;dur=-1", 0, 0),
        ("wait;desc=nap, total", 0, 0),
        ("250.3", 0, 0),
        ("", 0, 0),
    ],
)
def test_what_a_service_tells_is_read_as_far_as_it_can_be(server_timing: str, waited: float, served: float) -> None:
    exchange = answered(1.0, 1.2, 1.3, 200, {"Served-By": SERVED_BY, "Server-Timing": server_timing})
    assert exchange[:5] == (1.0, 1.2, 1.3, 200, SERVED_BY)
    assert (exchange.waited, exchange.served) == pytest.approx((waited, served))


def test_a_service_need_not_tell_its_times() -> None:
    assert answered(1.0, 1.2, 1.3, 200, {"Served-By": SERVED_BY}) == (1.0, 1.2, 1.3, 200, SERVED_BY, 0, 0, None)


def test_times_that_nobody_owns_up_to_are_not_believed() -> None:
    timing = {"Server-Timing": "wait;dur=100.0, total;dur=200.0"}
    assert answered(1.0, 1.2, 1.3, 503, timing) == Exchange(1.0, 1.2, 1.3, 503)


@pytest.mark.parametrize(
    ("headed", "served", "began"),
    [
        (1.5, 0.3, 1.2),
        (1.5, 0.0, 1.5),
        (1.5, 0.5, 1.0),
        (1.5, 0.7, 1.0),  # never before it was sent, even if the service reports more
        (None, 0.0, 1.0),
    ],
)
def test_a_request_began_so_long_before_its_headers_came_as_it_was_served(
    headed: float | None, served: float, began: float
) -> None:
    assert Exchange(1.0, headed, 2.0, served=served).began == pytest.approx(began)


@pytest.mark.parametrize(
    ("headed", "ended", "received"), [(1.5, 2.0, 0.5), (1.5, 1.5, 0), (1.5, None, 0), (None, 2.0, 0), (None, None, 0)]
)
def test_a_body_is_received_from_the_headers_to_its_end(
    headed: float | None, ended: float | None, received: float
) -> None:
    assert Exchange(1.0, headed, ended).received == pytest.approx(received)


@pytest.mark.parametrize(
    ("headed", "ended", "served_by", "told"),
    [
        (1.5, 2.0, SERVED_BY, True),
        (1.5, 2.0, "", False),
        (1.5, None, SERVED_BY, False),
        (1.5, None, "", False),
        (None, 2.0, SERVED_BY, False),  # without headers, no times are reported
    ],
)
def test_a_request_is_told_of_once_it_is_over(
    headed: float | None, ended: float | None, served_by: str, told: bool
) -> None:
    assert Exchange(1.0, headed, ended, served_by=served_by).timed is told


@pytest.mark.parametrize(
    ("exchange", "since"),
    [
        (Exchange(101.25, 101.5, 102.0, 200, SERVED_BY, 0.2, 0.25, 3), (1.25, 1.5, 2.0, 200, SERVED_BY, 0.2, 0.25, 3)),
        (Exchange(101.000004, 101.000006, 101.5), (1.0, 1.00001, 1.5, 0, "", 0, 0, None)),
        (Exchange(101.25), (1.25, None, None, 0, "", 0, 0, None)),
        (Exchange(99.5), (-0.5, None, None, 0, "", 0, 0, None)),
    ],
)
def test_another_clock_moves_when_it_happened_and_not_how_long_it_took(exchange: Exchange, since: Exchange) -> None:
    assert exchange.since(100.0) == since


@pytest.mark.parametrize(
    ("served_by", "process"),
    [
        ("async_app; pid=123; lane=loop", "async_app; pid=123"),
        ("sync_app; pid=9; lane=ThreadPoolExecutor-0_3", "sync_app; pid=9"),
        ("", ""),
    ],
)
def test_a_request_is_answered_by_a_process_whichever_of_its_threads_did_it(served_by: str, process: str) -> None:
    assert Exchange(0.0, served_by=served_by).process == process
