"""Writes the users of NATS and what each may do: `python -m tools.nats_users [--check]`."""

import argparse
import sys
from importlib import import_module
from pathlib import Path

from chassis.nats_config import Readers, authorization, permissions

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "deploy" / "k8s" / "base" / "nats" / "users.conf"
HEADING = (
    "# Made by `python -m tools.nats_users` from who reads whom. Passwords: the environment.\n"
)
EXIT_STALE = 1


def readers() -> Readers:
    """Service → the services whose facts it takes in, as the services themselves say."""
    names = sorted(each.parent.name for each in (ROOT / "services").glob("*/__main__.py"))
    return {name: import_module(f"services.{name}.app").SERVICE.sources for name in names}


def text() -> str:
    """What has to stand in the file."""
    return HEADING + authorization(permissions(readers()))


def main() -> None:
    """Write the file, or say whether it is as it has to be."""
    parser = argparse.ArgumentParser(prog="python -m tools.nats_users", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; 1 if it is stale")
    if not parser.parse_args().check:
        TARGET.write_text(text())
    elif TARGET.read_text() != text():
        print(f"{TARGET.relative_to(ROOT)} is stale: run python -m tools.nats_users")
        sys.exit(EXIT_STALE)


if __name__ == "__main__":
    main()
