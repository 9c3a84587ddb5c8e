#!/usr/bin/env bash
# Plays the money code for at most SECONDS (180): SEEDS (220) seeds of 20 orders, shared among the processors, judged after every step; fewer than
# LEAST_SEEDS (200) in that time fail. A violation ends it with the shortest steps that show it. A seed is the same play every time.
# More seeds, and every commit and byte of a batch of three, take longer: make soak-money.
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:-180}
least=${LEAST_SEEDS:-200}
share=$(((${SEEDS:-220} + $(nproc) - 1) / $(nproc)))
huzhu=$(tests/tools/binary.sh)
reports=$(mktemp -d)
trap 'rm -rf "$reports"' EXIT
began=$SECONDS
players=()
for ((player = 0; player < $(nproc); player++)); do
    "$huzhu" simulate --seeds "$share" --orders 20 --seconds "$seconds" --first-seed $((player * share)) >"$reports/$player" 2>&1 &
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
