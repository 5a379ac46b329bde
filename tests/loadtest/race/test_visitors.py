import itertools
from types import SimpleNamespace
from typing import Any

import pytest

from loadtest.race.visitors import MOST_STREAMS, Refused, Visitors, is_presenter


def looking(address: str, method: str = "GET", endpoint: str = "race.page", **arguments: str) -> Any:
    """Return what is read of a request."""
    return SimpleNamespace(remote_addr=address, method=method, endpoint=endpoint, view_args=arguments)


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
        Visitors().check(looking("192.168.1.5", method, endpoint, **arguments))
    assert refused.value.status == 403


def test_as_many_streams_are_open_as_are_allowed_and_a_closed_one_leaves_its_place() -> None:
    visitors = Visitors()
    streams = [visitors.streamed(itertools.repeat(b"")) for _ in range(MOST_STREAMS)]
    for stream in streams:
        next(stream)
    with pytest.raises(Refused, match=r"^100 others watch the race already; look at the presenter's screen\.$"):
        visitors.streamed([])
    streams[0].close()  # type: ignore[attr-defined] # a generator has it
    visitors.streamed([])
