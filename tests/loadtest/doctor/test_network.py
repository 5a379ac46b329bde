"""Tests of the findings about the network of the machine."""

import os
import socket
from collections.abc import Mapping, Sequence

import pytest

from loadtest.doctor import network
from loadtest.doctor.finding import fine
from serving.taken_port import Holder


def test_a_port_that_a_process_listens_on_names_it_and_the_command_that_stops_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        taken = network.held(port)
    assert taken.state == "mend"
    assert f"process {os.getpid()}" in taken.text
    assert f"`kill {os.getpid()}`" in taken.text
    assert network.held(port) == fine("free")


@pytest.mark.parametrize(
    ("holder", "state", "said"),
    [
        (Holder(7, "/v/bin/python -P -m async_app --port 8002"), "note", "press Ctrl-C there"),
        (Holder(7, "/v/bin/python /v/bin/locust"), "note", "press Ctrl-C there"),
        (Holder(7, "/usr/bin/docker-proxy -host-port 8002"), "mend", "`docker compose down`"),
        (Holder(7, "python3 -m http.server 8002"), "mend", "`kill 7`"),
        (None, "mend", "`sudo lsof -nP -iTCP:8002 -sTCP:LISTEN`"),
    ],
)
def test_what_to_do_depends_on_who_holds_a_port(holder: Holder | None, state: str, said: str) -> None:
    found = network.in_use(8002, holder)
    assert found.state == state
    assert said in found.text


@pytest.mark.parametrize(
    ("environment", "state"),
    [
        ({}, "fine"),
        ({"https_proxy": "http://proxy:3128"}, "fine"),
        ({"http_proxy": ""}, "fine"),
        ({"http_proxy": "http://proxy:3128"}, "mend"),
        ({"HTTP_PROXY": "http://proxy:3128", "NO_PROXY": "localhost,.example"}, "mend"),
        ({"ALL_PROXY": "http://proxy:3128", "NO_PROXY": "localhost, 127.0.0.1"}, "fine"),
        ({"http_proxy": "http://proxy:3128", "no_proxy": "*"}, "fine"),
    ],
)
def test_a_proxy_must_not_be_asked_for_this_machine(environment: Mapping[str, str], state: str) -> None:
    found = network.proxies(environment)
    assert found.state == state
    assert ("`export NO_PROXY=127.0.0.1,localhost " in found.text) == (state == "mend")
    assert "3128" not in found.text  # the variable may hold a password


@pytest.mark.parametrize(
    ("addresses", "state"),
    [
        (["127.0.0.1", "::1"], "fine"),
        (["::1", "127.0.0.1"], "note"),
        ([], "note"),
        (["127.0.0.1", "192.0.2.7"], "mend"),
    ],
)
def test_localhost_may_mean_another_address(addresses: Sequence[str], state: str) -> None:
    assert network.localhost(addresses).state == state


def test_the_addresses_of_a_name_are_found_and_none_of_an_unknown_one() -> None:
    assert network.addresses("127.0.0.1") == ["127.0.0.1"]
    assert network.addresses("no such name") == []


def test_loopback_works_or_comes_with_the_command_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    assert network.loopback(mac=False) == fine("connections work")
    monkeypatch.setattr(network, "LOOPBACK", "192.0.2.1")  # an address of no machine
    assert "`sudo ip link set lo up`" in network.loopback(mac=False).text
    assert "`sudo ifconfig lo0 up`" in network.loopback(mac=True).text
