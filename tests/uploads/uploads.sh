#!/usr/bin/env bash
# Two upload clients that nobody of us wrote (tuspy, tus-js-client) send photographs to a running demo through a line that is cut
# every few hundred kilobytes. Run it by tests/tools/on_demo.sh tests/uploads/uploads.sh; needs DEMO_URL and DEMO_DIR.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
tools=${TOOLS_DIR:-${HUZHU_TOOLS:-$here/../../.tools}}
export PATH="$tools/python/bin:$PATH" NODE_MODULES="$tools/node/node_modules"
exec python "$here/uploads.py" "${1:-3}"
