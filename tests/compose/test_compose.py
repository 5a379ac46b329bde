"""Tests of the compose file with a Docker engine: build, start, requests, load, stop, removal."""

import json
import re
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from hashlib import sha256
from itertools import product
from threading import Event
from typing import Any

import psutil
import pytest

import peers.rows
from tests.compose.support.stands import DOWN_WITHIN, UP_WITHIN, Stand, brought_up, check_lockdown, run, until

pytestmark = pytest.mark.compose

TWINS = ("sync_app", "async_app")
BEHIND = ("postgres", "upstream")
PEERS = ("flask", "flask_gevent", *(name.replace("-", "_") for name in peers.rows.PEERS))
"""The services that the profile `lineup` adds."""
PUBLISHED = (*TWINS, *PEERS, "locust")
SERVICES = (*PUBLISHED, *BEHIND)
INSIDE = {"sync_app": 8001, "async_app": 8002, **dict.fromkeys(PEERS, 8000), "locust": 8089}
"""The port of each published service in its container."""


@pytest.fixture(scope="module")
def stand() -> Iterator[Stand]:
    published = {service: f"{service.removesuffix('_app').upper()}_PORT" for service in PUBLISHED}
    with brought_up("lineup", dict.fromkeys(SERVICES, 1), published, {"MAX_DURATION": "4"}) as stand:
        yield stand


SERVED_BY = {"flask": "sync_app", "flask_gevent": "sync_app"}
"""The module of each service that is not named after it."""


@pytest.mark.parametrize("service", [*TWINS, *PEERS])
def test_a_service_answers_through_its_published_port_after_the_wait(stand: Stand, service: str) -> None:
    answer = stand.ask(service, "/delay/300ms")
    assert (answer.status, answer.body) == (200, b'{"duration":0.3}\n')
    assert 0.3 <= answer.seconds < 3
    module = SERVED_BY.get(service, f"peers.{service}" if service in PEERS else service)
    assert answer.headers["Served-By"].startswith(f"{module}; ")


@pytest.mark.parametrize(
    "target",
    [
        *("/healthz", "/openapi.json", "/delay/50ms", "/delay/nan", "/nowhere", "/ask/nobody?timeout=0"),
        *("/fetch?n=2&delay=50ms", "/query?n=2&delay=50ms", "/file?size=1MiB", "/drip?duration=100ms"),
    ],
)
def test_all_services_answer_the_same_bytes(stand: Stand, target: str) -> None:
    twin, *others = (stand.ask(service, target) for service in (*TWINS, *PEERS))
    for other in others:
        assert (other.status, other.body) == (twin.status, twin.body)


@pytest.mark.parametrize("service", TWINS)
def test_a_setting_reaches_the_twin_from_the_environment_of_compose(stand: Stand, service: str) -> None:
    answer = stand.ask(service, "/delay/4.1s")
    assert answer.status == 400
    assert b"from 0 to 4" in answer.body


@pytest.mark.parametrize("service", TWINS)
@pytest.mark.parametrize(
    ("target", "body", "at_least"),
    [
        (
            "/fetch?n=2&delay=200ms&mode=sequential",
            b'{"n":2,"delay":0.2,"mode":"sequential","durations":[0.2,0.2]}\n',
            0.4,
        ),
        ("/query?n=2&delay=200ms&mode=sequential", b'{"n":2,"delay":0.2,"mode":"sequential","rows":[0,1]}\n', 0.4),
        ("/file?size=3", b'{"size":3,"sha256":"%b"}\n' % sha256(bytes(range(3))).hexdigest().encode(), 0),
        ("/drip?duration=300ms&numbytes=4", b"****", 0.3),
    ],
)
def test_a_twin_waits_for_what_is_behind_it(
    stand: Stand, service: str, target: str, body: bytes, at_least: float
) -> None:
    answer = stand.ask(service, target)
    assert (answer.status, answer.body) == (200, body)
    assert at_least <= answer.seconds < at_least + 3


@pytest.mark.parametrize("service", TWINS)
def test_a_twin_sends_events(stand: Stand, service: str) -> None:
    answer = stand.ask(service, "/sse?count=3&duration=200ms")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/event-stream; charset=utf-8")
    events = re.findall(rb'event: ping\ndata: \{"id":(\d),"timestamp":\d+\}\n\n', answer.body)
    assert events == [b"0", b"1", b"2"]


@pytest.mark.parametrize("service", TWINS)
def test_a_twin_counts_what_it_has_done(stand: Stand, service: str) -> None:
    stand.ask(service, "/delay/10ms")
    answer = stand.ask(service, "/metrics")
    assert answer.status == 200
    assert re.search(rb'^http_requests_total\{operation="delay",status="200"\} [1-9]', answer.body, re.MULTILINE)


