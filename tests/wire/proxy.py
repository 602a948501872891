"""A proxy through which a program finds stand-ins under the names of the real hosts.

A process under test takes it from HTTPS_PROXY, as behind a company's firewall.
"""

import socket
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from socketserver import StreamRequestHandler, ThreadingTCPServer


class _Proxy(ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


@contextmanager
def proxy(hosts: Collection[str], port: int) -> Iterator[str]:
    """The address of a proxy that connects the hosts with a loopback port, and refuses others."""

    class Handler(StreamRequestHandler):
        def handle(self) -> None:
            method, _, name = self.rfile.readline().decode().partition(" ")
            while self.rfile.readline().strip():
                pass
            if method != "CONNECT" or name.split(":")[0] not in hosts:
                self.wfile.write(b"HTTP/1.1 403 Forbidden\r\n\r\n")
                return
            with socket.create_connection(("127.0.0.1", port)) as far:
                self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                back = threading.Thread(target=_pipe, args=(far, self.connection), daemon=True)
                back.start()
                _pipe(self.connection, far)
                back.join(5)

    with _Proxy(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def _pipe(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while chunk := source.recv(1 << 16):
            target.sendall(chunk)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
