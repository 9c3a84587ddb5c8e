#!/usr/bin/env bash
# What the checker says of every file of the parsers' corpus; what the service keeps of a photograph, and a file with a virus, against a demo
# that asks a real ClamAV (with one signature of our own). Starts both, throws both away. Usage: documents.sh
set -euo pipefail
cd "$(dirname "$0")/../.."
python=${TOOLS_DIR:-$PWD/.tools}/python/bin/python
directory=$(mktemp -d /tmp/huzhu-clamd.XXXXXX)
trap 'kill "$clamd" 2>/dev/null || true; wait "$clamd" 2>/dev/null || true; rm -rf "$directory"' EXIT
"$python" tests/documents/virus.py signature >"$directory/test.ndb"
cat >"$directory/clamd.conf" <<CONF
LocalSocket $directory/clamd.sock
DatabaseDirectory $directory
Foreground yes
CONF
clamd --config-file="$directory/clamd.conf" >"$directory/clamd.log" 2>&1 &
clamd=$!
for _ in $(seq 100); do
    [ -S "$directory/clamd.sock" ] && break
    kill -0 "$clamd" 2>/dev/null || { cat "$directory/clamd.log" >&2 && exit 1; }
    sleep 0.1
done
python3 tests/documents/corpus.py "$(tests/tools/binary.sh)" tests/parsers/src/__fuzz__/files__*/corpus
export HUZHU_DOCUMENTS__CLAMD=$directory/clamd.sock PYTHONDONTWRITEBYTECODE=1
tests/tools/on_demo.sh "$python" tests/documents/checks.py
