"""Quotes of the options held: requested before a run is distributed, accepted if plausible, used
by greeks.
"""

from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from services.greeks.handlers.compute_greeks import compute_greeks
from services.ingest import repository
from services.ingest.handlers.cut_shards import shards_of
from services.ingest.history import (
    Feed,
    fetch_history,
    fetch_option_quotes,
)
from services.ingest.inputs import CorporateAction, OptionQuote
from services.ingest.providers import ProviderUnavailable, QuoteAnswer
from services.ingest.providers.polygon import PolygonProvider
from services.ingest.providers.sources import Sources
from services.ingest.settings import IngestSettings
from shared.caveats import Caveat
from shared.database import Database
from tests.builders import a_portfolio, a_position, save_positions
from tests.servers import Role
from tests.wire.client import PATIENT, Counted
from tests.wire.market import KEY, bundled_market
from tests.wire.polygon import NOT_ENTITLED, Rows, option_row, polygon
from tests.wire.server import StandIn, as_json

AS_OF, BEFORE = date(2022, 12, 28), date(2022, 12, 27)
CLOSED = datetime(2022, 12, 28, 21, 0, tzinfo=UTC)
SETTINGS = IngestSettings(history_sessions=70)
CALL, PUT = "AAPL230317C00130000", "AAPL230317P00120000"
CHAIN = [option_row(CALL, 5.1, 5.3, CLOSED, 126.04), option_row(PUT, 4.2, 4.3, CLOSED, 126.04)]


@dataclass
class Desk:
    """A live provider of quotes: what it has by contract, for any session."""

    quotes: Mapping[str, OptionQuote]
    name: str = "desk"
    live: bool = True
    fails: bool = False
    asked: list[set[str]] = field(default_factory=list)

    async def option_quotes(
        self, contracts: Collection[str], session: date
    ) -> AsyncIterator[QuoteAnswer]:
        self.asked.append(set(contracts))
        for contract in sorted(contracts):
            yield QuoteAnswer(
                [q for q in self.quotes.values() if q.contract == contract], frozenset([contract])
            )
            if self.fails:
                raise ProviderUnavailable(self.name, "it is down")


def a_quote(contract: str, bid: str, ask: str, day: date = AS_OF, **more: Any) -> OptionQuote:
    terms: dict[str, Any] = {
        "last": None,
        "underlying_price": Decimal("126.04"),
        "source": "desk",
    } | more
    return OptionQuote(contract, day, Decimal(bid), Decimal(ask), **terms)


def quoted(*quotes: OptionQuote) -> dict[str, OptionQuote]:
    return {quote.contract: quote for quote in quotes}


def a_feed(database: Database, *desks: Desk) -> Feed:
    return Feed(database, Sources(prices=(), option_quotes=desks), SETTINGS)


async def fetched(feed: Feed, *contracts: str, as_of: date = AS_OF) -> list[Caveat]:
    return await fetch_option_quotes(feed, contracts, as_of)


async def stored(admin: Database) -> list[tuple[Any, ...]]:
    query = (
        "select contract, session_date, bid, ask, source from ingest.option_quotes order by 1, 2"
    )
    async with admin.transaction() as session:
        return [tuple(row) for row in await session.execute(text(query))]


@contextmanager
def polygons(database: Database, chain: Rows = CHAIN) -> Iterator[tuple[StandIn, Feed]]:
    """A stand-in, and a feed that has everything from it, on the evening of the last session."""
    with polygon(bundled_market(), chains={"AAPL": chain}).running() as server:
        provider = PolygonProvider(
            KEY,
            Counted(),
            base_url=server.url,
            patience=PATIENT,
            now=lambda: datetime(2022, 12, 28, 21, 30, tzinfo=UTC),
        )
        sources = Sources([provider], corporate_actions=[provider], option_quotes=[provider])
        yield server, Feed(database, sources, SETTINGS)


async def a_book(admin: Database, *symbols: str) -> UUID:
    book = await a_portfolio(admin)
    await save_positions(admin, *(a_position(book, symbol, 1) for symbol in symbols))
    return book


@pytest.fixture(autouse=True)
def nothing_stored(empty: None) -> None:
    """Each test starts without rows."""


async def test_a_runs_greeks_use_the_volatility_that_the_chain_implies(
    role: Role, admin: Database
) -> None:
    book = await a_book(admin, CALL)
    with polygons(role("ingest")) as (server, feed):
        caveats = await fetch_history(feed, {"AAPL"}, AS_OF)
        caveats += await fetch_option_quotes(feed, [CALL], AS_OF)
        chains = [path for path in server.paths() if "snapshot" in path]

    async with role("ingest").transaction() as session:
        revision = await repository.latest_revision(session, AS_OF)
        [work] = await shards_of(session, uuid4(), AS_OF, {book: 0}, caveats)
    async with role("greeks").transaction() as session:
        await compute_greeks(work, session)

    assert len(chains) == 1
    assert await stored(admin) == [(CALL, AS_OF, Decimal("5.1"), Decimal("5.3"), "polygon")]
    assert work.price_run.endswith(f"{revision:08d}")
    async with admin.transaction() as session:
        [row] = await session.execute(
            text("select iv_source, quote_mid from greeks.contract_greeks")
        )
    assert tuple(row) == ("implied", pytest.approx(5.2))


