"""Values that the container files repeat from elsewhere must agree with their source."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from backing import upstream
from backing.postgres import CONNECTIONS
from contract import ports
from contract.settings import Settings
from peers.rows import PEERS
from serving.limits import DRAIN
from tests.loadtest.support.servers import answering

ROOT = Path(__file__).parents[2]
COMPOSE = (ROOT / "docker-compose.yml").read_text()
BALANCER = (ROOT / "deploy" / "haproxy.cfg").read_text()


WIRED = {"UPSTREAM_URL", "DATABASE_URL", "FILE_DIRECTORY"}
"""Settings that point to services and volumes of the compose file, which users cannot choose."""


def test_compose_passes_every_other_setting_on_with_its_default() -> None:
    passed_on = re.findall(r"^ +(\w+): \$\{\1:-([^}]+)\}(?: #.*)?$", COMPOSE, re.MULTILINE)
    assert {name for name, _ in passed_on} == {name.upper() for name in Settings.model_fields} - WIRED
    for name, default in passed_on:  # MAX_DURATION goes to the upstream as well
        assert Settings.from_mapping({name: default}) == Settings()


def test_compose_says_itself_where_what_it_brings_up_is() -> None:
    wired = dict(re.findall(r"^ +(\w+_(?:URL|DIRECTORY)): ([^ \n]+)$", COMPOSE, re.MULTILINE))
    assert wired.keys() & {name.upper() for name in Settings.model_fields} == WIRED
    settings = Settings.from_mapping(wired)
    assert settings.upstream_url == f"http://upstream:{upstream.SERVICE.port}"
    assert settings.database_url is not None
    url = urlsplit(settings.database_url)
    (password,) = re.findall(r"^ +POSTGRES_PASSWORD: (\w+)", COMPOSE, re.MULTILINE)
    assert (url.scheme, url.hostname, url.password) == ("postgresql", "postgres", password)
    assert re.findall(r'^    volumes: \["(\w+):' + f'{settings.file_directory}"\\]$', COMPOSE, re.MULTILINE) == [
        "sync_files",
        "async_files",
    ]


def test_the_database_of_compose_takes_as_many_connections_as_the_embedded_one() -> None:
    assert re.findall(r"max_connections=(\d+)", COMPOSE) == [str(CONNECTIONS)]


def test_the_balancer_drains_as_long_as_the_twins_and_listens_where_they_do() -> None:
    (drain,) = re.findall(r"hard-stop-after (\d+)s", BALANCER)
    longest_wait = Settings.model_json_schema()["properties"]["max_duration"]["maximum"]
    assert int(drain) == longest_wait + DRAIN
    for twin, port in (("sync_app", ports.SYNC_APP), ("async_app", ports.ASYNC_APP)):
        assert f"frontend {twin}\n    bind :{port}\n" in BALANCER
        assert re.search(rf"^    server-template replica \d+ {twin}:{port}$", BALANCER, re.MULTILINE)


def test_compose_waits_longer_for_a_stop_than_the_longest_drain_takes() -> None:
    (grace,) = set(re.findall(r"stop_grace_period: (\d+)s", COMPOSE))
    longest_wait = Settings.model_json_schema()["properties"]["max_duration"]["maximum"]
    assert int(grace) > longest_wait + DRAIN


def test_the_image_holds_the_packages_of_the_project_and_what_they_run_on() -> None:
    let_through = re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert sorted(let_through) == sorted([*packages, "pyproject.toml", "requirements"])


def test_a_profile_alone_brings_up_every_other_framework_and_another_one_what_scales_out() -> None:
    (common,) = re.findall(r"^x-peer: &peer .*?\n\n", COMPOSE, re.MULTILINE | re.DOTALL)
    assert "  profiles: [lineup]\n" in common
    scaled = re.findall(r"^  (\w+):(?: #.*)?\n    <<: .*\n    profiles: \[distributed\]$", COMPOSE, re.MULTILINE)
    assert scaled == ["master", "generator", "balancer", "metrics"]
    assert len(re.findall(r"^ +profiles: ", COMPOSE, re.MULTILINE)) == 1 + len(scaled)
    blocks = re.findall(r"^  (\w+):\n    <<: \*peer\n    command: \[python, -m, (.+), --host", COMPOSE, re.MULTILINE)
    started = dict(blocks)
    assert {name: f"peers, {name}" for name in PEERS}.items() <= {
        name.replace("_", "-"): command for name, command in started.items()
    }.items()
    assert {*started} - {name.replace("-", "_") for name in PEERS} == {"flask", "flask_gevent"}


@pytest.mark.parametrize(("status", "healthy"), [(200, True), (503, False)])
def test_a_health_check_asks_the_service_itself_and_no_proxy(status: int, healthy: bool) -> None:
    checks = re.findall(r"test: \[CMD, python, (-IS), (-c), \"(.+)\"\]", COMPOSE)
    assert len(checks) == 6
    environment = {"http_proxy": "http://127.0.0.1:9", "no_proxy": ""}
    with answering(status, b"{}") as url:
        port = url.rpartition(":")[2]
        for *options, code in checks:
            here, replaced = re.subn(r"(?<=127\.0\.0\.1:)\d+", port, code)
            assert replaced == 1
            ended = subprocess.run(
                [sys.executable, *options, here], env=environment, capture_output=True, timeout=30, check=False
            )
            assert (ended.returncode == 0) == healthy, ended.stderr
