#!/bin/sh
# Writes requirements/*.lock: exact versions with hashes, for every Python from 3.11 up, and no
# word on where packages come from. What is locked stays as it is unless UPGRADE=1.
set -eu
cd "$(dirname "$0")/.."
uv=${UV:-uv}

own=$(sed -n 's/^name = "\(.*\)"/--no-emit-package \1/p' core/pyproject.toml plugins/*/pyproject.toml)

compile() {
    # shellcheck disable=SC2086  # $own is a list of options
    "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
        ${UPGRADE:+--upgrade} $own --output-file "$@"
}

compile requirements/dev.lock pyproject.toml --group dev core/pyproject.toml plugins/*/pyproject.toml
compile requirements/build.lock requirements/build.in
