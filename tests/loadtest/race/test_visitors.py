import itertools
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from loadtest.race import visitors as limits
from loadtest.race.visitors import (
    ALL_BURST,
    ALL_RATE,
    EACH_BURST,
    EACH_RATE,
    MOST_STREAMS,
    Refused,
    Visitors,
    is_presenter,
)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def looking(address: str, method: str = "GET", endpoint: str = "race.page", **arguments: str) -> Any:
    """Return what is read of a request."""
    return SimpleNamespace(remote_addr=address, method=method, endpoint=endpoint, view_args=arguments)


def taken(visitors: Visitors, addresses: Iterator[str]) -> tuple[int, str]:
    """Return how many requests from these addresses are taken, and why the next one is refused."""
    for number in itertools.count():
        try:
            visitors.check(looking(next(addresses)))
        except Refused as refused:
            return number, str(refused)
    raise AssertionError


@pytest.mark.parametrize(
    ("address", "presents"),
    [
        ("127.0.0.1", True),
        ("127.8.9.10", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("192.168.1.5", False),
        ("::ffff:192.168.1.5", False),
        ("0.0.0.0", False),
        ("fe80::1%eth0", False),
        ("localhost", False),
        ("", False),
    ],
)
def test_the_presenter_is_whoever_comes_from_a_loopback_address(address: str, presents: bool) -> None:
    assert is_presenter(address) is presents


def test_one_address_has_a_burst_and_then_a_rate() -> None:
    clock = Clock()
    visitors = Visitors(clock)
    own = "Too many requests came from your address; wait a few seconds."
    assert taken(visitors, itertools.repeat("192.168.1.5")) == (EACH_BURST, own)
    clock.now += 1
    assert taken(visitors, itertools.repeat("192.168.1.5")) == (EACH_RATE, own)
    visitors.check(looking("192.168.1.6"))


@pytest.mark.parametrize("network", ["10.0.{}.{}", "fd00:0:{}:{}::1"])
def test_all_together_have_a_burst_and_then_a_rate(network: str) -> None:
    clock = Clock()
    visitors = Visitors(clock)
    others = (network.format(number // 100, number % 100) for number in itertools.count())
    room = "Too many requests came from the room; wait a few seconds."
    assert taken(visitors, others) == (ALL_BURST, room)
    clock.now += 1
    assert taken(visitors, others) == (ALL_RATE, room)


def test_a_machine_cannot_multiply_itself_by_its_addresses_of_ipv6() -> None:
    addresses = (f"fd00::{number:x}" for number in itertools.count(1))
    assert taken(Visitors(Clock()), addresses)[0] == EACH_BURST


def test_addresses_are_forgotten_once_they_may_ask_as_at_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_ADDRESSES", 10)
    clock = Clock()
    visitors = Visitors(clock)
    for number in range(100):
        clock.now += 1
        visitors.check(looking(f"10.0.0.{number}"))
    assert len(visitors._each) <= 10


@pytest.mark.parametrize(
    ("method", "endpoint", "arguments"),
    [
        ("POST", "race.page", {}),
        ("OPTIONS", "race.page", {}),
        ("GET", "race.prediction", {}),
        ("POST", "race.start", {}),
        ("POST", "race.reveal", {}),
        ("GET", "locust.index", {}),
        ("GET", "twins.static", {"filename": "twins.js"}),
        ("POST", "twins.static", {"filename": "palette.css"}),
        ("GET", "", {}),
    ],
)
def test_what_is_not_permitted_is_refused(method: str, endpoint: str, arguments: dict[str, str]) -> None:
    with pytest.raises(Refused, match=r"^Others in the room may look at the race and send a prediction; ") as refused:
        Visitors(Clock()).check(looking("192.168.1.5", method, endpoint, **arguments))
    assert refused.value.status == 403


def test_as_many_streams_are_open_as_are_allowed_and_a_closed_one_leaves_its_place() -> None:
    visitors = Visitors(Clock())
    streams = [visitors.streamed(itertools.repeat(b"")) for _ in range(MOST_STREAMS)]
    for stream in streams:
        next(stream)
    with pytest.raises(Refused, match=r"^100 others watch the race already; look at the presenter's screen\.$"):
        visitors.streamed([])
    streams[0].close()  # type: ignore[attr-defined] # a generator has it
    visitors.streamed([])
