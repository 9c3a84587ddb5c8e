#!/usr/bin/env bash
# The crash test on both databases at once: most of its time is waiting. Usage: tests/tools/with_postgres.sh tests/crash/crash.sh [KILLS]
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
DEMO_BINARY=$(tests/tools/binary.sh) || exit 1
export DEMO_BINARY PYTHONDONTWRITEBYTECODE=1
passed=0 failed=0
runs=()
for database in sqlite postgres; do
    "${TOOLS_DIR:-$PWD/.tools}/python/bin/python" tests/crash/crash.py "$database" "${1:-15}" &
    runs+=($!)
done
for run in "${runs[@]}"; do
    if wait "$run"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
