"""The ledger that `docs/methodology.md` works by hand: every daily figure, to the cent."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from random import Random
from uuid import uuid4

import pytest
from sqlalchemy import text

from services.gateway.books.keeping import derive_ledgers, keep_ledgers
from services.gateway.books.ledger import Kind, LotMethod
from services.gateway.books.queries.ledger import TransactionRow, append_transactions
from shared.calendar import sessions
from shared.database import Database, Session
from shared.instruments import looks_like_option, parse_occ
from tests.integration.snapshots.books import (
    BOOK,
    Role,
    Row,
    chain,
    hold,
    quote,
    store,
    take,
    value,
)

DOCUMENT = Path(__file__).parents[3] / "docs" / "methodology.md"
DAYS = sessions(date(2022, 11, 1), date(2022, 12, 30))
CALL, PUT, INDEX_CALL = "ALFA221118C00060000", "GAMA221216P00080000", "SPXW221216C04000000"
# By symbol: the closes, or values of contracts, from the days on which they change.
PRICES: Mapping[str, Mapping[str, float]] = {
    "ALFA": {
        "11-01": 100,
        "11-02": 110,
        "11-08": 112,
        "11-10": 57,
        "11-14": 58,
        "11-15": 57.5,
        "11-16": 59,
        "11-17": 61,
        "11-18": 64,
        "11-29": 66,
        "12-20": 63,
    },
    "BETA": {"11-01": 50, "11-09": 48, "11-15": 47.6, "11-23": 51, "12-05": 46},
    "GAMA": {"11-01": 79, "11-22": 80, "11-30": 78, "12-09": 74, "12-16": 70},
    "SPX": {"11-01": 3900, "12-16": 4050},
    CALL: {"11-14": 1.4, "11-15": 1.2, "11-16": 1.6, "11-17": 2.3, "11-18": 4},
    PUT: {"11-22": 3, "11-30": 3.6, "12-09": 6.4, "12-16": 10},
    INDEX_CALL: {"12-01": 45, "12-09": 30, "12-16": 50},
}


def rows_of(name: str) -> list[dict[str, str]]:
    """A table of the document, by its header."""
    document = DOCUMENT.read_text(encoding="utf-8")
    (found,) = re.findall(rf"<!-- ledger: {name} -->\n(.*?)\n<!-- end -->", document, re.S)
    header, _, *lines = (
        [cell.strip() for cell in line.strip("|").split("|")] for line in found.splitlines()
    )
    return [dict(zip(header, line, strict=True)) for line in lines]


def number(cell: str) -> Decimal | None:
    """A figure of the document; None where a cell is empty."""
    return Decimal(cell.replace(",", "")) if cell else None


def transactions() -> list[TransactionRow]:
    """The lines that the owner entered, the reversed one with its reversal."""
    found: list[TransactionRow] = []
    for line in rows_of("lines"):
        if line["source"].startswith("entered"):
            row = a_transaction(line)
            found.append(row)
            if "reversed" in line["source"]:
                found.append(a_transaction(line, reverses=row))
    return found


def a_transaction(
    line: Mapping[str, str], reverses: TransactionRow | None = None
) -> TransactionRow:
    """A line of the document, or the reversal of one, as a row."""
    day = date.fromisoformat(line["day"])
    symbol = line["instrument"] or None
    contract = parse_occ(symbol) if symbol and looks_like_option(symbol) else None
    sign = -1 if reverses else 1
    quantity, amount = number(line["quantity"]), number(line["amount"])
    return TransactionRow(
        uuid4(),
        BOOK,
        Kind(line["kind"]),
        day,
        day,
        "api",
        symbol=symbol,
        underlying=contract.underlying if contract else symbol,
        option_type=contract.option_type if contract else None,
        strike=contract.strike if contract else None,
        expiry=contract.expiry if contract else None,
        multiplier=100 if contract else 1,
        investment_class=None if symbol is None else "OPTIONS" if contract else "PUBLIC",
        quantity=None if quantity is None else sign * quantity,
        price=number(line["price"]),
        amount=amount,
        fees=number(line["fees"]) or Decimal(0),
        reverses=reverses.transaction_id if reverses else None,
    )


async def arrange(admin: Database, role: Role, method: str = "fifo") -> None:
    """The portfolio with its transactions, and the market of those two months."""
    await hold(admin)
    for symbol in ("ALFA", "BETA", "GAMA", "SPX"):
        await quote(admin, path(symbol), symbol)
    for contract in (CALL, PUT, INDEX_CALL):
        await value_contract(admin, contract)
    actions: Sequence[Row] = [
        {"symbol": symbol, "ex_date": day, "kind": kind, "value": amount, "source": "test"}
        for symbol, day, kind, amount in (
            ("ALFA", date(2022, 11, 10), "split", 2),
            ("ALFA", date(2022, 11, 15), "dividend", Decimal("0.50")),
            ("BETA", date(2022, 11, 15), "dividend", Decimal("0.40")),
        )
    ]
    await store(admin, "ingest.corporate_actions", actions)
    await announce(admin)
    await start_from(admin, DAYS[0], method)
    async with role("gateway").transaction() as session:
        await enter(session, transactions())


async def announce(admin: Database) -> None:
    """Every session was announced."""
    announced: Sequence[Row] = [{"session_date": day, "announced_at": day} for day in DAYS]
    await store(admin, "ingest.market_sessions", announced)


async def start_from(admin: Database, day: date, method: str = "fifo") -> None:
    """Let the portfolio's NAV start from a session."""
    terms = "set valued_from = :day, lot_method = :method"
    async with admin.transaction() as session:
        await session.execute(
            text(f"update gateway.portfolios {terms} where portfolio_id = :book"),
            {"day": day, "method": method, "book": BOOK},
        )