async def test_contracts_held_are_asked_for_while_they_can_be_quoted(
    role: Role, admin: Database
) -> None:
    book = await a_book(admin, "AAPL", CALL, PUT, "AAPL221223C00130000")
    sold = a_position(book, "AAPL230317C00140000", exit_date=BEFORE, exit_price=5)
    await save_positions(
        admin, sold, a_position(book, "AAPL230317C00150000", entry_date=date(2022, 12, 29))
    )

    async with role("ingest").transaction() as session:
        held = await repository.load_contracts(session, [book], AS_OF)
        before = await repository.load_contracts(session, [book], date(2022, 12, 23))

    assert held == {CALL, PUT}
    assert before == {CALL, PUT, "AAPL221223C00130000", "AAPL230317C00140000"}


@pytest.mark.parametrize(
    ("ratio", "name"), [(2, "AAPL230317C00065000"), (3, "AAPL230317C00043330")]
)
async def test_a_contract_is_asked_for_by_its_name_after_a_split(
    role: Role, admin: Database, ratio: int, name: str
) -> None:
    book = await a_book(admin, CALL)
    split = CorporateAction("AAPL", BEFORE, "split", Decimal(ratio), "desk")
    async with role("ingest").transaction() as session:
        await repository.save_actions(session, [split], {"AAPL"})

    async with role("ingest").transaction() as session:
        held = await repository.load_contracts(session, [book], AS_OF)

    assert held == {name}


async def test_a_plan_without_quotes_is_said_plainly_and_asked_once(
    role: Role, admin: Database
) -> None:
    with polygons(role("ingest")) as (server, feed):
        server.whenever(lambda request: NOT_ENTITLED if "snapshot" in request.path else None)
        first = await fetched(feed, CALL)
        again = await fetched(feed, PUT)
        chains = len([path for path in server.paths() if "snapshot" in path])
        await fetched(
            replace(feed, settings=SETTINGS.model_copy(update={"recheck_hours": 1e-9})), PUT
        )

    assert [caveat.code for caveat in first] == ["not_in_plan"]
    assert first == again
    assert chains == 1
    assert len([path for path in server.paths() if "snapshot" in path]) == 2


async def test_a_chain_that_is_down_is_an_outage(role: Role, admin: Database) -> None:
    with polygons(role("ingest")) as (server, feed):
        server.whenever(lambda request: as_json({}, 500) if "snapshot" in request.path else None)
        done = await fetched(feed, CALL)
        server.whenever(lambda request: None)
        await fetched(feed, CALL)

    assert [(caveat.code, caveat.about) for caveat in done] == [("provider_unavailable", (CALL,))]
    assert [row[0] for row in await stored(admin)] == [CALL]


async def test_a_session_is_not_asked_for_twice(role: Role) -> None:
    desk = Desk(quoted(a_quote(CALL, "5.1", "5.3")))
    feed = a_feed(role("ingest"), desk)

    await fetched(feed, CALL, PUT)
    await fetched(feed, CALL, PUT)
    await fetched(feed, CALL, PUT, as_of=BEFORE)

    assert desk.asked == [{CALL, PUT}, {CALL, PUT}]


async def test_an_administrators_quote_stays(role: Role, admin: Database) -> None:
    async with role("ingest").transaction() as session:
        await repository.save_option_quotes(session, [a_quote(CALL, "6", "7", source="admin")])
    desk = Desk(quoted(a_quote(CALL, "5.1", "5.3"), a_quote(PUT, "4.2", "4.3")))

    await fetched(a_feed(role("ingest"), desk), CALL, PUT)

    assert desk.asked == [{PUT}]
    assert [(row[0], row[-1]) for row in await stored(admin)] == [(CALL, "admin"), (PUT, "desk")]


async def test_unsound_quotes_are_named_and_left_to_the_next_provider(
    role: Role, admin: Database
) -> None:
    contracts = [f"AAPL230317C00{strike}000" for strike in range(100, 160, 10)]
    lies = [
        a_quote(contracts[0], "-1", "5"),
        a_quote(contracts[1], "NaN", "5"),
        a_quote(contracts[2], "5", "4"),
        a_quote(contracts[3], "4", "5", BEFORE),
        a_quote(contracts[4], "4", "5", underlying_price=Decimal("Infinity")),
        a_quote(contracts[5], "1", "1e15"),
    ]
    liar, honest = (
        Desk(quoted(*lies), "liar"),
        Desk(quoted(*(a_quote(each, "4", "5") for each in contracts))),
    )

    done = await fetched(a_feed(role("ingest"), liar, honest), *contracts)

    assert {caveat.code for caveat in done} == {"quote_not_believed"}
    assert sorted(name for caveat in done for name in caveat.about) == contracts
    assert [row[2:] for row in await stored(admin)] == [(4, 5, "desk")] * len(contracts)


async def test_quotes_before_a_failure_are_kept(role: Role, admin: Database) -> None:
    desk = Desk(quoted(a_quote(CALL, "5.1", "5.3"), a_quote(PUT, "4.2", "4.3")), fails=True)

    done = await fetched(a_feed(role("ingest"), desk), CALL, PUT)

    assert [(caveat.code, caveat.about) for caveat in done] == [("provider_unavailable", (PUT,))]
    assert [row[0] for row in await stored(admin)] == [CALL]


async def test_a_plan_without_indices_leaves_the_run_whole(role: Role) -> None:
    with polygons(role("ingest")) as (server, feed):
        server.whenever(lambda request: NOT_ENTITLED if "I:" in request.path else None)
        first = await fetch_history(feed, {"AAPL", "SPX"}, AS_OF)
        asked = len(server.requests)
        await fetch_history(feed, {"AAPL", "SPX"}, AS_OF)

    assert [(caveat.code, caveat.about) for caveat in first] == [
        ("not_in_plan", ("SPX",)),
        ("unknown_symbol", ("SPX",)),
    ]
    assert len(server.requests) == asked
