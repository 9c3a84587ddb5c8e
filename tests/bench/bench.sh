#!/usr/bin/env bash
# `make bench`: builds for release and measures. Usage: tests/tools/with_postgres.sh tests/bench/bench.sh [SECONDS [ROUNDS]]
set -euo pipefail
cd "$(dirname "$0")/../.."
cargo build --quiet --release --locked --bin huzhu
cargo build --quiet --release --locked --bench load --bench copies
target=$(cargo metadata --format-version 1 --no-deps --locked | python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')
tools=${TOOLS_DIR:-$PWD/.tools}
program() { find "$target/release/deps" -maxdepth 1 -name "$1-*" -type f -perm -u+x -printf '%T@ %p\n' | sort -rn | head -n 1 | cut -d' ' -f2; }
python3 tests/bench/bench.py "$target/release/huzhu" "$(program load)" "$@"
"$tools/samples/bin/python" tests/bench/copies.py "$(program copies)" "$tools/bench"
