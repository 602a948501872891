"""From a provider's answer on the wire to stored closes.

One book, one session of a market, a year of a market.

`python -m tests.bench.bench_ingest`. A stand-in answers as Polygon from a separate process,
without a limit; ingest asks it through the real client library and stores in a real Postgres.
"""

import asyncio
from datetime import UTC, date, datetime
from decimal import Decimal
from time import perf_counter
from typing import Any

from polygon import RESTClient  # type: ignore[import-untyped]
from sqlalchemy import text

from services.ingest.history import Feed, fetch_history
from services.ingest.providers.pace import Unlimited
from services.ingest.providers.polygon import PolygonProvider
from services.ingest.providers.sources import Sources
from services.ingest.settings import IngestSettings
from shared.calendar import sessions
from shared.database import Database, create_engine
from tests.servers import Servers, running_servers
from tests.wire.market import KEY, Market, made_up_market
from tests.wire.process import polygon_elsewhere

AS_OF = date(2022, 12, 28)
YEAR = sessions(date(2021, 12, 28), AS_OF)
SYMBOLS, BOOK = 5_000, 30


def run() -> list[dict[str, Any]]:
    """Seconds from the first request to the last close stored."""
    with running_servers() as servers, polygon_elsewhere(_made_up) as provider:
        return asyncio.run(_measured(servers, provider.url))


async def _measured(servers: Servers, url: str) -> list[dict[str, Any]]:
    database = Database(create_engine(servers.settings, "ingest"))
    everything = [f"S{number}" for number in range(SYMBOLS)]
    try:
        book = await _seconds(database, url, everything[:BOOK], 252, AS_OF)
        market = await _seconds(database, url, everything[BOOK:], 252, YEAR[-2])
        session = await _seconds(database, url, everything, 252, AS_OF)
        loop = await _loop_seconds(database, url, everything[:BOOK])
    finally:
        await database.close()
    return [
        _row(f"{BOOK} symbols x 252 sessions, asked for symbol by symbol", book, 5)
        | {"peer": "the whole market day by day, an insert per close", "ratio": loop / book},
        _row(
            f"{SYMBOLS - BOOK:,} symbols x 252 sessions, asked for session by session", market, 60
        ),
        _row(f"{SYMBOLS:,} symbols x 1 session, one request", session, 10),
    ]


async def _seconds(
    database: Database, url: str, symbols: list[str], history: int, as_of: date
) -> float:
    provider = PolygonProvider(
        KEY, Unlimited(), base_url=url, now=lambda: datetime(2022, 12, 29, tzinfo=UTC)
    )
    feed = Feed(database, Sources(prices=[provider]), IngestSettings(history_sessions=history))
    started = perf_counter()
    caveats = await fetch_history(feed, symbols, as_of)
    elapsed = perf_counter() - started
    assert {caveat.code for caveat in caveats} <= {"unknown_symbol"}, caveats[:3]
    return elapsed


async def _loop_seconds(database: Database, url: str, symbols: list[str]) -> float:
    """What the system before this one did, by the same client library.

    A request per date, a statement per close.
    """
    client = RESTClient(KEY, base=url)
    closes = (
        "create temporary table closes (symbol text, day date, close numeric, primary key (symbol, "
        "day))"
    )
    insert = text("insert into closes values (:symbol, :day, :close) on conflict do nothing")
    started = perf_counter()
    async with database.engine.connect() as connection:
        await connection.execute(text(closes))
        for day in YEAR:
            for row in client.get_grouped_daily_aggs(day, adjusted=False):
                if row.ticker in symbols:
                    close = {"symbol": row.ticker, "day": day, "close": Decimal(str(row.close))}
                    await connection.execute(insert, close)
    return perf_counter() - started


def _row(name: str, seconds: float, limit: float) -> dict[str, Any]:
    peer = f"at most {limit:g} s"
    return {
        "name": name,
        "value": seconds,
        "peer": peer,
        "ratio": limit / seconds,
        "accuracy": None,
    }


def _made_up() -> Market:
    return made_up_market(SYMBOLS, sessions(date(2021, 10, 1), AS_OF))


if __name__ == "__main__":
    from tests.bench import show

    show(run())
