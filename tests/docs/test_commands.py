"""Every command that the documentation shows is understood by its program, and those that end soon are run."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

import click
import pytest

from backing.environment import backing
from contract.operations import OPERATIONS
from contract.settings import Settings
from loadtest.cli.main import group
from loadtest.contenders.service import lineup
from loadtest.processes.service import running
from serving.command_line import parse
from sync_app.plumbing.service import SERVICE
from tests.deploy.support.manifests import FOLDERS, manifests
from tests.docs.support.pages import ROOT, Line, commands
from tests.support.stalls import TooLate, at_best

pytestmark = pytest.mark.slow

COMMANDS = commands()
SOON = 5
"""Seconds within which a request of the documentation ends by itself to be sent."""

Check = Callable[[Line], None]


def made(line: Line) -> None:
    """A dry run of make, for its target and its arguments."""
    target, *rest = line.words[1:]
    subprocess.run(["make", "--dry-run", target, *rest], cwd=ROOT, check=True, capture_output=True)
    for arguments in (word.removeprefix("ARGS=") for word in rest):
        if target in group.commands:
            understood(target, arguments.split())


def ours(line: Line) -> None:
    understood(line.words[1], line.words[2:])


def parted(name: str, arguments: list[str]) -> tuple[click.Command, list[str]]:
    """The command, or that of its commands which the first argument names, and the arguments of that."""
    command = group.commands[name]
    if isinstance(command, click.Group) and arguments and arguments[0] in command.commands:
        return command.commands[arguments[0]], arguments[1:]
    return command, arguments


def understood(name: str, arguments: list[str]) -> None:
    """Whether a command takes these arguments: they are checked as they always are, and nothing is run."""
    command, arguments = parted(name, arguments)
    if arguments == ["--help"]:
        assert command.get_help(click.Context(command))
        return
    files = [word for word in arguments if word.startswith(("results/", "before/", "after/"))]
    arguments = [word if word not in files else "pyproject.toml" for word in arguments]
    command.make_context(name, arguments, obj=["sync-vs-async"])


def python(line: Line) -> None:
    words = line.words[1:]
    if words[0].endswith(".py"):
        compile((ROOT / words[0]).read_text(), words[0], "exec")
        return
    assert words[0] == "-m"
    if "--help" in words:
        subprocess.run([sys.executable, *words], cwd=ROOT, check=True, capture_output=True)
    else:
        parse(SERVICE, words[2:], {})


def curl(line: Line) -> None:
    url = urlsplit(line.words[-1])
    target = url.path + (f"?{url.query}" if url.query else "")
    assert url.port in {8001, 8002, 8081, 8082}
    method = "POST" if "-d" in line.words else "GET"
    (operation,) = (each for each in OPERATIONS if each.is_at(target) and each.method == method)
    assert operation


def run(line: Line) -> None:
    assert subprocess.run(["bash", "-c", line.text], cwd=ROOT, capture_output=True, check=False).returncode in {0, 1}


def locust(line: Line) -> None:
    """Locust reads its arguments and lists the users that they choose; it sends nothing."""
    command = [str(Path(sys.executable).with_name("locust")), *line.words[1:], "--list"]
    assert "SyncApp" in subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


def pytest_collects(line: Line) -> None:
    arguments = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *line.words[1:]]
    subprocess.run(arguments, cwd=ROOT, check=True, capture_output=True)


def compose(line: Line) -> None:
    if (check := {"load": images_loaded, "build": built}.get(line.words[1])) is not None:
        check(line)
        return
    words = line.words[2:]
    if shutil.which("docker-compose") is None:
        pytest.skip("docker-compose is not installed")
    split = next(place for place, word in enumerate(words) if word in {"up", "down"})
    options = [word for word in words[split + 1 :] if word.startswith("-")]
    assert all(option in said("docker-compose", words[split], "--help") for option in options)
    scaled = [word.partition("=")[0] for word in words[split + 1 :] if word not in options]
    assert {*scaled} <= {*said("docker-compose", *words[:split], "config", "--services").split()}
    assert "services:" in said("docker-compose", *words[:split], "config")
    assert all(f"${{{name}" in (ROOT / "docker-compose.yml").read_text() for name in line.variables)


def built(line: Line) -> None:
    *_, folder = line.words
    assert (ROOT / folder / "Dockerfile").is_file()


def cluster(line: Line) -> None:
    """The folders, the objects and the image that a command for a cluster names are there; nothing is run."""
    words = line.words
    if words[0] != "kubectl":
        assert words[-1] == "sync-vs-async"
        return
    assert all((ROOT / folder / "kustomization.yaml").is_file() for option, folder in pairwise(words) if option == "-k")
    assert all(name == "sync-vs-async" for option, name in pairwise(words) if option in {"-n", "--image"})
    objects = {(each["kind"].lower(), each["metadata"]["name"]) for folder in FOLDERS for each in manifests(folder)}
    objects.add(("service", "profile-webui"))  # the operator makes it
    named = re.findall(r" (job|service|deployment)/(\S+)", line.text)
    if "deployment" in words:
        named += [("deployment", word) for word in words[words.index("deployment") + 1 :] if word[0] != "-"]
        named = [each for each in named if not each[1].isdigit()]
    assert {*named} <= objects


def images_loaded(line: Line) -> None:
    if shutil.which("docker") is None:
        pytest.skip("docker is not installed")
    assert line.words[2] in said("docker", "load", "--help")


@cache
def said(*command: str) -> str:
    """Return the output of a command, which is run once."""
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


def executable(line: Line) -> None:
    assert os.access(ROOT / line.words[0], os.X_OK)


CHECKS: dict[str, Check] = {
    "make": made,
    ".venv/bin/sync-vs-async": ours,
    ".venv/bin/python": python,
    "python3": python,
    "curl": curl,
    "diff": run,
    "eval": run,
    ".venv/bin/locust": locust,
    ".venv/bin/pytest": pytest_collects,
    "docker": compose,
    **dict.fromkeys(("k3d", "kind", "kubectl", "minikube"), cluster),
    ".ci/run": executable,
}


@pytest.mark.parametrize("line", COMMANDS, ids=lambda line: line.text)
def test_each_command_is_understood_by_its_program(line: Line) -> None:
    CHECKS[line.words[0]](line)


@at_best()
def test_each_curl_line_in_the_documentation_that_ends_soon_is_answered(services: dict[int, str]) -> None:
    sent = [line for line in COMMANDS if line.words[0] == "curl" and ends_soon(line)]
    assert len(sent) >= 8
    direct = {**os.environ, "no_proxy": "*"}
    with ExitStack() as started:
        processes = {
            line.text: started.enter_context(
                subprocess.Popen(here(line, services), env=direct, stdout=subprocess.PIPE, text=True)
            )
            for line in sent
        }
        statuses = {text: process.communicate(timeout=60)[0].rpartition("\n")[2] for text, process in processes.items()}
    if {"503", "504"} & {*statuses.values()}:
        raise TooLate("a service gave up the database or the upstream")
    assert statuses == {line.text: expected(line) for line in sent}


def ends_soon(line: Line) -> bool:
    """Whether a request ends by itself within five seconds; those that wait for another request do not."""
    return not re.search(r"barrier|/ask/|5s", line.text)


def expected(line: Line) -> str:
    return "400" if line.text.endswith("/soon") else "202" if "/answer/" in line.text else "200"


def here(line: Line, services: dict[int, str]) -> list[str]:
    url = urlsplit(line.words[-1])
    assert url.port is not None
    address = services[url.port] + url.path + (f"?{url.query}" if url.query else "")
    return [*line.words[:-1], "--silent", "--write-out", "\n%{http_code}", address]


@pytest.fixture(scope="module")
def services() -> Iterator[dict[int, str]]:
    """The addresses of both twins, by the ports that the documentation names."""
    known = lineup(1)
    with ExitStack() as stack:
        environment = stack.enter_context(backing(("database", "upstream"))).environment
        sync, asynchronous = (
            stack.enter_context(running(known[name], environment)).url for name in ("flask-threads", "aiohttp")
        )
        yield {8001: sync, 8002: asynchronous, 8081: sync, 8082: asynchronous}  # the last two behind a load balancer


def test_durations_in_the_documentation_are_ones_that_a_service_takes_by_default() -> None:
    durations = [float(found) for line in COMMANDS for found in re.findall(r"[?&]\w+=(\d+)s", line.text)]
    assert durations
    assert max(durations) <= Settings().max_duration
