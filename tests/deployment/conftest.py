"""The overlays as rendered, with the secrets made for them."""

from collections.abc import Mapping

import pytest

from tests.deployment.cluster import KUBERNETES, OVERLAYS, Cluster
from tests.deployment.kustomize import render
from tools.cluster_secrets import make

POSTGRES = "postgresql+psycopg://cards_{service}:{password}@db.example.com/cards_{service}"


@pytest.fixture(scope="session")
def clusters(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Cluster]:
    """Every overlay, with the secrets that the documentation has its user make."""
    folder = tmp_path_factory.mktemp("secrets")
    made = {
        "dev": make(folder / "dev"),
        "production": make(
            folder / "production", store_url=POSTGRES, store_ca="pem", with_certificates=True
        ),
    }
    found = {}
    for overlay in OVERLAYS:
        secrets = made[overlay]
        content = {
            name: {key: (secrets.folder / name / key).read_text() for key in keys}
            for name, keys in secrets.objects().items()
        }
        found[overlay] = Cluster(render(KUBERNETES / "overlays" / overlay), content)
    return found
