#!/usr/bin/env bash
# Plays the money code for SECONDS (180): seed after seed of 20 orders, on each processor its own seeds, at least LEAST_SEEDS (200) of them, judged
# after every step. A violation ends it with the shortest steps that show it. Every commit and byte of a batch of three takes longer: make soak-money.
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:-180}
least=${LEAST_SEEDS:-200}
huzhu=$(tests/tools/binary.sh)
reports=$(mktemp -d)
trap 'rm -rf "$reports"' EXIT
began=$SECONDS
players=()
for ((player = 0; player < $(nproc); player++)); do
    "$huzhu" simulate --seeds 1000000 --orders 20 --seconds "$seconds" --first-seed $((player * 1000000)) >"$reports/$player" 2>&1 &
    players+=($!)
done
good=1
for player in "${players[@]}"; do wait "$player" || good=0; done
cat "$reports"/*
seeds=$(sed -n 's/^\([0-9]*\) seeds, .*/\1/p' "$reports"/* | python3 -c "import sys; print(sum(map(int, sys.stdin)))")
echo "$seeds seeds in $((SECONDS - began)) s"
[ "$good" -eq 1 ] || exit 1
if [ "${seeds:-0}" -lt "$least" ]; then
    echo "fewer than $least seeds were played in $seconds s" >&2
    exit 1
fi
