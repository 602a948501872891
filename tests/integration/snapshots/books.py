"""Portfolios, prices and stored rows for the tests of snapshots: plain functions with defaults."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import text

from services.snapshots.handlers.take_snapshots import take_snapshots
from shared.contracts.event import EVENT_NAMESPACE
from shared.contracts.factors import FactorsComputed
from shared.contracts.snapshots import SnapshotsCreated
from shared.database import Database, Session
from tests.builders import a_price

MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY = (date(2022, 12, day) for day in (12, 13, 14, 15, 16))
NEXT_MONDAY = date(2022, 12, 19)
TABLES = (
    "portfolio_snapshots",
    "position_valuations",
    "risk_metrics",
    "component_var",
    "pnl_attributions",
)
WEEK = (MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, NEXT_MONDAY)
CALL = "AAPL230616C00130000"
Role = Callable[[str], Database]
Row = dict[str, Any]


def an_id(name: str) -> UUID:
    return uuid5(EVENT_NAMESPACE, f"snapshots-test/{name}")


BOOK, OTHER_BOOK = an_id("book"), an_id("other book")


def factors_computed(
    as_of: date, books: Sequence[UUID] = (BOOK,), run: str = "run"
) -> FactorsComputed:
    """The factors of one shard are stored."""
    return FactorsComputed.new(
        an_id(run), as_of, price_run="prices-1", shard=0, shards=1, portfolio_ids=tuple(books)
    )


def a_stock(symbol: str = "AAPL", name: str = "", book: UUID = BOOK, **given: Any) -> Row:
    """100 shares bought at 90 long ago, unless said otherwise."""
    defaults = {
        "position_id": an_id(f"{book}/{symbol}/{name}"),
        "portfolio_id": book,
        "symbol": symbol,
        "instrument": "stock",
        "underlying": symbol,
        "option_type": None,
        "strike": None,
        "expiry": None,
        "multiplier": 1,
        "quantity": 100,
        "entry_price": 90,
        "entry_date": date(2022, 10, 3),
        "exit_price": None,
        "exit_date": None,
        "stated_on": date(2022, 10, 3),
    }
    return defaults | given


def an_option(**given: Any) -> Row:
    """Two AAPL 130 calls sold at 7."""
    terms: Row = {
        "underlying": "AAPL",
        "instrument": "option",
        "option_type": "C",
        "strike": 130,
        "multiplier": 100,
    }
    return a_stock(CALL, expiry=date(2023, 6, 16), quantity=-2, entry_price=7, **terms) | given


async def insert(session: Session, table: str, rows: Sequence[Row]) -> None:
    if rows:
        names = list(rows[0])
        placed = ", ".join(f":{name}" for name in names)
        await session.execute(
            text(f"insert into {table} ({', '.join(names)}) values ({placed})"), list(rows)
        )


async def store(admin: Database, table: str, rows: Sequence[Row]) -> None:
    """Store rows in a table of any service."""
    async with admin.transaction() as session:
        await insert(session, table, rows)


async def hold(admin: Database, *positions: Row, equity: Decimal | None = None) -> None:
    """Both portfolios of one user, with these positions; `equity` is the first one's balance."""
    user = {"user_id": an_id("user"), "email": "a@example.org", "password_hash": "-"}
    books = [
        {
            "portfolio_id": book,
            "user_id": user["user_id"],
            "name": str(book),
            "equity_balance": balance,
        }
        for book, balance in ((BOOK, equity), (OTHER_BOOK, None))
    ]
    await store(admin, "gateway.users", [user])
    await store(admin, "gateway.portfolios", books)
    await store(admin, "gateway.positions", positions)


async def enter(
    admin: Database, kind: str, day: date, amount: Decimal | float, symbol: str | None = None
) -> None:
    """A line of the first portfolio's ledger that moves cash, or states its equity."""
    line = {
        "transaction_id": an_id(f"{kind} {day} {amount}"),
        "portfolio_id": BOOK,
        "kind": kind,
        "trade_date": day,
        "symbol": symbol,
        "amount": amount,
        "stated_on": day,
        "source": "api",
    }
    await store(admin, "gateway.transactions", [line])


async def deposit(admin: Database, day: date, amount: Decimal) -> None:
    await enter(admin, "deposit" if amount > 0 else "withdrawal", day, amount)


