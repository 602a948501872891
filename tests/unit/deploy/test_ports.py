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


def test_no_connection_that_a_program_opens_gets_the_port_of_a_server() -> None:
    with socket.socket() as server:
        server.bind((LOOPBACK, 0))
        server.listen()
        first_of_connections = 32_768

        with socket.create_connection(server.getsockname()) as connection:
            assert connection.getsockname()[1] >= first_of_connections
    assert all(free_port() < first_of_connections for _ in range(50))
