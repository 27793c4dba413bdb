#!/bin/sh
# Prepares .venv: the locked dependencies first, with their hashes, then this workspace's
# packages for editing. Uses uv where it is, fetches it into .tools where not, and falls back to pip.
set -eu
cd "$(dirname "$0")/.."

say() { printf '%s\n' "$*" >&2; }
stop() { say "make install: $*"; exit 1; }

find_python() {
    for name in "${PYTHON:-python3}" python3.14 python3.13 python3.12 python3.11; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$name"
            return
        fi
    done
    return 1
}

need_venv_module() {
    "$1" -c 'import ensurepip, venv' 2>/dev/null ||
        stop "$1 has no venv module. Install it (Debian, Ubuntu: apt-get install python3-venv) and run this again."
}

find_uv() {
    if command -v uv; then return; fi
    if [ -x .tools/bin/uv ]; then echo .tools/bin/uv; return; fi
    say "Fetching uv into .tools ..."
    "$python" -m venv .tools >&2 && .tools/bin/pip install --quiet --disable-pip-version-check uv >&2 || return 1
    echo .tools/bin/uv
}

install_with_uv() {
    [ -x .venv/bin/python ] || "$uv" venv --quiet --clear --python "$python" .venv
    say "Installing the locked dependencies (about 150 MB the first time) ..."
    "$uv" pip install --quiet --compile-bytecode --python .venv/bin/python --require-hashes -r requirements/dev.lock
    say "Building this workspace's packages (the kernel takes its web assets from npm) ..."
    "$uv" pip install --quiet --python .venv/bin/python --no-deps --reinstall \
        --build-constraints requirements/build.lock "$@"
}

install_with_pip() {
    [ -x .venv/bin/pip ] || "$python" -m venv .venv
    .venv/bin/pip install --disable-pip-version-check --require-hashes -r requirements/dev.lock
    .venv/bin/pip install --disable-pip-version-check --no-deps "$@"
}

packages() {
    for project in core plugins/*; do
        if [ -f "$project/pyproject.toml" ]; then printf -- '-e\n%s\n' "./$project"; fi
    done
}

if ! python=$(find_python); then
    command -v uv >/dev/null ||
        stop "Python 3.11 or newer is needed, and python3 is $(command -v python3 >/dev/null && python3 -V || echo absent)." \
             "Install one, or name it: make install PYTHON=/path/to/python3.12"
    python='>=3.11'
fi

if ! { command -v uv || [ -x .tools/bin/uv ]; } >/dev/null; then need_venv_module "$python"; fi

# shellcheck disable=SC2046  # one word a line, and no path of ours holds a space
set -- $(packages)
if uv=$(find_uv); then
    install_with_uv "$@"
else
    say "uv cannot be had; using pip, which is slower."
    install_with_pip "$@"
fi
