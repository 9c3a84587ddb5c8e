#!/usr/bin/env bash
# Makes the three secrets of compose.yaml once; never overwrites one.
set -euo pipefail
cd "$(dirname "$0")"
mkdir -p secrets && chmod 700 secrets
random() { head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n'; }
keep() { [ -e "secrets/$1" ] || (umask 022 && printf '%s' "$2" >"secrets/$1"); } # read by user 10001 inside; the folder is ours alone
keep database_password "$(random)"
keep database_url "postgres://huzhu:$(cat secrets/database_password)@database/huzhu"
keep s3_secret "$(random)"
