"""The handler on a real database.

What it writes, what it reads again, what it says about what is missing.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

import numpy as np
import pytest
from nats.aio.client import Client
from sqlalchemy import Table, select, text

from services.greeks import handlers
from services.greeks.calculations.contracts import (
    contract_valuations,
)
from services.greeks.calculations.engines import Engine
from services.greeks.handlers import compute_greeks as use_case
from services.greeks.handlers.compute_greeks import compute_greeks
from services.greeks.handlers.price_options import price_options
from services.greeks.inputs import ContractTerms, ContractValuation, Market
from services.greeks.settings import GreeksSettings
from services.ingest.tables import CorporateAction, FetchLogEntry, TreasuryYield
from shared.calendar import sessions
from shared.contracts.event import EVENT_NAMESPACE
from shared.contracts.greeks import (
    CashDividend,
    GreeksComputed,
    OptionsPriced,
    OptionToPrice,
    PricedOption,
    PriceOptions,
)
from shared.contracts.ingest import PricesUpdated
from shared.database import Database, Session
from shared.errors import NotASession
from shared.messaging import Broker, Consumption
from shared.published import greeks as published
from shared.telemetry import create_telemetry
from tests.builders import a_price, a_yield, save, save_prices
from tests.servers import Role, Servers

AS_OF = date(2022, 12, 28)
HISTORY = sessions(AS_OF - timedelta(days=400), AS_OF)[-253:]
GREEKS = ("delta", "gamma", "theta", "vega", "rho")


def an_id(name: str) -> UUID:
    return uuid5(EVENT_NAMESPACE, f"greeks-test/{name}")


BOOK, OTHER_BOOK = an_id("book"), an_id("other book")


def prices_updated(
    price_run: str = "run-1", books: Sequence[UUID] = (BOOK,), **given: Any
) -> PricesUpdated:
    """Prices of one shard as of the panel's last session."""
    facts: dict[str, Any] = {
        "shard": 0,
        "shards": 1,
        "price_run": price_run,
        "portfolio_ids": tuple(books),
    }
    return PricesUpdated.new(an_id(price_run), given.pop("as_of", AS_OF), **(facts | given))


def an_option(name: str = "call", book: UUID = BOOK, **given: Any) -> dict[str, Any]:
    """Ten AAPL 130 calls of June 2023 held since October, unless said otherwise."""
    defaults = {
        "position_id": an_id(f"{book}/{name}"),
        "portfolio_id": book,
        "symbol": "AAPL230616C00130000",
        "instrument": "option",
        "underlying": "AAPL",
        "option_type": "C",
        "strike": 130,
        "expiry": date(2023, 6, 16),
        "multiplier": 100,
        "quantity": 10,
        "entry_price": 12,
        "entry_date": date(2022, 10, 3),
        "exit_date": None,
        "stated_on": date(2022, 10, 3),
    }
    return defaults | given


def a_put(book: UUID = BOOK) -> dict[str, Any]:
    """Ten AAPL 120 puts of the same expiry."""
    return an_option("put", book, symbol="AAPL230616P00120000", option_type="P", strike=120)


def a_call_until(expiry: date) -> dict[str, Any]:
    """Ten AAPL 100 calls that expire on this day."""
    symbol = f"AAPL{expiry:%y%m%d}C00100000"
    return an_option("short-lived", symbol=symbol, strike=100, expiry=expiry)


def a_stock(name: str = "stock", book: UUID = BOOK) -> dict[str, Any]:
    terms = {"symbol": "AAPL", "instrument": "stock", "multiplier": 1}
    return an_option(name, book) | terms | {"option_type": None, "strike": None, "expiry": None}


async def insert(session: Session, table: str, rows: Sequence[dict[str, Any]]) -> None:
    names = list(rows[0])
    placed = ", ".join(f":{name}" for name in names)
    await session.execute(
        text(f"insert into {table} ({', '.join(names)}) values ({placed})"), list(rows)
    )


