"""What has to hold of a rendered overlay beyond the schemas; each check returns what is wrong."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]

from chassis.node import STOP_SECONDS
from tests.deployment.cluster import Cluster, Workload, matches
from tests.deployment.code import sources
from tests.deployment.kustomize import Manifest

KUBERNETES_VERSION = "1.34"
"""The oldest that is promised to work; `sleep` before a stop needs 1.30."""

Check = Callable[[Cluster], Iterator[str]]

_QUANTITY = re.compile(r"(\d+(?:\.\d+)?)(m|k|Ki|M|Mi|G|Gi|T|Ti)?")
_FACTORS = {
    None: 1.0, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12,
    "Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40,
}  # fmt: skip
_PINNED = re.compile(r"[a-z0-9./-]+:(?!latest$)[A-Za-z0-9][A-Za-z0-9_.-]*\d[A-Za-z0-9_.-]*")


def title(manifest: Manifest) -> str:
    """How a manifest is called in a message."""
    return f"{manifest['kind']}/{manifest['metadata']['name']}"


def quantity(text: Any) -> float:
    """`250m`, `1Gi` … as a number. Raises ValueError."""
    matched = _QUANTITY.fullmatch(str(text))
    if matched is None:
        raise ValueError(f"{text} is no quantity")
    return float(matched.group(1)) * _FACTORS[matched.group(2)]


def schemas(cluster: Cluster) -> Iterator[str]:
    """Every manifest is what Kubernetes takes, with no field that it does not know."""
    for manifest in cluster.manifests:
        try:
            kubernetes_validate.validate(manifest, KUBERNETES_VERSION, strict=True)
        except kubernetes_validate.ValidationError as error:
            yield f"{title(manifest)}: {'/'.join(map(str, error.path))}: {error.message}"


def names(cluster: Cluster) -> Iterator[str]:
    """No two manifests are of one kind and name, and all but the namespace are in it."""
    counted = Counter(title(each) for each in cluster.manifests)
    yield from (f"{name} is there {count} times" for name, count in counted.items() if count > 1)
    spaces = [each["metadata"]["name"] for each in cluster.of_kind("Namespace")]
    for each in cluster.manifests:
        if each["kind"] != "Namespace" and each["metadata"].get("namespace") not in spaces:
            yield f"{title(each)} is in no namespace of ours"


def selectors(cluster: Cluster) -> Iterator[str]:
    """A workload selects its own pods and no other's; what selects pods finds some."""
    for workload in cluster.workloads:
        if cluster.selected(workload.selector) != [workload]:
            yield f"{workload.title} selects other pods than its own"
        for spread in workload.pod.get("topologySpreadConstraints", []):
            if not matches(spread["labelSelector"], workload.labels):
                yield f"{workload.title} spreads pods that are not its own"
    for service in cluster.of_kind("Service"):
        if not cluster.selected({"matchLabels": service["spec"]["selector"]}):
            yield f"{title(service)} selects no pod"
    for policy in cluster.of_kind("NetworkPolicy"):
        if not cluster.selected(policy["spec"]["podSelector"]):
            yield f"{title(policy)} selects no pod"


def budgets(cluster: Cluster) -> Iterator[str]:
    """Whatever has two pods or more keeps some while machines are emptied, and can be moved."""
    replicated = {w.title: w for w in cluster.workloads if w.manifest["spec"].get("replicas") != 1}
    for budget in cluster.of_kind("PodDisruptionBudget"):
        selected = cluster.selected(budget["spec"]["selector"])
        if len(selected) != 1:
            yield f"{title(budget)} selects {len(selected)} workloads"
        for workload in selected:
            replicated.pop(workload.title, None)
            count = workload.manifest["spec"].get("replicas", 2)
            least = budget["spec"].get("minAvailable", 0)
            if budget["spec"].get("maxUnavailable", count - least) < 1:
                yield f"{title(budget)} lets no pod be moved"
    yield from (f"{name} has no PodDisruptionBudget" for name in replicated)


