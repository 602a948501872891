"""CPU seconds of evaluating limits after a session: 1,000 portfolios with ten limits each.

`python -m tests.bench.bench_limits`. Each portfolio has a year of snapshots and twenty positions.
The limits are on members (underlyings, sectors, positions) and on the whole portfolio, from every
kind of row; some are breached. CPU is the service's, of all shards, of each half of a session: the
first half evaluates every limit, the second one those that are read from its rows. Postgres's is
given next to it: most of that is NAV, which is summed over a portfolio's whole year.
"""

import asyncio
import os
from datetime import date
from pathlib import Path
from time import perf_counter, process_time
from uuid import UUID

from sqlalchemy import text

from services.limits.handlers.evaluate_limits import evaluate_limits
from shared.calendar import last_sessions
from shared.contracts.event import ShardEvent
from shared.contracts.snapshots import RiskMeasured, SnapshotsCreated
from shared.database import Database, create_engine
from shared.service import leave_what_stays
from tests.bench import show
from tests.bench.bench_gateway import cpu_of, postmaster_of
from tests.bench.measuring import Measurement, within
from tests.servers import Servers, running_servers

PORTFOLIOS, SHARD, SESSIONS, STATES_OF = 1_000, 50, 250, 3
ALLOWED_SECONDS = 2.0
AS_OF = date(2022, 12, 28)
STATEMENTS = Path(__file__).with_suffix(".sql")


def run() -> list[Measurement]:
    """CPU seconds of each half of a session, against what is allowed."""
    with running_servers() as servers:
        return asyncio.run(_measured(servers))


async def _measured(servers: Servers) -> list[Measurement]:
    admin = Database(create_engine(servers.administrator_settings, servers.own.database_user))
    await _seed(admin)
    limits = Database(create_engine(servers.settings, "limits"))
    portfolios = [UUID(each) for each in await _portfolio_ids(admin)]
    shards = [portfolios[place : place + SHARD] for place in range(0, PORTFOLIOS, SHARD)]
    await _evaluate(limits, SnapshotsCreated, UUID(int=0), 0, [])  # connects
    rows = [await _half(admin, limits, kind, shards) for kind in (SnapshotsCreated, RiskMeasured)]
    await limits.close()
    await admin.close()
    return rows


async def _seed(admin: Database) -> None:
    days = last_sessions(AS_OF, SESSIONS)
    values = {
        "days": days,
        "first": days[0],
        "last": AS_OF,
        "before": days[-1 - STATES_OF : -1],
    }
    async with admin.transaction() as session:
        for statement in STATEMENTS.read_text(encoding="utf-8").split(";\n"):
            used = {name: each for name, each in values.items() if f":{name}" in statement}
            if statement.strip():
                await session.execute(text(statement), used)


async def _portfolio_ids(admin: Database) -> list[str]:
    async with admin.transaction() as session:
        query = text("select portfolio_id::text from gateway.portfolios order by name")
        return list(await session.scalars(query))


async def _evaluate(
    limits: Database, kind: type[ShardEvent], run_id: UUID, shard: int, own: list[UUID]
) -> None:
    event = kind.new(
        run_id,
        AS_OF,
        price_run="1",
        shard=shard,
        shards=PORTFOLIOS // SHARD,
        portfolio_ids=tuple(own),
    )
    async with limits.transaction() as session:
        await evaluate_limits(event, session)


async def _half(
    admin: Database, limits: Database, kind: type[ShardEvent], shards: list[list[UUID]]
) -> Measurement:
    postmaster = await postmaster_of(admin)
    spent_before = cpu_of(postmaster)
    leave_what_stays()  # as services do once they have started
    cpu_before = process_time()
    started = perf_counter()
    for number, own in enumerate(shards):
        await _evaluate(limits, kind, UUID(int=1), number, own)
    wall = perf_counter() - started
    service = process_time() - cpu_before
    postgres = cpu_of(postmaster) - spent_before
    states, beyond = await _counted(admin)
    spent = f"Postgres {postgres:.2f} s more, wall {wall:.2f} s"
    words = (
        f"at most {ALLOWED_SECONDS:.0f} s of CPU; {spent}, {states:,} states, "
        f"{beyond:,} beyond a level, load average {os.getloadavg()[0]:.1f}"
    )
    name = f"limits of {PORTFOLIOS:,} portfolios after {kind.subject}, 10 each"
    return within(ALLOWED_SECONDS, words, name, service)


async def _counted(admin: Database) -> tuple[int, int]:
    """How many states the session has, and how many of them are beyond a level."""
    counts = "count(*), count(*) filter (where level <> 'ok')"
    query = text(f"select {counts} from limits.limit_states where as_of = :day")
    async with admin.transaction() as session:
        states, beyond = (await session.execute(query, {"day": AS_OF})).one()
        return states, beyond


if __name__ == "__main__":
    show(run())
