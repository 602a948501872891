"""Seconds of the answers over time: series, changes, the VaR backtest, the list of portfolios.

`python -m tests.bench.bench_series`. One user, 100 portfolios with 250 snapshots each; ten of them
have 100 positions, valued on every session. The gateway is served as in production; every
portfolio's revision is raised before each request, so that no answer is a kept one, and requests
come one after the other. CPU is the gateway's and Postgres's, of a request with its raised
revisions: a busy machine disturbs it least.
"""

import asyncio
import os
import statistics
from pathlib import Path
from time import perf_counter

import httpx2
from sqlalchemy import text

from deploy.local.ports import LOOPBACK
from services.gateway.edge.tokens import Passwords
from shared.database import Database, create_engine
from tests.bench import show
from tests.bench.bench_gateway import PASSWORD, Bench, postmaster_of, served
from tests.bench.gateway_seed import PORTFOLIOS_OF, SIZES, seed
from tests.bench.measuring import Measurement, within
from tests.servers import Servers, running_servers

TIMES = 30
SESSIONS = 250
STATEMENTS = Path(__file__).with_suffix(".sql")
TWELVE = (
    *("nav", "daily_pnl", "vega", "exposure.dollar.gross", "exposure.delta_adjusted.net"),
    *("var_95_1d_historical", "var_99_1d_historical.longs", "beta", "volatility_63d"),
    *("factor.market", "scenario.scenario_1", "scenario.scenario_2.direct"),
)
SERIES_SECONDS, CHANGES_SECONDS, LIST_SECONDS = 0.1, 0.2, 0.5
READS = {
    f"{SESSIONS} sessions of {len(TWELVE)} series": (
        SERIES_SECONDS,
        "portfolios/{id}/series?measures=" + ",".join(TWELVE),
    ),
    "changes since half a year ago, 100 positions": (
        CHANGES_SECONDS,
        "portfolios/{id}/changes?since={since}",
    ),
    "changes since the session before, 100 positions": (
        CHANGES_SECONDS,
        "portfolios/{id}/changes",
    ),
    f"VaR backtest of {SESSIONS} sessions": (CHANGES_SECONDS, "portfolios/{id}/var-backtest"),
    "list of 100 portfolios": (LIST_SECONDS, "portfolios?limit=100"),
    "summary of 100 portfolios": (LIST_SECONDS, "portfolios/summary"),
}


def run() -> list[Measurement]:
    """The median of each read, against its budget."""
    with running_servers() as servers:
        return asyncio.run(_measured(servers))


async def _measured(servers: Servers) -> list[Measurement]:
    admin = Database(create_engine(servers.administrator_settings, servers.own.database_user))
    sizes = {**SIZES, "users": 1, "portfolios": 10, "sessions": SESSIONS}
    async with admin.transaction() as session:
        await seed(session, await Passwords().hash(PASSWORD), sizes=sizes)
        for statement in STATEMENTS.read_text(encoding="utf-8").split(";\n"):
            if statement.strip():
                await session.execute(text(statement))
        ((email, portfolio_ids),) = (await session.execute(PORTFOLIOS_OF)).all()
        days = text("select distinct as_of from snapshots.portfolio_snapshots order by as_of")
        sessions = list(await session.scalars(days))
        portfolio_id = await session.scalar(text("select md5('portfolio 1')::uuid::text"))
    assert len(portfolio_ids) == 100
    named = {"id": portfolio_id, "since": sessions[len(sessions) // 2]}
    with served(servers) as port:
        async with httpx2.AsyncClient(
            base_url=f"http://{LOOPBACK}:{port}/api/v1/", timeout=60
        ) as http:
            answer = await http.post("auth/login", json={"email": email, "password": PASSWORD})
            token = answer.raise_for_status().json()["access_token"]
            http.headers["Authorization"] = f"Bearer {token}"
            bench = Bench(port, admin, await postmaster_of(admin))
            rows = [
                await _row(bench, http, name, budget, path.format(**named))
                for name, (budget, path) in READS.items()
            ]
    await admin.close()
    return rows


async def _row(
    bench: Bench, http: httpx2.AsyncClient, name: str, budget: float, path: str
) -> Measurement:
    timings = []
    before = await bench.spent()
    for _ in range(TIMES + 1):
        await bench.raise_revisions()
        started = perf_counter()
        answer = await http.get(path)
        timings.append(perf_counter() - started)
        assert answer.status_code == 200, answer.text
    median = statistics.median(timings[1:])  # the first one prepares the statements
    slowest = max(timings[1:])
    spent = (await bench.spent()).since(before)
    cpu = (spent.gateway + spent.postgres) / len(timings)
    size = f"slowest {slowest * 1000:.0f} ms, {len(answer.content) / 1024:.0f} KB"
    load = f"{cpu * 1000:.0f} ms of CPU, load average {os.getloadavg()[0]:.1f}"
    words = f"at most {budget * 1000:.0f} ms; {size}, {load}"
    return within(budget, words, f"{name}, median of {TIMES}", median)


if __name__ == "__main__":
    show(run())