def ports(cluster: Cluster) -> Iterator[str]:
    """Services, probes and policies name ports that somebody listens on."""
    for service in cluster.of_kind("Service"):
        for workload in cluster.selected({"matchLabels": service["spec"]["selector"]}):
            for port in service["spec"]["ports"]:
                target = port.get("targetPort", port["port"])
                if target not in workload.listens_on():
                    yield f"{title(service)}: {workload.title} does not listen on {target}"
                elif service["spec"].get("clusterIP") == "None" and not _same_port(workload, port):
                    yield f"{title(service)} has no address, so port {port['port']} is not mapped"
    for workload in cluster.workloads:
        yield from _probed_ports(workload)
    for policy in cluster.of_kind("NetworkPolicy"):
        for rule in policy["spec"].get("ingress", []):
            for workload in cluster.selected(policy["spec"]["podSelector"]):
                for port in rule.get("ports", []):
                    if port["port"] not in workload.listens_on():
                        yield f"{title(policy)}: {workload.title} does not listen on {port['port']}"


def _same_port(workload: Workload, port: Manifest) -> bool:
    for each in [p for c in workload.pod["containers"] for p in c.get("ports", [])]:
        if port.get("targetPort", port["port"]) in (each.get("name"), each["containerPort"]):
            return bool(each["containerPort"] == port["port"])
    return False


def _probed_ports(workload: Workload) -> Iterator[str]:
    for container in workload.pod["containers"]:
        listens = container.get("ports", [])
        known = {p["containerPort"] for p in listens} | {p.get("name") for p in listens}
        for kind in ("startupProbe", "readinessProbe", "livenessProbe"):
            probe = container.get(kind, {})
            for way in {"grpc", "httpGet", "tcpSocket"} & set(probe):
                if probe[way]["port"] not in known:
                    yield f"{workload.title}: {kind} asks port {probe[way]['port']}"
        if listens and "readinessProbe" not in container:
            yield f"{workload.title}: {container['name']} listens and is not asked whether ready"


def existence(cluster: Cluster) -> Iterator[str]:
    """Whatever is named is there: rendered, or made by the user (tools.cluster_secrets)."""
    for manifest, kind, name in cluster.references():
        if cluster.find(kind, name) is None and (
            kind not in ("ConfigMap", "Secret") or name not in cluster.made
        ):
            yield f"{title(manifest)}: there is no {kind} {name}"
    for secret in cluster.of_kind("Secret"):
        yield f"{title(secret)} is in the manifests, and so would be in version control"


def volumes(cluster: Cluster) -> Iterator[str]:
    """Mounts have volumes, volumes have mounts, and no two mounts are in one place."""
    for workload in cluster.workloads:
        claimed = workload.manifest["spec"].get("volumeClaimTemplates", [])
        there = [each["name"] for each in workload.pod.get("volumes", [])]
        there += [each["metadata"]["name"] for each in claimed]
        mounted = set()
        for container in workload.containers():
            places = [each["mountPath"] for each in container.get("volumeMounts", [])]
            if len(set(places)) != len(places):
                yield f"{workload.title}: two volumes in one place of {container['name']}"
            mounted |= {each["name"] for each in container.get("volumeMounts", [])}
        for name in sorted(mounted ^ set(there)):
            lacks = "mounted" if name in there else "there"
            yield f"{workload.title}: volume {name} is not {lacks}"
        if len(set(there)) != len(there):
            yield f"{workload.title}: a volume is there twice"


