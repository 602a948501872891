"""The supervisor of the stack under attack: its services reach their servers through our links."""

import os
import sys
from collections.abc import Mapping
from dataclasses import replace

from deploy.local.ports import LOOPBACK
from deploy.local.programs import Program
from deploy.local.stack import Part, Stack
from deploy.local.state import StateDirectory
from deploy.local.supervisor import supervise

POSTGRES_PORT, NATS_PORT = "CHAOS_POSTGRES_PORT", "CHAOS_NATS_PORT"
OF_CLOCK = ("LD_PRELOAD", "CHAOS_CLOCK")


class DisturbedStack(Stack):
    """The stack with the links in place of its servers' addresses, and the clock of the test."""

    def servers(self) -> list[Part]:
        """The servers; Postgres has the same clock as the services."""
        clock = {name: os.environ[name] for name in OF_CLOCK if name in os.environ}
        return [
            replace(part, program=_with(part.program, clock)) if part.name == "postgres" else part
            for part in super().servers()
        ]

    def _python(self, name: str, arguments: tuple[str, ...], own: Mapping[str, str]) -> Program:
        links = {
            "SIGMASIGHT_DATABASE_PORT": os.environ[POSTGRES_PORT],
            "SIGMASIGHT_NATS_URL": f"nats://{LOOPBACK}:{os.environ[NATS_PORT]}",
        }
        return super()._python(name, arguments, {**own, **links})


def _with(program: Program, environment: Mapping[str, str]) -> Program:
    return replace(program, environment={**program.environment, **environment})


if __name__ == "__main__":
    sys.exit(supervise(StateDirectory.default(), DisturbedStack))
