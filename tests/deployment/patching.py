"""The two kinds of patches that kustomize knows, on manifests as YAML gives them."""

from typing import Any

Manifest = dict[str, Any]

# What tells the entries of a list apart, by the list's name; any other list is replaced whole.
MERGE_KEYS = {
    "containers": "name",
    "initContainers": "name",
    "volumes": "name",
    "env": "name",
    "volumeMounts": "mountPath",
}


class PatchFailed(Exception):
    """A patch does not fit what it is meant for."""


def strategic_merge(into: Manifest, patch: Manifest) -> None:
    """Mappings are merged, None removes, lists are merged by key or replaced."""
    for name, value in patch.items():
        if value is None:
            into.pop(name, None)
        elif isinstance(value, dict) and isinstance(into.get(name), dict):
            strategic_merge(into[name], value)
        elif isinstance(value, list) and name in MERGE_KEYS:
            _merge_lists(into.setdefault(name, []), value, MERGE_KEYS[name])
        else:
            into[name] = value


def _merge_lists(into: list[Manifest], patch: list[Manifest], key: str) -> None:
    there = {each[key]: each for each in into}
    for each in patch:
        if each[key] in there:
            strategic_merge(there[each[key]], each)
        else:
            into.append(each)


def json_patch(document: Manifest, operations: list[Manifest]) -> None:
    """The operations add, replace, remove and copy of RFC 6902."""
    for operation in operations:
        match operation["op"]:
            case "add":
                _add(document, operation["path"], operation["value"])
            case "copy":
                _add(document, operation["path"], _get(document, operation["from"]))
            case "replace":
                holder, key = _holder(document, operation["path"])
                _must_be_there(holder, key, operation["path"])
                holder[key] = operation["value"]
            case "remove":
                holder, key = _holder(document, operation["path"])
                _must_be_there(holder, key, operation["path"])
                del holder[key]
            case other:
                raise PatchFailed(f"operation {other} is not supported")


def _add(document: Manifest, path: str, value: Any) -> None:
    holder, key = _holder(document, path)
    if isinstance(holder, list):
        holder.insert(len(holder) if key == "-" else key, value)
    else:
        holder[key] = value


def _get(document: Manifest, path: str) -> Any:
    holder, key = _holder(document, path)
    _must_be_there(holder, key, path)
    return holder[key]


def _holder(document: Manifest, path: str) -> tuple[Any, Any]:
    """What holds the place that `path` names, and the key there."""
    steps = [step.replace("~1", "/").replace("~0", "~") for step in path.split("/")[1:]]
    holder: Any = document
    for step in steps[:-1]:
        key = _key(holder, step)
        _must_be_there(holder, key, path)
        holder = holder[key]
    return holder, _key(holder, steps[-1])


def _key(holder: Any, step: str) -> Any:
    return int(step) if isinstance(holder, list) and step != "-" else step


def _must_be_there(holder: Any, key: Any, path: str) -> None:
    there = 0 <= key < len(holder) if isinstance(holder, list) else key in holder
    if not there:
        raise PatchFailed(f"there is no {path}")
