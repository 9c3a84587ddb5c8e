#!/usr/bin/env bash
# `huzhu doctor` on the example configuration, with its database, secrets and S3 server put in from outside as an operator would:
# first without the bucket, then with it. Usage: tests/tools/with_postgres.sh tests/deploy/with_s3.sh tests/deploy/doctor.sh
set -euo pipefail
cd "$(dirname "$0")/../.."
binary=$(tests/tools/binary.sh)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
printf '%s' "$HUZHU_TEST_PG_URL" >"$dir/database-url"
printf 'not-a-real-secret' >"$dir/s3-secret"
export HUZHU_CONFIG=deploy/huzhu.example.toml HUZHU_DATA_DIR=$dir/data HUZHU_DATABASE__URL_FILE=$dir/database-url \
    HUZHU_STORAGE__SECRET_ACCESS_KEY_FILE=$dir/s3-secret HUZHU_STORAGE__ENDPOINT=$S3_URL
"$binary" migrate
if "$binary" doctor >"$dir/said"; then echo "doctor is content without a bucket" >&2 && exit 1; fi
grep -A 1 '^WRONG  bucket .*the bucket huzhu is missing' "$dir/said" | grep -F 'mend: make the bucket' ||
    { cat "$dir/said" >&2 && exit 1; }
curl -sf -X PUT "$S3_URL/huzhu" >/dev/null
"$binary" doctor >"$dir/said" || { cat "$dir/said" >&2 && exit 1; }
grep -E '^ok +bucket' "$dir/said"
