#!/usr/bin/env bash
# `huzhu doctor` on the example configuration, with its database, secrets and S3 server put in from outside as an operator would.
# The S3 server is not ours (moto). Usage: tests/tools/with_postgres.sh tests/deploy/doctor.sh
set -euo pipefail
cd "$(dirname "$0")/../.."
tools=${TOOLS_DIR:-$PWD/.tools}
binary=$(tests/tools/binary.sh)
dir=$(mktemp -d)
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"$tools/s3/bin/moto_server" -H 127.0.0.1 -p "$port" >"$dir/s3.log" 2>&1 &
s3=$!
trap 'kill "$s3" 2>/dev/null || true; rm -rf "$dir"' EXIT
for _ in $(seq 100); do
    if curl -s "http://127.0.0.1:$port" >/dev/null; then break; fi
    sleep 0.1
done
printf '%s' "$HUZHU_TEST_PG_URL" >"$dir/database-url"
printf 'not-a-real-secret' >"$dir/s3-secret"
HUZHU_DATA_DIR=$dir/data HUZHU_DATABASE__URL_FILE=$dir/database-url HUZHU_STORAGE__SECRET_ACCESS_KEY_FILE=$dir/s3-secret \
    HUZHU_STORAGE__ENDPOINT=http://127.0.0.1:$port bash -c '"$0" migrate --config deploy/huzhu.example.toml && "$0" doctor --config deploy/huzhu.example.toml' "$binary"
