"""Rows of the two services everything stands on, with sensible defaults: plain functions."""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from sqlmodel import SQLModel

from services.gateway import tables
from services.ingest import tables as ingest
from shared.database import Database, merge
from shared.instruments import OPTION_MULTIPLIER, STOCK_MULTIPLIER, looks_like_option, parse_occ

AS_OF = date(2022, 12, 28)


async def save(admin: Database, model: type[SQLModel], rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows of any service's table, as the administrator."""
    async with admin.transaction() as session:
        await merge(session, model, rows)


async def a_portfolio(
    admin: Database,
    name: str = "Book",
    equity_balance: Decimal | None = None,
    portfolio_id: UUID | None = None,
) -> UUID:
    """A stored portfolio of a new user; returns its id, by default a new one."""
    user_id, portfolio_id = uuid4(), portfolio_id or uuid4()
    user = {
        "user_id": user_id,
        "email": f"{user_id}@example.com",
        "full_name": "",
        "password_hash": "-",
        "role": "user",
    }
    book = {
        "portfolio_id": portfolio_id,
        "user_id": user_id,
        "name": name,
        "equity_balance": equity_balance,
    }
    await save(admin, tables.User, [user])
    await save(admin, tables.Portfolio, [book])
    return portfolio_id


def a_position(
    portfolio_id: UUID,
    symbol: str = "AAPL",
    quantity: float = 100,
    entry_price: float = 100,
    entry_date: date = date(2022, 1, 3),
    **more: Any,
) -> dict[str, Any]:
    """A row of gateway.positions: an option when the symbol is an OCC symbol, else stock."""
    contract = parse_occ(symbol) if looks_like_option(symbol) else None
    return {
        "position_id": uuid4(),
        "portfolio_id": portfolio_id,
        "symbol": symbol,
        "instrument": "option" if contract else "stock",
        "underlying": contract.underlying if contract else symbol,
        "option_type": contract.option_type if contract else None,
        "strike": contract.strike if contract else None,
        "expiry": contract.expiry if contract else None,
        "multiplier": OPTION_MULTIPLIER if contract else STOCK_MULTIPLIER,
        "quantity": Decimal(str(quantity)),
        "entry_price": Decimal(str(entry_price)),
        "entry_date": entry_date,
        "exit_price": None,
        "exit_date": None,
        "stated_on": entry_date,
    } | more


async def save_positions(admin: Database, *positions: Mapping[str, Any]) -> None:
    """Store positions."""
    await save(admin, tables.Position, positions)


async def a_mixed_book(admin: Database) -> UUID:
    """A stored portfolio of 100,000 USD with a long, a short and an option; returns its id."""
    portfolio = await a_portfolio(admin, equity_balance=Decimal(100_000))
    await save_positions(
        admin,
        a_position(portfolio, "AAPL", 100, 140),
        a_position(portfolio, "XOM", -200, 105),
        a_position(portfolio, "AAPL230616C00140000", 2, 8.5),
    )
    return portfolio


def a_price(
    symbol: str, session_date: date, close: float, adjusted_close: float | None = None
) -> dict[str, Any]:
    """A row of ingest.daily_prices."""
    return {
        "symbol": symbol,
        "session_date": session_date,
        "close": Decimal(str(close)),
        "adjusted_close": adjusted_close if adjusted_close is not None else close,
        "close_basis": "raw",
        "source": "test",
        "revision": 1,
    }


async def save_prices(admin: Database, *prices: Mapping[str, Any]) -> None:
    """Store daily prices."""
    await save(admin, ingest.DailyPrice, prices)


def a_snapshot(portfolio_id: UUID, as_of: date) -> dict[str, Any]:
    """A row of snapshots.portfolio_snapshots: a portfolio that is worth nothing."""
    nothing = ("market_value", "closed_pnl", "net_flow", "unrealised_pnl")
    side = dict.fromkeys(("long", "short", "gross", "net"), 0)
    exposures = dict.fromkeys(("dollar", "notional", "delta_adjusted"), side)
    return {
        "portfolio_id": portfolio_id,
        "as_of": as_of,
        **dict.fromkeys(nothing, Decimal(0)),
        **dict.fromkeys(("price_coverage", "greeks_coverage"), 1.0),
        **{"exposures": json.dumps(exposures), "counts": "{}", "warnings": "[]"},
    }


def a_yield(maturity: str, observation_date: date, percent: float) -> dict[str, Any]:
    """A row of ingest.treasury_yields."""
    years = {"M": 1 / 12, "Y": 1.0}[maturity[-1]] * int(maturity[:-1])
    return {
        "maturity": maturity,
        "observation_date": observation_date,
        "maturity_years": years,
        "yield_percent": percent,
        "source": "test",
        "revision": 1,
    }


def a_security(
    symbol: str, kind: str = "stock", sector: str | None = None, dividend_yield: float | None = None
) -> dict[str, Any]:
    """A row of ingest.securities."""
    return {
        "symbol": symbol,
        "kind": kind,
        "name": symbol,
        "sector": sector,
        "industry": None,
        "dividend_yield": dividend_yield,
        "source": "test",
    }
