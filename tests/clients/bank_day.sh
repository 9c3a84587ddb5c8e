#!/usr/bin/env bash
# The card bank's own job plays a whole day: a generated client, a bank that executes (`huzhu bank-sim`) and never talks to the service, keys and
# envelopes by OpenSSL. The demo runs with `[bank] kind = "pull"`. Needs .tools/python; what is made is not kept.
set -euo pipefail
cd "$(dirname "$0")/../.."
tools=${TOOLS_DIR:-$PWD/.tools}
export PATH="$tools/python/bin:$PATH" PYTHONDONTWRITEBYTECODE=1
binary=$(tests/tools/binary.sh)
made=$(mktemp -d /tmp/huzhu-bank-day.XXXXXX)
bank=
trap '[ -z "$bank" ] || kill "$bank" 2>/dev/null || true; rm -rf "$made"' EXIT
openapi-python-client generate --path openapi/huzhu.json --config tests/clients/python/generator.yaml --fail-on-warning \
    --meta none --output-path "$made/huzhu"
for side in fund bank; do "$binary" keys gm "$made" --name "$side" --subject "CN=$side,C=CN" >/dev/null; done
"$binary" bank-sim --data "$made/bank" >"$made/bank.log" 2>&1 &
bank=$!
for _ in $(seq 100); do [ -s "$made/bank/url" ] && break; sleep 0.1; done
export BANK_DAY=$made PYTHONPATH=$made:$PWD/tests/tools
HUZHU_BANK__KIND=pull HUZHU_BANK__PAYS_ON=every_day HUZHU_BANK__CUT_OFF=24:00 HUZHU_BANK__DISPATCH_FROM=00:00 \
    HUZHU_BANK__SEALS__KEY_FILE=$made/fund.key HUZHU_BANK__SEALS__CERTIFICATE_FILE=$made/fund.crt \
    HUZHU_BANK__SEALS__BANK_CERTIFICATE_FILE=$made/bank.crt tests/tools/on_demo.sh python tests/clients/python/bank_day.py
echo "1 passed, 0 failed"
