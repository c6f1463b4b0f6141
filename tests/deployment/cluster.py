"""A rendered overlay, as the checks look at it: workloads, what they refer to, who reaches whom."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.deployment.kustomize import Manifest, containers, pod_spec, references

ROOT = Path(__file__).resolve().parents[2]
KUBERNETES = ROOT / "deploy" / "k8s"
OVERLAYS = ("dev", "production")
SERVICES = ("accounts", "auth", "loyalty", "notify", "risk", "support")
NAME, COMPONENT = "app.kubernetes.io/name", "app.kubernetes.io/component"


@dataclass(frozen=True)
class Workload:
    """A Deployment or StatefulSet."""

    manifest: Manifest

    @property
    def title(self) -> str:
        return f"{self.manifest['kind']}/{self.manifest['metadata']['name']}"

    @property
    def pod(self) -> Manifest:
        spec = pod_spec(self.manifest)
        assert spec is not None
        return spec

    @property
    def labels(self) -> dict[str, str]:
        """What its pods are labelled with."""
        found: dict[str, str] = self.manifest["spec"]["template"]["metadata"].get("labels", {})
        return found

    @property
    def selector(self) -> Manifest:
        found: Manifest = self.manifest["spec"]["selector"]
        return found

    @property
    def service(self) -> str | None:
        """Which of the six it runs."""
        name = self.labels.get(NAME, "")
        return name if name in SERVICES else None

    def containers(self) -> list[Manifest]:
        return containers(self.pod)

    def listens_on(self) -> set[int | str]:
        """Its ports, by number and by name."""
        ports = [port for each in self.pod["containers"] for port in each.get("ports", [])]
        return {p["containerPort"] for p in ports} | {p["name"] for p in ports if "name" in p}


@dataclass(frozen=True)
class Cluster:
    """All manifests of an overlay, with the secrets that its user has made (name → key → value)."""

    manifests: list[Manifest]
    made: Mapping[str, Mapping[str, str]]

    def of_kind(self, *kinds: str) -> list[Manifest]:
        return [each for each in self.manifests if each["kind"] in kinds]

    @cached_property
    def workloads(self) -> list[Workload]:
        return [Workload(each) for each in self.of_kind("Deployment", "StatefulSet")]

    def find(self, kind: str, name: str) -> Manifest | None:
        for each in self.of_kind(kind):
            if each["metadata"]["name"] == name:
                return each
        return None

    def selected(self, selector: Manifest) -> list[Workload]:
        """The workloads whose pods a selector (of labels) matches."""
        return [each for each in self.workloads if matches(selector, each.labels)]

    def references(self) -> Iterator[tuple[Manifest, str, str]]:
        """(who, kind, name) of everything that is referred to by name."""
        for manifest in self.manifests:
            for holder, key, kind in references(manifest):
                yield manifest, kind, holder[key]

    def content(self, kind: str, name: str) -> Mapping[str, str] | None:
        """The keys of a ConfigMap or Secret, whether it is rendered or made by the user."""
        manifest = self.find(kind, name)
        if manifest is not None:
            data: dict[str, str] = manifest.get("data", {})
            return data
        return self.made.get(name)

    def environment(self, workload: Workload, container: Manifest) -> dict[str, str]:
        """The variables that a container finds, the later source before the earlier."""
        found: dict[str, str] = {}
        for source in container.get("envFrom", []):
            kind = "ConfigMap" if "configMapRef" in source else "Secret"
            name = (source.get("configMapRef") or source["secretRef"])["name"]
            for key, value in (self.content(kind, name) or {}).items():
                found[source.get("prefix", "") + key] = value
        for variable in container.get("env", []):
            found[variable["name"]] = variable.get("value", workload.title)
        return found


def matches(selector: Manifest, labels: Mapping[str, str]) -> bool:
    """Whether a label selector (matchLabels, matchExpressions) picks something labelled so."""
    for name, value in selector.get("matchLabels", {}).items():
        if labels.get(name) != value:
            return False
    for expression in selector.get("matchExpressions", []):
        there, values = labels.get(expression["key"]), expression.get("values", [])
        holds = {
            "In": there in values,
            "NotIn": there not in values,
            "Exists": there is not None,
            "DoesNotExist": there is None,
        }
        if not holds[expression["operator"]]:
            return False
    return True


# -- who reaches whom ------------------------------------------------------------------------------


def reaches(cluster: Cluster, caller: Workload, callee: Workload, port: int) -> bool:
    """Whether the network policies let `caller` open a connection to a port of `callee`."""
    return _lets(cluster, caller, callee, port, "Egress") and _lets(
        cluster, callee, caller, port, "Ingress"
    )


def _lets(cluster: Cluster, own: Workload, other: Workload, port: int, direction: str) -> bool:
    way, peers = ("egress", "to") if direction == "Egress" else ("ingress", "from")
    policies = [
        policy["spec"]
        for policy in cluster.of_kind("NetworkPolicy")
        if direction in policy["spec"]["policyTypes"]
        and matches(policy["spec"]["podSelector"], own.labels)
    ]
    if not policies:
        return True
    rules = [rule for policy in policies for rule in policy.get(way, [])]
    return any(
        _names_port(rule, port, callee=other if direction == "Egress" else own)
        and (peers not in rule or any(_names_peer(peer, other) for peer in rule[peers]))
        for rule in rules
    )


def _names_port(rule: Manifest, port: int, callee: Workload) -> bool:
    if "ports" not in rule:
        return True
    names: dict[Any, int] = {
        each["name"]: each["containerPort"]
        for container in callee.pod["containers"]
        for each in container.get("ports", [])
    }
    return any(
        names.get(each.get("port"), each.get("port")) in (None, port)
        for each in rule["ports"]
        if each.get("protocol", "TCP") == "TCP"
    )


def _names_peer(peer: Manifest, other: Workload) -> bool:
    # All our pods are in one namespace; a peer that names another one, or addresses, is none.
    if "namespaceSelector" in peer or "ipBlock" in peer:
        return False
    return matches(peer["podSelector"], other.labels)
