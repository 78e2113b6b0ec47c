#!/bin/sh
# Make .venv with the pinned packages; does nothing when it is up to date.  usage: tools/venv.sh [requirements file]
set -eu
cd "$(dirname "$0")/.."
requirements=${1:-requirements.txt}
stamp=.venv/.$(basename "$requirements" .txt)

if [ -f "$stamp" ] && [ "$(cat requirements*.txt | cksum)" = "$(cat "$stamp")" ]; then
    exit 0
fi

python=""
for candidate in python3.13 python3.12 python3.11 python3; do
    if command -v "$candidate" >/dev/null 2>&1 && "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
        python=$candidate
        break
    fi
done
if [ -z "$python" ]; then
    echo "Holdfast needs Python 3.11, 3.12 or 3.13; none was found." >&2
    exit 1
fi

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}
if [ ! -x .venv/bin/python ]; then
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        echo "Installing Python's venv module ..."
        as_root apt-get update -qq
        as_root apt-get install -y -qq "$("$python" -c 'import sys; print(f"python3.{sys.version_info[1]}-venv")')"
    fi
    "$python" -m venv .venv
fi
echo "Installing the pinned packages into .venv (once) ..."
.venv/bin/python -m pip install --quiet --disable-pip-version-check -r "$requirements"
cat requirements*.txt | cksum > "$stamp"