async def hold(admin: Database, *positions: dict[str, Any]) -> None:
    """Both books, with these positions in them."""
    books = [
        {"portfolio_id": book, "user_id": an_id("user"), "name": str(book)}
        for book in (BOOK, OTHER_BOOK)
    ]
    async with admin.transaction() as session:
        await insert(
            session,
            "gateway.users",
            [{"user_id": an_id("user"), "email": "a@example.org", "password_hash": "-"}],
        )
        await insert(session, "gateway.portfolios", books)
        if positions:
            await insert(session, "gateway.positions", positions)


async def quote(admin: Database, symbol: str = "AAPL", days: Sequence[date] = HISTORY) -> None:
    """A random walk that ends at 130.00, identical whenever the days are."""
    random = np.random.default_rng(5)
    walk = np.exp(random.normal(0.0, 0.02, len(days)).cumsum())
    closes = np.round(130.0 * walk / walk[-1], 2).tolist()
    prices = (a_price(symbol, day, close) for day, close in zip(days, closes, strict=True))
    await save_prices(admin, *prices)


async def publish_curve(admin: Database, day: date = AS_OF, percent: float = 4.0) -> None:
    yields = [a_yield(maturity, day, percent) for maturity in ("3M", "1Y")]
    await save(admin, TreasuryYield, yields)


async def describe(admin: Database, dividend_yield: float | None, symbol: str = "AAPL") -> None:
    row = {"symbol": symbol, "kind": "stock", "dividend_yield": dividend_yield, "source": "test"}
    async with admin.transaction() as session:
        await insert(session, "ingest.securities", [row])


async def hold_quoted(admin: Database, *positions: dict[str, Any]) -> None:
    """Both books with these positions, and the closes of what they are based on."""
    await hold(admin, *positions)
    await quote(admin)


async def handle(role: Role, event: PricesUpdated) -> GreeksComputed:
    async with role("greeks").transaction() as session:
        return await compute_greeks(event, session)


async def rows_of(role: Role, view: Table, key: str) -> list[dict[str, Any]]:
    """A view's rows as another service sees them, by key and session."""
    async with role("factors").transaction() as session:
        rows = await session.execute(select(view).order_by(view.c[key], view.c.as_of))
        return [dict(row) for row in rows.mappings()]


async def contract_rows(role: Role) -> list[dict[str, Any]]:
    return await rows_of(role, published.contract_greeks, "contract")


async def position_rows(role: Role) -> list[dict[str, Any]]:
    return await rows_of(role, published.position_greeks, "position_id")


async def written_by(admin: Database) -> list[str]:
    """Which transaction wrote each contract row: unchanged until it is written again."""
    async with admin.transaction() as session:
        query = "select xmin::text from greeks.contract_greeks order by contract, as_of"
        return list((await session.execute(text(query))).scalars())


def codes(event: GreeksComputed) -> set[str]:
    return {notice.code for notice in event.warnings}


async def test_position_greeks_are_unit_times_quantity_times_multiplier(
    admin: Database, role: Role
) -> None:
    short = an_option("short", quantity=-3, entry_date=date(2022, 11, 1))
    await hold_quoted(admin, an_option(), short, a_stock())
    await publish_curve(admin)
    await describe(admin, 0.006)

    event = await handle(role, prices_updated())

    (unit,) = await contract_rows(role)
    held = {row["quantity"]: row for row in await position_rows(role)}
    for greek in GREEKS:
        assert held[10][greek] == pytest.approx(unit[greek] * 1000)
        assert held[-3][greek] == pytest.approx(unit[greek] * -300)
    assert event.counts == {"contracts": 1, "positions": 2}
    assert event.warnings == ()


async def test_contract_row_names_inputs_and_sources(admin: Database, role: Role) -> None:
    await hold_quoted(admin, an_option())
    await publish_curve(admin, date(2022, 12, 27))
    await describe(admin, 0.006)

    await handle(role, prices_updated())

    (row,) = await contract_rows(role)
    assert float(row["underlying_price"]) == 130.0
    assert row["underlying_price_date"] == AS_OF
    assert row["years_to_expiry"] == pytest.approx((date(2023, 6, 16) - AS_OF).days / 365)
    assert (
        row["iv_source"]
        == f"realised_{len(sessions(AS_OF + timedelta(days=1), date(2023, 6, 16)))}d"
    )
    assert (row["rate"], row["rate_source"]) == (
        pytest.approx(2 * np.log(1.02)),
        "treasury_2022-12-27",
    )
    assert (row["dividend_yield"], row["dividend_source"]) == (0.006, "securities")
    assert (row["model"], row["price_run"], row["reason"]) == (
        "american_collocation",
        "run-1",
        None,
    )
    assert (row["quote_mid"], row["note"]) == (None, None)
    assert 0.4 < row["delta"] < 0.7


