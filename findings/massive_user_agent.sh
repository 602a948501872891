#!/usr/bin/env bash
# massive 2.9.1, Polygon.io's client under its new name: every request says "PythonClient/unknown".
#
# The header User-Agent is to name the version. The client asks the installed metadata for a
# distribution `massive-api-client`; the distribution is called `massive`, so that none is found and
# the version is "unknown". A provider that counts, limits or blocks clients
# by version sees none. polygon-api-client 1.16.3, the same client under its old name, names its own.
#
# Seen: "Massive.com PythonClient/unknown" and "Polygon.io PythonClient/1.16.3".
# Fails when massive names its version.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check massive==2.9.1 polygon-api-client==1.16.3
"$folder/venv/bin/python" - <<'PYTHON'
from importlib.metadata import version

from massive import RESTClient as Massive
from polygon import RESTClient as Polygon

new, old = (client("a key").headers["User-Agent"] for client in (Massive, Polygon))
print(new, "-", old)
assert version("massive") == "2.9.1"
assert new == "Massive.com PythonClient/unknown", new
assert old == "Polygon.io PythonClient/1.16.3", old
PYTHON
echo "as stated: the new client names no version"
