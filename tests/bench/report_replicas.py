"""Replicas of reports on real servers: the reports of a close, and replicas that are killed.

`python -m tests.bench.report_replicas` prints what became of 200 reports while one of two replicas
was killed (SIGKILL) five times. `bench_reports` has the 1,000 reports of a close.
"""

import asyncio
import json
import os
import signal
import sys
import tempfile
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from pathlib import Path
from time import perf_counter
from typing import Any
from uuid import UUID, uuid4

import psutil
from nats.aio.client import Client
from sqlalchemy import insert, text

from deploy.local.ports import LOOPBACK, free_port
from deploy.local.programs import Process, Program, stop, wait_until
from deploy.local.stack import answers_ok
from deploy.local.state import PROJECT
from services.gateway.tables import ReportRequest, User
from shared.bus import stream_name
from shared.contracts.gateway import ReportsRequested
from shared.contracts.reports import TEMPLATES, ReportsRendered
from shared.database import Database, sql_table
from tests.servers import Servers, administrators_bus, administrators_database, running_servers
from tests.unit.reports.building import AS_OF

READY_SECONDS = 120.0
LOOK_SECONDS = 0.25
KILLED, KILLS, KILLED_EVERY_SECONDS = 200, 5, 1.0


@dataclass
class Use:
    """What replicas have used: processor seconds, and the most memory of one in MB.

    Memory is each replica's with its processes, where shared pages count in part (PSS).
    """

    seconds: float = 0.0
    megabytes: float = 0.0


@dataclass
class Replicas:
    """Processes of reports."""

    servers: Servers
    folder: Path
    started: list[Process] = field(default_factory=list)

    def start(self) -> None:
        """Start one more, and wait until it is ready."""
        settings = self.servers.settings
        url = f"http://{LOOPBACK}:{free_port()}"
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("SIGMASIGHT_")
        } | {
            "SIGMASIGHT_DATABASE_HOST": settings.database_host,
            "SIGMASIGHT_DATABASE_PORT": str(settings.database_port),
            "SIGMASIGHT_DATABASE_NAME": settings.database_name,
            "SIGMASIGHT_NATS_URL": settings.nats_url,
            "SIGMASIGHT_ACKNOWLEDGE_SECONDS": str(settings.acknowledge_seconds),
        }
        listen = ("--host", LOOPBACK, "--port", url.rpartition(":")[2], "--no-access-log")
        command = (sys.executable, "-m", "uvicorn", "services.reports.main:app", *listen)
        log = self.folder / f"reports-{len(self.started)}.log"
        process = Program("reports", command, PROJECT, environment).start(log)
        self.started.append(process)
        wait_until(partial(answers_ok, f"{url}/health/ready"), process, log, READY_SECONDS)

    def kill(self) -> None:
        """End the oldest one that runs as a power loss would."""
        process = next(each for each in self.started if each.poll() is None)
        process.send_signal(signal.SIGKILL)
        process.wait()

    def use(self) -> Use:
        """What those that run have used."""
        found = Use()
        for each in self.started:
            with suppress(psutil.Error):
                parts = [root := psutil.Process(each.pid), *root.children(recursive=True)]
                found.megabytes = max(found.megabytes, sum(map(_megabytes, parts)))
                found.seconds += sum(map(_seconds, parts))
        return found


def _megabytes(process: psutil.Process) -> float:
    with suppress(psutil.NoSuchProcess):
        return float(process.memory_full_info().pss) / 2**20
    return 0.0


def _seconds(process: psutil.Process) -> float:
    with suppress(psutil.NoSuchProcess):
        times = process.cpu_times()
        return float(times.user + times.system + times.children_user + times.children_system)
    return 0.0


@contextmanager
def running(servers: Servers, count: int) -> Iterator[Replicas]:
    """So many replicas, all of them ready."""
    with tempfile.TemporaryDirectory() as folder:
        replicas = Replicas(servers, Path(folder))
        try:
            for _ in range(count):
                replicas.start()
            yield replicas
        finally:
            for each in replicas.started:
                stop(each, signal.SIGTERM, seconds=30)