async def test_handling_a_shard_twice_leaves_the_same_rows(admin: Database, role: Role) -> None:
    await hold_quoted(admin, an_option(), a_put())

    first = await handle(role, prices_updated())
    rows = await contract_rows(role), await position_rows(role)
    second = await handle(role, prices_updated())

    assert (await contract_rows(role), await position_rows(role)) == rows
    assert second.model_dump(exclude={"occurred_at"}) == first.model_dump(exclude={"occurred_at"})


async def test_current_contracts_are_read_not_recomputed(
    admin: Database, role: Role, monkeypatch: pytest.MonkeyPatch
) -> None:
    await hold_quoted(admin, an_option(), an_option(book=OTHER_BOOK))
    await handle(role, prices_updated(shards=2))

    def must_get_nothing(terms: Sequence[ContractTerms], *_: object) -> list[ContractValuation]:
        assert not terms, "a current contract was valued again"
        return []

    monkeypatch.setattr(use_case, "contract_valuations", must_get_nothing)
    event = await handle(role, prices_updated(books=(OTHER_BOOK,), shard=1, shards=2))

    assert event.counts == {"contracts": 1, "positions": 1}
    assert [row["portfolio_id"] for row in await position_rows(role)].count(OTHER_BOOK) == 1


async def test_only_missing_contracts_are_computed(admin: Database, role: Role) -> None:
    await hold_quoted(admin, an_option(), an_option(book=OTHER_BOOK), a_put(OTHER_BOOK))
    await handle(role, prices_updated())
    (before,) = await written_by(admin)

    await handle(role, prices_updated(books=(OTHER_BOOK,), shard=1, shards=2))

    after = await written_by(admin)
    assert after[0] == before
    assert len(after) == 2


async def test_new_market_data_values_contracts_again(admin: Database, role: Role) -> None:
    await hold_quoted(admin, an_option())
    await handle(role, prices_updated())
    (before,) = await contract_rows(role)
    async with admin.transaction() as session:
        await session.execute(
            text("update ingest.daily_prices set close = 140 where session_date = :day"),
            {"day": AS_OF},
        )

    await handle(role, prices_updated("run-2"))

    (after,) = await contract_rows(role)
    assert (before["price_run"], after["price_run"]) == ("run-1", "run-2")
    assert after["price"] > before["price"] + 4.0


async def test_concurrent_shards_value_a_shared_contract_once(
    admin: Database, role: Role, monkeypatch: pytest.MonkeyPatch
) -> None:
    await hold_quoted(admin, an_option(), an_option(book=OTHER_BOOK))
    valued: list[str] = []

    def counted(
        terms: Sequence[ContractTerms], market: Market, engine: Engine
    ) -> list[ContractValuation]:
        valued.extend(contract.contract for contract in terms)
        return contract_valuations(terms, market, engine)

    monkeypatch.setattr(use_case, "contract_valuations", counted)

    await asyncio.gather(
        handle(role, prices_updated(shards=2)),
        handle(role, prices_updated(books=(OTHER_BOOK,), shard=1, shards=2)),
    )

    assert valued == ["AAPL230616C00130000"]
    assert len(await position_rows(role)) == 2


async def test_same_shard_four_times_at_once_is_as_once(admin: Database, role: Role) -> None:
    await hold_quoted(admin, an_option(), a_put())
    await handle(role, prices_updated())
    once = await contract_rows(role), await position_rows(role)
    async with admin.transaction() as session:
        await session.execute(text("truncate greeks.contract_greeks, greeks.position_greeks"))

    await asyncio.gather(*(handle(role, prices_updated()) for _ in range(4)))

    assert (await contract_rows(role), await position_rows(role)) == once


