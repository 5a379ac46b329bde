import itertools
from collections.abc import Iterator

import pytest

from loadtest.race import limits
from loadtest.race.limits import ALL_BURST, ALL_RATE, EACH_BURST, EACH_RATE, Limits


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def taken(limits: Limits, addresses: Iterator[str]) -> tuple[int, str]:
    """Return how many requests from these addresses are taken, and why the next one is refused."""
    for number in itertools.count():
        if sentence := limits.refusal(next(addresses)):
            return number, sentence
    raise AssertionError


def test_one_address_has_a_burst_and_then_a_rate() -> None:
    clock = Clock()
    limits = Limits(clock)
    own = "Too many requests came from your address; wait a few seconds."
    assert taken(limits, itertools.repeat("192.168.1.5")) == (EACH_BURST, own)
    clock.now += 1
    assert taken(limits, itertools.repeat("192.168.1.5")) == (EACH_RATE, own)
    assert limits.refusal("192.168.1.6") == ""


@pytest.mark.parametrize("network", ["10.0.{}.{}", "fd00:0:{}:{}::1"])
def test_all_together_have_a_burst_and_then_a_rate(network: str) -> None:
    clock = Clock()
    limits = Limits(clock)
    others = (network.format(number // 100, number % 100) for number in itertools.count())
    room = "Too many requests came from the room; wait a few seconds."
    assert taken(limits, others) == (ALL_BURST, room)
    clock.now += 1
    assert taken(limits, others) == (ALL_RATE, room)


def test_a_machine_cannot_multiply_itself_by_its_addresses_of_ipv6() -> None:
    addresses = (f"fd00::{number:x}" for number in itertools.count(1))
    assert taken(Limits(Clock()), addresses)[0] == EACH_BURST


def test_addresses_are_forgotten_once_they_may_ask_as_at_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_ADDRESSES", 10)
    clock = Clock()
    known = Limits(clock)
    for number in range(100):
        clock.now += 1
        assert known.refusal(f"10.0.0.{number}") == ""
    assert len(known._each) <= 10
