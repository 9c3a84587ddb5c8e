#!/usr/bin/env bash
# The committed document is what the code says, Spectral (with OWASP) and Redocly find nothing in it, warnings included, and every
# JSON body shows an example that fits its schema; no two types share a name.
set -euo pipefail
cd "$(dirname "$0")/../.."
tools=${TOOLS_DIR:-$PWD/.tools}
export PATH="$tools/python/bin:$tools/node/node_modules/.bin:$PATH" NODE_PATH="$tools/node/node_modules" REDOCLY_SUPPRESS_UPDATE_NOTICE=true
binary=$(tests/tools/binary.sh)
passed=0 failed=0
check() {
    local name=$1
    shift
    if "$@"; then passed=$((passed + 1)) && echo "ok    $name"; else failed=$((failed + 1)) && echo "FAIL  $name"; fi
}
same() { "$binary" openapi | diff -u openapi/huzhu.json - | head -n 40; }

# Spectral looks for its rulesets beside the file, so both stand in the tools folder while it runs.
spectral_clean() {
    cp .spectral.yaml "$tools/node/.spectral.yaml"
    (cd "$tools/node" && spectral lint --quiet --fail-severity=hint --ruleset .spectral.yaml "$OLDPWD/openapi/huzhu.json")
}
redocly_clean() {
    local out
    out=$(redocly lint --config redocly.yaml --format=stylish openapi/huzhu.json 2>&1) || { echo "$out" && return 1; }
    if grep -qE 'warning' <<<"$out"; then echo "$out" && return 1; fi
}
check "openapi/huzhu.json is what the code says (else: make openapi)" same
check "Spectral with OWASP" spectral_clean
check "Redocly" redocly_clean
check "Examples" python3 tests/openapi/examples.py openapi/huzhu.json
check "Names of schemas" python3 tests/openapi/names.py src
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