async def test_missing_price_is_null_with_reason_everywhere(admin: Database, role: Role) -> None:
    await hold_quoted(
        admin,
        an_option(),
        an_option("lost", symbol="ZZZ230616C00010000", underlying="ZZZ", strike=10),
    )

    event = await handle(role, prices_updated())

    lost_contract = next(row for row in await contract_rows(role) if row["underlying"] == "ZZZ")
    lost_position = next(row for row in await position_rows(role) if row["underlying"] == "ZZZ")
    reason = "no price for underlying ZZZ on or before 2022-12-28"
    for row in (lost_contract, lost_position):
        assert row["reason"] == reason
        assert [row[greek] for greek in GREEKS] == [None] * 5
    missing = next(notice for notice in event.warnings if notice.code == "greeks_missing")
    assert (missing.count, missing.about) == (1, ("ZZZ230616C00010000",))
    assert all(
        row["delta"] is not None for row in await position_rows(role) if row["underlying"] == "AAPL"
    )


async def test_short_history_is_null_with_reason(admin: Database, role: Role) -> None:
    await hold(admin, an_option())
    await quote(admin, days=HISTORY[-13:])

    await handle(role, prices_updated())

    (row,) = await position_rows(role)
    assert (row["delta"], row["reason"]) == (None, "only 12 returns, 20 needed")


async def test_old_price_is_carried_forward_with_its_date(admin: Database, role: Role) -> None:
    await hold(admin, an_option())
    await quote(admin, days=HISTORY[:-2])

    event = await handle(role, prices_updated())

    (row,) = await contract_rows(role)
    assert row["underlying_price_date"] == HISTORY[-3]
    assert row["delta"] is not None
    assert "underlying_price_carried_forward" in codes(event)


async def test_price_after_the_session_is_not_seen(admin: Database, role: Role) -> None:
    earlier = HISTORY[-30]
    await hold_quoted(admin, an_option())

    await handle(role, prices_updated(as_of=earlier))

    (row,) = await contract_rows(role)
    assert row["underlying_price_date"] == earlier
    assert row["as_of"] == earlier


async def test_unknown_dividend_and_curve_are_said(admin: Database, role: Role) -> None:
    await hold_quoted(admin, an_option())
    await describe(admin, None)

    event = await handle(role, prices_updated())

    (row,) = await contract_rows(role)
    assert (row["dividend_yield"], row["dividend_source"]) == (0.0, "unknown_assumed_0")
    assert (row["rate"], row["rate_source"]) == (GreeksSettings().configured_rate, "configured")
    assert codes(event) == {"dividend_yield_unknown", "rate_configured"}


async def test_expired_option_is_intrinsic_with_zero_greeks(admin: Database, role: Role) -> None:
    await hold_quoted(admin, a_call_until(date(2022, 12, 16)))

    event = await handle(role, prices_updated())

    (contract,) = await contract_rows(role)
    (position,) = await position_rows(role)
    assert (contract["model"], contract["volatility"], contract["years_to_expiry"]) == (
        "intrinsic",
        None,
        0.0,
    )
    assert contract["underlying_price_date"] == date(2022, 12, 16)
    assert contract["price"] == pytest.approx(max(float(contract["underlying_price"]) - 100.0, 0.0))
    assert [position[greek] for greek in GREEKS] == [0.0] * 5
    assert event.warnings == ()


async def test_expiry_on_a_holiday_means_the_session_before(admin: Database, role: Role) -> None:
    await hold_quoted(admin, a_call_until(date(2022, 12, 26)))

    await handle(role, prices_updated(as_of=date(2022, 12, 23)))

    (row,) = await contract_rows(role)
    assert (row["model"], row["expiry"]) == ("intrinsic", date(2022, 12, 26))


