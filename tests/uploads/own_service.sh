#!/usr/bin/env bash
# Any of the tests beside this file that start their own service: own_service.sh NAME ARGUMENT…, by tests/tools/with_postgres.sh.
# What `soak` has done is kept in .tools/soak-uploads/.
set -euo pipefail
cd "$(dirname "$0")/../.."
tools=${TOOLS_DIR:-$PWD/.tools}
DEMO_BINARY=${DEMO_BINARY:-$(tests/tools/binary.sh)}
export DEMO_BINARY SOAK_DIR=${SOAK_DIR:-$tools/soak-uploads} PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
export PATH="$tools/python/bin:$PATH" NODE_MODULES="$tools/node/node_modules"
exec python "tests/uploads/$1.py" "${@:2}"
