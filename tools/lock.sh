#!/bin/sh
# Compile requirements/*.txt from pyproject.toml: exact versions with hashes, for every
# platform, without the address of any package index (which may be a private one).
#
# Usage: tools/lock.sh [further options of `uv pip compile`, e.g. --upgrade]
set -eu
cd "$(dirname "$0")/.."

test -x .venv/bin/uv || .venv/bin/python -m pip install --quiet uv

lock() {
    out=$1
    shift
    .venv/bin/uv pip compile pyproject.toml --quiet --generate-hashes --universal \
        --python-version 3.11 --no-emit-index-url --no-emit-find-links --no-header --no-annotate \
        --output-file "requirements/$out" "$@"
    if grep -nE '^(-|--)|://|@ ' "requirements/$out" | grep -vE '^[0-9]+: +--hash'; then
        echo "requirements/$out names an index or an address; see above" >&2
        exit 1
    fi
    echo "requirements/$out: $(grep -c '==' "requirements/$out") packages"
}

lock runtime.txt --extra server "$@"
lock agent.txt --extra agent --extra workgroup --constraint requirements/runtime.txt "$@"
lock dev.txt --extra server --extra agent --extra workgroup --extra dev --constraint requirements/runtime.txt "$@"
