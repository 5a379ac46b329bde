"""What the manifests say of each other, and of the project, agrees."""

import re
from dataclasses import replace

import pytest

from backing.upstream import SERVED
from contract.operations import OPERATIONS
from tests.deploy.support.manifests import (
    FOLDERS,
    KUBERNETES,
    ROOT,
    Pod,
    every,
    kustomization,
    manifests,
    matches,
    pods,
    selectors,
)
from tests.deploy.support.reachability import allowed, outside

PODS = pods()
TWINS = ("sync-app", "async-app")
LOCUST = ("locust-master", "locust-workers")


def of_the_operator() -> list[Pod]:
    """The pods that the operator makes of the LocustTest, as far as network policies know them."""
    (test,) = every("LocustTest")
    listening = [{"name": "master", "containerPort": 5557}, {"name": "web", "containerPort": 8089}]
    return [
        Pod(role, test["spec"][role]["labels"], {"containers": [{"ports": listening if role == "master" else []}]})
        for role in ("master", "worker")
    ]


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_kustomization_lists_every_manifest_of_its_folder(folder: str) -> None:
    found = kustomization(folder)
    assert found.keys() == {"apiVersion", "kind", "namespace", "resources"}
    assert (found["apiVersion"], found["kind"]) == ("kustomize.config.k8s.io/v1beta1", "Kustomization")
    files = {path.name for path in (KUBERNETES / folder).glob("*.y*ml")} - {"kustomization.yaml"}
    assert sorted(found["resources"]) == sorted(files)


def test_the_folders_of_kustomizations_are_all_there_are() -> None:
    assert {path.parent.name for path in KUBERNETES.rglob("*.yaml")} == {*FOLDERS}


def test_all_objects_go_into_the_namespace_that_the_base_makes() -> None:
    (namespace,) = every("Namespace")
    assert {kustomization(folder)["namespace"] for folder in FOLDERS} == {namespace["metadata"]["name"]}
    placed = [each for folder in FOLDERS for each in manifests(folder) if "namespace" in each["metadata"]]
    assert placed == []


def test_no_two_objects_have_the_same_kind_and_name() -> None:
    names = [(each["kind"], each["metadata"]["name"]) for folder in FOLDERS for each in manifests(folder)]
    assert len({*names}) == len(names)


def test_a_deployment_selects_its_own_pods_alone() -> None:
    for deployment in every("Deployment"):
        selector = deployment["spec"]["selector"]
        chosen = [name for name, pod in PODS.items() if matches(selector, pod.labels)]
        assert chosen == [deployment["metadata"]["name"]]


def test_a_service_leads_to_the_pods_of_its_name_at_ports_that_they_have() -> None:
    assert {each["metadata"]["name"] for each in every("Service")} == {*PODS} - {"locust-workers"}
    for service in every("Service"):
        selector = {"matchLabels": service["spec"]["selector"]}
        (pod,) = (pod for pod in PODS.values() if matches(selector, pod.labels))
        assert pod.owner == service["metadata"]["name"]
        for port in service["spec"]["ports"]:
            assert pod.ports[port["targetPort"]] == port["port"]


def test_every_selector_selects_some_pods() -> None:
    labels = [pod.labels for pod in PODS.values()]
    kinds = ("Deployment", "Job", "NetworkPolicy")
    found = [each for kind in kinds for manifest in every(kind) for each in selectors(manifest["spec"])]
    assert len(found) > 10
    for selector in found:
        assert any(matches(selector, each) for each in labels), selector
        for expression in selector.get("matchExpressions", []):
            assert {*expression["values"]} <= {each.get(expression["key"]) for each in labels}


def test_the_network_policies_allow_what_is_needed_and_nothing_else() -> None:
    needed = {
        *((twin, "postgres", 5432) for twin in TWINS),
        *((twin, "upstream", 8003) for twin in TWINS),
        *((locust, twin, port) for locust in LOCUST for twin, port in zip(TWINS, (8001, 8002), strict=True)),
        ("locust-workers", "locust-master", 5557),
    }
    assert allowed(PODS.values()) == needed


