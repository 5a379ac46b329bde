import socket
from io import StringIO
from types import SimpleNamespace

import psutil
import pytest
from rich.console import Console

from loadtest.processes import room as rooms
from loadtest.processes.qr_code import as_svg, in_terminal
from loadtest.processes.room import Room, addresses, room, url

OWN = ["192.168.1.5", "10.0.0.7", "fd00::5"]


@pytest.fixture(autouse=True)
def _networks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rooms, "addresses", lambda: OWN)
    monkeypatch.setattr(rooms, "outward", lambda: "10.0.0.7")


@pytest.mark.parametrize("text", ["192.168.1.5", "fd00::5", "fd00:0::5"])
def test_an_address_of_this_machine_is_a_room(text: str) -> None:
    found = room(text)
    address = "fd00::5" if ":" in text else text
    assert found == Room(address, (address,), (address,))


def test_all_addresses_are_those_of_ipv4_and_the_one_of_the_default_route_is_shown() -> None:
    assert room("0.0.0.0") == Room("0.0.0.0", ("192.168.1.5", "10.0.0.7"), ("10.0.0.7",))


def test_without_a_default_route_all_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rooms, "outward", lambda: None)
    assert room("0.0.0.0") == Room("0.0.0.0", ("192.168.1.5", "10.0.0.7"), ("192.168.1.5", "10.0.0.7"))


@pytest.mark.parametrize("text", ["127.0.0.1", "127.0.0.2", "::1"])
def test_a_loopback_address_opens_no_room(text: str) -> None:
    assert room(text) is None


@pytest.mark.parametrize("text", ["192.168.1.6", "::", "localhost", "192.168.1.5:8089", "fe80::1%eth0", "", "x" * 20])
def test_any_other_address_is_refused_with_those_that_there_are(text: str) -> None:
    with pytest.raises(ValueError, match=r"^--host takes an address of this machine, one of ") as refused:
        room(text)
    choice = "192.168.1.5, 10.0.0.7, fd00::5, or 0.0.0.0 for all"
    assert str(refused.value) == f"--host takes an address of this machine, one of {choice}; got {text!r}."


def test_a_machine_without_a_network_has_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rooms, "addresses", list)
    with pytest.raises(ValueError, match=r"^--host 0\.0\.0\.0 needs a network: this machine has no address but 127"):
        room("0.0.0.0")
    with pytest.raises(ValueError, match=r"127\.0\.0\.1 alone, as it has no network; got '10\.0\.0\.1'"):
        room("10.0.0.1")


def test_interfaces_that_are_down_and_addresses_that_no_url_holds_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def on(*texts: str) -> list[object]:
        families = {True: socket.AF_INET6, False: socket.AF_INET}
        return [SimpleNamespace(family=families[":" in text], address=text) for text in texts]

    monkeypatch.setattr(
        psutil,
        "net_if_addrs",
        lambda: {
            "lo": on("127.0.0.1", "::1"),
            "wlan0": on("192.168.1.5", "fd00::5", "fe80::1%wlan0"),
            "eth0": on("169.254.3.4"),
            "docker0": on("172.17.0.1"),
        },
    )
    up = {name: SimpleNamespace(isup=name != "docker0") for name in psutil.net_if_addrs()}
    monkeypatch.setattr(psutil, "net_if_stats", lambda: up)
    assert addresses() == ["192.168.1.5", "fd00::5"]


def test_urls_have_brackets_around_addresses_of_ipv6() -> None:
    assert (url("fd00::5", 8089, "/race"), url("10.0.0.7", 8001)) == (
        "http://[fd00::5]:8089/race",
        "http://10.0.0.7:8001",
    )


def test_a_code_has_the_same_modules_in_a_terminal_and_on_a_page() -> None:
    shown = in_terminal("http://10.0.0.7:8089/race")
    lines = shown.plain.split("\n")
    assert {len(line) for line in lines} == {2 * len(lines) - 1}
    out = StringIO()
    Console(file=out, force_terminal=True, color_system="truecolor").print(shown)
    assert "\x1b[38;2;0;0;0;48;2;255;255;255m" in out.getvalue()
    svg = as_svg("http://10.0.0.7:8089/race")
    assert svg.startswith('<svg viewBox="0 0 ')
    assert 'class="qr"' in svg
    assert "style=" not in svg  # the policy of the page forbids it
