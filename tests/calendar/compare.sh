#!/usr/bin/env bash
# Installs the two packages of requirements.txt into a virtual environment (once) and compares. The environment lives outside the sources:
# $TOOLS_DIR/calendar, or .tools/calendar under the repository.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
venv=${TOOLS_DIR:-$here/../../.tools}/calendar
if ! cmp -s "$here/requirements.txt" "$venv/installed.txt"; then
    python3 -m venv --clear "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt"
    cp "$here/requirements.txt" "$venv/installed.txt"
fi
exec "$venv/bin/python" "$here/compare.py"
