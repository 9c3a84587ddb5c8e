#!/usr/bin/env bash
# Schemathesis with all its phases against the demo at $DEMO_URL for so many seconds (120), signed in as whoever may ask.
# Usage: tests/tools/on_demo.sh tests/fuzz/fuzz.sh [SECONDS [SEED]]. `make test` names a seed, so that a run is the same run again;
# `make fuzz` draws one and prints it. One worker: two threads that parse Python at once make its generator fail now and then (the parser
# of CPython 3.11 counts its depth once for both).
set -euo pipefail
seed=(); [ -z "${2:-}" ] || seed=(--seed "$2")
cd "$(dirname "$0")"
tools=${TOOLS_DIR:-$PWD/../../.tools}
export SCHEMATHESIS_HOOKS=hooks PYTHONPATH=$PWD PATH="$tools/python/bin:$PATH" PYTHONDONTWRITEBYTECODE=1
schemathesis --config-file schemathesis.toml run ../../openapi/huzhu.json --url "$DEMO_URL" \
    --phases examples,coverage,fuzzing,stateful --max-time "${1:-120}" --workers 1 "${seed[@]}" --continue-on-failure \
    --suppress-health-check all --warnings off --request-timeout 20
