"""The services of the compose file, run for tests."""

import json
import os
import shutil
import socket
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

ROOT = Path(__file__).parents[3]

BUILT_WITHIN = 600.0
UP_WITHIN = 120.0
DOWN_WITHIN = 120.0


@dataclass(frozen=True)
class Answer:
    """An HTTP response, and the seconds until it had arrived."""

    status: int
    headers: Message
    body: bytes
    seconds: float


@dataclass(frozen=True)
class Stand:
    """The running services of the compose file, with the container and the published port of each."""

    command: Sequence[str]
    environment: Mapping[str, str]
    containers: Mapping[str, str]
    ports: Mapping[str, int]

    def compose(self, *arguments: str, within: float) -> str:
        return run(*self.command, *arguments, within=within, environment=self.environment)

    def inspect(self, service: str) -> Any:
        return json.loads(run("docker", "inspect", self.containers[service]))[0]

    def started(self, service: str) -> Any:
        """Return the time of the container's last start."""
        return self.inspect(service)["State"]["StartedAt"]

    def is_healthy(self, service: str) -> bool:
        """Return True if the container passed its last check, or runs without one."""
        state = self.inspect(service)["State"]
        return bool(state["Health"]["Status"] == "healthy" if "Health" in state else state["Running"])

    def connect(self, service: str) -> HTTPConnection:
        return HTTPConnection("127.0.0.1", self.ports[service], timeout=30)

    def post_json(self, service: str, target: str, said: Any) -> Answer:
        """POST `said` as JSON."""
        return self._ask(service, "POST", target, json.dumps(said).encode(), "application/json")

    def ask(self, service: str, target: str, body: str | Sequence[tuple[str, str]] | None = None) -> Answer:
        """GET `target`, or POST to it: `body` is a text or a form."""
        if body is None:
            return self._ask(service, "GET", target)
        if isinstance(body, str):
            return self._ask(service, "POST", target, body.encode())
        return self._ask(service, "POST", target, urlencode(body).encode(), "application/x-www-form-urlencoded")

    def _ask(self, service: str, method: str, target: str, body: bytes | None = None, kind: str = "") -> Answer:
        with closing(self.connect(service)) as connection:
            asked = time.monotonic()
            connection.request(method, target, body, {"Content-Type": kind} if kind else {})
            with connection.getresponse() as response:
                read = response.read()
                return Answer(response.status, response.headers, read, time.monotonic() - asked)


def run(*command: str, within: float = 30.0, environment: Mapping[str, str] | None = None) -> str:
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=within,
        check=False,
    )
    assert done.returncode == 0, f"{' '.join(command)}: status {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def until(happened: Callable[[], bool], what: str, within: float) -> None:
    deadline = time.monotonic() + within
    while not happened():
        assert time.monotonic() < deadline, f"not within {within:g} s: {what}"
        time.sleep(0.2)


def answers(*command: str) -> bool:
    return (
        shutil.which(command[0]) is not None
        and subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=30, check=False).returncode
        == 0
    )


def compose_of_this_machine() -> list[str]:
    if not answers("docker", "info"):
        pytest.skip("no Docker engine answers")
    for command in (["docker", "compose"], ["docker-compose"]):
        if answers(*command, "version"):
            return command
    pytest.skip("there is neither docker compose nor docker-compose")


def free_ports(count: int) -> list[int]:
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [listener.getsockname()[1] for listener in listeners]
    for listener in listeners:
        listener.close()
    return ports


def what_is_left_of(project: str) -> str:
    label = f"label=com.docker.compose.project={project}"
    return "".join(
        run("docker", *command, "--quiet", "--filter", label)
        for command in (("ps", "--all"), ("network", "ls"), ("volume", "ls"))
    )


@contextmanager
def brought_up(
    profile: str, services: Mapping[str, int], published: Mapping[str, str], settings: Mapping[str, str]
) -> Iterator[Stand]:
    """Run services of the compose file under their own project name and ports until the context exits.

    Check that nothing remains. `services`: the number of containers of each; a container of several is named as in
    sync_app_1. `published`: the variable that holds the port, by the name under which the stand has it. `settings`:
    more variables.
    """
    project = f"sync-vs-async-test-{uuid.uuid4().hex[:8]}"
    command = [*compose_of_this_machine(), "-f", str(ROOT / "docker-compose.yml"), "-p", project]
    ports = dict(zip(published, free_ports(len(published)), strict=True))
    environment = {  # without THREADS or COMPOSE_FILE from outside
        **{name: value for name, value in os.environ.items() if name.startswith(("PATH", "HOME", "DOCKER_"))},
        **{variable: str(ports[name]) for name, variable in published.items()},
        "COMPOSE_PROFILES": profile,
        **settings,
    }
    scales = [f"--scale={name}={number}" for name, number in services.items() if number != 1]
    try:
        run(*command, "build", within=BUILT_WITHIN, environment=environment)
        run(*command, "up", "-d", *scales, within=UP_WITHIN, environment=environment)
        containers: dict[str, str] = {}
        for name, number in services.items():
            ids = run(*command, "ps", "-q", name, environment=environment).split()
            assert len(ids) == number
            containers |= {f"{name}_{place}" if number > 1 else name: each for place, each in enumerate(ids, 1)}
        stand = Stand(command, environment, containers, ports)
        until(lambda: all(map(stand.is_healthy, containers)), "every service is healthy", UP_WITHIN)
        yield stand
    except BaseException:
        print(run(*command, "logs", "--no-color", environment=environment))
        raise
    finally:
        down = ("down", "--volumes", "--rmi", "local", "--timeout", "5")
        run(*command, *down, within=DOWN_WITHIN, environment=environment)
        assert what_is_left_of(project) == ""


def check_lockdown(stand: Stand, service: str) -> None:
    """Check that a container can neither write to its image nor gain rights, and that none of its processes is root."""
    host = stand.inspect(service)["HostConfig"]
    assert (host["ReadonlyRootfs"], host["CapDrop"], host["Privileged"]) == (True, ["ALL"], False)
    assert host["SecurityOpt"] == ["no-new-privileges:true"]
    _, *processes = run("docker", "top", stand.containers[service], "-eo", "pid,uid").splitlines()
    assert processes
    assert all(int(process.split()[1]) != 0 for process in processes)
