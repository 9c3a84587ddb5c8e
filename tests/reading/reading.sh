#!/usr/bin/env bash
# The print on documents, read with the real models: ten pictures that the generator makes now, and a claim of the demo whose form is filled
# from its photographs. Usage: reading.sh
set -euo pipefail
cd "$(dirname "$0")/../.."
tools=${TOOLS_DIR:-$PWD/.tools}
pictures=$(mktemp -d /tmp/huzhu-reading.XXXXXX)
trap 'rm -rf "$pictures"' EXIT
export PYTHONDONTWRITEBYTECODE=1 HUZHU_DOCUMENTS__MODELS_DIR=$tools/models
"$tools/samples/bin/python" tests/accuracy/fields.py "$(tests/tools/binary.sh)" "$tools/models" "$pictures" 10 43 light
tests/tools/on_demo.sh "$tools/python/bin/python" tests/reading/demo.py
