"""The Dockerfile: linted, and its steps tried as far as that goes without an engine."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from fnmatch import fnmatch
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.deployment.cluster import ROOT, SERVICES, Cluster

COMMAND_SECONDS = 180.0
BASE = re.compile(r"python:3\.(\d+)\.\d+-slim-[a-z]+")


def _instructions() -> list[tuple[str, str]]:
    text = (ROOT / "Dockerfile").read_text()
    text = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE)
    lines = re.sub(r"\\\n\s*", "", text).splitlines()
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1]) for line in lines if line.strip()]


def _last_stage() -> list[tuple[str, str]]:
    all_of_it = _instructions()
    begin = max(number for number, (word, _) in enumerate(all_of_it) if word == "FROM")
    return all_of_it[begin:]


def _copied() -> list[tuple[str, str]]:
    """What is copied from the tree: (source, destination)."""
    copies = [rest.split() for word, rest in _instructions() if word == "COPY"]
    own = [copy for copy in copies if not copy[0].startswith("--from=")]
    return [(source, copy[-1]) for copy in own for source in copy[:-1]]


def _is_ignored(path: str) -> bool:
    """Whether .dockerignore keeps a file from the build: the last line that fits decides."""
    ignored = False
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        pattern = line.removeprefix("!")
        parts = path.split("/")
        heads = ["/".join(parts[: n + 1]) for n in range(len(parts))]
        if pattern.startswith("**/"):
            fits = any(fnmatch(part, pattern[3:]) for part in parts)
        else:
            # A star does not cross a slash.
            fits = any(
                head.count("/") == pattern.count("/") and fnmatch(head, pattern) for head in heads
            )
        if fits:
            ignored = not line.startswith("!")
    return ignored


def _sent(source: str) -> list[str]:
    """The files below `source` that a build is given, as version control knows them."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", source],
        cwd=ROOT, capture_output=True, text=True, check=True, timeout=COMMAND_SECONDS,
    ).stdout.splitlines()  # fmt: skip
    return [path for path in listed if (ROOT / path).is_file() and not _is_ignored(path)]


def test_nothing_is_to_be_said_against_it() -> None:
    linter = Path(sysconfig.get_path("scripts")) / "hadolint"

    linted = subprocess.run(
        [str(linter), str(ROOT / "Dockerfile")],
        capture_output=True, text=True, check=False, timeout=COMMAND_SECONDS,
    )  # fmt: skip

    assert (linted.returncode, linted.stdout) == (0, "")


def test_the_base_is_pinned_and_of_the_python_that_tests_run_on() -> None:
    [base] = [rest.removeprefix("BASE=") for word, rest in _instructions() if word == "ARG"]
    matched = BASE.fullmatch(base)
    assert matched is not None
    assert f"python {matched.group(1)}" == "python 11"
    assert {rest.split()[0] for word, rest in _instructions() if word == "FROM"} == {"${BASE}"}


def test_it_installs_what_is_locked_and_nothing_else() -> None:
    commands = " ".join(rest for word, rest in _instructions() if word == "RUN")
    assert "--require-hashes" in commands
    assert "--only-binary :all:" in commands
    assert not re.search(r"\b(apt|apt-get|curl|wget|gcc|git)\b", commands)
    assert not [rest for word, rest in _last_stage() if word == "RUN" and "pip" in rest]


def test_it_runs_as_whom_the_manifests_say(clusters: Mapping[str, Cluster]) -> None:
    [user] = [rest for word, rest in _last_stage() if word == "USER"]
    contexts = [
        workload.pod["securityContext"]
        for cluster in clusters.values()
        for workload in cluster.workloads
        if workload.service is not None
    ]
    assert {f"{each['runAsUser']}:{each['runAsGroup']}" for each in contexts} == {user}


@pytest.mark.parametrize("source", [source for source, _ in _copied()])
def test_what_is_copied_is_there_and_sent(source: str) -> None:
    assert _sent(source)


def test_tests_and_secrets_stay_outside() -> None:
    sent = [path for source, _ in _copied() for path in _sent(source)]
    assert not [path for path in sent if "/tests/" in path or "/testing/" in path]
    assert _is_ignored("var/keys/secrets.json")
    assert _is_ignored(".git/config")


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the image has in /app."""
    folder = tmp_path_factory.mktemp("app")
    for source, destination in _copied():
        for path in _sent(source):
            if destination.startswith("/"):
                continue
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / path, target)
    return folder


# What the project's environment points to is left out, and what is locked for development only is
# refused, as if it were not installed.
_AS_IN_THE_IMAGE = """
import runpy, sys
sys.path = [path for path in sys.path if path not in {left_out!r}]
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {refused!r}:
            raise ModuleNotFoundError(f"{{name}} is not in requirements/runtime.txt", name=name)
sys.meta_path.insert(0, Refuse())
for service in {services!r}:
    sys.argv = [service, "config"]
    runpy.run_module("services." + service, run_name="__main__", alter_sys=True)
    fields = sys.modules["services." + service + ".app"].SERVICE.settings.model_fields
    for name, field in fields.items():
        if str(field.default).startswith("/") and not field.default.exists():
            sys.exit(f"{{service}}: {{name}} is not in the image")
"""


def _only_for_development() -> set[str]:
    """Modules of distributions that are locked for development and not for running."""

    def locked(name: str) -> set[str]:
        text = (ROOT / "requirements" / f"{name}.txt").read_text()
        return set(re.findall(r"^([a-z0-9-]+)==", text, re.MULTILINE))

    runtime = locked("runtime")
    extra = locked("development") - runtime
    return {
        module
        for module, owners in packages_distributions().items()
        if {re.sub(r"[-_.]+", "-", owner).lower() for owner in owners} <= extra
    }


def test_all_services_run_on_what_the_image_has(image: Path) -> None:
    refused = _only_for_development()
    assert {"pytest", "hypothesis"} <= refused
    program = _AS_IN_THE_IMAGE.format(
        left_out=[str(ROOT), str(ROOT / "protos" / "gen")], refused=refused, services=SERVICES
    )

    ran = subprocess.run(
        [sys.executable, "-P", "-c", program],
        cwd=image,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": f"{image}:{image}/protos/gen"},
        capture_output=True, text=True, check=False, timeout=COMMAND_SECONDS,
    )  # fmt: skip

    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.count('"store_url": "**********"') == len(SERVICES)
