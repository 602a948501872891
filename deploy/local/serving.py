"""Serve one application: `python -m deploy.local.serving APPLICATION PORT HEADER [HTTP]`.

It is what uvicorn's own command does. That command builds a parser of sixty options and sets up
logs, which every service sets up for itself: several megabytes that a forked process would no
longer share with the others. `HEADER` is `name:value`, in every answer; `HTTP` names the class of a
connection.
"""

import sys

import uvicorn

from deploy.local.ports import LOOPBACK

LARGEST_FRAME = 64 * 1024  # bytes; uvicorn would buffer 16 MB of each WebSocket


def serve(application: str, port: str, header: str, http: str = "auto") -> None:
    """Serve until a signal ends the process."""
    name, _, value = header.partition(":")
    uvicorn.run(
        application,
        host=LOOPBACK,
        port=int(port),
        http=http,
        ws_max_size=LARGEST_FRAME,
        headers=[(name, value)],
        access_log=False,
        log_config=None,
        log_level="info",
    )


if __name__ == "__main__":
    serve(*sys.argv[1:])
