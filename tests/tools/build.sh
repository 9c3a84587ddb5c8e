#!/usr/bin/env bash
# Builds all targets for the tests; a warning is a fault. With RUSTC_WORKSPACE_WRAPPER=clippy-driver clippy's are among them.
set -euo pipefail
cd "$(dirname "$0")/../.."
warned=$(mktemp)
trap 'rm -f "$warned"' EXIT
cargo build --color never --locked --workspace --all-targets 2>&1 | tee "$warned"
if grep -q '^warning' "$warned"; then
    echo "warnings are faults" >&2
    exit 1
fi
