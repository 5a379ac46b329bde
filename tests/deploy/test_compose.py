"""What the manifests repeat from docker-compose.yml must agree with it."""

import re
from typing import Any

import pytest
import yaml

from loadtest.race.public import PUBLIC_URL
from tests.deploy.support.manifests import KUBERNETES, ROOT, compose, every, pods

PODS = pods()
SERVICES = {"sync_app": "sync-app", "async_app": "async-app", "postgres": "postgres", "upstream": "upstream"}
"""The Deployment that stands for each service of the compose file."""

BOTH = [*SERVICES.items(), ("locust", "locust-master")]

COMPOSE = compose()


def environment(service: str) -> dict[str, str]:
    """The variables of a service, with the addresses of the twins as a cluster has them."""
    given: dict[str, Any] = COMPOSE[service].get("environment", {})
    return {name: re.sub(r"//(a?sync)_app:", r"//\1-app:", str(value)) for name, value in given.items()}


@pytest.mark.parametrize(("service", "name"), BOTH)
def test_a_pod_runs_the_image_of_the_service(service: str, name: str) -> None:
    named = yaml.safe_load((ROOT / "requirements" / "images.yml").read_text())["services"]
    expected = COMPOSE[service].get("image") or named[service]["image"]
    assert PODS[name].container["image"] == expected
    assert "/" not in expected
    assert PODS[name].container.get("imagePullPolicy") == ("IfNotPresent" if "build" in COMPOSE[service] else None)


def test_the_image_of_the_operator_is_that_of_the_services_with_locust_as_its_entry_point() -> None:
    lines = (KUBERNETES / "locust-operator" / "Dockerfile").read_text().splitlines()
    assert lines[1:] == [f"FROM {PODS['locust-master'].container['image']}", 'ENTRYPOINT ["locust"]']
    (test,) = every("LocustTest")
    assert test["spec"]["image"] == "sync-vs-async-locust"


@pytest.mark.parametrize(("service", "name"), SERVICES.items())
def test_a_pod_runs_the_command_of_the_service(service: str, name: str) -> None:
    assert PODS[name].container["args"] == COMPOSE[service]["command"]
    assert "command" not in PODS[name].container


def test_the_master_has_the_options_of_the_web_ui_in_compose() -> None:
    program, *options = COMPOSE["locust"]["command"]
    assert PODS["locust-master"].container["args"] == [program, "--master", *options]


@pytest.mark.parametrize(("service", "name"), SERVICES.items())
def test_a_pod_has_the_environment_of_the_service(service: str, name: str) -> None:
    given = PODS[name].environment
    if name == "postgres":
        assert given.pop("PGDATA").startswith("/var/lib/postgresql/data/")
    assert given == environment(service)


def test_the_load_generators_have_the_environment_of_locust_in_compose() -> None:
    expected = {key: value for key, value in environment("locust").items() if key != PUBLIC_URL}
    assert PODS["locust-master"].environment == PODS["locust-workers"].environment == expected


@pytest.mark.parametrize(("service", "name"), BOTH)
def test_a_pod_has_the_cpu_and_the_memory_of_the_service(service: str, name: str) -> None:
    resources = PODS[name].container["resources"]
    if "cpus" not in COMPOSE[service]:
        assert "limits" not in resources
        return
    megabytes = re.fullmatch(r"(\d+)m", COMPOSE[service]["mem_limit"])
    assert megabytes
    limits = {"cpu": str(COMPOSE[service]["cpus"]), "memory": f"{megabytes[1]}Mi"}
    assert resources == {"requests": limits, "limits": limits}


@pytest.mark.parametrize(("service", "name"), BOTH)
def test_a_pod_listens_where_the_service_does(service: str, name: str) -> None:
    published = {int(each.rpartition(":")[2]) for each in COMPOSE[service].get("ports", [])}
    inside = {"postgres": {5432}, "upstream": {8003}, "locust": {5557}}.get(service, set())
    assert {*PODS[name].ports.values()} == published | inside


@pytest.mark.parametrize(("service", "name"), BOTH)
def test_a_pod_can_write_where_the_service_can(service: str, name: str) -> None:
    volumes = [each.partition(":")[2] for each in COMPOSE[service].get("volumes", [])]
    mounted = {each["mountPath"] for each in PODS[name].container["volumeMounts"]}
    assert mounted == {*volumes, *COMPOSE[service]["tmpfs"]}


@pytest.mark.parametrize(("service", "name"), BOTH)
def test_a_pod_may_take_as_long_to_stop_as_the_service(service: str, name: str) -> None:
    grace = PODS[name].spec.get("terminationGracePeriodSeconds")
    assert COMPOSE[service].get("stop_grace_period") == (f"{grace}s" if grace else None)
    assert PODS[name].spec.get("shareProcessNamespace") == COMPOSE[service].get("init")


def test_the_database_is_asked_whether_it_is_ready_as_in_compose() -> None:
    test = COMPOSE["postgres"]["healthcheck"]["test"]
    for probe in ("startupProbe", "readinessProbe"):
        assert ["CMD", *PODS["postgres"].container[probe]["exec"]["command"]] == test
