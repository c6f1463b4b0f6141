#!/usr/bin/env bash
# Every check that needs no server. All of them run, so that one look shows all that is wrong.
set -uo pipefail
cd "$(dirname "$0")/.."

BIN=${BIN:-.venv/bin}
LOGS=$(mktemp -d)
trap 'rm -rf "$LOGS"' EXIT
failed=()

check() {
    local name=$1
    shift
    local began=$SECONDS
    if "$@" >"$LOGS/log" 2>&1; then
        printf 'check: %-14s ok      %3d s\n' "$name" $((SECONDS - began))
    else
        printf 'check: %-14s FAILED  %3d s\n' "$name" $((SECONDS - began))
        sed 's/^/    /' "$LOGS/log"
        failed+=("$name")
    fi
}

# Nothing that was once released may be broken: old messages are read for ever.
unbroken() {
    "$BIN/buf" breaking --against protos/released.binpb
}

check format "$BIN/ruff" format --check .
check lint "$BIN/ruff" check .
check types "$BIN/mypy" "$@"
check imports "$BIN/lint-imports"
check buf-format "$BIN/buf" format --diff --exit-code --exclude-path protos/buf
check buf-lint "$BIN/buf" lint
check buf-breaking unbroken
check generated "$BIN/python" -m tools.generate_protos --check
check catalogue "$BIN/python" -m tools.catalogue --check
check architecture "$BIN/python" -m pytest -q -p no:cacheprovider tests/architecture

if [ ${#failed[@]} -gt 0 ]; then
    printf 'check: failed: %s\n' "${failed[*]}" >&2
    exit 1
fi
