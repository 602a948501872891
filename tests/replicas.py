"""Replicas of ingest as separate processes, each with a separate stand-in.

Who asked for what is seen.
"""

import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from deploy.local.ports import LOOPBACK, free_port
from deploy.local.programs import Process, Program, stop, wait_until
from deploy.local.stack import answers_ok
from deploy.local.state import PROJECT
from tests.servers import Servers
from tests.wire.market import KEY, Market
from tests.wire.polygon import polygon
from tests.wire.server import StandIn

READY_SECONDS = 90.0


@dataclass(frozen=True)
class Replica:
    """One process and the stand-in that answers it."""

    process: Process
    market: StandIn

    def asked(self) -> list[str]:
        """The symbols whose closes it asked for one by one, in order."""
        paths = [path.split("/") for path in self.market.paths()]
        return [parts[4] for parts in paths if parts[2:4] == ["aggs", "ticker"]]

    def kill(self) -> None:
        """End it as a power loss would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """End it politely."""
        stop(self.process, signal.SIGTERM, seconds=15)


@contextmanager
def running_replicas(
    servers: Servers, market: Market, count: int, logs: Path, **environment: str
) -> Iterator[list[Replica]]:
    """So many processes of ingest on the same servers, all of them ready.

    `environment` is added to theirs.
    """
    with ExitStack() as stack:
        started = []
        for number in range(count):
            stand_in = stack.enter_context(polygon(market).running())
            url = f"http://{LOOPBACK}:{free_port()}"
            program = _program(
                servers, url, environment | {"SIGMASIGHT_INGEST_POLYGON_URL": stand_in.url}
            )
            log = logs / f"ingest-{number}.log"
            replica = Replica(program.start(log), stand_in)
            stack.callback(replica.stop)
            started.append((replica, partial(answers_ok, f"{url}/health/ready"), log))
        for replica, is_ready, log in started:
            wait_until(is_ready, replica.process, log, READY_SECONDS)
        yield [replica for replica, _, _ in started]


def _program(servers: Servers, url: str, own: Mapping[str, str]) -> Program:
    settings = servers.settings
    shared = {
        "POLYGON_API_KEY": KEY,
        "SIGMASIGHT_DATABASE_HOST": settings.database_host,
        "SIGMASIGHT_DATABASE_PORT": str(settings.database_port),
        "SIGMASIGHT_DATABASE_NAME": settings.database_name,
        "SIGMASIGHT_NATS_URL": settings.nats_url,
        "SIGMASIGHT_ACKNOWLEDGE_SECONDS": str(settings.acknowledge_seconds),
    }
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith("SIGMASIGHT_")
    }
    listen = ("--host", LOOPBACK, "--port", url.rpartition(":")[2], "--no-access-log")
    return Program(
        name="ingest",
        command=(sys.executable, "-m", "uvicorn", "services.ingest.main:app", *listen),
        directory=PROJECT,
        environment=inherited | shared | dict(own),
    )
