#!/usr/bin/env bash
# fredapi 0.5.2: making a client sends every other urllib request of the process through a proxy.
#
# `Fred(api_key=..., proxies=...)` does not keep the proxy for its own requests: it installs an opener
# in urllib for the whole process, also when the proxies come from HTTP_PROXY alone. A request of any
# other part of the program to another host then goes to that proxy, and an opener that the program
# had installed before (with time-outs, certificates or log-ins) is replaced without a word.
#
# Seen: an unrelated request reaches its server directly before the client is made and arrives at the
# proxy after it; the opener installed before is gone.
# Fails when fredapi keeps its proxy to itself.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check fredapi==0.5.2 pandas==3.1.1
env -u HTTP_PROXY -u HTTPS_PROXY -u http_proxy -u https_proxy -u no_proxy -u NO_PROXY \
  "$folder/venv/bin/python" - <<'PYTHON'
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer

from fredapi import Fred


def server(name: str) -> str:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(name.encode())

        def log_message(self, *_: object) -> None:
            pass

    listening = HTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{listening.server_port}/"


target, proxy = server("the server itself"), server("the proxy")
mine = urllib.request.build_opener()
urllib.request.install_opener(mine)
before = urllib.request.urlopen(target).read().decode()
Fred(api_key="a key", proxies={"http": proxy})
after = urllib.request.urlopen(target).read().decode()
print("before:", before, "- after:", after)
assert (before, after) == ("the server itself", "the proxy")
assert urllib.request._opener is not mine
PYTHON
echo "as stated: the proxy of one client is everybody's"
