#!/usr/bin/env bash
# Every test: first those that may share the machine, two at a time, then those that may not.
set -uo pipefail
cd "$(dirname "$0")/.."

BIN=${BIN:-.venv/bin}
WORKERS=${WORKERS:-2}
NO_TEST_COLLECTED=5

"$BIN/python" -m pytest -q -n "$WORKERS" --dist loadfile -m "not serial" --durations 15
together=$?

"$BIN/python" -m pytest -q -m serial --durations 15
alone=$?
[ $alone -eq $NO_TEST_COLLECTED ] && alone=0

exit $((together || alone))
