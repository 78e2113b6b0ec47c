#!/bin/sh
# Print the path of a Chromium for the browser tests; install Debian's when there is none.
set -eu
for candidate in chromium chromium-browser google-chrome; do
    if command -v "$candidate" >/dev/null 2>&1; then
        command -v "$candidate"
        exit 0
    fi
done
as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}
echo "Installing Chromium for the browser tests (once) ..." >&2
as_root apt-get update -qq >&2
as_root apt-get install -y -qq chromium >&2
command -v chromium
