"""A Job made of a workload is what Kubernetes takes, and disturbs nobody."""

from collections.abc import Mapping

import kubernetes_validate  # type: ignore[import-untyped]
import pytest

from tests.deployment.checks import KUBERNETES_VERSION
from tests.deployment.cluster import Cluster, matches
from tools.one_off import job


@pytest.mark.parametrize(
    ("overlay", "kind", "name"),
    [("production", "Deployment", "accounts-work"), ("dev", "StatefulSet", "accounts-serve")],
)
def test_a_new_epoch_is_begun_with_the_settings_and_volumes_of_the_service(
    clusters: Mapping[str, Cluster], overlay: str, kind: str, name: str
) -> None:
    cluster = clusters[overlay]
    workload = cluster.find(kind, name)
    assert workload is not None

    made = job(workload, "begin-epoch")

    kubernetes_validate.validate(made, KUBERNETES_VERSION, strict=True)
    pod = made["spec"]["template"]
    [container] = pod["spec"]["containers"]
    [original] = workload["spec"]["template"]["spec"]["containers"]
    assert (container["command"], container["args"]) == (original["command"], ["begin-epoch"])
    assert container["envFrom"] == original["envFrom"]
    assert container["securityContext"] == original["securityContext"]
    assert pod["spec"]["securityContext"] == workload["spec"]["template"]["spec"]["securityContext"]
    mounted = {mount["name"] for mount in container["volumeMounts"]}
    assert mounted == {volume["name"] for volume in pod["spec"]["volumes"]}
    selectors = [service["spec"]["selector"] for service in cluster.of_kind("Service")]
    assert not [
        each for each in selectors if matches({"matchLabels": each}, pod["metadata"]["labels"])
    ]


def test_the_store_of_a_stateful_set_is_that_of_its_pod(clusters: Mapping[str, Cluster]) -> None:
    workload = clusters["dev"].find("StatefulSet", "accounts-serve")
    assert workload is not None

    volumes = job(workload, "begin-epoch")["spec"]["template"]["spec"]["volumes"]

    claim = {"claimName": "store-accounts-serve-0"}
    assert {"name": "store", "persistentVolumeClaim": claim} in volumes


def test_it_reaches_the_database(clusters: Mapping[str, Cluster]) -> None:
    production = clusters["production"]
    workload = production.find("Deployment", "accounts-work")
    policy = production.find("NetworkPolicy", "to-stores")
    assert workload is not None
    assert policy is not None

    labels = job(workload, "begin-epoch")["spec"]["template"]["metadata"]["labels"]

    assert matches(policy["spec"]["podSelector"], labels)