def test_the_pods_of_the_operator_may_do_the_same_as_those_of_the_jobs() -> None:
    renamed = [replace(pod, owner=f"locust-{pod.owner}{'s' * (pod.owner == 'worker')}") for pod in of_the_operator()]
    base = [pod for name, pod in PODS.items() if name not in LOCUST]
    assert allowed([*base, *renamed]) == allowed(PODS.values())


def test_a_pod_without_labels_reaches_nothing_and_is_reached_by_nothing() -> None:
    stranger = Pod("stranger", {}, {"containers": [{"ports": [{"name": "any", "containerPort": 80}]}]})
    assert not any("stranger" in each for each in allowed([*PODS.values(), stranger]))


def test_without_the_policies_everything_would_be_reached() -> None:
    assert ("upstream", "postgres", 5432) in allowed(PODS.values(), [])


def test_other_namespaces_are_reached_for_names_and_reach_the_web_ui_alone() -> None:
    assert sorted(outside()) == [("dns", "kube-system", (53, 53)), ("locust-operator", "locust-operator", (8089,))]


def test_the_operator_finds_the_services_where_the_jobs_do() -> None:
    (test,) = every("LocustTest")
    given = {each["name"]: each["value"] for each in test["spec"]["env"]}
    assert given == PODS["locust-master"].environment == PODS["locust-workers"].environment
    (job,) = (each for each in every("Job") if each["metadata"]["name"] == "locust-workers")
    assert test["spec"]["workers"] == job["spec"]["completions"] == job["spec"]["parallelism"]
    assert PODS["locust-master"].container["args"] == ["locust", "--master", *test["spec"]["args"].split()]
    for role, name in zip(("master", "worker"), LOCUST, strict=True):
        assert test["spec"][role]["labels"] == PODS[name].labels
        assert test["spec"][role]["resources"] == PODS[name].container["resources"]


def test_the_twins_differ_in_name_and_port_alone() -> None:
    sync, asynchronous = ((KUBERNETES / "base" / f"{name}.yaml").read_text() for name in TWINS)
    mapped = sync.replace("sync-app", "async-app").replace("sync_app", "async_app").replace("8001", "8002")
    assert mapped == asynchronous


@pytest.mark.parametrize("name", PODS)
def test_a_pod_meets_the_restricted_standard(name: str) -> None:
    spec, container = PODS[name].spec, PODS[name].container
    assert spec["automountServiceAccountToken"] is False
    assert spec["enableServiceLinks"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] == spec["securityContext"]["runAsGroup"] > 0
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert not {"hostNetwork", "hostPID", "hostIPC"} & spec.keys()
    mounted = {each["name"] for each in container["volumeMounts"]}
    assert mounted == {each["name"] for each in spec["volumes"]}
    assert all(each["emptyDir"].get("sizeLimit") for each in spec["volumes"])


def test_the_user_of_a_pod_is_that_of_the_image() -> None:
    (number,) = re.findall(r"^RUN useradd .*--uid (\d+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    for pod in PODS.values():
        if pod.container["image"] == "sync-vs-async":
            assert pod.spec["securityContext"]["runAsUser"] == int(number)


@pytest.mark.parametrize("name", [name for name in PODS if name != "locust-workers"])
def test_the_probes_of_a_pod_ask_for_ports_and_paths_that_it_has(name: str) -> None:
    pod = PODS[name]
    probes = {key: value for key, value in pod.container.items() if key.endswith("Probe")}
    assert {"startupProbe", "readinessProbe"} <= probes.keys()
    assert ("livenessProbe" in probes) == (name != "locust-master"), "a master that restarts has lost its run"
    served = {"upstream": SERVED, "locust-master": ()}.get(name, OPERATIONS)
    for probe in probes.values():
        asked = probe.get("httpGet", probe.get("tcpSocket", {}))
        assert asked.get("port") in {*pod.ports, None}
        if "path" in asked and served:
            assert asked["path"] in {each.path for each in served}


@pytest.mark.parametrize("name", TWINS)
def test_a_full_twin_is_neither_restarted_nor_taken_out_of_its_service(name: str) -> None:
    container = PODS[name].container
    assert "httpGet" in container["startupProbe"]
    assert {"httpGet", "exec"}.isdisjoint([*container["readinessProbe"], *container["livenessProbe"]])
