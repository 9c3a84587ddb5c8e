#!/usr/bin/env bash
# `make bench-money`: files of a quarter's payments and a statement of a million entries beside their floors; with ORDERS the quarter's payout whole
# (builds for release first). Usage: tests/tools/with_postgres.sh tests/bench/money.sh [PAYMENTS [ENTRIES [ORDERS]]], 0 for none.
set -euo pipefail
cd "$(dirname "$0")/../.."
cargo build --quiet --release --locked --bin huzhu --bench money
target=$(cargo metadata --format-version 1 --no-deps --locked | python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')
program=$(find "$target/release/deps" -maxdepth 1 -name "money-*" -type f -perm -u+x -printf '%T@ %p\n' | sort -rn | head -n 1 | cut -d' ' -f2)
exec python3 tests/bench/money.py "$program" "$target/release/huzhu" "${1:-1500000}" "${2:-1000000}" "${3:-0}"