async def test_closed_positions_leave_the_table_on_rerun(admin: Database, role: Role) -> None:
    await hold_quoted(admin, an_option(), an_option("sold", entry_date=date(2022, 11, 1)))
    await handle(role, prices_updated())
    async with admin.transaction() as session:
        sold = {"day": AS_OF, "id": an_id(f"{BOOK}/sold")}
        await session.execute(
            text("update gateway.positions set exit_date = :day where position_id = :id"), sold
        )

    await handle(role, prices_updated())

    assert [row["position_id"] for row in await position_rows(role)] == [an_id(f"{BOOK}/call")]


async def test_positions_not_yet_entered_have_no_row(admin: Database, role: Role) -> None:
    await hold_quoted(admin, an_option(entry_date=AS_OF + timedelta(days=1)))

    event = await handle(role, prices_updated())

    assert event.counts == {"contracts": 0, "positions": 0}


async def test_other_books_rows_stay_untouched(admin: Database, role: Role) -> None:
    await hold_quoted(admin, an_option(), an_option(book=OTHER_BOOK))
    await handle(role, prices_updated(books=(BOOK, OTHER_BOOK)))
    before = await position_rows(role)

    await handle(role, prices_updated(books=(BOOK,)))

    assert await position_rows(role) == before


@pytest.mark.parametrize("books", [(), (BOOK,), (an_id("nobody's"),)])
async def test_a_shard_without_options_works(
    admin: Database, role: Role, books: tuple[UUID, ...]
) -> None:
    await hold(admin, a_stock())

    event = await handle(role, prices_updated(books=books))

    assert event.counts == {"contracts": 0, "positions": 0}
    assert event.warnings == ()


async def test_mibian_engine_writes_the_same_numbers(
    admin: Database, role: Role, monkeypatch: pytest.MonkeyPatch
) -> None:
    await hold_quoted(admin, an_option())
    await handle(role, prices_updated())
    (default,) = await contract_rows(role)

    monkeypatch.setattr(use_case, "get_settings", lambda: GreeksSettings(engine="mibian"))
    await handle(role, prices_updated())

    (by_mibian,) = await contract_rows(role)
    assert by_mibian["model"] == "mibian"
    for name in ("price", *GREEKS):
        assert by_mibian[name] == pytest.approx(default[name], abs=1e-9)


async def test_event_is_about_the_shard_received(admin: Database, role: Role) -> None:
    await hold(admin)
    received = prices_updated(shard=3, shards=7)

    event = await handle(role, received)

    assert (event.run_id, event.shard, event.shards, event.price_run) == (
        received.run_id,
        3,
        7,
        "run-1",
    )
    assert event.portfolio_ids == received.portfolio_ids


async def test_prices_on_the_bus_become_greeks_on_the_bus(
    servers: Servers, bus: Client, admin: Database, role: Role
) -> None:
    await hold_quoted(admin, an_option())
    telemetry = create_telemetry("greeks", servers.settings)
    broker = Broker("greeks", servers.settings, telemetry, on_closed=lambda: None)
    Consumption(handlers.router, broker, role("greeks"), servers.settings, telemetry).attach()
    received = prices_updated()

    async with broker:
        await broker.start()
        await bus.jetstream().publish(received.subject, received.model_dump_json().encode())
        subscription = await bus.jetstream().subscribe(
            "greeks.*", stream="GREEKS", ordered_consumer=True
        )
        message = await subscription.next_msg(timeout=10)
        await subscription.unsubscribe()

    event = GreeksComputed.model_validate_json(message.data)
    assert message.subject == "greeks.computed"
    assert (event.run_id, event.counts) == (received.run_id, {"contracts": 1, "positions": 1})
    assert len(await position_rows(role)) == 1


# --- quotes ---


async def quote_option(
    admin: Database, bid: float, ask: float, contract: str = "AAPL230616C00130000", **given: Any
) -> None:
    row = {
        "contract": contract,
        "session_date": AS_OF,
        "bid": bid,
        "ask": ask,
        "last": None,
        "underlying_price": None,
        "source": "test",
        "revision": 1,
    }
    async with admin.transaction() as session:
        await insert(session, "ingest.option_quotes", [row | given])


