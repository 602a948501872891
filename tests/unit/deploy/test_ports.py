"""Ports are found, not assumed."""

import socket

from deploy.local.ports import LOOPBACK, free_port, is_free, is_listening


def test_a_busy_preferred_port_is_replaced() -> None:
    with socket.socket() as other:
        other.bind((LOOPBACK, 0))
        other.listen()
        busy = other.getsockname()[1]

        chosen = free_port(busy)

        assert chosen != busy
        assert is_listening(busy)
        assert not is_free(busy)


def test_a_free_preferred_port_is_kept() -> None:
    port = free_port()

    assert free_port(port) == port
