import resource
import sys

import pytest

from async_app.plumbing.service import SERVICE as ASYNC_APP
from serving.command_line import parse
from serving.serve import fitted, raise_descriptors
from sync_app.plumbing.service import SERVICE as SYNC_APP

NEEDED = 10_000 + 1000 + 64 + 2 * 10 + 2 * 32
"""The files and sockets of a process with the default settings."""


@pytest.mark.parametrize("descriptors", [NEEDED, 2**20, sys.maxsize])
def test_a_limit_that_is_enough_changes_nothing(descriptors: int, capsys: pytest.CaptureFixture[str]) -> None:
    serve = parse(SYNC_APP, [], {})
    assert fitted(serve, descriptors) is serve
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("descriptors", "environment", "connections", "in_flight"),
    [
        (NEEDED - 1, {}, 10_999, 9999),
        (4096, {}, 3948, 2948),
        (256, {}, 108, 54),
        (64, {}, 16, 8),
        (1024, {"THREADS": "1024"}, 256, 128),
        (8, {}, 2, 1),
    ],
)
def test_a_limit_that_is_too_low_lowers_the_requests_in_flight_and_says_so(
    descriptors: int,
    environment: dict[str, str],
    connections: int,
    in_flight: int,
    capsys: pytest.CaptureFixture[str],
) -> None:
    serve = fitted(parse(ASYNC_APP, [], environment), descriptors)
    assert (serve.connections, serve.settings.max_in_flight) == (connections, in_flight)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"A process may open only {descriptors} files and sockets: MAX_IN_FLIGHT is {in_flight} ")
    assert err.count("\n") == 1


def test_fewer_connections_than_could_be_refused_are_no_news(capsys: pytest.CaptureFixture[str]) -> None:
    serve = fitted(parse(ASYNC_APP, [], {"MAX_IN_FLIGHT": "20"}), 1024)
    assert (serve.connections, serve.settings.max_in_flight) == (876, 20)
    assert capsys.readouterr() == ("", "")


def test_a_process_that_has_one_connection_needs_no_more(capsys: pytest.CaptureFixture[str]) -> None:
    serve = parse(SYNC_APP, ["--worker-class", "sync"], {})
    assert fitted(serve, 64) is serve
    assert capsys.readouterr() == ("", "")


def test_the_limit_is_raised_to_what_the_system_allows() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard - 1, hard))
    try:
        assert raise_descriptors() == hard
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize(("refused", "left"), [(True, 256), (False, 10_240)])
def test_an_unlimited_number_is_not_asked_for(refused: bool, left: int, monkeypatch: pytest.MonkeyPatch) -> None:
    limits = [(256, resource.RLIM_INFINITY)]

    def set_to(_which: int, asked: tuple[int, int]) -> None:
        if refused or asked[0] == resource.RLIM_INFINITY:
            raise ValueError("current limit exceeds maximum limit")
        limits.append(asked)

    monkeypatch.setattr(resource, "getrlimit", lambda _which: limits[-1])
    monkeypatch.setattr(resource, "setrlimit", set_to)
    assert raise_descriptors() == left
    assert limits[-1] == (left, resource.RLIM_INFINITY)
