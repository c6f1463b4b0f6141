#!/usr/bin/env bash
# Resolves requirements/*.in into hash-pinned locks that record no download host.
# Pins stay as they are unless UPGRADE=1.
set -euo pipefail
cd "$(dirname "$0")/.."

PYTHON=${PYTHON:-python3}
RESOLVER=var/lock

[ -x "$RESOLVER/bin/uv" ] || {
    "$PYTHON" -m venv "$RESOLVER"
    "$RESOLVER/bin/pip" install --quiet --disable-pip-version-check --require-hashes \
        --requirement requirements/lock.txt
}

# Runtime comes first and development keeps to it, so that what is tested is what is deployed.
compile() {
    local name=$1
    shift
    "$RESOLVER/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --no-header ${UPGRADE:+--upgrade} "$@" \
        --output-file "requirements/$name.txt" "requirements/$name.in"
}
compile runtime
compile development --constraint requirements/runtime.txt
compile lock
