#!/usr/bin/env bash
# OpenSSL 3 judges what `huzhu keys gm` makes: that the key is one on the curve of SM2, that it is the certificate's, and that the certificate's
# own SM2 signature over SM3 is right under the user id of GM/T 0009. The other way round is a unit test (src/gm/tests.rs).
set -euo pipefail
cd "$(dirname "$0")/../.."
binary=$(tests/tools/binary.sh)
dir=$(mktemp -d /tmp/huzhu-gm.XXXXXX)
trap 'rm -rf "$dir"' EXIT
id=distid:1234567812345678
passed=0 failed=0
check() {
    local what=$1
    shift
    if "$@" >"$dir/said" 2>&1; then passed=$((passed + 1)); else failed=$((failed + 1)) && echo "$what:" && cat "$dir/said"; fi
}
refused() { ! "$@"; }
sm3_signed() { openssl x509 -in "$dir/bank.crt" -noout -text | grep -q 'Signature Algorithm: SM2-with-SM3'; }
same_key() { [ "$(openssl pkey -in "$dir/bank.key" -pubout)" = "$(openssl x509 -in "$dir/bank.crt" -noout -pubkey)" ]; }
verified() { openssl pkeyutl -verify -rawin -digest sm3 -pkeyopt "$1" -certin -inkey "$dir/bank.crt" -in "$2" -sigfile "$3"; }
closed() { [ "$(stat -c %a "$dir/bank.key")" = 600 ]; }

check "keys gm" "$binary" keys gm "$dir" --subject "CN=Fund,O=Mutual aid,C=CN" --days 30
check "the key is open to others" closed
check "a key is written over" refused "$binary" keys gm "$dir"
check "the key is none" openssl pkey -in "$dir/bank.key" -check -noout
check "the certificate is another key's" same_key
check "the certificate is not signed with SM2 over SM3" sm3_signed
openssl x509 -in "$dir/bank.crt" -outform DER -out "$dir/der"
last=$(openssl asn1parse -inform DER -in "$dir/der" | tail -n 1 | cut -d: -f1)
openssl asn1parse -inform DER -in "$dir/der" -strparse 4 -out "$dir/body" -noout
openssl asn1parse -inform DER -in "$dir/der" -strparse "$last" -out "$dir/body.sig" -noout
check "the certificate's signature" verified "$id" "$dir/body" "$dir/body.sig"
check "the certificate's signature under another user id passes" refused verified distid:1234567812345679 "$dir/body" "$dir/body.sig"
printf 'D|000001|REF1\n' >"$dir/file"
check "the key signs" openssl pkeyutl -sign -rawin -digest sm3 -pkeyopt "$id" -inkey "$dir/bank.key" -in "$dir/file" -out "$dir/sig"
check "and the certificate verifies" verified "$id" "$dir/file" "$dir/sig"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
