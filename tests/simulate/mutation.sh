#!/usr/bin/env bash
# Takes each guard of the money code away in turn and counts the seeds until the simulator finds it: a table, guard by guard. The code's own
# guards are made switchable in a copy of the tree (tests/simulate/mutate.py), so that nothing of this is in what is shipped; the guards of
# the tables are left out of the simulator's database. A guard behind which another one stands is taken away together with it.
# Fails when a guard is not found in SEEDS (1000). Usage: mutation.sh [SEEDS [GUARD…]]
set -euo pipefail
cd "$(dirname "$0")/../.."
seeds=${1:-1000}
orders=${ORDERS:-12}
copy=${MUTATION_DIR:-${TMPDIR:-/tmp}/huzhu-mutation}
target=${CARGO_TARGET_DIR:-$copy/target}
mkdir -p "$copy/tree"
git ls-files -z | tar --null --files-from=- -cf - | tar -xf - -C "$copy/tree"
python3 tests/simulate/mutate.py "$copy/tree"
(cd "$copy/tree" && CARGO_TARGET_DIR=$target cargo build --quiet --release --locked -p huzhu --bin huzhu)
exec python3 tests/simulate/mutation.py "$target/release/huzhu" "$seeds" "$orders" "${@:2}"
