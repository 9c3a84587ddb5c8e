#!/usr/bin/env bash
# `make accuracy`: builds for release, reads the codes of generated bills and the print on generated documents, advises on good and
# bad photographs, and looks for the same page among others; the pictures stay in .tools/accuracy/. Usage: accuracy.sh
set -euo pipefail
cd "$(dirname "$0")/../.."
cargo build --quiet --release --locked --bin huzhu
target=$(cargo metadata --format-version 1 --no-deps --locked | python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')
tools=${TOOLS_DIR:-$PWD/.tools}
"$tools/samples/bin/python" tests/accuracy/codes.py "$target/release/huzhu" "$tools/accuracy"
"$tools/samples/bin/python" tests/accuracy/fields.py "$target/release/huzhu" "$tools/models" "$tools/accuracy"
"$tools/samples/bin/python" tests/accuracy/advice.py "$target/release/huzhu" "$tools/models" "$tools/accuracy"
"$tools/samples/bin/python" tests/accuracy/twins.py "$target/release/huzhu" "$tools/accuracy"
