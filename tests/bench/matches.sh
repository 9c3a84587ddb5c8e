#!/usr/bin/env bash
# `make bench-matches`: what finding a page by its print costs at 1 and 5 million keys, and how each database looks it up.
# Usage: tests/tools/with_postgres.sh tests/bench/matches.sh [ROWS…]
set -euo pipefail
cd "$(dirname "$0")/../.."
cargo build --quiet --locked --bin huzhu
target=$(cargo metadata --format-version 1 --no-deps --locked | python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')
exec python3 tests/bench/matches.py "$target/debug/huzhu" "$@"
