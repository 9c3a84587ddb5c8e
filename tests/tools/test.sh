#!/usr/bin/env bash
# `make test`: every check there is, each timed, on SQLite and on PostgreSQL. Goes on after a failure and fails at the end.
# Owns the order and the summary; each step is a script or a cargo command that can be run alone. Logs: .tools/logs/.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
tools=${TOOLS_DIR:-$PWD/.tools}
logs=$tools/logs
mkdir -p "$logs"
results=$logs/results
: >"$results"
# Nothing is compiled twice in a clone that nobody works in: then what would make the second time quicker only costs time.
[ -d "${CARGO_TARGET_DIR:-target}/debug/incremental" ] || export CARGO_INCREMENTAL=0

# step NAME COMMAND…: runs it, keeps its log, writes a line of the summary. A step without a test runner's summary counts as one test.
step() {
    local from=$SECONDS log="$logs/${1// /-}.log" good=1 bad=0 counts
    export STEP=$1
    shift
    printf '\n== %s\n' "$STEP"
    if "$@" 2>&1 | tee "$log"; then :; else good=0 bad=1; fi
    counts=$(tests/tools/count.sh "$log")
    if [ -n "$counts" ]; then
        read -r ran_good ran_bad <<<"$counts"
        good=$ran_good
        if [ "$ran_bad" -gt 0 ] || [ "$bad" -eq 0 ]; then bad=$ran_bad; fi
    fi
    printf '%-28s %5d s %6d passed %4d failed\n' "$STEP" $((SECONDS - from)) "$good" "$bad" >>"$results"
}
total_of() { awk -v field="$1" '{ sum += $(NF - field) } END { print sum + 0 }' "$results"; }
passed() { total_of 3; }
failed() { total_of 1; }

# Runs the steps of a function beside those that follow, and waits for them. Whoever interrupts the test interrupts them too: what runs in the
# background does not hear the keyboard.
trap 'trap - INT TERM; kill 0' INT TERM
beside() {
    "$1" >"$logs/$1.log" 2>&1 &
    at_side=$!
}
joined() {
    wait "$at_side" || printf '%-28s %5d s %6d passed %4d failed\n' "$1" 0 0 1 >>"$results"
    cat "$logs/$1.log"
}

# nextest when it is there, cargo's own runner when not: building nextest costs more than it saves.
# More tests than processors: they wait for the database and for processes of their own.
suite() { # tests for each processor, what to test
    local at_once=$(($(nproc) * $1))
    shift
    if cargo nextest --version >/dev/null 2>&1; then
        cargo nextest run --locked "$@" --test-threads "$at_once" --no-fail-fast --hide-progress-bar --status-level fail --final-status-level slow
    else
        RUST_TEST_THREADS=$at_once cargo test --locked "$@" --no-fail-fast --quiet
    fi
}
# In a zone far from Shanghai's: no answer may depend on where the machine stands. What is logged is kept for the step after it. The unit
# tests know no database: once is enough for them.
suite_on_sqlite() { TZ=America/St_Johns TMPDIR=$(quick_folder) TEST_LOGS_DIR=$logs/suite suite 2 --workspace; }
suite_on_postgres() { TZ=Pacific/Apia TMPDIR=$(quick_folder) TEST_LOGS_DIR=$logs/suite tests/tools/with_postgres.sh bash -c "$(declare -f suite); suite 3 --workspace --test it"; }
# Where some hundred small databases do not wait for a disk: in memory, when there is plenty.
quick_folder() {
    local free_mib
    free_mib=$(df --output=avail -BM /dev/shm 2>/dev/null | tail -n 1 | tr -dc '0-9')
    if [ "${free_mib:-0}" -ge 10240 ] && [ -w /dev/shm ]; then echo /dev/shm; else echo "${TMPDIR:-/tmp}"; fi
}

# What is only needed after the build is fetched meanwhile.
tools() {
    step prepare tests/tools/prepare.sh all
    step "prepare samples" tests/tools/prepare.sh samples
}
step "prepare the build" tests/tools/prepare.sh build
beside tools
step fmt cargo fmt --all --check
step dependencies python3 tests/tools/deny.py
# Clippy's driver is the compiler with more lints: what is linted is what is tested, and what it depends on is built once.
export RUSTC_WORKSPACE_WRAPPER=clippy-driver
step "build with clippy" tests/tools/build.sh
joined tools
if grep -Eq '^(prepare|tools).* [1-9][0-9]* failed$' "$results"; then
    echo "the tools could not be installed" >&2
    exit 1
fi
export PATH="$PATH:$tools/python/bin:$tools/node/node_modules/.bin"

step scripts shellcheck .ci/run tests/*/*.sh
step "guards by name" python3 tests/simulate/mutate.py --check .
rm -rf "$logs/suite"
step "suite on sqlite" suite_on_sqlite
step "suite on postgresql" suite_on_postgres
step "logs of the suite" python3 tests/tools/search_logs.py "$logs/suite"
step "scans of the suite" python3 tests/tools/scans.py "$logs/suite" "$(tests/tools/binary.sh)"
step simulate tests/simulate/simulate.sh 240
step calendar tests/calendar/compare.sh
step deploy tests/deploy/check.sh
step schemas tests/iso20022/schemas.sh
step "national algorithms" tests/gm/openssl.sh
step openapi tests/openapi/lint.sh
# The first three wait for lines, processes and leases most of the time, and the last two are short; what follows computes meanwhile.
waiting() {
    step uploads tests/tools/on_demo.sh tests/uploads/uploads.sh 30
    step "uploads and processes" tests/tools/with_postgres.sh tests/uploads/processes.sh 10
    step crashes tests/tools/with_postgres.sh tests/crash/crash.sh 15
    step clients tests/tools/on_demo.sh tests/clients/clients.sh
    step "day of the bank" tests/clients/bank_day.sh
}
beside waiting
step documents tests/documents/documents.sh
step reading tests/reading/reading.sh
step schemathesis tests/tools/on_demo.sh tests/fuzz/fuzz.sh 120 20261123
joined waiting

printf '\n%s\n\n%d passed, %d failed in %d s\n' "$(cat "$results")" "$(passed)" "$(failed)" "$SECONDS"
[ "$(failed)" -eq 0 ]