async def test_quote_of_the_session_implies_the_volatility(admin: Database, role: Role) -> None:
    await hold_quoted(admin, an_option())
    await publish_curve(admin)
    await describe(admin, 0.006)
    await quote_option(admin, 13.9, 14.1)

    event = await handle(role, prices_updated())

    (row,) = await contract_rows(role)
    assert (row["quote_mid"], row["iv_source"], row["note"]) == (14.0, "implied", None)
    assert row["price"] == pytest.approx(14.0, abs=1e-6)
    assert event.warnings == ()


async def test_quote_of_another_session_is_not_seen(admin: Database, role: Role) -> None:
    await hold_quoted(admin, an_option())
    await quote_option(admin, 13.9, 14.1, session_date=date(2022, 12, 27))

    await handle(role, prices_updated())

    (row,) = await contract_rows(role)
    assert row["quote_mid"] is None
    assert row["iv_source"].startswith("realised_")


async def test_impossible_quote_is_noted_and_published(admin: Database, role: Role) -> None:
    await hold_quoted(admin, an_option())
    await quote_option(admin, 150.0, 152.0)

    event = await handle(role, prices_updated())

    (row,) = await contract_rows(role)
    assert row["quote_mid"] == 151.0
    assert row["iv_source"].startswith("realised_")
    assert "above the option's upper bound" in row["note"]
    assert "quote_not_used" in codes(event)


async def test_another_engine_values_stored_contracts_again(
    admin: Database, role: Role, monkeypatch: pytest.MonkeyPatch
) -> None:
    await hold_quoted(admin, an_option())
    await handle(role, prices_updated())
    monkeypatch.setattr(use_case, "get_settings", lambda: GreeksSettings(engine="mibian"))

    await handle(role, prices_updated())

    (row,) = await contract_rows(role)
    assert row["model"] == "mibian"


async def test_index_options_are_european(admin: Database, role: Role) -> None:
    terms: dict[str, Any] = {"symbol": "SPXW230616P04000000", "underlying": "SPX", "strike": 4000}
    await hold(admin, an_option("index", option_type="P", **terms))
    await quote(admin, symbol="SPX")

    await handle(role, prices_updated())

    (row,) = await contract_rows(role)
    assert row["model"] == "black_scholes_merton"


# --- on request ---


async def priced(role: Role, *options: OptionToPrice, **request: Any) -> OptionsPriced:
    async with role("greeks").transaction() as session:
        return await price_options(PriceOptions(as_of=AS_OF, options=options, **request), session)


async def only(role: Role, option: OptionToPrice, **request: Any) -> PricedOption:
    answer = await priced(role, option, **request)
    return answer.options[0]


async def test_option_in_no_portfolio_is_valued_like_one_that_is_held(
    admin: Database, role: Role
) -> None:
    await hold_quoted(admin, an_option())
    await publish_curve(admin)
    await describe(admin, 0.006)
    await quote_option(admin, 13.9, 14.1)
    await handle(role, prices_updated())

    asked = await only(role, OptionToPrice(contract="AAPL230616C00130000"))

    (held,) = await contract_rows(role)
    for name in (
        *GREEKS,
        "price",
        "volatility",
        "iv_source",
        "rate",
        "rate_source",
        "dividend_yield",
        "model",
    ):
        assert getattr(asked, name) == held[name]
    assert (asked.market_price, asked.market_price_source) == (14.0, "quote_mid")
    assert asked.underlying_price_source == "close_2022-12-28"
    assert asked.exercise == "american"


async def test_terms_mean_the_same_as_the_symbol(admin: Database, role: Role) -> None:
    await quote(admin)
    terms = OptionToPrice(
        underlying="aapl", strike=Decimal(130), expiry=date(2023, 6, 16), option_type="C"
    )

    answer = await priced(role, terms, OptionToPrice(contract="AAPL  230616C00130000"))

    assert answer.options[0] == answer.options[1]
    assert answer.options[0].contract == "AAPL230616C00130000"


def on_given_inputs(contract: str, **more: float) -> OptionToPrice:
    """An option at the money, at a rate of 5 % and without dividends."""
    given: dict[str, Any] = {"underlying_price": 100, "rate": 0.05, "dividend_yield": 0}
    return OptionToPrice(contract=contract, **given, **more)


