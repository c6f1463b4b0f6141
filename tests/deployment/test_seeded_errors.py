"""Errors that somebody could make in a manifest: each is found, and by the check that is for it."""

import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

import pytest

from tests.deployment.checks_of_code import CHECKS
from tests.deployment.cluster import NAME, Cluster
from tests.deployment.kustomize import Manifest

Spoil = Callable[["Draft"], None]


class Draft:
    """Manifests to be spoilt."""

    def __init__(self, manifests: list[Manifest]) -> None:
        self.manifests = manifests

    def one(self, where: str) -> Manifest:
        """`Kind/name`; a hash at the end of a name does not matter."""
        kind, _, name = where.partition("/")
        pattern = re.compile(rf"{name}(-[0-9a-z]{{10}})?")
        [found] = [
            each
            for each in self.manifests
            if each["kind"] == kind and pattern.fullmatch(each["metadata"]["name"])
        ]
        return found

    def add(self, version: str, kind: str, name: str, rest: Manifest) -> None:
        metadata = {"name": name, "namespace": "cards"}
        self.manifests.append({"apiVersion": version, "kind": kind, "metadata": metadata} | rest)


def _set(where: str, path: str, value: Any) -> Spoil:
    """What `path` (with dots) names inside a manifest becomes `value`, or goes if that is None."""

    def spoil(draft: Draft) -> None:
        holder: Any = draft.one(where)
        *steps, last = path.split(".")
        for step in steps:
            holder = holder[int(step) if isinstance(holder, list) else step]
        if value is None:
            del holder[last]
        else:
            assert holder.get(last) != value
            holder[last] = value

    return spoil


def _label(where: str, label: str, value: str) -> Spoil:
    """A label of a workload's pods is another."""

    def spoil(draft: Draft) -> None:
        draft.one(where)["spec"]["template"]["metadata"]["labels"][label] = value

    return spoil


def _setting(name: str, setting: str, value: str | None) -> Spoil:
    """A setting in a ConfigMap is another, or gone."""
    return _set(f"ConfigMap/{name}", f"data.{setting}", value)


def _drop(where: str) -> Spoil:
    return lambda draft: draft.manifests.remove(draft.one(where))


def _inline_secret(draft: Draft) -> None:
    draft.add("v1", "Secret", "auth-secrets", {"stringData": {"ROOT_KEY": "00"}})


def _let_loyalty_call_risk(draft: Draft) -> None:
    for direction, own, other in (("Egress", "loyalty", "risk"), ("Ingress", "risk", "loyalty")):
        way, peers = ("egress", "to") if direction == "Egress" else ("ingress", "from")
        peer = {"podSelector": {"matchLabels": {NAME: other}}}
        spec = {
            "podSelector": {"matchLabels": {NAME: own}},
            "policyTypes": [direction],
            way: [{peers: [peer], "ports": [{"protocol": "TCP", "port": 7000}]}],
        }
        draft.add("networking.k8s.io/v1", "NetworkPolicy", f"extra-{way}", {"spec": spec})


SERVE, WORK, NATS = "Deployment/accounts-serve", "Deployment/loyalty-work", "StatefulSet/nats"
SCALER = "HorizontalPodAutoscaler/accounts-serve"
BUDGET = "PodDisruptionBudget/accounts-serve"
POD = "spec.template.spec"
FIRST, MAIN = f"{POD}.initContainers.0", f"{POD}.containers.0"

