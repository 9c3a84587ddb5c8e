#!/usr/bin/env bash
# Builds all targets (so that dependencies are built once, for the tests and the binary alike) and prints the path of the debug binary.
set -euo pipefail
cd "$(dirname "$0")/../.."
cargo build --quiet --locked --workspace --all-targets >&2
cargo metadata --format-version 1 --no-deps --locked | python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"] + "/debug/huzhu")'
