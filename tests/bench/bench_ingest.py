"""From a provider's answer on the wire to stored closes: one book, one session of a market, a year of a market.

`python -m tests.bench.bench_ingest`. A stand-in answers as Polygon from a process of its own, without a limit; ingest
asks it through the real client library and stores in a real Postgres.
"""

import asyncio
import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from multiprocessing.connection import Connection
from time import perf_counter
from typing import Any

from services.ingest.handlers.history import Feed, complete_history
from services.ingest.providers.pace import Unlimited
from services.ingest.providers.polygon import PolygonProvider
from services.ingest.providers.sources import Sources
from services.ingest.settings import IngestSettings
from shared.calendar import sessions
from shared.database import Database, create_engine
from tests.servers import Servers, running_servers
from tests.wire.market import KEY, made_up_market
from tests.wire.polygon import polygon

AS_OF = date(2022, 12, 28)
YEAR = sessions(date(2021, 12, 28), AS_OF)
SYMBOLS, BOOK = 5_000, 30


def run() -> list[dict[str, Any]]:
    """Seconds from the first request to the last close stored."""
    with running_servers() as servers, _market() as url:
        return asyncio.run(_measured(servers, url))


async def _measured(servers: Servers, url: str) -> list[dict[str, Any]]:
    database = Database(create_engine(servers.settings, "ingest"))
    everything = [f"S{number}" for number in range(SYMBOLS)]
    try:
        book = await _seconds(database, url, everything[:BOOK], 252, AS_OF)
        market = await _seconds(database, url, everything[BOOK:], 252, YEAR[-2])
        session = await _seconds(database, url, everything, 252, AS_OF)
    finally:
        await database.close()
    return [
        _row(f"{BOOK} symbols x 252 sessions, asked for symbol by symbol", book),
        _row(f"{SYMBOLS - BOOK:,} symbols x 252 sessions, asked for session by session", market),
        _row(f"{SYMBOLS:,} symbols x 1 session, one request", session),
    ]


async def _seconds(database: Database, url: str, symbols: list[str], history: int, as_of: date) -> float:
    provider = PolygonProvider(KEY, Unlimited(), base_url=url, now=lambda: datetime(2022, 12, 29, tzinfo=UTC))
    feed = Feed(database, Sources(prices=[provider]), IngestSettings(history_sessions=history))
    started = perf_counter()
    completion = await complete_history(feed, symbols, as_of)
    elapsed = perf_counter() - started
    assert {notice.code for notice in completion.notices} <= {"unknown_symbol"}, completion.notices[:3]
    return elapsed


def _row(name: str, seconds: float) -> dict[str, Any]:
    return {"name": name, "value": seconds, "peer": None, "ratio": None, "accuracy": None}


@contextmanager
def _market() -> Iterator[str]:
    """The stand-in's address; it answers from another process, so that its work is not counted as ours."""
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        ours.send("stop")
        process.join(10)


def _serve(pipe: Connection) -> None:
    with polygon(made_up_market(SYMBOLS, sessions(date(2021, 10, 1), AS_OF))).running() as stand_in:
        pipe.send(stand_in.url)
        pipe.recv()


if __name__ == "__main__":
    from tests.bench import show

    show(run())
