#!/usr/bin/env bash
# Two upload clients that nobody of us wrote (tuspy, tus-js-client) send photographs to a running demo over bad lines, by seed; then a claim of 30.
# Run it by tests/tools/on_demo.sh tests/uploads/uploads.sh UPLOADS; needs DEMO_URL and DEMO_DIR.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
tools=${TOOLS_DIR:-${HUZHU_TOOLS:-$here/../../.tools}}
export PATH="$tools/python/bin:$PATH" NODE_MODULES="$tools/node/node_modules" PYTHONDONTWRITEBYTECODE=1
python "$here/uploads.py" "${1:-30}"
python "$here/full_claim.py"
