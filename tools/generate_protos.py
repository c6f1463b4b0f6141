"""Write protos/gen from the protos, or say with --check what there is no longer fresh."""

import argparse
import filecmp
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROTOS = ROOT / "protos"
GENERATED = PROTOS / "gen"
SITE_PACKAGES = Path(sysconfig.get_paths()["purelib"])
SCRIPTS = Path(sysconfig.get_paths()["scripts"])

# The protos that protoc itself brings (google/protobuf), and those of googleapis-common-protos.
WELL_KNOWN = SITE_PACKAGES / "grpc_tools" / "_proto"

COMPILE_LIMIT_SECONDS = 120
PACKAGE_DOCSTRING = '"""Generated from protos/ by `make protos`; never edited."""\n'


class GenerationFailed(Exception):
    """protoc refused a proto; the text is protoc's own."""


def sources() -> list[Path]:
    """All protos of the module, relative to protos/, in a fixed order."""
    return sorted(path.relative_to(PROTOS) for path in PROTOS.rglob("*.proto"))


def compile_into(target: Path) -> None:
    """Compile every proto into `target`: messages, gRPC, and the types of both."""
    protos = sources()
    services = [path for path in protos if path.parts[0] == "cards"]
    protoc(protos, f"--python_out={target}", f"--mypy_out=quiet:{target}")
    if services:
        protoc(
            [path for path in services if _declares_service(path)],
            f"--grpc_python_out={target}",
            f"--mypy_grpc_out=quiet,only_async:{target}",
        )
    for stub in sorted(target.rglob("*_pb2_grpc.pyi")):
        stub.write_text(_with_plain_contexts(stub.read_text(encoding="utf-8")), encoding="utf-8")
    for folder in sorted({parent for path in protos for parent in path.parents[:-1]}):
        (target / folder / "__init__.py").write_text(PACKAGE_DOCSTRING)
    for package in sorted({path.parts[0] for path in protos}):
        (target / package / "py.typed").write_text("")


def _with_plain_contexts(stub: str) -> str:
    # A context is one of a request and a response; mypy-protobuf says "of an awaitable response",
    # which no servicer could write of itself.
    return re.sub(
        r"(ServicerContext\[[\w.]+, )_abc\.(?:Awaitable|AsyncIterator)\[([\w.]+)\]\]",
        r"\1\2]",
        stub,
    )


def _declares_service(path: Path) -> bool:
    text = (PROTOS / path).read_text(encoding="utf-8")
    return any(line.startswith("service ") for line in text.splitlines())


def protoc(protos: list[Path], *outputs: str) -> None:
    """Compile protos to `outputs` (options of protoc); raises GenerationFailed."""
    if not protos:
        return
    command = [
        sys.executable,
        "-m",
        "grpc_tools.protoc",
        f"--proto_path={PROTOS}",
        f"--proto_path={WELL_KNOWN}",
        f"--proto_path={SITE_PACKAGES}",
        f"--plugin=protoc-gen-mypy={SCRIPTS / 'protoc-gen-mypy'}",
        f"--plugin=protoc-gen-mypy_grpc={SCRIPTS / 'protoc-gen-mypy_grpc'}",
        *outputs,
        *map(str, protos),
    ]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=COMPILE_LIMIT_SECONDS
    )
    if done.returncode != 0:
        raise GenerationFailed(done.stderr.strip())


def differences(fresh: Path, committed: Path) -> list[str]:
    """The files in which two generated trees differ, each with what is the matter with it."""
    wanted, present = set(_files(fresh)), set(_files(committed))
    stale = {
        path
        for path in wanted & present
        if not filecmp.cmp(fresh / path, committed / path, shallow=False)
    }
    return sorted(
        [f"{path}: missing" for path in wanted - present]
        + [f"{path}: no proto gives it" for path in present - wanted]
        + [f"{path}: stale" for path in stale]
    )


def _files(tree: Path) -> Iterator[Path]:
    for path in tree.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path.relative_to(tree)


def replace(fresh: Path, committed: Path) -> None:
    """Make `committed` equal to `fresh`, touching only the files that differ."""
    wanted = set(_files(fresh))
    for path in set(_files(committed)) - wanted:
        (committed / path).unlink()
    for path in wanted:
        target = committed / path
        if not target.exists() or not filecmp.cmp(fresh / path, target, shallow=False):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(fresh / path, target)
    # Deepest first, so that a package whose protos are all gone disappears with its folders.
    for folder in sorted(committed.rglob("*"), reverse=True):
        if folder.is_dir() and not any(_files(folder)):
            shutil.rmtree(folder)


def main() -> int:
    """Generate, or compare; 0 when protos/gen is (now) fresh."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing, only compare")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cards-protos-") as folder:
        fresh = Path(folder)
        try:
            compile_into(fresh)
        except GenerationFailed as failure:
            print(failure, file=sys.stderr)
            return 1
        if not arguments.check:
            replace(fresh, GENERATED)
            return 0
        stale = differences(fresh, GENERATED)
    if stale:
        print("protos/gen is not what the protos give; run `make protos`:", *stale, sep="\n  ")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
