#!/usr/bin/env bash
# One whole claim on PostgreSQL and an S3 server that is not ours, with the jobs shared by two processes: `huzhu run --demo`, whose city
# and readable outbox the demo needs, and a `huzhu work` beside it; the bank is a third.
# Usage: tests/tools/with_postgres.sh tests/deploy/with_s3.sh tests/deploy/demo.sh
set -euo pipefail
cd "$(dirname "$0")/../.."
binary=$(tests/tools/binary.sh)
dir=$(mktemp -d)
read -r api metrics more bank < <(python3 - <<'PY'
import socket
held = [socket.create_server(("127.0.0.1", 0)) for _ in range(4)]
print(*[one.getsockname()[1] for one in held])
PY
)
started=()
finish() {
    for process in "${started[@]}"; do kill "$process" 2>/dev/null || true; done
    wait
    rm -rf "$dir"
}
trap finish EXIT
curl -sf -X PUT "$S3_URL/claims" >/dev/null
mkdir -m 700 "$dir/data"
"$binary" bank-sim --listen "127.0.0.1:$bank" --data "$dir/data/bank-sim" >"$dir/bank.log" 2>&1 &
started+=($!)
export HUZHU_DATA_DIR=$dir/data HUZHU_HTTP__LISTEN=127.0.0.1:$api HUZHU_HTTP__METRICS_LISTEN=127.0.0.1:$metrics \
    HUZHU_DATABASE__URL=$HUZHU_TEST_PG_URL HUZHU_STORAGE__KIND=s3 HUZHU_STORAGE__ENDPOINT=$S3_URL HUZHU_STORAGE__BUCKET=claims \
    HUZHU_STORAGE__ACCESS_KEY_ID=huzhu HUZHU_STORAGE__SECRET_ACCESS_KEY=not-a-real-secret \
    HUZHU_BANK__KIND=simulator HUZHU_BANK__URL=http://127.0.0.1:$bank \
    HUZHU_BANK__PAYS_ON=every_day HUZHU_BANK__DISPATCH_FROM=00:00 HUZHU_BANK__CUT_OFF=24:00
"$binary" run --demo >"$dir/run.log" 2>&1 &
started+=($!)
ready() {
    for _ in $(seq 300); do
        curl -sf "http://127.0.0.1:$api/readyz" >/dev/null && return 0
        kill -0 "${started[1]}" 2>/dev/null || return 1
        sleep 0.2
    done
    return 1
}
trouble() { tail -n 30 "$dir"/*.log >&2 && exit 1; }
ready || trouble
HUZHU_HTTP__METRICS_LISTEN=127.0.0.1:$more "$binary" work >"$dir/work.log" 2>&1 &
started+=($!)
"$binary" demo --times 2 --at-once 2 || trouble
kept=$(curl -sf "$S3_URL/claims?list-type=2" | grep -o '<Key>' | wc -l)
if [ "$kept" -eq 0 ] || [ -e "$dir/data/objects" ]; then echo "the documents are not in the bucket" >&2 && exit 1; fi
"$binary" doctor | grep -E '^ok +(keys|database|bucket)' | tee "$dir/said"
[ "$(wc -l <"$dir/said")" -eq 3 ]
for process in "${started[@]:1}"; do
    kill "$process"
    wait "$process" || trouble
done
if grep -n 'panicked at' "$dir"/*.log; then exit 1; fi
echo "$kept objects in the bucket"
