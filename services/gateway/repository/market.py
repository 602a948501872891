"""What ingest publishes about sessions and symbols."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, String, cast, func, or_, select, true

from services.gateway.repository.rows import Row, all_rows, one_row
from services.gateway.tables import Position
from shared.database import Session, sql_table
from shared.published import ingest

OCC_TERMS = 15  # characters of an OCC symbol after its root


@dataclass(frozen=True)
class SessionRange:
    """The first and the last of some sessions."""

    first: date
    last: date


async def sessions_with_data(session: Session) -> SessionRange | None:
    """From the first session that ingest can price to the last; None before ingest has started once."""
    known = ingest.market_sessions.c.session_date
    found = (await session.execute(select(func.min(known), func.max(known)))).one()
    return None if found[0] is None else SessionRange(*found)


async def latest_session(session: Session) -> date | None:
    """The session that books are valued on: the last announced, else the last known; None before any."""
    view = ingest.market_sessions.c
    announced = func.max(view.session_date).filter(view.announced)
    latest: date | None = await session.scalar(select(func.coalesce(announced, func.max(view.session_date))))
    return latest


async def known_symbols(session: Session, symbols: Collection[str]) -> set[str] | None:
    """Which of these symbols have a security; None when any symbol may have one.

    That is so while none is known at all, and when prices come over the network, where a new symbol is asked for.
    """
    securities = ingest.securities.c.symbol
    asked = ingest.data_providers.c
    live = select(asked.name).where(asked.kind == "prices", asked.live).exists()
    if not await session.scalar(select(select(securities).exists() & ~live)):
        return None
    return set(await session.scalars(select(securities).where(securities.in_(list(symbols)))))


# --- what is known about symbols ---

prices, securities, quotes = ingest.daily_prices, ingest.securities, ingest.option_quotes
quarantined, positions = ingest.quarantined_prices, sql_table(Position)


async def load_securities(
    session: Session, symbols: Collection[str], sector: str | None, limit: int, offset: int
) -> tuple[list[Row], int]:
    """A page of securities by sector and symbol, of these symbols or (none given) of all, and how many match."""
    conditions: list[ColumnElement[bool]] = [securities.c.symbol.in_(symbols)] if symbols else []
    conditions += [func.lower(securities.c.sector) == sector.lower()] if sector else []
    page = select(securities).where(*conditions)
    order = (securities.c.sector.asc().nulls_last(), securities.c.symbol)
    found = await all_rows(session, page.order_by(*order).limit(limit).offset(offset))
    count = await session.scalar(select(func.count()).select_from(securities).where(*conditions))
    return found, int(count or 0)


async def load_security(session: Session, symbol: str) -> Row | None:
    """What a symbol is, or None."""
    return await one_row(session, select(securities).where(securities.c.symbol == symbol))


async def load_prices(
    session: Session, symbol: str, start: date | None, end: date | None, limit: int, offset: int
) -> tuple[list[Row], int]:
    """A page of a symbol's daily prices, newest first, and how many match."""
    conditions: list[ColumnElement[bool]] = [prices.c.symbol == symbol]
    conditions += [prices.c.session_date >= start] if start else []
    conditions += [prices.c.session_date <= end] if end else []
    page = select(prices).where(*conditions).order_by(prices.c.session_date.desc())
    found = await all_rows(session, page.limit(limit).offset(offset))
    count = await session.scalar(select(func.count()).select_from(prices).where(*conditions))
    return found, int(count or 0)


async def latest_prices(session: Session, symbols: Collection[str], as_of: date) -> list[Row]:
    """Each symbol's last two prices at or before a session, newest first."""
    asked = (
        func.unnest(cast(list(symbols), ARRAY(String))).table_valued("symbol", name="asked").render_derived()
    )
    known = (
        select(prices)
        .where(prices.c.symbol == asked.c.symbol, prices.c.session_date <= as_of)
        .order_by(prices.c.session_date.desc())
        .limit(2)
        .lateral("known")
    )
    last_two = select(known).select_from(asked.join(known, true()))
    return await all_rows(session, last_two.order_by(known.c.symbol, known.c.session_date.desc()))


async def load_histories(
    session: Session, symbols: Collection[str], since: date, recent: date, as_of: date
) -> dict[str, Row]:
    """By symbol: the last session with a price, how many since two sessions, how many closes were not believed."""
    dates = prices.c.session_date
    known = select(
        prices.c.symbol,
        func.max(dates).label("last_session"),
        func.count().filter(dates >= since).label("prices"),
        func.count().filter(dates >= recent).label("recent"),
    ).where(prices.c.symbol.in_(symbols), dates <= as_of)
    doubted = select(quarantined.c.symbol, func.count().label("quarantined")).where(
        quarantined.c.symbol.in_(symbols), quarantined.c.session_date.between(since, as_of)
    )
    found = await all_rows(session, known.group_by(prices.c.symbol))
    counts = await session.execute(doubted.group_by(quarantined.c.symbol))
    by_symbol: dict[str, int] = dict(counts.tuples().all())
    return {row["symbol"]: {**row, "quarantined": by_symbol.get(row["symbol"], 0)} for row in found}


async def count_yields(session: Session, maturity: str, since: date, as_of: date) -> int:
    """How many yields of a maturity are known in a window."""
    view = ingest.treasury_yields.c
    known = (view.maturity == maturity, view.observation_date.between(since, as_of))
    return int(await session.scalar(select(func.count()).where(*known)) or 0)


async def latest_quoted_session(session: Session, roots: Collection[str], as_of: date) -> date | None:
    """The last session, at or before `as_of`, with quotes of options with one of these roots."""
    found: date | None = await session.scalar(
        select(func.max(quotes.c.session_date)).where(_rooted(roots), quotes.c.session_date <= as_of)
    )
    return found


async def load_quotes(
    session: Session,
    roots: Collection[str],
    day: date,
    expiry: date | None,
    option_type: str | None,
    limit: int,
    offset: int,
) -> tuple[list[Row], int]:
    """A page of a session's option quotes by expiry, type and strike, and how many match."""
    terms = func.right(quotes.c.contract, OCC_TERMS)  # YYMMDD, C or P, strike
    conditions = [_rooted(roots), quotes.c.session_date == day]
    conditions += [terms.startswith(f"{expiry:%y%m%d}")] if expiry else []
    conditions += [func.substr(terms, 7, 1) == option_type] if option_type else []
    page = select(quotes).where(*conditions).order_by(terms, quotes.c.contract)
    found = await all_rows(session, page.limit(limit).offset(offset))
    count = await session.scalar(select(func.count()).select_from(quotes).where(*conditions))
    return found, int(count or 0)


def _rooted(roots: Collection[str]) -> ColumnElement[bool]:
    alternatives = "|".join(re.escape(root) for root in sorted(roots))
    return quotes.c.contract.regexp_match(f"^({alternatives})[0-9]{{6}}[CP][0-9]{{8}}$")


async def load_held_symbols(session: Session, portfolio_id: UUID, day: date) -> list[Row]:
    """What a portfolio holds on a day, by underlying: whether as an option, whether a private holding."""
    active = (
        positions.c.portfolio_id == portfolio_id,
        positions.c.entry_date <= day,
        or_(positions.c.exit_date.is_(None), positions.c.exit_date > day),
    )
    optioned = func.bool_or(positions.c.instrument == "option").label("optioned")
    private = func.bool_and(positions.c.investment_class == "PRIVATE").label("private")
    held = select(positions.c.underlying, optioned, private).where(*active)
    return await all_rows(session, held.group_by(positions.c.underlying).order_by(positions.c.underlying))
