"""What the network policies allow, as a cluster that enforces them would decide."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import Any

from tests.deploy.support.manifests import Manifest, Pod, every, matches


def allowed(pods: Iterable[Pod], policies: Iterable[Manifest] | None = None) -> set[tuple[str, str, int]]:
    """Return source, destination and port of every connection between pods that the policies allow."""
    known = list(pods)
    rules = every("NetworkPolicy") if policies is None else list(policies)
    return {
        (source.owner, destination.owner, port)
        for source, destination in product(known, known)
        for port in destination.ports.values()
        if source is not destination
        and permitted("egress", source, destination, port, rules)
        and permitted("ingress", destination, source, port, rules)
    }


def permitted(direction: str, pod: Pod, other: Pod, port: int, policies: Iterable[Manifest]) -> bool:
    """Return True if no policy closes a direction of a pod, or a rule of one opens it to the other pod and the port."""
    specs = [each["spec"] for each in policies if matches(each["spec"]["podSelector"], pod.labels)]
    closing = [spec for spec in specs if direction.capitalize() in spec["policyTypes"]]
    return not closing or any(
        opens(rule, {"ingress": "from", "egress": "to"}[direction], other, port)
        for spec in closing
        for rule in spec.get(direction, [])
    )


def opens(rule: Mapping[str, Any], side: str, other: Pod, port: int) -> bool:
    """Return True if a rule opens the port of a pod of the same namespace; every rule here names peers and ports."""
    return any(each["port"] == port and each.get("protocol", "TCP") == "TCP" for each in rule["ports"]) and any(
        "namespaceSelector" not in peer and matches(peer["podSelector"], other.labels) for peer in rule[side]
    )


def outside() -> Iterator[tuple[str, str, tuple[int, ...]]]:
    """Yield the policy, the namespace and the ports of every rule for pods of another namespace."""
    for policy in every("NetworkPolicy"):
        rules = [*policy["spec"].get("ingress", []), *policy["spec"].get("egress", [])]
        for rule in rules:
            for peer in [*rule.get("from", []), *rule.get("to", [])]:
                if "namespaceSelector" in peer:
                    (name,) = peer["namespaceSelector"]["matchLabels"].values()
                    yield policy["metadata"]["name"], name, tuple(each["port"] for each in rule["ports"])
