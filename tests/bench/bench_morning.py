"""The morning after an evening: every user opens a report within one minute.

`python -m tests.bench.bench_morning`. 1,000 portfolios of 100 positions of 100 users, at a gateway
as in production with its own Postgres and NATS. Each report is asked for once, at a moment of the
minute drawn at random, over a separate connection, whether or not those before are answered; so
the 99th percentile is what a user waits, queues included. Two mornings: of users who have never
asked, whose reports are read and laid out while they wait; and of users who read them the day
before, whose reports the gateway laid out again when the evening had ended. The evening is its
end alone: every revision raised, and the news of a run.
"""

import asyncio
import random
from collections.abc import Sequence
from time import perf_counter

from sqlalchemy import text

from deploy.local.ports import LOOPBACK
from services.gateway.books.renewing import QUIET_SECONDS
from services.gateway.edge.tokens import Passwords
from services.gateway.runs.queries.run_events import CHANNEL
from shared.database import Database, create_engine
from tests.bench import show
from tests.bench.bench_gateway import PASSWORD, Bench, Reader, Spent, postmaster_of, served
from tests.bench.gateway_seed import SIZES, seed
from tests.bench.measuring import Measurement, within
from tests.servers import Servers, running_servers

MORNING = SIZES | {"users": 100, "portfolios": 1_000, "sessions": 20}
SECONDS = 60.0
ALLOWED_SECONDS = 0.2
IDLE_SECONDS = 0.1  # of CPU in a second: nothing is renewed any more
LONGEST_RENEWAL = 300  # seconds
NEWS = text("select pg_notify(:channel, '')")


def run() -> list[Measurement]:
    """The 99th percentile of both mornings."""
    with running_servers() as servers:
        return asyncio.run(_measured(servers))


async def _measured(servers: Servers) -> list[Measurement]:
    admin = Database(create_engine(servers.administrator_settings, servers.own.database_user))
    password_hash = await Passwords().hash(PASSWORD)
    async with admin.transaction() as session:
        await seed(session, password_hash, sizes=MORNING)
    with served(servers) as port:
        bench = Bench(port, admin, await postmaster_of(admin))
        await bench.log_in()
        first = await _morning(bench, "never asked for")
        spent = await _evening_ends(bench)
        second = await _morning(bench, f"renewed before in {spent.gateway:.1f} CPU s")
    await admin.close()
    return [first, second]


async def _evening_ends(bench: Bench) -> Spent:
    """Outdate everything, and wait until the gateway has done what it does then."""
    before = await bench.spent()
    await bench.raise_revisions()
    async with bench.admin.transaction() as session:
        await session.execute(NEWS, {"channel": CHANNEL})
    await asyncio.sleep(2 * QUIET_SECONDS)
    last = await bench.spent()
    for _ in range(LONGEST_RENEWAL):
        await asyncio.sleep(1.0)
        now = await bench.spent()
        if now.since(last).gateway < IDLE_SECONDS:
            return now.since(before)
        last = now
    raise RuntimeError(f"the gateway still renews answers after {LONGEST_RENEWAL} s")


async def _morning(bench: Bench, which: str) -> Measurement:
    dice = random.Random(3)
    moments = sorted(dice.uniform(0.0, SECONDS) for _ in bench.readers)
    before = await bench.spent()
    began = perf_counter()
    waits = await asyncio.gather(
        *(
            _opened(bench.port, reader, began + moment)
            for reader, moment in zip(bench.readers, moments, strict=True)
        )
    )
    spent = (await bench.spent()).since(before)
    name = f"{len(waits):,} reports within a minute, {which}: p99 (p50 {_share(waits, 0.5):.3f} s"
    each = f"gateway {1000 * spent.gateway / len(waits):.1f} ms of CPU each)"
    return within(ALLOWED_SECONDS, "200 ms", f"{name}, {each}", _share(waits, 0.99))


def _share(waits: Sequence[float], share: float) -> float:
    return sorted(waits)[int(share * len(waits))]


async def _opened(port: int, reader: Reader, moment: float) -> float:
    """Seconds from the moment on until the whole report has arrived."""
    await asyncio.sleep(moment - perf_counter())
    due = perf_counter()
    incoming, outgoing = await asyncio.open_connection(LOOPBACK, port)
    lines = (
        f"GET /api/v1/portfolios/{reader.portfolio_id}/report HTTP/1.1",
        f"Host: {LOOPBACK}:{port}",
        f"Authorization: Bearer {reader.token}",
        "Accept-Encoding: gzip",
        "Connection: close",
    )
    outgoing.write("\r\n".join([*lines, "", ""]).encode())
    answer = await incoming.read()
    outgoing.close()
    if not answer.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(f"the gateway answers {answer[:200]!r}")
    return perf_counter() - due


if __name__ == "__main__":
    show(run())
