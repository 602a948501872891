"""Reading over HTTP.

100 portfolios of 100 positions and 90 snapshots, one uvicorn worker, 32 connections.

`python -m tests.bench.bench_gateway`. A gateway process as in production (its own Postgres and
NATS, no calculator runs) answers a load generator in a separate process, which asks as users do:
each connection sends its next request when the last is answered, so the 99th percentile is about 32
times what a request costs. Answers were asked for before, but "after a new revision": every
portfolio's was raised, so that every answer is read and laid out again. The share spent in Postgres
is CPU time of its backends against that of the gateway, which a busy machine does not distort;
seconds awaited are wall time. Other work on the machine makes every figure worse: the load average
is printed next to them.
"""

import asyncio
import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import psutil
from sqlalchemy import text

from deploy.local.ports import LOOPBACK, free_port
from deploy.local.programs import die_with_parent, stop, tail
from services.gateway.edge.tokens import Passwords
from shared.database import Database, create_engine
from tests.bench import show
from tests.bench.gateway_load import COUNTERS, Load, Result
from tests.bench.gateway_seed import PORTFOLIOS_OF, RAISE_REVISIONS, seed
from tests.servers import Servers, running_servers

CONNECTIONS = 32
PASSWORD = "read me quickly"
REPORT_SECONDS, READ_SECONDS = 0.2, 0.05  # the targets for the 99th percentile
WARM_ROUNDS, NEW_ROUNDS = 20, 3
REPORT = ("portfolios/{id}/report",)
READS = (
    "portfolio?portfolio_id={id}",
    "portfolio/performance?portfolio_id={id}&limit=20",
    "positions?portfolio_id={id}&limit=20",
    "portfolios/{id}/snapshots?limit=20",
    "risk/metrics?portfolio_id={id}",
    "risk/factors?portfolio_id={id}",
)


@dataclass(frozen=True)
class Reader:
    """A portfolio and the token of its owner."""

    portfolio_id: str
    token: str


@dataclass(frozen=True)
class Spent:
    """CPU seconds of both processes so far; statements, and wall seconds awaited for them."""

    gateway: float
    postgres: float
    statements: int
    awaited: float

    def since(self, before: "Spent") -> "Spent":
        """The difference."""
        return Spent(
            self.gateway - before.gateway,
            self.postgres - before.postgres,
            self.statements - before.statements,
            self.awaited - before.awaited,
        )


class Bench:
    """A served gateway with its servers, and what it takes to put load on it."""

    def __init__(self, port: int, admin: Database, postmaster: psutil.Process | None) -> None:
        self.port = port
        self.admin = admin
        self.postmaster = postmaster
        self.readers: list[Reader] = []

    async def log_in(self) -> None:
        """Every owner once."""
        async with self.admin.transaction() as session:
            owners = (await session.execute(PORTFOLIOS_OF)).all()
        async with httpx2.AsyncClient(base_url=f"http://{LOOPBACK}:{self.port}/api/v1") as http:
            for email, portfolio_ids in owners:
                answer = await http.post("/auth/login", json={"email": email, "password": PASSWORD})
                token = answer.raise_for_status().json()["access_token"]
                self.readers += [Reader(portfolio_id, token) for portfolio_id in portfolio_ids]

    async def raise_revisions(self) -> None:
        """Outdate every answer."""
        async with self.admin.transaction() as session:
            await session.execute(RAISE_REVISIONS)

    async def measure(
        self, paths: Sequence[str], rounds: int, *, renewed: bool, **headers: str
    ) -> "Measured":
        """Ask every path of every portfolio, `rounds` times.

        `renewed`: after raising the revisions, each time.
        """
        total, spent = Result(), Spent(0, 0, 0, 0)
        requests = [
            self._request(path, reader, headers) for path in paths for reader in self.readers
        ]
        for each in [requests] * rounds if renewed else [requests * rounds]:
            if renewed:
                await self.raise_revisions()
            before = await self.spent()
            _add(total, await self._put(each))
            spent = _sum(spent, (await self.spent()).since(before))
        return Measured(total, spent)

    def _request(self, path: str, reader: Reader, headers: dict[str, str]) -> str:
        lines = [
            f"GET /api/v1/{path.format(id=reader.portfolio_id)} HTTP/1.1",
            f"Host: {LOOPBACK}:{self.port}",
            f"Authorization: Bearer {reader.token}",
            "Accept: application/json",
            *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items()),
        ]
        return "\r\n".join([*lines, "", ""])

    async def _put(self, requests: list[str]) -> Result:
        load = Load(LOOPBACK, self.port, CONNECTIONS, requests)
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.bench.gateway_load"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        written, _ = await child.communicate(json.dumps(load.__dict__).encode())
        return Result(**json.loads(written))

    async def spent(self) -> Spent:
        """What both processes spent so far."""
        async with httpx2.AsyncClient() as http:
            counted = (await http.get(f"http://{LOOPBACK}:{self.port}{COUNTERS}")).json()
        return Spent(
            counted["cpu"], cpu_of(self.postmaster), counted["statements"], counted["seconds"]
        )


