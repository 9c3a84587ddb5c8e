#!/usr/bin/env bash
# Runs a command with an S3 server that is not ours (moto: in memory, a free port, this machine only) and holds no bucket yet.
# Sets S3_URL. Stops the server whatever happens.
set -euo pipefail
cd "$(dirname "$0")/../.."
tools=${TOOLS_DIR:-$PWD/.tools}
log=$(mktemp)
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"$tools/s3/bin/moto_server" -H 127.0.0.1 -p "$port" >"$log" 2>&1 &
server=$!
trap 'kill "$server" 2>/dev/null || true; rm -f "$log"' EXIT
export S3_URL=http://127.0.0.1:$port
for _ in $(seq 300); do
    curl -s "$S3_URL" >/dev/null && break
    kill -0 "$server" 2>/dev/null || { cat "$log" >&2 && exit 1; }
    sleep 0.1
done
"$@"
