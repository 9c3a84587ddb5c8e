#!/usr/bin/env bash
# `make accuracy`: builds for release and reads the codes of generated bills; the pictures stay in .tools/accuracy/. Usage: accuracy.sh [COUNT [SEED]]
set -euo pipefail
cd "$(dirname "$0")/../.."
cargo build --quiet --release --locked --bin huzhu
target=$(cargo metadata --format-version 1 --no-deps --locked | python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')
tools=${TOOLS_DIR:-$PWD/.tools}
exec "$tools/samples/bin/python" tests/accuracy/codes.py "$target/release/huzhu" "$tools/accuracy" "$@"
