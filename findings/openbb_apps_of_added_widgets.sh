#!/usr/bin/env bash
# openbb-platform-api 2.0.1: `openbb-api --widgets-json FILE --apps-json FILE` reads both files at
# every request, but leaves out of /apps.json, without a word, an app of widgets added since.
#
# /widgets.json has the added widget at once, as documented. /apps.json compares each app with the
# widgets that were there at the start, and leaves out those it does not know; the log is silent.
# What helps: start it again after a widget was added.
#
# Seen: widgets first, second; apps "of the first" alone, and both after another start.
# Fails when the app of the added widget is served at once, or not after another start.
set -euo pipefail
folder=$(mktemp -d)
server=
cleanup() {
  if [ -n "$server" ]; then kill "$server" 2> /dev/null || true; wait "$server" 2> /dev/null || true; fi
  rm -rf "$folder"
}
trap cleanup EXIT
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check openbb-platform-api==2.0.1
cd "$folder"
printf 'from fastapi import FastAPI\n\napp = FastAPI()\n' > main.py

written() { # of each named widget, an app
  venv/bin/python - "$@" <<'PYTHON'
import json
import sys

widget = {"name": "Rows", "description": "Rows.", "endpoint": "rows", "type": "table"}
layout = {"x": 0, "y": 0, "w": 40, "h": 10}
names = sys.argv[1:]
apps = [
    {"name": f"of the {name}", "tabs": {"": {"id": "", "name": "", "layout": [layout | {"i": name}]}}}
    for name in names
]
for file, content in (("widgets.json", dict.fromkeys(names, widget)), ("apps.json", apps)):
    with open(file, "w") as written:
        json.dump(content, written)
PYTHON
}
started() {
  HOME="$folder" venv/bin/openbb-api --app "$folder/main.py" --widgets-json widgets.json \
    --apps-json apps.json --no-build --host 127.0.0.1 --port "$port" < /dev/null > log 2>&1 &
  server=$!
  for _ in $(seq 60); do
    if curl -sf "http://127.0.0.1:$port/widgets.json" > /dev/null; then return; fi
    sleep 1
  done
  cat log >&2
  exit 1
}
served() {
  curl -sf "http://127.0.0.1:$port/widgets.json" | venv/bin/python -c 'import json, sys; print(*json.load(sys.stdin), sep=", ", end="; ")'
  curl -sf "http://127.0.0.1:$port/apps.json" | venv/bin/python -c 'import json, sys; print(*(app["name"] for app in json.load(sys.stdin)), sep=", ")'
}

written first
started
written first second
before=$(served)
echo "$before"
if grep -q second log; then echo "the log names what was left out" >&2; exit 1; fi
kill "$server"
wait "$server" || true
started
after=$(served)
echo "$after"
[ "$before" = "first, second; of the first" ]
[ "$after" = "first, second; of the first, of the second" ]
echo "as stated: the app of the added widget is served after another start only"
