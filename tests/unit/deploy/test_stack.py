"""Readiness of a part is that of this stack's part."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

from deploy.local.stack import HEADER, answers_ok


@contextmanager
def a_service(stack_id: str | None) -> Iterator[str]:
    """A service that is ready, of a stack or of none."""

    class Ready(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            if stack_id is not None:
                self.send_header(HEADER, stack_id)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Into no log."""

    server = HTTPServer(("127.0.0.1", 0), Ready)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/health/ready"
    finally:
        server.shutdown()
        server.server_close()


def test_only_a_service_of_this_stack_is_ready() -> None:
    with a_service("ours") as ours, a_service("theirs") as theirs, a_service(None) as unknown:
        answers = [answers_ok(url, "ours") for url in (ours, theirs, unknown)]

    assert answers == [True, False, False]
