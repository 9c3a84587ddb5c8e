#!/usr/bin/env bash
# Prints "passed failed" as summed from a log of cargo-nextest, cargo test or our own "N passed, N failed" line; prints nothing when the log has none.
set -euo pipefail
sed 's/\x1b\[[0-9;]*m//g' "$1" | awk '
    /^test result: / { for (i = 1; i <= NF; i++) { if ($i == "passed;") good += $(i - 1); if ($i == "failed;") bad += $(i - 1) } found = 1 }
    /^ *Summary \[/ { for (i = 1; i <= NF; i++) { if ($i ~ /^passed/) good += $(i - 1); if ($i ~ /^(failed|timed|exec)/) bad += $(i - 1) } found = 1 }
    /^[0-9]+ passed, [0-9]+ failed/ { good += $1; bad += $3; found = 1 }
    END { if (found) print good + 0, bad + 0 }'
