"""Every overlay is rendered and checked: against Kubernetes, in itself, and against the code."""

from collections.abc import Mapping

import pytest

from tests.deployment.checks_of_code import CHECKS
from tests.deployment.cluster import KUBERNETES, OVERLAYS, Cluster


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_an_overlay_has_nothing_wrong(
    clusters: Mapping[str, Cluster], overlay: str, check: str
) -> None:
    assert list(CHECKS[check](clusters[overlay])) == []


def test_every_overlay_is_checked() -> None:
    assert {each.name for each in (KUBERNETES / "overlays").iterdir()} == set(OVERLAYS)
