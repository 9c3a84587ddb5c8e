#!/usr/bin/env bash
# Checks what is in deploy/ with what can check it: unit files by systemd, the example configuration by `huzhu doctor`
# against a real PostgreSQL and an S3 server that is not ours, the compose file by its own rules.
set -euo pipefail
cd "$(dirname "$0")/../.."
tools=${TOOLS_DIR:-$PWD/.tools}
passed=0 failed=0
check() {
    local name=$1
    shift
    if "$@"; then passed=$((passed + 1)) && echo "ok    $name"; else failed=$((failed + 1)) && echo "FAIL  $name"; fi
}

# A unit is checked with the binary's name replaced by one that exists here.
units=$(mktemp -d)
trap 'rm -rf "$units"' EXIT
for unit in deploy/systemd/*.service; do sed 's#/usr/bin/huzhu#/bin/true#' "$unit" >"$units/${unit##*/}"; done
check "unit files" systemd-analyze verify --man=no "$units"/*.service
hardened() { systemd-analyze security --offline=true --threshold=20 "$1" | tail -n 1; }
for unit in "$units"/*.service; do check "hardening of ${unit##*/}" hardened "$unit"; done

check "compose file" "$tools/python/bin/python" tests/deploy/compose.py
check "image, ports and alerts" "$tools/python/bin/python" tests/deploy/files.py
on_servers() { tests/tools/with_postgres.sh tests/deploy/with_s3.sh "$1"; }
check "doctor on the example configuration" on_servers tests/deploy/doctor.sh
check "a whole claim on PostgreSQL and a foreign S3" on_servers tests/deploy/demo.sh
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
