#!/usr/bin/env bash
# Plays the money code for SECONDS (180): seed after seed of 20 orders, at least LEAST_SEEDS (200) of them, judged after every step. A violation
# ends it with the shortest steps that show it. Every commit and byte of a batch of three takes longer: make soak-money.
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:-180}
least=${LEAST_SEEDS:-200}
huzhu=$(tests/tools/binary.sh)
report=$(mktemp)
trap 'rm -f "$report"' EXIT
began=$SECONDS
"$huzhu" simulate --seeds 1000000000 --orders 20 --seconds "$seconds" | tee "$report"
seeds=$(sed -n 's/^\([0-9]*\) seeds, .*/\1/p' "$report")
echo "$seeds seeds in $((SECONDS - began)) s"
if [ "${seeds:-0}" -lt "$least" ]; then
    echo "fewer than $least seeds were played in $seconds s" >&2
    exit 1
fi
