"""Tests of the profile `distributed` with a Docker engine: two generators, and two replicas of each twin."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.compose.support.stands import DOWN_WITHIN, Stand, brought_up, check_lockdown, run, until

pytestmark = pytest.mark.compose

TWINS = ("sync_app", "async_app")
SERVICES = {
    **dict.fromkeys(("postgres", "upstream", "metrics", "balancer", "master"), 1),
    **dict.fromkeys((*TWINS, "generator"), 2),
    "locust": 0,
}
PUBLISHED = {"sync_app": "SYNC_BALANCER_PORT", "async_app": "ASYNC_BALANCER_PORT", "master": "MASTER_PORT"}
SETTINGS = {"SYNC_PORT": "0", "ASYNC_PORT": "0", "THREADS": "4"}
USERS = 16
"""Two for each slot of sync_app's replicas, half of them at async_app: as many as there are slots."""


@pytest.fixture(scope="module")
def stand() -> Iterator[Stand]:
    with brought_up("distributed", SERVICES, PUBLISHED, SETTINGS) as stand:
        yield stand


def report(stand: Stand) -> Any:
    return json.loads(stand.ask("master", "/stats/requests").body)


def users(stand: Stand) -> list[int]:
    """Return the users of each generator."""
    return [worker["user_count"] for worker in report(stand)["workers"]]


def counted(text: str) -> int:
    """Return the requests of the scenario `delay` that metrics count."""
    found = re.search(r'^http_requests_total\{operation="delay",status="200"\} (\d+)', text, re.MULTILINE)
    return int(found[1]) if found else 0


def own_metrics(stand: Stand, twin: str) -> Mapping[str, str]:
    """Return the metrics of each replica of a twin, by its container."""
    port = {"sync_app": 8001, "async_app": 8002}[twin]
    asks = f"import urllib.request as u; print(u.urlopen('http://127.0.0.1:{port}/metrics').read().decode())"
    names = (f"{twin}_1", f"{twin}_2")
    return {name: run("docker", "exec", stand.containers[name], "python", "-IS", "-c", asks) for name in names}


def summed_metrics(stand: Stand, twin: str) -> str:
    answer = stand.ask(twin, "/metrics")
    assert answer.status == 200, answer.body
    return answer.body.decode()


def test_a_run_of_the_web_ui_reaches_both_replicas_of_both_twins_from_both_generators(stand: Stand) -> None:
    until(lambda: len(report(stand)["workers"]) == 2, "two workers", 30)
    form = [("user_count", str(USERS)), ("spawn_rate", str(USERS)), ("host", ""), ("rate", "40"), ("delay", "50ms")]
    classes = [("user_classes", "SyncApp"), ("user_classes", "AsyncApp")]
    started = json.loads(stand.ask("master", "/swarm", [*form, *classes]).body)
    assert started["success"], started
    try:
        until(lambda: all(counted(summed_metrics(stand, twin)) >= 40 for twin in TWINS), "40 requests each", 60)
        until(lambda: users(stand) == [USERS // 2, USERS // 2], "users are shared", 30)  # a late heartbeat moves them
    finally:
        stand.ask("master", "/stop", [])
    until(lambda: report(stand)["state"] == "stopped", "the run has stopped", 30)
    until(lambda: len(report(stand)["workers"]) == 2, "two workers are ready again", 30)
    ended = report(stand)
    assert ended["errors"] == []
    assert {row["name"] for row in ended["stats"]} == {*(f"{twin} /delay/50ms" for twin in TWINS), "Aggregated"}
    for twin in TWINS:
        parts = [counted(text) for text in own_metrics(stand, twin).values()]
        assert min(parts) > 0
        summed = summed_metrics(stand, twin)
        assert counted(summed) == sum(parts)
        assert len(re.findall(r"^replica_answers\{.*\} 1\.0$", summed, re.MULTILINE)) == 2


def test_pages_of_the_master_say_what_they_cannot_show(stand: Stand) -> None:
    race = stand.ask("master", "/race")
    assert (race.status, race.body) == (
        404,
        b"The race cannot see the users of Locust's workers; run sync-vs-async race instead.\n",
    )
    assert b"a point may be off by one report of a worker" in stand.ask("master", "/twins").body
    notes = stand.ask("master", "/").body
    assert b"1 process x 4 threads = 4 slots; assumed from this terminal&#39;s settings; replicas multiply it" in notes


def test_every_container_is_locked_down(stand: Stand) -> None:
    for name in stand.containers:
        check_lockdown(stand, name)


def test_only_the_master_and_its_generators_reach_locusts_own_port(stand: Stand) -> None:
    finds = "import socket\ntry: socket.create_connection(('master', 5557), 5)\nexcept socket.gaierror: print('no')"
    for name, said in (("generator_1", ""), ("sync_app_1", "no\n"), ("metrics", "no\n")):
        assert run("docker", "exec", stand.containers[name], "python", "-IS", "-c", finds) == said
    (network,) = stand.inspect("master")["NetworkSettings"]["Networks"]
    inside = json.loads(run("docker", "network", "inspect", network))[0]["Containers"]
    assert {*inside} == {stand.containers[name] for name in ("master", "generator_1", "generator_2")}


def test_nothing_is_published_beyond_this_machine_and_generators_publish_nothing(stand: Stand) -> None:
    bound = {name: stand.inspect(name)["NetworkSettings"]["Ports"] for name in stand.containers}
    published = {name: [each for on in ports.values() if on for each in on] for name, ports in bound.items()}
    assert {each["HostIp"] for on in published.values() for each in on} == {"127.0.0.1"}
    numbers = {name: len(on) for name, on in published.items() if on}
    assert numbers == {"balancer": 2, "master": 1, **{f"{twin}_{place}": 1 for twin in TWINS for place in (1, 2)}}


def test_a_replica_that_stops_costs_no_request_and_all_services_stop_with_status_0(stand: Stand) -> None:
    """Run as the last test of the file, because it stops all services."""
    run("docker", "stop", stand.containers["async_app_1"], within=DOWN_WITHIN)
    assert {stand.ask("async_app", "/delay/1ms").status for _ in range(20)} == {200}
    stand.compose("stop", within=DOWN_WITHIN)
    for name in stand.containers:
        state = stand.inspect(name)["State"]
        assert (name, state["ExitCode"], state["OOMKilled"]) == (name, 0, False)
