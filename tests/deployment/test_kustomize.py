"""Our renderer does what kustomize does: `expected.yaml` is what kustomize 5.5.0 made of `overlay`.

To compare an overlay: `kubectl kustomize deploy/k8s/overlays/dev`.
"""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deployment.kustomize import Unsupported, render
from tests.deployment.patching import MERGE_KEYS, PatchFailed, json_patch

EXAMPLE = Path(__file__).parent / "example"


def test_the_example_comes_out_as_from_kustomize() -> None:
    real = list(yaml.safe_load_all((EXAMPLE / "expected.yaml").read_text()))

    rendered = render(EXAMPLE / "overlay")

    assert {_place(each): _ordered(each) for each in rendered} == {
        _place(each): _ordered(each) for each in real
    }


@pytest.mark.parametrize("said", ["namePrefixes: x", "replicas: []", "patches: [{patch: '{}'}]"])
def test_what_is_not_known_is_refused(tmp_path: Path, said: str) -> None:
    (tmp_path / "kustomization.yaml").write_text(said)

    with pytest.raises(Unsupported):
        render(tmp_path)


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "replace", "path": "/b", "value": 1},
        {"op": "remove", "path": "/list/7"},
        {"op": "add", "path": "/b/c", "value": 1},
        {"op": "copy", "from": "/b", "path": "/c"},
        {"op": "test", "path": "/a", "value": 1},
    ],
)
def test_a_patch_that_does_not_fit_fails(operation: dict[str, Any]) -> None:
    with pytest.raises(PatchFailed):
        json_patch({"a": 1, "list": [1]}, [operation])


def _place(manifest: dict[str, Any]) -> tuple[str, str]:
    return manifest["kind"], manifest["metadata"]["name"]


def _ordered(value: Any, name: str = "") -> Any:
    """Lists that are merged by key have no order that matters, except what runs first."""
    if isinstance(value, dict):
        return {key: _ordered(each, key) for key, each in value.items()}
    if isinstance(value, list):
        found = [_ordered(each) for each in value]
        free = name in MERGE_KEYS and name != "initContainers"
        return sorted(found, key=lambda each: json.dumps(each, sort_keys=True)) if free else found
    return value
