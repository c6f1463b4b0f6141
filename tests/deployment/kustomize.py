"""`kustomize build` for what deploy/k8s uses: no package that we could lock carries kustomize.

Whatever it does not know it refuses; test_kustomize.py compares it with the real one.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.deployment.patching import json_patch, strategic_merge

Manifest = dict[str, Any]

FILE = "kustomization.yaml"
HASH_LETTERS = 10
_HASH_ALPHABET = str.maketrans("013ae", "ghkmt")
CLUSTER_WIDE = ("Namespace",)
TEMPLATED = ("Deployment", "StatefulSet")
_KNOWN = {
    "apiVersion", "kind", "resources", "components", "namespace", "namePrefix", "labels", "images",
    "configMapGenerator", "patches",
}  # fmt: skip


class Unsupported(Exception):
    """Something that this renderer would not do as kustomize does."""


@dataclass
class Resource:
    """A manifest on its way; a generated one gets a hash at the end of its name."""

    manifest: Manifest
    generated: bool = False

    @property
    def kind(self) -> str:
        return str(self.manifest["kind"])

    @property
    def name(self) -> str:
        return str(self.manifest["metadata"]["name"])

    def labels(self) -> dict[str, str]:
        found: dict[str, str] = self.manifest["metadata"].get("labels", {})
        return found


@dataclass
class _Build:
    """What has been gathered so far."""

    resources: list[Resource] = field(default_factory=list)


def render(folder: Path) -> list[Manifest]:
    """The manifests of an overlay, in no particular order."""
    build = _Build()
    _apply(folder.resolve(), build)
    renamed = {
        ("ConfigMap", each.name): f"{each.name}-{_content_hash(each.manifest)}"
        for each in build.resources
        if each.generated
    }
    _rename(build.resources, renamed)
    return [each.manifest for each in build.resources]


def _apply(folder: Path, build: _Build) -> None:
    """Do what a kustomization says, in the order in which kustomize does it. A component works on
    all that its user has gathered; anything else only on what it gathers itself."""
    said = yaml.safe_load((folder / FILE).read_text())
    unknown = set(said) - _KNOWN
    if unknown:
        raise Unsupported(f"{folder / FILE}: {', '.join(sorted(unknown))}")
    for entry in said.get("resources", []):
        build.resources += _resources(folder / entry)
    for entry in said.get("components", []):
        _apply((folder / entry).resolve(), build)
    for generator in said.get("configMapGenerator", []):
        _generate(folder, generator, build)
    for patch in said.get("patches", []):
        _patch(folder, patch, build)
    if "namespace" in said:
        _set_namespace(build.resources, said["namespace"])
    if "namePrefix" in said:
        prefix = said["namePrefix"]
        names = {(each.kind, each.name): prefix + each.name for each in build.resources}
        _rename(build.resources, names)
    for labels in said.get("labels", []):
        for resource in build.resources:
            _label(resource, labels)
    for image in said.get("images", []):
        _set_image(build.resources, image)


def _resources(path: Path) -> list[Resource]:
    if path.is_dir():
        inner = _Build()
        _apply(path.resolve(), inner)
        return inner.resources
    return [Resource(each) for each in yaml.safe_load_all(path.read_text()) if each]


# -- generating ------------------------------------------------------------------------------------


def _generate(folder: Path, said: Manifest, build: _Build) -> None:
    unknown = set(said) - {"name", "behavior", "literals", "files"}
    if unknown:
        raise Unsupported(f"configMapGenerator: {', '.join(sorted(unknown))}")
    data = dict(literal.split("=", 1) for literal in said.get("literals", []))
    for file in said.get("files", []):
        data[Path(file).name] = (folder / file).read_text()
    same = [r for r in build.resources if (r.kind, r.name) == ("ConfigMap", said["name"])]
    match said.get("behavior", "create"), same:
        case "create", []:
            metadata = {"name": said["name"]}
            manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}
            build.resources.append(Resource(manifest, generated=True))
        case "merge", [one]:
            one.manifest["data"] |= data
        case behavior, _:
            raise Unsupported(f"{behavior} of ConfigMap {said['name']}: {len(same)} are there")


def _content_hash(manifest: Manifest) -> str:
    content = {"data": manifest["data"], "kind": "ConfigMap", "name": ""}
    # As Go writes JSON: keys in order, no spaces, these three characters escaped.
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    digest = hashlib.sha256(text.encode()).hexdigest()[:HASH_LETTERS]
    return digest.translate(_HASH_ALPHABET)


# -- patching --------------------------------------------------------------------------------------


def _patch(folder: Path, said: Manifest, build: _Build) -> None:
    unknown = set(said) - {"path", "patch", "target"}
    if unknown or "target" not in said:
        raise Unsupported(f"patch with {', '.join(sorted(unknown)) or 'no target'}")
    text = said["patch"] if "patch" in said else (folder / said["path"]).read_text()
    patch = yaml.safe_load(text)
    for resource in [each for each in build.resources if _is_target(each, said["target"])]:
        if isinstance(patch, list):
            json_patch(resource.manifest, deepcopy(patch))
        elif patch.get("$patch") == "delete":
            build.resources.remove(resource)
        else:
            content = {k: v for k, v in patch.items() if k not in ("apiVersion", "kind")}
            content["metadata"] = {k: v for k, v in content["metadata"].items() if k != "name"}
            strategic_merge(resource.manifest, deepcopy(content))


def _is_target(resource: Resource, target: Manifest) -> bool:
    unknown = set(target) - {"kind", "name", "labelSelector"}
    if unknown:
        raise Unsupported(f"target by {', '.join(sorted(unknown))}")
    wanted = [each.split("=") for each in target.get("labelSelector", "").split(",") if each]
    return (
        re.fullmatch(target.get("kind", ".*"), resource.kind) is not None
        and re.fullmatch(target.get("name", ".*"), resource.name) is not None
        and all(resource.labels().get(name) == value for name, value in wanted)
    )


# -- names -----------------------------------------------------------------------------------------


def _rename(resources: list[Resource], names: dict[tuple[str, str], str]) -> None:
    for resource in resources:
        for holder, key, kind in references(resource.manifest):
            holder[key] = names.get((kind, holder[key]), holder[key])
    for resource in resources:
        renamed = names.get((resource.kind, resource.name), resource.name)
        resource.manifest["metadata"]["name"] = renamed


def pod_spec(manifest: Manifest) -> Manifest | None:
    """The pods that a manifest makes, if it makes any."""
    if manifest["kind"] not in TEMPLATED:
        return None
    spec: Manifest = manifest["spec"]["template"]["spec"]
    return spec


def containers(spec: Manifest) -> list[Manifest]:
    """All containers of a pod, those that run first included."""
    return [*spec.get("initContainers", []), *spec.get("containers", [])]


def references(manifest: Manifest) -> Iterator[tuple[Manifest, str, str]]:
    """Where a manifest names others: (the mapping, its key, the kind of what is named)."""
    if manifest["kind"] == "HorizontalPodAutoscaler":
        target = manifest["spec"]["scaleTargetRef"]
        yield target, "name", target["kind"]
    if manifest["kind"] == "StatefulSet":
        yield manifest["spec"], "serviceName", "Service"
    spec = pod_spec(manifest) or {}
    if "serviceAccountName" in spec:
        yield spec, "serviceAccountName", "ServiceAccount"
    for volume in spec.get("volumes", []):
        if "configMap" in volume:
            yield volume["configMap"], "name", "ConfigMap"
        if "secret" in volume:
            yield volume["secret"], "secretName", "Secret"
    for container in containers(spec):
        sources = [each.get("valueFrom", {}) for each in container.get("env", [])]
        for source in [*sources, *container.get("envFrom", [])]:
            for key, kind in _KINDS.items():
                if key in source:
                    yield source[key], "name", kind


_KINDS = {
    "configMapRef": "ConfigMap", "configMapKeyRef": "ConfigMap",
    "secretRef": "Secret", "secretKeyRef": "Secret",
}  # fmt: skip


# -- namespace, labels, images ---------------------------------------------------------------------


def _set_namespace(resources: list[Resource], namespace: str) -> None:
    for resource in resources:
        if resource.kind not in CLUSTER_WIDE:
            resource.manifest["metadata"]["namespace"] = namespace
        elif resource.kind == "Namespace":
            resource.manifest["metadata"]["name"] = namespace


def _label(resource: Resource, said: Manifest) -> None:
    unknown = set(said) - {"pairs", "includeSelectors", "includeTemplates"}
    if unknown:
        raise Unsupported(f"labels with {', '.join(sorted(unknown))}")
    manifest, pairs = resource.manifest, said["pairs"]
    manifest["metadata"].setdefault("labels", {}).update(pairs)
    selectors = said.get("includeSelectors", False)
    if resource.kind in TEMPLATED:
        if selectors or said.get("includeTemplates", False):
            _into(manifest, "spec", "template", "metadata", "labels").update(pairs)
            for claim in manifest["spec"].get("volumeClaimTemplates", []):
                _into(claim, "metadata", "labels").update(pairs)
        if selectors:
            _into(manifest, "spec", "selector", "matchLabels").update(pairs)
            spread = manifest["spec"]["template"]["spec"].get("topologySpreadConstraints", [])
            for each in spread:
                each["labelSelector"]["matchLabels"].update(pairs)
    elif selectors:
        if resource.kind not in _SELECTS:
            raise Unsupported(f"selectors of {resource.kind}")
        _SELECTS[resource.kind](manifest).update(pairs)


def _into(manifest: Manifest, *path: str) -> Manifest:
    for key in path:
        manifest = manifest.setdefault(key, {})
    return manifest


_SELECTS: dict[str, Callable[[Manifest], Manifest]] = {
    "ConfigMap": lambda manifest: {},
    "ServiceAccount": lambda manifest: {},
    "PodDisruptionBudget": lambda manifest: _into(manifest, "spec", "selector", "matchLabels"),
    "Service": lambda manifest: _into(manifest, "spec", "selector"),
}


def _set_image(resources: list[Resource], said: Manifest) -> None:
    unknown = set(said) - {"name", "newName", "newTag"}
    if unknown:
        raise Unsupported(f"images with {', '.join(sorted(unknown))}")
    for resource in resources:
        for container in containers(pod_spec(resource.manifest) or {}):
            name, _, tag = container["image"].partition(":")
            if name == said["name"]:
                tag = said.get("newTag", tag)
                container["image"] = said.get("newName", name) + (f":{tag}" if tag else "")