def quantities(cluster: Cluster) -> Iterator[str]:
    """Every container asks for CPU and memory, and has a limit to its memory, not under that."""
    for workload in cluster.workloads:
        for container in workload.containers():
            where = f"{workload.title}: {container['name']}"
            resources = container.get("resources", {})
            asked, limits = resources.get("requests", {}), resources.get("limits", {})
            if not {"cpu", "memory"} <= set(asked) or "memory" not in limits:
                yield f"{where} says too little of what it needs"
            try:
                for name in asked:
                    if quantity(asked[name]) > quantity(limits.get(name, asked[name])):
                        yield f"{where} asks for more {name} than it may have"
            except ValueError as error:
                yield f"{where}: {error}"
        for claim in workload.manifest["spec"].get("volumeClaimTemplates", []):
            try:
                quantity(claim["spec"]["resources"]["requests"]["storage"])
            except ValueError as error:
                yield f"{workload.title}: {error}"


def images(cluster: Cluster) -> Iterator[str]:
    """Every image has a version, and all pods of ours run the same."""
    ours = set()
    for workload in cluster.workloads:
        for container in workload.containers():
            if _PINNED.fullmatch(container["image"]) is None:
                yield f"{workload.title}: image {container['image']} has no version"
            if workload.service is not None:
                ours.add(container["image"])
    if len(ours) != 1:
        yield f"services run {len(ours)} images: {', '.join(sorted(ours))}"


def privileges(cluster: Cluster) -> Iterator[str]:
    """Pods can do what the profile `restricted` allows, and write to their volumes only."""
    for workload in cluster.workloads:
        pod = workload.pod
        context = pod.get("securityContext", {})
        if context.get("runAsNonRoot") is not True or not context.get("runAsUser"):
            yield f"{workload.title} may run as root"
        if context.get("seccompProfile") != {"type": "RuntimeDefault"}:
            yield f"{workload.title} has no seccomp profile"
        if pod.get("automountServiceAccountToken") is not False:
            yield f"{workload.title} is given a token for the cluster"
        if pod.get("enableServiceLinks") is not False:
            yield f"{workload.title} is given variables about services, which settings refuse"
        if any(pod.get(name) for name in ("hostNetwork", "hostPID", "hostIPC")) or any(
            "hostPath" in each for each in pod.get("volumes", [])
        ):
            yield f"{workload.title} shares something of its host"
        for container in workload.containers():
            wanted = {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            if container.get("securityContext") != wanted:
                yield f"{workload.title}: {container['name']} may do more than it needs"


def scaling(cluster: Cluster) -> Iterator[str]:
    """A scaler has something to scale, a range, and a request to measure against."""
    for scaler in cluster.of_kind("HorizontalPodAutoscaler"):
        spec = scaler["spec"]
        target = cluster.find(spec["scaleTargetRef"]["kind"], spec["scaleTargetRef"]["name"])
        if not 1 < spec["minReplicas"] <= spec["maxReplicas"]:
            yield f"{title(scaler)} goes from {spec['minReplicas']} to {spec['maxReplicas']}"
        if target is not None and "replicas" in target["spec"]:
            yield f"{title(target)} says how many, and so does {title(scaler)}"
    for workload in cluster.workloads:
        spec = workload.manifest["spec"]
        if "volumeClaimTemplates" in spec and workload.service and spec.get("replicas") != 1:
            yield f"{workload.title} has a store of its own and {spec.get('replicas')} pods"


def stopping(cluster: Cluster) -> Iterator[str]:
    """A pod is given the time that its settings and its code take to stop."""
    for workload in cluster.workloads:
        if workload.service is None:
            continue
        [container] = workload.pod["containers"]
        settings = cluster.environment(workload, container)
        prefix = f"CARDS_{workload.service.upper()}_"
        before = (
            container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        )
        notice = float(settings[f"{prefix}DRAIN_NOTICE_SECONDS"])
        grace = float(settings[f"{prefix}DRAIN_GRACE_SECONDS"])
        # A node stops its relay and its subscribers one after the other.
        backgrounds = 1 + len(sources()[workload.service])
        needed = before + notice + grace + backgrounds * STOP_SECONDS
        if "serve" in container["args"] and before < 1:
            yield f"{workload.title}: nobody hears that it leaves before it does"
        if workload.pod["terminationGracePeriodSeconds"] <= needed:
            yield f"{workload.title}: needs {needed} s to stop"