async def test_given_inputs_are_used_and_echoed(role: Role) -> None:
    """The domain contract's check value, as a European option on given inputs.

    Nothing is stored at all.
    """
    option = on_given_inputs("XYZ231228C00100000", volatility=0.2)

    answer = await priced(role, option, engine="european")

    (found,) = answer.options
    assert answer.engine == "european"
    assert [round(getattr(found, name), 6) for name in ("price", *GREEKS)] == [
        10.450584, 0.636831, 0.018762, -0.017573, 0.375240, 0.532325,
    ]  # fmt: skip
    sources = (
        found.underlying_price_source,
        found.iv_source,
        found.rate_source,
        found.dividend_source,
    )
    assert sources == ("given",) * 4


async def test_given_market_price_implies_the_volatility(role: Role) -> None:
    option = on_given_inputs("XYZ231228P00100000", market_price=6.0904)

    found = await only(role, option)

    assert found.volatility == pytest.approx(0.2, abs=1e-4)
    assert (found.iv_source, found.market_price_source) == ("implied", "given")


async def test_cash_dividends_are_echoed(admin: Database, role: Role) -> None:
    await quote(admin)
    paid = CashDividend(ex_date=date(2023, 2, 10), amount=0.23)

    found = await only(role, OptionToPrice(contract="AAPL230616C00130000", dividends=(paid,)))

    assert (found.dividends, found.dividend_source, found.model) == (
        (paid,),
        "given",
        "american_lattice",
    )


async def test_held_and_requested_options_have_the_same_projected_dividends(
    admin: Database, role: Role
) -> None:
    """Quarterly 0.92 before a split of 4 for 1 is 0.23 per share of today; no special repeats."""
    await hold_quoted(admin, a_put())
    await describe(admin, 0.006)
    past = [(date(2022, 2, 4), 0.92), (date(2022, 5, 6), 0.92), (date(2022, 8, 5), 0.92)]
    actions = [
        *((day, "dividend", amount) for day, amount in past),
        (date(2022, 9, 1), "split", 4.0),
        (date(2022, 11, 4), "dividend", 0.23),
        (date(2022, 12, 1), "dividend", 9.0),
    ]
    await save(
        admin,
        CorporateAction,
        [
            {"symbol": "AAPL", "ex_date": day, "kind": kind, "value": value, "source": "test"}
            for day, kind, value in actions
        ],
    )

    event = await handle(role, prices_updated())
    again = await handle(role, prices_updated())

    (row,) = await contract_rows(role)
    asked = await only(role, OptionToPrice(contract=row["contract"]))
    assert row["dividend_source"] == asked.dividend_source == "projected"
    assert row["dividends"] == [
        {"ex_date": "2023-02-03", "amount": 0.23},
        {"ex_date": "2023-05-05", "amount": 0.23},
    ]
    assert [each.ex_date.isoformat() for each in asked.dividends] == ["2023-02-03", "2023-05-05"]
    assert (row["model"], row["price"]) == (asked.model, asked.price) != (None, None)
    assert row["model"] == "american_lattice"
    assert "dividend_yield_unknown" not in codes(event)
    assert again.event_id == event.event_id
    assert await contract_rows(role) == [row]


async def test_answer_warns_of_underlyings_whose_dividends_are_unknown(
    admin: Database, role: Role
) -> None:
    await quote(admin)

    answer = await priced(role, OptionToPrice(contract="AAPL230616C00130000"))

    warnings = {notice.code: notice.about for notice in answer.warnings}
    assert warnings["dividend_yield_unknown"] == ("AAPL",)


async def test_symbol_that_is_known_to_pay_nothing_is_not_unknown(
    admin: Database, role: Role
) -> None:
    await hold_quoted(admin, an_option())
    await describe(admin, None)
    queried = {
        "provider": "test",
        "kind": "corporate_actions",
        "symbol": "AAPL",
        "first_session": HISTORY[0],
        "last_session": AS_OF,
        "known": True,
        "asked_at": datetime(2022, 12, 28, 22, tzinfo=UTC),
    }
    await save(admin, FetchLogEntry, [queried])

    event = await handle(role, prices_updated())

    (row,) = await contract_rows(role)
    assert (row["dividend_source"], row["dividend_yield"]) == ("projected", 0.0)
    assert row["dividends"] is None
    assert "dividend_yield_unknown" not in codes(event)


