#!/usr/bin/env bash
# Searches for a file, form or message on which a parser fails, led by coverage (libFuzzer through bolero), so many minutes for each target.
# Starts from what is kept in __fuzz__ and from what earlier runs found (.tools/parsers/). What fails is left in __fuzz__/…/crashes,
# where every test run meets it again; --keep then puts the fewest inputs that reach all that was reached into __fuzz__.
# Usage: fuzz.sh MINUTES [--keep]
set -euo pipefail
cd "$(dirname "$0")/../.."
tools=${TOOLS_DIR:-$PWD/.tools}
minutes=$1 keep=${2:-}
build=(--package parsers --sanitizer NONE --profile dev --target-dir "$tools/parsers/target")
# As much as the checker may take.
limits=(--timeout 20s --engine-args=-rss_limit_mb=512 --engine-args=-max_len=65536)
for target in files::containers files::pictures_and_pdfs forms::fields messages::messages bank_files::flat_files bank_files::signatures bank_files::direct_answers; do
    kept=$PWD/tests/parsers/src/__fuzz__/${target//::/__}
    found=$tools/parsers/${target//::/__}
    mkdir -p "$kept/corpus" "$found"
    cp -n "$kept"/corpus/* "$found"/
    "$tools/cargo/bin/cargo-bolero" bolero test "$target" "${build[@]}" -T "$((minutes * 60))s" "${limits[@]}" \
        --corpus-dir "$found" --crashes-dir "$kept/crashes"
    if [ "$keep" = --keep ]; then
        cp -n "$found"/* "$kept"/corpus/
        # By the branches reached, not by how often each was: some hundred files, not some thousand.
        "$tools/cargo/bin/cargo-bolero" bolero reduce "$target" "${build[@]}" --engine-args=-use_counters=0
    fi
done
