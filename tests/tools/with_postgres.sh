#!/usr/bin/env bash
# Runs a command with a throw-away PostgreSQL (default settings, fsync on; data under TMPDIR, a free port, this machine only).
# Sets HUZHU_TEST_PG_URL, TEST_PG_PORT and puts the PostgreSQL programs on the path. Stops the server whatever happens.
set -euo pipefail
bin=$(find /usr/lib/postgresql -maxdepth 2 -name bin -type d | sort -V | tail -n 1)
[ -x "$bin/initdb" ] || { echo "with_postgres: PostgreSQL is not installed (tests/tools/prepare.sh all)" >&2; exit 1; }
dir=$(mktemp -d "${TMPDIR:-/tmp}/huzhu-postgres.XXXXXX")
as() { if [ "$(id -u)" -eq 0 ]; then (cd / && runuser -u postgres -- "$@"); else "$@"; fi; }
[ "$(id -u)" -ne 0 ] || chown postgres "$dir"
stop() {
    as "$bin/pg_ctl" -D "$dir/data" -m immediate -w stop >/dev/null 2>&1 || true
    rm -rf "$dir"
}
trap stop EXIT
trap 'exit 130' INT TERM

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
as "$bin/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 >"$dir/initdb.log" 2>&1 || { cat "$dir/initdb.log" >&2; exit 1; }
as "$bin/pg_ctl" -D "$dir/data" -w -t 60 -l "$dir/server.log" start -o "-p $port -k $dir -c listen_addresses=127.0.0.1 -c max_connections=300 -c timezone=America/Los_Angeles" >/dev/null ||
    { cat "$dir/server.log" >&2; exit 1; }
export TEST_PG_PORT=$port HUZHU_TEST_PG_URL="postgres://postgres@127.0.0.1:$port/postgres" PATH="$PATH:$bin"
"$@"