async def quote(
    admin: Database, closes: Mapping[date, float], symbol: str = "AAPL", basis: str = "raw"
) -> None:
    """Store closes, replacing those of the same days."""
    rows = [a_price(symbol, day, close) | {"close_basis": basis} for day, close in closes.items()]
    async with admin.transaction() as session:
        await session.execute(
            text(
                "delete from ingest.daily_prices"
                " where symbol = :symbol and session_date = any(:days)"
            ),
            {"symbol": symbol, "days": list(closes)},
        )
        await insert(session, "ingest.daily_prices", rows)


async def value(
    admin: Database, day: date, price: float | None, delta: float | None, **given: Any
) -> None:
    """What greeks stored of the call."""
    contract = {
        "contract": CALL,
        "as_of": day,
        "price_run": "prices-1",
        "underlying": "AAPL",
        "option_type": "C",
        "strike": 130,
        "expiry": date(2023, 6, 16),
        "underlying_price_date": day,
        "years_to_expiry": 0.5,
        "model": "black_scholes",
        "price": price,
        "delta": delta,
        **dict.fromkeys(("gamma", "theta", "vega", "rho"), None if delta is None else 0.0075),
    }
    await store(admin, "greeks.contract_greeks", [contract | given])


async def take(
    role: Role, as_of: date, books: Sequence[UUID] = (BOOK,), run: str = "run"
) -> SnapshotsCreated:
    async with role("snapshots").transaction() as session:
        return await take_snapshots(factors_computed(as_of, books, run), session)


async def taken(role: Role, days: Iterable[date], books: Sequence[UUID] = (BOOK,)) -> list[Row]:
    """The chain after these sessions, in this order."""
    for day in days:
        await take(role, day, books)
    return await chain(role)


async def published(role: Role, view: str, by: str = "portfolio_id, as_of") -> list[Row]:
    """Rows of a published view, as another service reads them."""
    async with role("gateway").transaction() as session:
        found = await session.execute(
            text(f"select * from snapshots.published_{view} order by {by}")
        )
        return [dict(row) for row in found.mappings()]


async def chain(role: Role) -> list[Row]:
    """The first book's snapshots by session."""
    return [
        row for row in await published(role, "portfolio_snapshots") if row["portfolio_id"] == BOOK
    ]


async def tables(role: Role) -> tuple[list[Row], list[Row]]:
    valuations = await published(role, "position_valuations", "position_id, as_of")
    return await published(role, "portfolio_snapshots"), valuations


async def cleared(admin: Database) -> None:
    async with admin.transaction() as session:
        await session.execute(
            text("truncate " + ", ".join(f"snapshots.{table}" for table in TABLES))
        )


async def a_busy_week(admin: Database) -> None:
    """Two books with a short, a purchase, a sale, an option, a missing price and a deposit."""
    await hold(
        admin,
        a_stock(),
        a_stock("GE", quantity=-40, entry_price=80),
        a_stock("MSFT", quantity=10, entry_price=250, entry_date=WEDNESDAY),
        a_stock("KO", quantity=30, entry_price=60, exit_date=THURSDAY, exit_price=63),
        an_option(),
        a_stock("GE", book=OTHER_BOOK, quantity=7),
        a_stock("AAPL", book=OTHER_BOOK, entry_date=TUESDAY, exit_date=WEDNESDAY, exit_price=140),
        equity=Decimal("50000.00"),
    )
    await quote(
        admin, dict(zip(WEEK, (144.49, 145.47, 143.21, 136.5, 134.51, 132.37), strict=True))
    )
    await quote(admin, {MONDAY: 81.0, WEDNESDAY: 79.5, NEXT_MONDAY: 78.25}, "GE")
    await quote(
        admin, dict(zip(WEEK, (252.5, 257.0, 256.75, 249.0, 244.5, 240.25), strict=True)), "MSFT"
    )
    await quote(admin, dict(zip(WEEK, (63.5, 63.75, 63.25, 62.5, 62.75, 63.0), strict=True)), "KO")
    for day, price in zip(WEEK, (22.5, 23.25, None, 17.75, 16.5, 15.0), strict=True):
        await value(admin, day, price, price and price / 40)
    await deposit(admin, WEDNESDAY, Decimal("1500.00"))


BOTH = (BOOK, OTHER_BOOK)
