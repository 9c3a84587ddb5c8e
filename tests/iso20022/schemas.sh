#!/usr/bin/env bash
# Holds our specimens of messages, and what we write ourselves (written/), against the schemas in $HUZHU_XSD_DIR (../shared/iso20022/xsd), which are not committed: those that are sound
# are valid; what a real bank once sent otherwise says so in its name (quirk-…). Without schemas it says that nothing was held.
set -euo pipefail
cd "$(dirname "$0")"
schemas=${HUZHU_XSD_DIR:-../../../shared/iso20022/xsd}
if [ ! -d "$schemas" ]; then
    echo "schemas: there is no directory $schemas, so no specimen was held against a schema (set HUZHU_XSD_DIR)"
    exit 0
fi
held=0 failed=0
for file in specimens/*.xml written/*.xml; do
    message=$(grep -oE -m 1 '(camt|pain)\.[0-9]{3}\.001\.[0-9]{2}' "$file")
    schema=$schemas/$message.xsd
    case $file in specimens/quirk-*) continue ;; esac
    [ -f "$schema" ] || { echo "schemas: none for $message: $file was not held" && continue; }
    if said=$(xmllint --nonet --noout --schema "$schema" "$file" 2>&1); then held=$((held + 1)); else failed=$((failed + 1)) && echo "$said"; fi
done
echo "$held passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$held" -gt 0 ]
