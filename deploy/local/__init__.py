"""The embedded default: Postgres and NATS from wheels, six service processes, one command, no
Docker.
"""