@asynccontextmanager
async def connected(servers: Servers) -> AsyncIterator[tuple[Database, Client]]:
    """The database and the bus."""
    async with administrators_database(servers) as admin, administrators_bus(servers) as bus:
        yield admin, bus


async def request(admin: Database, bus: Client, figures: dict[str, Any], count: int) -> list[UUID]:
    """Request so many daily PDFs, each of another NAV."""
    user_id = uuid4()
    rows = [_request(user_id, figures, number) for number in range(count)]
    async with admin.transaction() as session:
        user = {"user_id": user_id, "email": f"{user_id}@example.com", "password_hash": "-"}
        await session.execute(insert(sql_table(User)).values(user))
        await session.execute(insert(sql_table(ReportRequest)), rows)
    stream = bus.jetstream()
    for row in rows:
        event = ReportsRequested.new(row["report_id"], AS_OF, report_id=row["report_id"])
        await stream.publish(event.subject, event.model_dump_json().encode())
    return [row["report_id"] for row in rows]


def _request(user_id: UUID, figures: dict[str, Any], number: int) -> dict[str, Any]:
    report = figures["report"]
    own = {**report, "snapshot": {**report["snapshot"], "nav": 1e6 + 1.37 * number}}
    content = json.dumps({"portfolios": [{**figures, "report": own}]}).encode()
    return {
        "report_id": uuid4(),
        "user_id": user_id,
        "portfolio_ids": [uuid4()],
        "names": ["Book"],
        "as_of": AS_OF,
        "template": "daily",
        "form": "pdf",
        "sections": list(TEMPLATES["daily"][1]),
        "basis": sha256(content).hexdigest(),
        "revisions": {},
        "figures": zlib.compress(content),
    }


async def rendered(admin: Database) -> int:
    """How many documents are stored."""
    stored = text("select count(*) from reports.documents where rendered_at is not null")
    async with admin.transaction() as session:
        return int(await session.scalar(stored) or 0)


async def until_rendered(admin: Database, replicas: Replicas, count: int) -> tuple[float, Use]:
    """Wait for so many documents: how long it took, and what the replicas used at their most."""
    began, most = perf_counter(), Use()
    while await rendered(admin) < count:
        await asyncio.sleep(LOOK_SECONDS)
        now = replicas.use()
        most.megabytes = max(most.megabytes, now.megabytes)
        most.seconds = now.seconds
    return perf_counter() - began, most


async def _killed(servers: Servers, figures: dict[str, Any]) -> dict[str, object]:
    async with connected(servers) as (admin, bus):
        with running(servers, 2) as replicas:
            ids = await request(admin, bus, figures, KILLED)
            for _ in range(KILLS):
                await asyncio.sleep(KILLED_EVERY_SECONDS)
                before = await rendered(admin)
                replicas.kill()
                print(f"killed with {before} of {KILLED} rendered", flush=True)
                await asyncio.to_thread(replicas.start)
            await until_rendered(admin, replicas, KILLED)
            await asyncio.sleep(3 * servers.settings.acknowledge_seconds)
        info = await bus.jetstream().stream_info(
            stream_name("reports"), subjects_filter=ReportsRendered.subject
        )
        async with admin.transaction() as session:
            hashes = await session.scalars(text("select sha256 from reports.documents"))
            return {
                "requested": len(ids),
                "documents": await rendered(admin),
                "different bytes": len(set(hashes)),
                "events reports.rendered": (info.state.subjects or {}).get(ReportsRendered.subject),
            }


if __name__ == "__main__":
    from tests.bench.bench_reports import a_full_portfolio

    with running_servers() as all_servers:
        print(asyncio.run(_killed(all_servers, a_full_portfolio())))