ERRORS: dict[str, dict[str, Spoil]] = {
    "schemas": {
        "a field is misspelt": _set(SERVE, f"{MAIN}.imagePullPolice", "Always"),
        "a number is a text": _set(SERVE, "spec.revisionHistoryLimit", "5"),
    },
    "names": {
        "it is in another namespace": _set("Service/auth", "metadata.namespace", "other"),
        "two are called the same": lambda draft: draft.manifests.append(draft.one(SERVE)),
    },
    "selectors": {
        "pods are labelled otherwise": _label(SERVE, NAME, "account"),
        "a Service selects nobody": _set("Service/auth", "spec.selector", {NAME: "author"}),
        "a workload selects another's pods": _set(
            WORK, "spec.selector", {"matchLabels": {NAME: "loyalty"}}
        ),
        "a policy is for nobody": _set(
            "NetworkPolicy/to-mail", "spec.podSelector", {"matchLabels": {NAME: "mail"}}
        ),
    },
    "budgets": {
        "no pod may ever be moved": _set(BUDGET, "spec.maxUnavailable", 0),
        "nothing keeps some pods": _drop(BUDGET),
    },
    "ports": {
        "a Service leads to a port nobody has": _set(
            "Service/risk", "spec.ports", [{"name": "grpc", "port": 7000, "targetPort": "http"}]
        ),
        "a Service without address maps a port": _set(
            "Service/risk", "spec.ports", [{"name": "grpc", "port": 80, "targetPort": "grpc"}]
        ),
        "a probe asks another port": _set(NATS, f"{MAIN}.readinessProbe.httpGet.port", "monitors"),
        "a policy opens another port": _set(
            "NetworkPolicy/auth", "spec.ingress", [{"ports": [{"protocol": "TCP", "port": 7070}]}]
        ),
        "nobody asks whether it is ready": _set(SERVE, f"{MAIN}.readinessProbe", None),
    },
    "existence": {
        "a ConfigMap is not there": _drop("ConfigMap/risk-settings"),
        "a Secret is misspelt": _set(SERVE, f"{FIRST}.envFrom.2.secretRef.name", "account-secrets"),
        "a service account is not there": _drop("ServiceAccount/notify"),
        "a scaler scales something else": _set(SCALER, "spec.scaleTargetRef.name", "accounts"),
        "a secret stands in the manifests": _inline_secret,
    },
    "volumes": {
        "a mount has no volume": _set(SERVE, f"{MAIN}.volumeMounts.2.name", "stat"),
        "two mounts are in one place": _set(WORK, f"{MAIN}.volumeMounts.2.mountPath", "/tmp"),
    },
    "quantities": {
        "memory is misspelt": _set(WORK, f"{MAIN}.resources.requests.memory", "256MB"),
        "more is asked for than allowed": _set(WORK, f"{MAIN}.resources.requests.memory", "2Gi"),
        "memory has no limit": _set(WORK, f"{FIRST}.resources.limits", {}),
    },
    "images": {
        "an image is the latest": _set(NATS, f"{MAIN}.image", "nats:latest"),
        "an image has no version": _set(SERVE, f"{MAIN}.image", "cards"),
        "one service is of another version": _set(
            SERVE, f"{MAIN}.image", "registry.example.com/cards/cards:0.0.9"
        ),
    },
    "privileges": {
        "it may be root": _set(SERVE, f"{POD}.securityContext.runAsNonRoot", False),
        "what runs first may write anywhere": _set(
            SERVE, f"{FIRST}.securityContext.readOnlyRootFilesystem", False
        ),
        "it keeps a capability": _set(
            NATS, f"{MAIN}.securityContext.capabilities", {"drop": ["NET_RAW"]}
        ),
        "there is no seccomp profile": _set(NATS, f"{POD}.securityContext.seccompProfile", None),
        "variables about services appear": _set(WORK, f"{POD}.enableServiceLinks", True),
        "it is given a token": _set(WORK, f"{POD}.automountServiceAccountToken", None),
    },
    "scaling": {
        "the least is more than the most": _set(SCALER, "spec.minReplicas", 9),
        "two say how many pods": _set(SERVE, "spec.replicas", 3),
    },
    "stopping": {
        "it is killed while it drains": _set(SERVE, f"{POD}.terminationGracePeriodSeconds", 20),
        "it leaves before that is known": _set(SERVE, f"{MAIN}.lifecycle", None),
    },
    "variables": {
        "a setting is misspelt": _setting("cards-settings", "DRAIN_SECONDS", "10"),
        "a setting is another service's": _setting("risk-settings", "SMTP_HOST", "mail"),
        "a value does not fit": _setting("cards-settings", "DRAIN_GRACE_SECONDS", "ten"),
        "settings go by another's name": _set(SERVE, f"{MAIN}.envFrom.1.prefix", "CARDS_AUTH_"),
        "it runs another service": _set(
            SERVE, f"{MAIN}.command", ["python", "-m", "services.risk"]
        ),
    },
    "secrecy": {
        "a password stands in a ConfigMap": _setting("notify-settings", "SMTP_PASSWORD", "secret"),
        "a password stands in the manifest": _set(
            WORK, f"{MAIN}.env", [{"name": "CARDS_LOYALTY_NATS_PASSWORD", "value": "secret"}]
        ),
    },
    "paths": {
        "a file is not in its volume": _setting(
            "cards-settings", "SIGNING_KEY_PATH", "/run/cards/signing/key.json"
        ),
        "what is written is on the image": _setting(
            "cards-settings", "POLICY_CACHE_PATH", "/app/policies.json"
        ),
    },
    "addresses": {
        "a peer is missing": _setting("accounts-settings", "PEERS__RISK", None),
        "a peer is somewhere else": _setting("risk-settings", "PEERS__AUTH", "dns:///auth:7001"),
        "NATS is somewhere else": _setting("cards-settings", "NATS_URL", "nats://nats:4223"),
        "it listens somewhere else": _setting("cards-settings", "LISTEN", "[::]:8000"),
    },
    "probes": {
        "the door, with TLS, is asked": _set(SERVE, f"{MAIN}.readinessProbe.grpc.port", 7000),
        "health is told nowhere": _setting("cards-settings", "HEALTH_LISTEN", None),
        "whose store is away is killed": _set(WORK, f"{MAIN}.livenessProbe.grpc.service", None),
    },
    "network": {
        "nothing is closed": _drop("NetworkPolicy/nobody"),
        "one may call who should not": _let_loyalty_call_risk,
        "one may not call who has to": _drop("NetworkPolicy/to-risk"),
        "who serves reaches NATS": _label("Deployment/auth-serve", "cards/bus", "true"),
        "servers of NATS are apart": _drop("NetworkPolicy/nats-servers"),
    },
    "outside": {
        "names cannot be looked up": _drop("NetworkPolicy/to-names"),
        "the databases are out of reach": _drop("NetworkPolicy/to-stores"),
    },
    "card_networks": {
        "gateways cannot reach it": _drop("NetworkPolicy/from-networks"),
        "nothing leads to it": _drop("Service/accounts-networks"),
        "it is shut": _setting("accounts-settings", "ISO8583_PORT", "0"),
        "it is somewhere else": _setting("accounts-settings", "ISO8583_PORT", "8584"),
    },
}


@pytest.mark.parametrize(
    ("check", "error"), [(check, error) for check, errors in ERRORS.items() for error in errors]
)
def test_an_error_is_found(clusters: Mapping[str, Cluster], check: str, error: str) -> None:
    sound = clusters["production"]
    draft = Draft(deepcopy(sound.manifests))

    ERRORS[check][error](draft)

    assert list(CHECKS[check](Cluster(draft.manifests, sound.made))) != []


def test_every_check_has_an_error_that_it_finds() -> None:
    assert set(ERRORS) == set(CHECKS)