@pytest.mark.parametrize(("asked", "answered"), [TWINS, TWINS[::-1]])
def test_an_answer_given_to_one_twin_reaches_who_asked_the_other(stand: Stand, asked: str, answered: str) -> None:
    question = f"of-{asked}".replace("_", "-")
    with ThreadPoolExecutor() as pool:
        asker = pool.submit(stand.ask, asked, f"/ask/{question}?timeout=4s")
        given = stand.ask(answered, f"/answer/{question}", "soup")
        answer = asker.result()
    assert (given.status, given.body) == (202, f'{{"question":"{question}"}}\n'.encode())
    assert (answer.status, answer.body) == (200, f'{{"question":"{question}","answer":"soup"}}\n'.encode())
    assert answer.seconds < 3


def test_all_services_have_the_same_cpu_and_memory(stand: Stand) -> None:
    hosts = [stand.inspect(service)["HostConfig"] for service in (*TWINS, *PEERS)]
    for limit in ("NanoCpus", "Memory"):
        (each,) = {host[limit] for host in hosts}
        assert each > 0


@pytest.mark.parametrize("service", PUBLISHED)
def test_a_container_is_reached_at_one_port_of_this_machine_alone(stand: Stand, service: str) -> None:
    assert stand.inspect(service)["NetworkSettings"]["Ports"] == {
        f"{INSIDE[service]}/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(stand.ports[service])}]
    }


@pytest.mark.parametrize("service", BEHIND)
def test_what_is_behind_the_twins_has_no_port_of_this_machine_and_no_way_out(stand: Stand, service: str) -> None:
    inspected = stand.inspect(service)
    assert [bound for bound in inspected["NetworkSettings"]["Ports"].values() if bound] == []
    assert not inspected["HostConfig"]["PublishAllPorts"]
    (network,) = inspected["NetworkSettings"]["Networks"]
    assert json.loads(run("docker", "network", "inspect", network))[0]["Internal"]


def test_a_published_port_is_closed_at_every_other_address_of_this_machine(stand: Stand) -> None:
    addresses = {
        row.address
        for rows in psutil.net_if_addrs().values()
        for row in rows
        if row.family == socket.AF_INET and row.address != "127.0.0.1"
    }
    assert addresses
    for address, port in product(addresses, stand.ports.values()):
        with pytest.raises(OSError, match="refused"):
            socket.create_connection((address, port), timeout=5)


@pytest.mark.parametrize(("service", "port"), [("postgres", 5432), ("upstream", 8003)])
def test_only_the_twins_find_what_is_behind_them(stand: Stand, service: str, port: int) -> None:
    finds = (
        f"import socket\ntry: socket.create_connection(('{service}', {port}), 5)\nexcept socket.gaierror: print('no')"
    )
    for name, said in (*((twin, "") for twin in TWINS), ("locust", "no\n")):
        assert run("docker", "exec", stand.containers[name], "python", "-IS", "-c", finds) == said


@pytest.mark.parametrize("service", SERVICES)
def test_a_container_can_neither_write_to_its_image_nor_gain_rights_and_no_process_is_root(
    stand: Stand, service: str
) -> None:
    check_lockdown(stand, service)


def test_files_are_written_to_disks_and_each_service_has_its_own(stand: Stand) -> None:
    services = (*TWINS, *PEERS)
    volumes = set()
    for service in services:
        (mount,) = stand.inspect(service)["Mounts"]
        assert (mount["Type"], mount["Destination"], mount["RW"]) == ("volume", "/files", True)
        kind = run(
            "docker", "exec", stand.containers[service], "stat", "--file-system", "--format=%T", "/files"
        ).strip()
        assert kind != "tmpfs"
        assert run("docker", "exec", stand.containers[service], "ls", "--almost-all", "/files") == ""
        volumes.add(mount["Name"])
    assert len(volumes) == len(services)


def test_a_database_that_is_started_again_under_load_is_survived(stand: Stand) -> None:
    """Clients get only 200 or 503, waiting clients still get their answers, and stored answers are kept."""
    running = {service: stand.started(service) for service in TWINS}
    assert stand.ask("sync_app", "/answer/kept", "soup").status == 202
    was = stand.started("postgres")
    stopped = Event()

    def load(service: str) -> set[int]:
        statuses = set()
        while not stopped.is_set():
            statuses.add(stand.ask(service, "/query?delay=20ms").status)
        return statuses

    with ThreadPoolExecutor() as pool:
        loads = [pool.submit(load, service) for service in TWINS for _ in range(3)]
        try:
            run("docker", "restart", stand.containers["postgres"], within=DOWN_WITHIN)
            until(lambda: stand.is_healthy("postgres"), "postgres is healthy", UP_WITHIN)
            for service in TWINS:
                until(
                    lambda service=service: stand.ask(service, "/query").status == 200,  # type: ignore[misc] # mypy
                    f"{service} has found it again",
                    20,
                )
        finally:
            stopped.set()
        assert {200} <= set.union(*(load.result() for load in loads)) <= {200, 503}
    assert stand.started("postgres") != was
    assert stand.ask("async_app", "/ask/kept?timeout=2s").body == b'{"question":"kept","answer":"soup"}\n'
    for asked, answered in (TWINS, TWINS[::-1]):
        with ThreadPoolExecutor() as pool:
            asker = pool.submit(stand.ask, asked, "/ask/afterwards?timeout=4s")
            assert stand.ask(answered, "/answer/afterwards", "soup").status == 202
            assert asker.result().status == 200
    assert {service: stand.started(service) for service in TWINS} == running


