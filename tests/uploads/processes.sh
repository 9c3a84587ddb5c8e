#!/usr/bin/env bash
# Uploads to services of their own: killed again and again on each database (KILLS in all), two processes at once, two hundred slow ones.
# Usage: tests/tools/with_postgres.sh tests/uploads/processes.sh KILLS
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
failed=0
for what in "kills sqlite $((${1:-10} / 2))" "kills postgres $((${1:-10} / 2))" "takeover 10" "memory 200"; do
    read -ra arguments <<<"$what"
    "$here/own_service.sh" "${arguments[@]}" || failed=1
done
exit "$failed"
