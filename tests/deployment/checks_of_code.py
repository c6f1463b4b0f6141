"""Whether an overlay fits the code: settings, paths, addresses, the network between services."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from unittest.mock import patch

from pydantic import SecretStr

from chassis.config import BadSettings, Settings
from chassis.health import LIVE
from tests.deployment import checks
from tests.deployment.checks import Check
from tests.deployment.cluster import COMPONENT, NAME, Cluster, Workload, reaches
from tests.deployment.code import calls, settings
from tests.deployment.kustomize import Manifest

DOOR_PORT = 7000
ANYBODY = {"ipBlock": {"cidr": "0.0.0.0/0"}}
OUTSIDE = {"namespaceSelector", "ipBlock"}
NETWORK_GATEWAYS = {"namespaceSelector": {"matchLabels": {"cards/network-gateway": "true"}}}


def loaded(cluster: Cluster, workload: Workload, container: Manifest) -> Settings:
    """The settings that a container of a service comes to. Raises BadSettings."""
    assert workload.service is not None
    environment = cluster.environment(workload, container)
    # The very code that runs there, on the environment it would find.
    with patch.dict(os.environ, environment, clear=True):
        return settings(workload.service).load(workload.service)


def accepted(cluster: Cluster, workload: Workload, container: Manifest) -> Settings | None:
    """The same, or None where they are not accepted, which is for `variables` to tell."""
    try:
        return loaded(cluster, workload, container)
    except BadSettings:
        # One finding is enough for one error.
        return None


def _of_services(cluster: Cluster) -> Iterator[tuple[Workload, str, Manifest]]:
    for workload in cluster.workloads:
        if workload.service is not None:
            for container in workload.containers():
                yield workload, workload.service, container


def variables(cluster: Cluster) -> Iterator[str]:
    """Every variable is a setting of that service, and all of them together are accepted."""
    for workload, service, container in _of_services(cluster):
        where = f"{workload.title}: {container['name']}"
        if container["command"] != ["python", "-m", f"services.{service}"]:
            yield f"{where} runs {' '.join(container['command'])}"
        for name in cluster.environment(workload, container):
            if not name.startswith(f"CARDS_{service.upper()}_"):
                yield f"{where}: nobody reads {name}"
        try:
            loaded(cluster, workload, container)
        except BadSettings as error:
            yield f"{where}: {error}"


def secrecy(cluster: Cluster) -> Iterator[str]:
    """Settings that are secret come from Secrets, never from what is in version control."""
    for workload, service, container in _of_services(cluster):
        secret = {
            name.upper()
            for name, field in settings(service).model_fields.items()
            if field.annotation in (SecretStr, SecretStr | None)
        }
        for source in container.get("envFrom", []):
            if "configMapRef" in source:
                content = cluster.content("ConfigMap", source["configMapRef"]["name"]) or {}
                for name in sorted(secret & set(content)):
                    yield f"{workload.title}: {name} stands in a ConfigMap"
        for variable in container.get("env", []):
            if any(variable["name"].endswith(f"_{name}") for name in secret):
                yield f"{workload.title}: {variable['name']} stands in the manifest"


def paths(cluster: Cluster) -> Iterator[str]:
    """Every file that a setting names is on a volume that the container mounts, and is there."""
    for workload, _, container in _of_services(cluster):
        asked = accepted(cluster, workload, container)
        if asked is None:
            continue
        values = asked.model_dump(exclude_unset=True)
        named = {name: value for name, value in values.items() if isinstance(value, Path)}
        url = values["store_url"].get_secret_value()
        if url.startswith("sqlite:///"):
            named["store_url"] = Path(url.removeprefix("sqlite:///"))
        for name, path in named.items():
            if not _is_there(cluster, workload, container, path):
                yield f"{workload.title}: {container['name']}: {name} is not at {path}"


def _is_there(cluster: Cluster, workload: Workload, container: Manifest, path: Path) -> bool:
    mounts = {mount["mountPath"]: mount for mount in container.get("volumeMounts", [])}
    if str(path.parent) not in mounts:
        return False
    mount = mounts[str(path.parent)]
    volumes = {volume["name"]: volume for volume in workload.pod.get("volumes", [])}
    volume = volumes.get(mount["name"], {})
    if "secret" in volume:
        return path.name in (cluster.content("Secret", volume["secret"]["secretName"]) or {})
    if "configMap" in volume:
        return path.name in (cluster.content("ConfigMap", volume["configMap"]["name"]) or {})
    # A volume of the pod's own: what is named is written there.
    return not mount.get("readOnly", False)


def addresses(cluster: Cluster) -> Iterator[str]:
    """Peers are exactly those whom a service calls, at the name and port of a Service."""
    known = {
        f"{service['metadata']['name']}:{port['port']}"
        for service in cluster.of_kind("Service")
        for port in service["spec"]["ports"]
    }
    for workload, service, container in _of_services(cluster):
        asked = accepted(cluster, workload, container)
        if asked is None:
            continue
        if set(asked.peers) != calls()[service]:
            difference = set(asked.peers) ^ calls()[service]
            yield f"{workload.title}: code and peers differ in {', '.join(sorted(difference))}"
        named = {peer: address.removeprefix("dns:///") for peer, address in asked.peers.items()}
        named["nats"] = asked.nats_url.rpartition("/")[2]
        for peer, address in named.items():
            if address not in known or address.partition(":")[0] != peer:
                yield f"{workload.title}: {peer} is not at {address}"
        if asked.listen.rpartition(":")[2] != str(DOOR_PORT):
            yield f"{workload.title} listens on {asked.listen}"


def probes(cluster: Cluster) -> Iterator[str]:
    """Probes ask where health is told in the clear, and a store that is away kills nobody."""
    for workload, _, container in _of_services(cluster):
        asked = accepted(cluster, workload, container)
        if asked is None or container in workload.pod.get("initContainers", []):
            continue
        for kind, service in (("startup", ""), ("readiness", ""), ("liveness", LIVE)):
            probe = container.get(f"{kind}Probe", {}).get("grpc", {})
            if (asked.health_listen or "").rpartition(":")[2] != str(probe.get("port")):
                yield f"{workload.title}: its {kind}Probe asks where no health is told"
            if probe.get("service", "") != service:
                yield f"{workload.title}: its {kind}Probe asks for {probe.get('service')}"


def network(cluster: Cluster) -> Iterator[str]:
    """The policies let through what the code calls, and nothing else."""
    closed = [
        policy
        for policy in cluster.of_kind("NetworkPolicy")
        if policy["spec"]["podSelector"] == {}
        and set(policy["spec"]["policyTypes"]) == {"Ingress", "Egress"}
        and not {"ingress", "egress"} & set(policy["spec"])
    ]
    if not closed:
        yield "what no policy mentions is let through"
    doors = {w.service: w for w in cluster.workloads if w.labels.get(COMPONENT) == "serve"}
    [nats] = [w for w in cluster.workloads if w.labels.get(NAME) == "nats"]
    for workload in cluster.workloads:
        if workload.service is None:
            continue
        for callee, door in doors.items():
            if door is workload or callee is None:
                continue
            may = reaches(cluster, workload, door, DOOR_PORT)
            if may != (callee in calls()[workload.service]):
                yield f"{workload.title} {'may' if may else 'cannot'} call {callee}"
        works = {"work", "--with-work"} & set(workload.pod["containers"][0]["args"])
        if reaches(cluster, workload, nats, 4222) != bool(works):
            yield f"{workload.title} {'cannot reach' if works else 'reaches'} NATS"
    alone = nats.manifest["spec"]["replicas"] == 1
    if reaches(cluster, nats, nats, 6222) == alone:
        yield "the servers of NATS do not reach one another as they should"


def card_networks(cluster: Cluster) -> Iterator[str]:
    """Where a door for card networks is open, a Service leads to it and marked namespaces reach
    it; where it is shut, nobody is let through to where it would be."""
    for workload, service, container in _of_services(cluster):
        asked = accepted(cluster, workload, container)
        serves = workload.labels.get(COMPONENT) == "serve" and "serve" in container.get("args", [])
        if service != "accounts" or asked is None or not serves:
            continue
        port = asked.model_dump()["iso8583_port"]
        declared = {each["containerPort"]: each["name"] for each in container["ports"]}
        led_to = {
            each["targetPort"]
            for door in cluster.of_kind("Service")
            if workload in cluster.selected({"matchLabels": door["spec"].get("selector")})
            for each in door["spec"]["ports"]
        }
        let = {
            each["port"]
            for policy in cluster.of_kind("NetworkPolicy")
            if workload in cluster.selected(policy["spec"]["podSelector"])
            for rule in policy["spec"].get("ingress", [])
            if any(peer == NETWORK_GATEWAYS for peer in rule["from"])
            for each in rule["ports"]
        }
        if let != ({port} if port else set()):
            yield f"{workload.title}: gateways reach {let}, and it listens on {port}"
        if port and declared.get(port) not in led_to:
            yield f"{workload.title}: no Service leads to {port}"


def outside(cluster: Cluster) -> Iterator[str]:
    """What is outside is allowed where a setting names it: names, databases, the collector."""
    for workload, _, container in _of_services(cluster):
        asked = accepted(cluster, workload, container)
        if asked is None:
            continue
        needed: Mapping[str, bool] = {
            "53": True,
            "5432": asked.store_url.get_secret_value().startswith("postgresql"),
            "4317": asked.otlp_endpoint is not None,
        }
        allowed = _ports_to_outside(cluster, workload)
        for port, is_needed in needed.items():
            if is_needed != (int(port) in allowed):
                yield f"{workload.title} {'needs' if is_needed else 'may use'} port {port} outside"


def _ports_to_outside(cluster: Cluster, workload: Workload) -> set[int]:
    return {
        port["port"]
        for policy in cluster.of_kind("NetworkPolicy")
        if workload in cluster.selected(policy["spec"]["podSelector"])
        for rule in policy["spec"].get("egress", [])
        if any(OUTSIDE & set(peer) for peer in rule.get("to", [ANYBODY]))
        for port in rule.get("ports", [])
    }


CHECKS: dict[str, Check] = {
    check.__name__: check
    for check in (
        checks.schemas, checks.names, checks.selectors, checks.budgets, checks.ports,
        checks.existence, checks.volumes, checks.quantities, checks.images, checks.privileges,
        checks.scaling, checks.stopping, variables, secrecy,
        paths, addresses, probes, network,
        outside, card_networks,
    )
}  # fmt: skip
