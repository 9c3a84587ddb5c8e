#!/usr/bin/env bash
# A Python and a TypeScript client, made of openapi/huzhu.json by generators that nobody of us wrote, each play a whole claim against a
# running demo. Run it by tests/tools/on_demo.sh tests/clients/clients.sh; needs DEMO_URL and DEMO_DIR. What is made is not kept.
set -euo pipefail
cd "$(dirname "$0")/../.."
tools=${TOOLS_DIR:-$PWD/.tools}
export PATH="$tools/python/bin:$tools/node/node_modules/.bin:$PATH" PYTHONDONTWRITEBYTECODE=1
made=$(mktemp -d /tmp/huzhu-clients.XXXXXX)
trap 'rm -rf "$made"' EXIT
passed=0 failed=0
check() {
    local name=$1
    shift
    echo "$name"
    if "$@"; then passed=$((passed + 1)) && echo "ok    $name"; else failed=$((failed + 1)) && echo "FAIL  $name"; fi
}

# A warning of the generator is something that the client would lack.
python_made() {
    openapi-python-client generate --path openapi/huzhu.json --config tests/clients/python/generator.yaml --fail-on-warning \
        --meta none --output-path "$made/huzhu" && every_operation
}
every_operation() {
    diff <(grep -oP '"operationId": "\K\w+' openapi/huzhu.json | sort) \
        <(find "$made/huzhu/api" -name '*.py' ! -name __init__.py -printf '%f\n' | sed 's/\.py$//' | sort)
}
python_plays() { PYTHONPATH=$made:$PWD/tests/tools python tests/clients/python/play.py; }

# Node and tsc look for packages beside the file.
typescript_made() {
    cp tests/clients/typescript/* "$made" && ln -s "$tools/node/node_modules" "$made/node_modules" &&
        node "$made/generate.mjs" openapi/huzhu.json "$made/huzhu.d.ts" && tsc --project "$made"
}
typescript_plays() { node "$made/play.mts" samples; }

check "Python: the client is made without a warning, every operation in it" python_made
check "Python: the journey" python_plays
check "TypeScript: the client is made, and the journey fits its types" typescript_made
check "TypeScript: the journey" typescript_plays
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