async def test_each_impossible_option_is_null_with_its_reason(admin: Database, role: Role) -> None:
    await quote(admin)
    impossible = [
        OptionToPrice(contract="AAPL"),
        OptionToPrice(),
        OptionToPrice(underlying="AAPL", strike=Decimal(130)),
        OptionToPrice(contract="ZZZ230616C00010000"),
    ]

    answer = await priced(role, *impossible, OptionToPrice(contract="AAPL230616C00130000"))

    reasons = [option.reason or "" for option in answer.options]
    assert ["OCC" in reasons[0], "neither" in reasons[1], "needed" in reasons[2]] == [True] * 3
    assert "no price for underlying ZZZ" in reasons[3]
    assert [option.delta is None for option in answer.options] == [True] * 4 + [False]


async def test_mibian_is_an_engine_of_requests_too(admin: Database, role: Role) -> None:
    await quote(admin)

    answer = await priced(role, OptionToPrice(contract="AAPL230616C00130000"), engine="mibian")

    assert (answer.engine, answer.options[0].model) == ("mibian", "mibian")


async def test_request_for_a_closed_day_is_refused(role: Role) -> None:
    request = PriceOptions(
        as_of=date(2022, 12, 26), options=(OptionToPrice(contract="AAPL230616C00130000"),)
    )

    with pytest.raises(NotASession):
        async with role("greeks").transaction() as session:
            await price_options(request, session)


async def test_request_writes_nothing(admin: Database, role: Role) -> None:
    await quote(admin)

    await only(role, OptionToPrice(contract="AAPL230616C00130000"))

    assert await contract_rows(role) == []


async def test_options_are_valued_in_the_terms_that_splits_gave_them(
    admin: Database, role: Role
) -> None:
    old = an_option("old", symbol="AAPL230616C00520000", strike=520, quantity=2)
    gone = an_option(
        "gone", symbol="AAPL221216C00440000", strike=440, expiry=date(2022, 12, 16), quantity=1
    )
    await hold(admin, old, gone)
    await quote(admin, days=HISTORY[:-1])  # the close before the split is carried into its day
    split = {"symbol": "AAPL", "ex_date": AS_OF, "kind": "split", "value": 4, "source": "test"}
    async with admin.transaction() as session:
        await session.execute(text("update ingest.daily_prices set close = close * 4"))
        await insert(session, "ingest.corporate_actions", [split])

    await handle(role, prices_updated())

    expired, living = await contract_rows(role)
    assert (living["contract"], living["strike"]) == ("AAPL230616C00130000", 130)
    assert (float(living["underlying_price"]), living["underlying_price_date"]) == (
        130.0,
        HISTORY[-2],
    )
    assert (expired["contract"], expired["strike"]) == ("AAPL221216C00440000", 440)
    assert expired["price"] == max(float(expired["underlying_price"]) - 440, 0) > 0
    assert {row["quantity"] for row in await position_rows(role)} == {8, 1}


async def test_a_quote_under_the_name_that_a_split_gave_values_the_contract(
    admin: Database, role: Role
) -> None:
    """A third of 400 is listed as 133.33."""
    await hold_quoted(admin, an_option("old", symbol="AAPL230616C00400000", strike=400, quantity=2))
    await quote_option(admin, 13.9, 14.1, contract="AAPL230616C00133330")
    split = {"symbol": "AAPL", "ex_date": AS_OF, "kind": "split", "value": 3, "source": "test"}
    async with admin.transaction() as session:
        await insert(session, "ingest.corporate_actions", [split])

    await handle(role, prices_updated())

    (row,) = await contract_rows(role)
    assert (row["contract"], row["strike"]) == ("AAPL230616C00133330", Decimal("133.33"))
    assert (row["quote_mid"], row["iv_source"]) == (14.0, "implied")
    assert {row["quantity"] for row in await position_rows(role)} == {6}
