"""The local stack: Postgres and NATS from wheels, six service processes, no Docker."""
