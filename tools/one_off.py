"""Turns a running workload into a Job that does one thing once with its settings and volumes.

kubectl get deploy accounts-work -o json | python -m tools.one_off begin-epoch | kubectl create -f -
"""

import argparse
import json
import sys
from typing import Any

Manifest = dict[str, Any]

COMMANDS = ("begin-epoch", "migrate", "config")
KEPT_SECONDS = 3_600
LIMIT_SECONDS = 600
_OF_SERVERS = ("ports", "lifecycle", "startupProbe", "readinessProbe", "livenessProbe")


def job(workload: Manifest, command: str) -> Manifest:
    """The Job. It is labelled as what it is not, so that no Service sends it calls."""
    name, namespace = workload["metadata"]["name"], workload["metadata"]["namespace"]
    template = workload["spec"]["template"]
    labels = {**template["metadata"]["labels"], "app.kubernetes.io/component": "once"}
    spec = {key: value for key, value in template["spec"].items() if key != "initContainers"}
    [container] = spec["containers"]
    once = {key: value for key, value in container.items() if key not in _OF_SERVERS}
    spec |= {
        "restartPolicy": "Never",
        "containers": [once | {"args": [command]}],
        "volumes": [*spec.get("volumes", []), *_claims(workload)],
    }
    spec.pop("topologySpreadConstraints", None)
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"generateName": f"{name}-{command}-", "namespace": namespace},
        "spec": {
            "backoffLimit": 0,
            "activeDeadlineSeconds": LIMIT_SECONDS,
            "ttlSecondsAfterFinished": KEPT_SECONDS,
            "template": {"metadata": {"labels": labels}, "spec": spec},
        },
    }


def _claims(workload: Manifest) -> list[Manifest]:
    """The volumes of the first pod of a StatefulSet, which must not run meanwhile."""
    templates = workload["spec"].get("volumeClaimTemplates", [])
    names = [each["metadata"]["name"] for each in templates]
    pod = f"{workload['metadata']['name']}-0"
    return [
        {"name": each, "persistentVolumeClaim": {"claimName": f"{each}-{pod}"}} for each in names
    ]


def main() -> None:
    """Read the workload, write the Job."""
    parser = argparse.ArgumentParser(prog="python -m tools.one_off", description=__doc__)
    parser.add_argument("command", choices=COMMANDS)
    json.dump(job(json.load(sys.stdin), parser.parse_args().command), sys.stdout, indent=2)


if __name__ == "__main__":
    main()
