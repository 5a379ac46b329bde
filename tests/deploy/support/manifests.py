"""The manifests of deploy/kubernetes, and the containers of docker-compose.yml that they stand for."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[3]
KUBERNETES = ROOT / "deploy" / "kubernetes"
FOLDERS = ("base", "jobs", "locust-operator")

Manifest = dict[str, Any]


@cache
def manifests(folder: str) -> list[Manifest]:
    """Return the objects of all files that the kustomization of a folder lists, in its order."""
    return [each for name in kustomization(folder)["resources"] for each in read(KUBERNETES / folder / name)]


@cache
def kustomization(folder: str) -> Manifest:
    """Return the kustomization of a folder."""
    (found,) = read(KUBERNETES / folder / "kustomization.yaml")
    return found


def read(path: Path) -> list[Manifest]:
    """Return the documents of a YAML file."""
    return list(yaml.safe_load_all(path.read_text()))


def every(kind: str) -> list[Manifest]:
    """Return all objects of a kind."""
    return [each for folder in FOLDERS for each in manifests(folder) if each["kind"] == kind]


@dataclass(frozen=True)
class Pod:
    """The template of the pods of a Deployment or a Job, with one container."""

    owner: str
    labels: Mapping[str, str]
    spec: Mapping[str, Any]

    @property
    def container(self) -> Mapping[str, Any]:
        """The container."""
        (container,) = self.spec["containers"]
        found: Mapping[str, Any] = container
        return found

    @property
    def ports(self) -> dict[str, int]:
        """The ports on which the container listens, by name."""
        return {each["name"]: each["containerPort"] for each in self.container.get("ports", [])}

    @property
    def environment(self) -> dict[str, str]:
        """The variables of the container, with the values of the ConfigMap that they refer to."""
        found: dict[str, str] = {}
        for source in self.container.get("envFrom", []):
            found |= settings(source["configMapRef"]["name"])
        for variable in self.container.get("env", []):
            if "value" in variable:
                found[variable["name"]] = variable["value"]
            else:
                reference = variable["valueFrom"]["configMapKeyRef"]
                found[variable["name"]] = settings(reference["name"])[reference["key"]]
        return found


def settings(name: str) -> dict[str, str]:
    """Return the data of a ConfigMap."""
    (found,) = (each["data"] for each in every("ConfigMap") if each["metadata"]["name"] == name)
    return dict(found)


@cache
def pods() -> dict[str, Pod]:
    """Return the pods of every Deployment and Job, by the name of that."""
    owners = [*every("Deployment"), *every("Job")]
    return {
        name: Pod(name, template["metadata"]["labels"], template["spec"])
        for name, template in ((each["metadata"]["name"], each["spec"]["template"]) for each in owners)
    }


def matches(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Return True if a label selector selects an object with these labels; an empty one selects every object."""
    assert selector.keys() <= {"matchLabels", "matchExpressions"}
    expressions = selector.get("matchExpressions", [])
    assert all(each["operator"] == "In" for each in expressions)
    return selector.get("matchLabels", {}).items() <= labels.items() and all(
        labels.get(each["key"]) in each["values"] for each in expressions
    )


def selectors(part: object) -> Iterator[Mapping[str, Any]]:
    """Yield every selector of pods within a part of a manifest, of those for pods of the same namespace."""
    if isinstance(part, dict):
        for key, value in part.items():
            if key in ("podSelector", "labelSelector", "selector") and "namespaceSelector" not in part:
                yield value
            else:
                yield from selectors(value)
    elif isinstance(part, list):
        for each in part:
            yield from selectors(each)


@cache
def compose() -> dict[str, Any]:
    """Return the services of docker-compose.yml, with the default of every variable."""
    text = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", (ROOT / "docker-compose.yml").read_text())
    services: dict[str, Any] = yaml.safe_load(text)["services"]
    return services