@dataclass(frozen=True)
class Measured:
    """What a load gave and what it took."""

    result: Result
    spent: Spent

    def line(self, name: str, target: float | None = None) -> dict[str, Any]:
        """The 99th percentile, against the target where there is one, and the rest in words."""
        seconds = sorted(self.result.seconds)
        count, p99 = len(seconds), _quantile(seconds, 0.99)
        words = (
            f"p50 {_quantile(seconds, 0.5) * 1000:.1f} ms, {count / self.result.elapsed:,.0f}/s, "
            f"{self.result.received / count / 1024:.1f} KB, {self.spent.statements / count:.1f} "
            "statements; "
            f"CPU a request: gateway {self.spent.gateway / count * 1000:.2f} ms, "
            f"Postgres {self.spent.postgres / count * 1000:.2f} ms ({self._postgres_share():.0%}), "
            f"generator {self.result.own_cpu / count * 1000:.2f} ms; awaiting Postgres "
            f"{self.spent.awaited / sum(seconds):.0%} of the time; load average "
            f"{os.getloadavg()[0]:.1f}"
        )
        unexpected = {status for status in self.result.statuses if status not in ("200", "304")}
        if unexpected:
            raise RuntimeError(f"{name}: answers by status {dict(self.result.statuses)}")
        return {
            "name": f"{name}, p99 of {count:,}",
            "value": p99,
            "unit": "s",
            "peer": target and f"target: {target * 1000:.0f} ms",
            "ratio": target and target / p99,
            "accuracy": words,
        }

    def _postgres_share(self) -> float:
        return self.spent.postgres / max(self.spent.postgres + self.spent.gateway, 1e-9)


def _quantile(ascending: Sequence[float], share: float) -> float:
    return ascending[min(math.ceil(share * len(ascending)), len(ascending)) - 1]


def _add(total: Result, part: Result) -> None:
    total.seconds += part.seconds
    for status, count in part.statuses.items():
        total.statuses[status] = total.statuses.get(status, 0) + count
    total.received += part.received
    total.elapsed += part.elapsed
    total.own_cpu += part.own_cpu


def _sum(one: Spent, other: Spent) -> Spent:
    return Spent(
        one.gateway + other.gateway,
        one.postgres + other.postgres,
        one.statements + other.statements,
        one.awaited + other.awaited,
    )


def cpu_of(postmaster: psutil.Process | None) -> float:
    """CPU seconds of the server's processes, ended ones among them."""
    if postmaster is None:
        return 0.0
    own = postmaster.cpu_times()
    spent = [own.user + own.system + own.children_user + own.children_system]
    for backend in postmaster.children():
        times = backend.cpu_times()
        spent.append(times.user + times.system)
    return sum(spent)


async def postmaster_of(admin: Database) -> psutil.Process | None:
    """The server's main process, when it runs on this machine."""
    async with admin.transaction() as session:
        backend = await session.scalar(text("select pg_backend_pid()"))
    try:
        parent = psutil.Process(backend).parent()
    except psutil.Error:
        return None
    return parent if parent and "postgres" in parent.name() else None


@contextmanager
def served(servers: Servers) -> Iterator[int]:
    """A gateway process over the servers; its port."""
    port, settings = free_port(), servers.settings
    names = ("database_host", "database_port", "database_name", "nats_url")
    environment = {f"SIGMASIGHT_{name.upper()}": str(getattr(settings, name)) for name in names}
    own = {
        "SIGMASIGHT_LOG_LEVEL": "WARNING",
        "SIGMASIGHT_GATEWAY_REQUESTS_PER_MINUTE": "1000000000",  # counted as ever, never refused
    }
    command = (
        sys.executable,
        "-m",
        "uvicorn",
        "tests.bench.gateway_served:app",
        "--host",
        LOOPBACK,
    )
    with tempfile.TemporaryDirectory() as logs:
        log = Path(logs) / "gateway.log"
        with log.open("wb") as sink:
            process = subprocess.Popen(
                (*command, "--port", str(port), "--no-access-log"),
                env=os.environ | environment | own,
                stdout=sink,
                stderr=subprocess.STDOUT,
                preexec_fn=die_with_parent(9),  # type: ignore[arg-type]
            )
        try:
            _wait_for(port, process, log)
            yield port
        finally:
            stop(process, 15, seconds=10)  # type: ignore[arg-type]


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    with httpx2.Client(transport=httpx2.HTTPTransport(retries=20)) as http:
        answer = http.get(f"http://{LOOPBACK}:{port}/health/live")
    if process.poll() is not None or answer.status_code != 200:
        raise RuntimeError(f"the gateway did not start:\n{tail(log)}")


def run() -> list[dict[str, Any]]:
    """The report and simple reads: warm, not modified, and after a new revision."""
    with running_servers() as servers:
        return asyncio.run(_measured(servers))


async def _measured(servers: Servers) -> list[dict[str, Any]]:
    admin = Database(create_engine(servers.administrator_settings, servers.own.database_user))
    password_hash = await Passwords().hash(PASSWORD)
    async with admin.transaction() as session:
        await seed(session, password_hash)
    with served(servers) as port:
        bench = Bench(port, admin, await postmaster_of(admin))
        await bench.log_in()
        lines = await _lines(bench)
    await admin.close()
    return lines


async def _lines(bench: Bench) -> list[dict[str, Any]]:
    compressed = {"Accept_Encoding": "gzip"}
    new_report = await bench.measure(REPORT, NEW_ROUNDS, renewed=True, **compressed)
    warm_report = await bench.measure(REPORT, WARM_ROUNDS, renewed=False, **compressed)
    plain_report = await bench.measure(REPORT, WARM_ROUNDS, renewed=False)
    known_report = await bench.measure(
        REPORT, WARM_ROUNDS, renewed=False, **compressed, If_None_Match="*"
    )
    new_reads = await bench.measure(READS, 1, renewed=True, **compressed)
    warm_reads = await bench.measure(READS, WARM_ROUNDS // 4, renewed=False, **compressed)
    return [
        warm_report.line("report", REPORT_SECONDS),
        plain_report.line("report, not compressed", REPORT_SECONDS),
        known_report.line("report, not modified", REPORT_SECONDS),
        new_report.line("report, after a new revision"),
        warm_reads.line("simple reads", READ_SECONDS),
        new_reads.line("simple reads, after a new revision"),
    ]


if __name__ == "__main__":
    show(run())
