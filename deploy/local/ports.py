"""Free ports are found, never assumed: other servers may listen on 5432 or 4222.

Connections that programs open have ports of the system's range, 32768 and above on Linux, 49152
and above elsewhere. A server's port is none of these: while the server is restarted, or before its
first start, a connection could get it, and keep it for as long as it is open.
"""

import socket
from random import SystemRandom

LOOPBACK = "127.0.0.1"
OF_SERVERS = range(15_000, 32_768)
ATTEMPTS = 200


def is_free(port: int) -> bool:
    """Whether nothing listens on `port` of the loopback interface."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def free_port(preferred: int | None = None) -> int:
    """`preferred` when it is still free, else one that no connection gets.

    If hundreds of those are taken, it is a port that the system picks.
    """
    if preferred is not None and is_free(preferred):
        return preferred
    for chosen in SystemRandom().sample(OF_SERVERS, ATTEMPTS):
        if is_free(chosen):
            return chosen
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def is_listening(port: int, timeout: float = 0.5) -> bool:
    """Whether something on the loopback interface accepts connections on `port`."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=timeout):
            return True
    except OSError:
        return False
