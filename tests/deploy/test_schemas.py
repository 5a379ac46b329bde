"""Every manifest is valid by the schema of its API version, with no field that this does not know."""

import os
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from pydantic import ValidationError

from tests.deploy.support.locust_test import LocustTest
from tests.deploy.support.manifests import FOLDERS, Manifest, every, manifests

try:
    import kubernetes_validate
except ModuleNotFoundError:
    if os.environ.get("CI"):
        raise
    pytest.skip("The schemas of Kubernetes are missing: make install-kubernetes", allow_module_level=True)

OLDEST = "1.33"
"""The first version of Kubernetes whose Jobs have backoffLimitPerIndex for good."""

VERSIONS = (OLDEST, kubernetes_validate.latest_version())


def refusal(manifest: Manifest, version: str) -> str | None:
    """Return why a manifest is invalid in a version of Kubernetes, or None if it is valid."""
    try:
        if manifest["kind"] == "LocustTest":
            LocustTest.model_validate(manifest)
        else:
            kubernetes_validate.validate(manifest, version, strict=True)
    except (kubernetes_validate.ValidationError, kubernetes_validate.SchemaNotFoundError) as error:
        return str(error.message)
    except ValidationError as error:
        return str(error)
    return None


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("folder", FOLDERS)
def test_every_manifest_is_valid(folder: str, version: str) -> None:
    assert len(manifests(folder)) >= 2
    for manifest in manifests(folder):
        assert refusal(manifest, version) is None, manifest["metadata"]["name"]


def container(manifest: Manifest) -> dict[str, Any]:
    (found,) = manifest["spec"]["template"]["spec"]["containers"]
    assert isinstance(found, dict)
    return found


FAULTS: dict[str, tuple[str, Callable[[Manifest], object], str]] = {
    "an unknown field": ("Deployment", lambda it: container(it).update(redinessProbe={}), "redinessProbe"),
    "an unknown field, far below": (
        "NetworkPolicy",
        lambda it: it["spec"].update(ingress=[{"from": [{"podSelectors": {}}]}]),
        "podSelectors",
    ),
    "a number as text": ("Deployment", lambda it: it["spec"].update(replicas="1"), "'1' is not of type 'integer'"),
    "a number as a variable": (
        "Job",
        lambda it: container(it).update(env=[{"name": "THREADS", "value": 32}]),
        "32 is not of type 'string'",
    ),
    "a required field that is missing": (
        "Deployment",
        lambda it: it["spec"].pop("selector"),
        "'selector' is a required",
    ),
    "a version without this kind": ("Job", lambda it: it.update(apiVersion="batch/v1beta1"), "batch/v1beta1"),
    "a field of the other operator": ("LocustTest", lambda it: it["spec"].update(workerReplicas=4), "workerReplicas"),
    "workers as text": ("LocustTest", lambda it: it["spec"].update(workers="4"), "valid integer"),
    "a variable from a ConfigMap": (
        "LocustTest",
        lambda it: it["spec"]["env"].append({"name": "THREADS", "valueFrom": {}}),
        "valueFrom",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_refused_by_the_schema(fault: str) -> None:
    kind, plant, named = FAULTS[fault]
    manifest = deepcopy(every(kind)[0])
    plant(manifest)
    said = refusal(manifest, VERSIONS[-1])
    assert said is not None
    assert named in said
