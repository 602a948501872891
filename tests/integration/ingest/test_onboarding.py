"""What a new book costs in requests, from an empty store to complete history, through the real
client library.

Polygon alone is queried for everything, as its smallest plan would be: the pace only counts.
"""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, time

import pytest

from services.ingest.history import Feed, fetch_history, fetch_option_quotes
from services.ingest.providers.polygon import PolygonProvider
from services.ingest.providers.sources import Sources
from services.ingest.settings import IngestSettings
from shared.calendar import next_session
from shared.database import Database
from tests.panel import PROXIES
from tests.servers import Role
from tests.wire.client import PATIENT, Counted
from tests.wire.market import KEY, Dividend, bundled_market
from tests.wire.polygon import option_row, polygon
from tests.wire.server import StandIn

DAY = date(2022, 12, 27)
BOOK = sorted(bundled_market().closes.keys() - set(PROXIES))[:30]
OPTIONS = ("AAPL230120C00130000", "AAPL230616P00120000")
KINDS = {
    "closes of a symbol": r"/v2/aggs/ticker/[^/]+/range/.*",
    "closes of a session": r"/v2/aggs/grouped/.*",
    "splits": r"/v3/reference/splits",
    "dividends": r"/v3/reference/dividends",
    "what a symbol is": r"/v3/reference/tickers/[^/]+",
    "option quotes": r"/v3/snapshot/options/[^/]+",
}
# By symbol: the whole market's dividends of a year would be more pages than thirty symbols are
# requests.
FIRST_TIME = {
    "closes of a symbol": 30,
    "splits": 1,
    "dividends": 30,
    "what a symbol is": 30,
    "option quotes": 1,
}
NEXT_SESSION = {"closes of a session": 1, "splits": 1, "dividends": 1, "option quotes": 1}


@pytest.fixture
def server() -> Iterator[StandIn]:
    quoted = datetime.combine(DAY, time(21), UTC)
    chain = [option_row(contract, 1.5, 1.6, quoted, 130.0) for contract in OPTIONS]
    market = bundled_market().with_events(Dividend("AAPL", date(2022, 11, 4), 0.23))
    with polygon(market, chains={"AAPL": chain}).running() as stand_in:
        yield stand_in


def a_feed(database: Database, server: StandIn, pace: Counted, as_of: date, history: int) -> Feed:
    """Polygon in every role it can play, on the evening of the session."""
    provider = PolygonProvider(
        KEY,
        pace,
        base_url=server.url,
        patience=PATIENT,
        now=lambda: datetime.combine(as_of, time(21, 30), UTC),
    )
    sources = Sources(
        prices=[provider],
        corporate_actions=[provider],
        securities=[provider],
        option_quotes=[provider],
    )
    return Feed(database, sources, IngestSettings(history_sessions=history))


def kind_of(path: str) -> str:
    return next(kind for kind, pattern in KINDS.items() if re.fullmatch(pattern, path))


async def complete(
    database: Database, server: StandIn, as_of: date, history: int = 252
) -> dict[str, int]:
    """Bring the book up to the session; returns how many requests of each kind that took."""
    pace = Counted()
    server.requests.clear()
    feed = a_feed(database, server, pace, as_of, history)
    caveats = await fetch_history(feed, BOOK, as_of)
    caveats += await fetch_option_quotes(feed, OPTIONS, as_of)
    assert [caveat for caveat in caveats if caveat.code == "provider_unavailable"] == []
    assert pace.turns == len(server.requests)
    return dict(Counter(map(kind_of, server.paths())))


async def test_a_new_book_of_thirty_symbols_takes_ninety_two_requests(
    role: Role, server: StandIn
) -> None:
    taken = await complete(role("ingest"), server, DAY)

    assert taken == FIRST_TIME
    assert sum(taken.values()) == 92
    asked = list(map(kind_of, server.paths()))
    # a jump is accepted when a split explains it, so splits are there first
    assert asked.index("splits") < asked.index("closes of a symbol")


async def test_the_same_book_takes_none_again_and_one_of_each_kind_per_session(
    role: Role, server: StandIn
) -> None:
    await complete(role("ingest"), server, DAY, history=70)

    assert await complete(role("ingest"), server, DAY, history=70) == {}
    assert await complete(role("ingest"), server, next_session(DAY), history=70) == NEXT_SESSION
