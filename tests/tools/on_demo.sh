#!/usr/bin/env bash
# Runs a command against a fresh `huzhu run --demo` (embedded database and store, free ports, a temporary folder), then stops it
# and fails when it did not stop well. Sets DEMO_URL, DEMO_BINARY and DEMO_DIR. The server's log: .tools/logs/demo.log; in a step of `make
# test`, STEP, demo-STEP.log.
set -euo pipefail
cd "$(dirname "$0")/../.."
tools=${TOOLS_DIR:-$PWD/.tools}
mkdir -p "$tools/logs"
log=$tools/logs/demo${STEP:+-${STEP// /-}}
DEMO_BINARY=$(tests/tools/binary.sh)
DEMO_DIR=$(mktemp -d /tmp/huzhu-demo.XXXXXX)
read -r port metrics < <(python3 - <<'PY'
import socket
held = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
print(*[one.getsockname()[1] for one in held])
PY
)
export DEMO_BINARY DEMO_DIR DEMO_URL="http://127.0.0.1:$port"
# The budgets stay out of the way: hundreds of requests a second come from one address here.
HUZHU_DATA_DIR=$DEMO_DIR HUZHU_HTTP__LISTEN=127.0.0.1:$port HUZHU_HTTP__METRICS_LISTEN=127.0.0.1:$metrics \
    HUZHU_LIMITS__REQUESTS_PER_MINUTE=1000000 HUZHU_SIGN_IN__OTP_PER_SOURCE_PER_HOUR=100000 \
    "$DEMO_BINARY" run --demo >"$log.log" 2>&1 &
server=$!
trap 'kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; rm -rf "$DEMO_DIR"' EXIT
for _ in $(seq 300); do
    curl -sf "$DEMO_URL/readyz" >/dev/null && break
    kill -0 "$server" 2>/dev/null || { tail -n 30 "$log.log" >&2 && exit 1; }
    sleep 0.2
done
"$@"
kill "$server"
wait "$server" || { echo "on_demo: the server did not stop well ($?)" >&2; tail -n 30 "$log.log" >&2; exit 1; }
python3 tests/tools/search_logs.py "$log.log" "$DEMO_DIR/demo/credentials.json" >"$log-search.log" ||
    { cat "$log-search.log" >&2 && exit 1; }
if grep -nE 'panicked at' "$log.log"; then echo "on_demo: a panic in the server's log" >&2 && exit 1; fi
