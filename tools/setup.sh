#!/usr/bin/env bash
# Makes the environment ($VENV) from the hash-pinned lock; says what to install where it cannot.
set -euo pipefail

PYTHON=${PYTHON:-python3}
VENV=${VENV:-.venv}
LOCK=${LOCK:-requirements/development.txt}
ROOT=$(cd "$(dirname "$0")/.." && pwd)
cd "$ROOT"

fail() {
    printf 'setup: %s\n' "$@" >&2
    exit 1
}

command -v "$PYTHON" >/dev/null ||
    fail "there is no $PYTHON here; install Python 3.11 or later (Debian: apt-get install python3)"
"$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "$PYTHON is $("$PYTHON" -V 2>&1); the project needs 3.11 or later (PYTHON=python3.12 make setup)"

version=$("$PYTHON" -c 'import sys; print("%d.%d" % sys.version_info[:2])')

# Debian keeps what `python3 -m venv` needs in a package of its own.
if ! "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null; then
    package="python$version-venv"
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "setup: installing $package"
        export DEBIAN_FRONTEND=noninteractive
        apt-get install -y -q --no-install-recommends "$package" >/dev/null 2>&1 || {
            apt-get update -q >/dev/null
            apt-get install -y -q --no-install-recommends "$package" >/dev/null
        }
    else
        fail "Python's venv module is not complete; as root: apt-get install $package"
    fi
fi

# An environment of another Python, or a broken one, is made anew.
if [ "$("$VENV/bin/python" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)" != "$version" ]; then
    echo "setup: creating $VENV with Python $version"
    rm -rf "$VENV"
    "$PYTHON" -m venv "$VENV"
fi

echo "setup: installing $LOCK"
# Only wheels: nothing is compiled, and nobody's setup.py runs, on the way.
"$VENV/bin/python" -m pip install --quiet --disable-pip-version-check --no-input --no-deps \
    --only-binary :all: --require-hashes --requirement "$LOCK"

# The packages are found where they lie: the tree itself, and the generated protos.
site=$("$VENV/bin/python" -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])')
printf '%s\n' "$ROOT" "$ROOT/protos/gen" >"$site/cards-project.pth"
cat >"$VENV/bin/cards" <<LAUNCHER
#!/bin/sh
exec "$(cd "$VENV" && pwd)/bin/python" -m client "\$@"
LAUNCHER
chmod +x "$VENV/bin/cards"
echo "setup: ready"