def test_locusts_web_ui_offers_both_twins_with_their_hosts(stand: Stand) -> None:
    page = stand.ask("locust", "/")
    assert page.status == 200
    for name, host in (("SyncApp", b"http://sync_app:8001"), ("AsyncApp", b"http://async_app:8002")):
        assert name.encode() in page.body
        assert host in page.body


def test_a_swarm_started_in_locusts_web_ui_reaches_both_twins_without_a_failure(stand: Stand) -> None:
    names = {f"{service} /delay/100ms" for service in TWINS}

    def report() -> Any:
        return json.loads(stand.ask("locust", "/stats/requests").body)

    def rows() -> dict[str, Any]:
        return {row["name"]: row for row in report()["stats"]}

    form = [("user_count", "4"), ("spawn_rate", "4"), ("run_time", "60s"), ("host", "")]  # as the web UI sends it
    started = stand.ask("locust", "/swarm", [*form, ("user_classes", "SyncApp"), ("user_classes", "AsyncApp")])
    assert json.loads(started.body)["success"], started.body
    try:
        until(lambda: all(name in rows() and rows()[name]["num_requests"] >= 20 for name in names), "20 requests", 30)
    finally:
        stand.ask("locust", "/stop", [])
    until(lambda: report()["state"] == "stopped", "the swarm stopped", 30)
    assert report()["errors"] == []
    assert rows().keys() == names | {"Aggregated"}
    for row in rows().values():
        assert row["num_failures"] == 0
        assert row["min_response_time"] >= 100


def test_locusts_web_app_is_closed_to_other_sites_and_names_but_not_to_its_own_page(stand: Stand) -> None:
    own, other = f"127.0.0.1:{stand.ports['locust']}", "other.example"
    for host, site, status in ((own, own, 200), (own, other, 403), (other, other, 403)):
        with closing(stand.connect("locust")) as connection:
            headers = {"Host": host, "Origin": f"http://{site}", "Content-Type": "application/json"}
            connection.request("POST", "/race/stop", "{}", headers)
            assert connection.getresponse().status == status


def test_the_race_is_on_locusts_page_with_a_lane_for_each_twin(stand: Stand) -> None:
    page = stand.ask("locust", "/race")
    assert page.status == 200
    for service in TWINS:
        assert f'data-name="{service}"'.encode() in page.body
    assert b"1 process x 32 threads = 32 slots" in page.body
    with closing(stand.connect("locust")) as connection:
        connection.request("GET", "/race/events")
        events = (json.loads(line.removeprefix(b"data: ")) for line in connection.getresponse() if line.strip())
        assert next(events)["state"] == "ready"
        wish = {"users": 4, "delay": "50ms", "scenario": "query"}
        try:
            assert stand.post_json("locust", "/race/start", wish).status == 200
            race = next(event for event in events if all(racer["ratio"] for racer in event["racers"]))
        finally:
            stand.post_json("locust", "/race/stop", {})
        assert (race["state"], race["users"], race["scenario"]) == ("running", 4, "query")
        for racer in race["racers"]:
            assert (racer["failures"], racer["predicted"]) == (0, pytest.approx(80))
            assert 0 < racer["throughput"] <= 1.1 * 80
        stopped = next(event for event in events if event["state"] == "ready")
    assert all(racer["requests"] > 0 and racer["in_flight"] == 0 for racer in stopped["racers"])


def test_a_stop_lets_the_requests_in_flight_finish_and_ends_with_status_0(stand: Stand) -> None:
    """Run as the last test of the file, because it stops all services."""
    asked = {service: stand.connect(service) for service in TWINS}
    began = time.monotonic()
    for connection in asked.values():
        connection.request("GET", "/delay/4s")
    stand.compose("stop", *TWINS, within=DOWN_WITHIN)
    took = time.monotonic() - began
    for connection in asked.values():
        with closing(connection), connection.getresponse() as response:
            assert (response.status, response.read()) == (200, b'{"duration":4.0}\n')
    assert 4 <= took < 4 + 15
    began = time.monotonic()
    stand.compose("stop", within=DOWN_WITHIN)
    assert time.monotonic() - began < 15  # no process is killed at the end of its grace period
    for service in SERVICES:
        state = stand.inspect(service)["State"]
        assert (service, state["Status"], state["ExitCode"], state["OOMKilled"]) == (service, "exited", 0, False)
