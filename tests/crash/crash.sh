#!/usr/bin/env bash
# The crash test on each database. Usage: tests/tools/with_postgres.sh tests/crash/crash.sh [KILLS]
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
DEMO_BINARY=$(tests/tools/binary.sh) || exit 1
export DEMO_BINARY PYTHONDONTWRITEBYTECODE=1
passed=0 failed=0
for database in sqlite postgres; do
    if "${TOOLS_DIR:-$PWD/.tools}/python/bin/python" tests/crash/crash.py "$database" "${1:-15}"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