async def enter(session: Session, rows: Sequence[TransactionRow]) -> None:
    """Write transactions and the lots that follow from them."""
    await append_transactions(session, rows)
    await keep_ledgers(session, [BOOK])


def path(symbol: str) -> dict[date, float]:
    """The price of each session: the last one named."""
    named = {date.fromisoformat(f"2022-{day}"): price for day, price in PRICES[symbol].items()}
    last = 0.0
    found = {}
    for day in DAYS:
        last = named.get(day, last)
        if last:
            found[day] = last
    return found


async def value_contract(admin: Database, symbol: str) -> None:
    """What greeks stored of a contract, to its expiry."""
    contract = parse_occ(symbol)
    own = {
        "contract": symbol,
        "underlying": contract.underlying,
        "option_type": contract.option_type,
        "strike": contract.strike,
        "expiry": contract.expiry,
    }
    for day, price in path(symbol).items():
        if day <= contract.expiry:
            await value(admin, day, price, 0.5, **own)


def cents(amount: Decimal | None) -> Decimal | None:
    """Money as the API shows it."""
    return None if amount is None else round(amount, 2)


@pytest.mark.parametrize("seed", [None, 1])
async def test_every_day_is_as_worked_by_hand(
    admin: Database, role: Role, seed: int | None
) -> None:
    await arrange(admin, role)
    days = list(DAYS)
    if seed is not None:
        Random(seed).shuffle(days)

    for day in days:
        await take(role, day)

    worked = {date.fromisoformat(row["day"]): row for row in rows_of("days")}
    for row in await chain(role):
        expected = worked[row["as_of"]]
        assert {
            "market value": cents(row["market_value"]),
            "cash": cents(row["cash"]),
            "flow": cents(row["net_flow"]) if expected["P&L"] else Decimal(0),
            "income and fees": cents(row["income"] + row["fees"]),
            "P&L": cents(row["daily_pnl"]),
            "NAV": cents(row["nav"]),
        } == {
            name: number(expected[name])
            for name in ("market value", "cash", "flow", "income and fees", "P&L", "NAV")
        }, row["as_of"]
        daily_return = number(expected["return"].removesuffix(" %"))
        if daily_return is not None:
            assert 100 * row["daily_return"] == pytest.approx(float(daily_return), abs=5.1e-5)


async def test_all_pnl_is_the_change_of_nav_less_flows(admin: Database, role: Role) -> None:
    await arrange(admin, role)
    for day in DAYS:
        await take(role, day)

    rows = await chain(role)

    earned = sum((row["daily_pnl"] or Decimal(0) for row in rows), Decimal(0))
    flows = sum((row["net_flow"] for row in rows[1:]), Decimal(0))
    assert cents(earned) == cents(rows[-1]["nav"] - rows[0]["nav"] - flows) == Decimal("8337.50")


async def test_money_spent_before_the_first_session_counts_once(
    admin: Database, role: Role
) -> None:
    start, bought, sold, first = DAYS[:4]
    await hold(admin)
    await quote(admin, dict.fromkeys(DAYS[:5], 112.0), "ALFA")
    await announce(admin)
    await start_from(admin, first)
    lines = [("deposit", start, None, 10_000), ("buy", bought, 50, 100), ("sell", sold, -10, 110)]
    rows = [
        TransactionRow(
            uuid4(),
            BOOK,
            Kind(kind),
            day,
            day,
            "file",
            symbol="ALFA" if quantity else None,
            underlying="ALFA" if quantity else None,
            investment_class="PUBLIC" if quantity else None,
            quantity=None if quantity is None else Decimal(quantity),
            price=None if quantity is None else Decimal(money),
            amount=Decimal(money) if quantity is None else None,
        )
        for kind, day, quantity, money in lines
    ]
    async with role("gateway").transaction() as session:
        await enter(session, rows)

    for day in (first, DAYS[4], DAYS[0]):
        await take(role, day)

    nav = {row["as_of"]: cents(row["nav"]) for row in await chain(role)}
    assert nav[first] == 40 * 112 + 10_000 - 50 * 100 + 10 * 110
    assert nav[DAYS[4]] == nav[first]
    assert nav[DAYS[0]] == 10_000


@pytest.mark.parametrize(
    ("method", "realised"),
    [(LotMethod.FIFO, 1_950), (LotMethod.LIFO, 1_100), (LotMethod.HIGHEST_COST, 1_100)],
)
async def test_the_lot_method_decides_what_is_realised_and_not_nav(
    admin: Database, role: Role, method: LotMethod, realised: int
) -> None:
    await arrange(admin, role, method)
    for day in (DAYS[0], date(2022, 11, 8), DAYS[-1]):
        await take(role, day)

    async with role("gateway").transaction() as session:
        ledger = (await derive_ledgers(session, [BOOK]))[BOOK]
    sold = [
        -movement.quantity * ((movement.price or Decimal(0)) - lot.entry_price)
        for lot in ledger.lots
        for movement in lot.movements[1:]
        if movement.kind is Kind.SELL and movement.trade_date == date(2022, 11, 8)
    ]
    assert sum(sold, Decimal(0)) == realised
    assert [cents(row["nav"]) for row in await chain(role)] == [
        Decimal("100000.00"),
        Decimal("114125.00"),
        Decimal("113337.50"),
    ]
