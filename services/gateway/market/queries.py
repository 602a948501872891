"""What ingest publishes about sessions and symbols."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Executable,
    Select,
    String,
    TableValuedAlias,
    cast,
    func,
    or_,
    select,
    true,
)

from services.gateway.edge.queries import Row, all_rows, one_row, page_of
from services.gateway.tables import Position
from shared.database import Session, among, fetched, folded_column, prepared, sql_table, tuples
from shared.published import factors, ingest
from shared.texts import folded

OCC_TERMS = 15  # characters of an OCC symbol after its root


@dataclass(frozen=True)
class SessionRange:
    """The first and the last of some sessions."""

    first: date
    last: date


async def sessions_with_data(session: Session) -> SessionRange | None:
    """The first and last session that ingest can price; None before ingest first started."""
    [(first, last)] = await tuples(session, *_known_span())
    return None if first is None or last is None else SessionRange(first, last)


@prepared()
def _known_span() -> Select[date | None, date | None]:
    known = ingest.market_sessions.c.session_date
    return select(func.min(known), func.max(known))


async def latest_session(session: Session) -> date | None:
    """The last announced session, else the last known; None before any.

    Portfolios are valued on it.
    """
    [found] = await fetched(session, *last_session())
    latest: date | None = found["latest"]
    return latest


@prepared()
def last_session() -> Executable:
    """What `latest_session` returns, as `latest`."""
    view = ingest.market_sessions.c
    announced = func.max(view.session_date).filter(view.announced)
    return select(func.coalesce(announced, func.max(view.session_date)).label("latest"))


async def announced_sessions(session: Session, first: date, last: date) -> set[date]:
    """Those sessions from one day to another whose close was announced."""
    view = ingest.market_sessions.c
    within = view.session_date.between(first, last)
    return set(await session.scalars(select(view.session_date).where(view.announced, within)))


async def known_symbols(session: Session, symbols: Collection[str]) -> set[str] | None:
    """Which of these symbols have a security; None when any symbol may have one.

    None while no security is known at all, and when prices come over the network, where a new
    symbol is requested.
    """
    securities = ingest.securities.c.symbol
    asked = ingest.data_providers.c
    live = select(asked.name).where(asked.kind == "prices", asked.live).exists()
    if not await session.scalar(select(select(securities).exists() & ~live)):
        return None
    return set(await session.scalars(select(securities).where(securities.in_(list(symbols)))))


async def private_names(session: Session, names: Collection[str]) -> set[str]:
    """Those of the names that private holdings have which the caller may see."""
    held = select(positions.c.symbol).where(
        among(positions.c.symbol, names), positions.c.investment_class == "PRIVATE"
    )
    return set(await session.scalars(held.distinct()))


# --- what is known about symbols ---

prices = ingest.daily_prices
securities = ingest.securities
quotes = ingest.option_quotes
quarantined = ingest.quarantined_prices
providers = ingest.data_providers
definitions = factors.factor_definitions
positions = sql_table(Position)


async def load_securities(
    session: Session, symbols: Collection[str], sector: str | None, limit: int, offset: int
) -> tuple[list[Row], int]:
    """A page of securities by sector and symbol, and how many match.

    Of these symbols, or of all that the user may know when none is given.
    """
    conditions = [securities.c.symbol.in_(symbols) if symbols else listed_or_held()]
    conditions += [folded_column(securities.c.sector) == folded(sector)] if sector else []
    page = select(securities).where(*conditions)
    order = (securities.c.sector.asc().nulls_last(), securities.c.symbol)
    return await page_of(session, page.order_by(*order), limit, offset)


def listed_or_held() -> ColumnElement[bool]:
    """What files list, proxies, and what the user holds: live providers know what others hold."""
    files = select(providers.c.name).where(~providers.c.live)
    proxies = select(definitions.c.proxy).where(definitions.c.proxy.is_not(None))
    held = select(positions.c.underlying)
    symbol = securities.c.symbol
    return or_(securities.c.source.in_(files), symbol.in_(proxies), symbol.in_(held))


async def load_security(session: Session, symbol: str) -> Row | None:
    """What a symbol is, or None."""
    return await one_row(session, select(securities).where(securities.c.symbol == symbol))


async def has_prices(session: Session, symbol: str) -> bool:
    """Whether any daily price of the symbol is stored."""
    return bool(
        await session.scalar(select(select(prices).where(prices.c.symbol == symbol).exists()))
    )


async def load_prices(
    session: Session, symbol: str, start: date | None, end: date | None, limit: int, offset: int
) -> tuple[list[Row], int]:
    """A page of a symbol's daily prices, newest first, and how many match."""
    conditions: list[ColumnElement[bool]] = [prices.c.symbol == symbol]
    conditions += [prices.c.session_date >= start] if start else []
    conditions += [prices.c.session_date <= end] if end else []
    page = select(prices).where(*conditions).order_by(prices.c.session_date.desc())
    return await page_of(session, page, limit, offset)


async def latest_prices(session: Session, symbols: Collection[str], as_of: date) -> list[Row]:
    """Each symbol's last two prices at or before a session, newest first.

    Closes are per share of that session.
    """
    asked = _each(symbols)
    close = ingest.close_on(prices, as_of).label("close")
    known = (
        select(*(close if column is prices.c.close else column for column in prices.c))
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
    """What is stored of a year of closes, by symbol with any close.

    `last_session`: with a price; `first_session`: the window's first; `prices`, `recent`: how many
    since two sessions; `sources`: of those prices; `quarantined`: how many closes were rejected as
    implausible.
    """
    found = await _load_window(session, symbols, since, recent, as_of)
    before = await _load_last_before(session, set(symbols) - found.keys(), since)
    doubted = select(quarantined.c.symbol, func.count().label("quarantined")).where(
        among(quarantined.c.symbol, symbols), quarantined.c.session_date.between(since, as_of)
    )
    counts: dict[str, int] = dict(
        (await session.execute(doubted.group_by(quarantined.c.symbol))).tuples().all()
    )
    blank = {"first_session": None, "prices": 0, "recent": 0, "sources": ()}
    older = {
        symbol: {"symbol": symbol, "last_session": day, **blank} for symbol, day in before.items()
    }
    return {
        symbol: {**row, "quarantined": counts.get(symbol, 0)}
        for symbol, row in (found | older).items()
    }


async def _load_window(
    session: Session, symbols: Collection[str], since: date, recent: date, as_of: date
) -> dict[str, Row]:
    dates = prices.c.session_date
    by_source = select(
        prices.c.symbol,
        prices.c.source,
        func.min(dates).label("first_session"),
        func.max(dates).label("last_session"),
        func.count().label("prices"),
        func.count().filter(dates >= recent).label("recent"),
    ).where(among(prices.c.symbol, symbols), dates.between(since, as_of))
    found: dict[str, Row] = {}
    for row in await all_rows(session, by_source.group_by(prices.c.symbol, prices.c.source)):
        row["sources"] = (row.pop("source"),)
        other = found.get(row["symbol"])
        found[row["symbol"]] = _together(row, other) if other else row
    return found


def _together(one: Row, other: Row) -> Row:
    """A symbol's prices of two sources."""
    return {
        "symbol": one["symbol"],
        "first_session": min(one["first_session"], other["first_session"]),
        "last_session": max(one["last_session"], other["last_session"]),
        "sources": tuple(sorted(one["sources"] + other["sources"])),
        **{name: one[name] + other[name] for name in ("prices", "recent")},
    }


async def _load_last_before(
    session: Session, symbols: Collection[str], day: date
) -> dict[str, date]:
    """The last session with a close before a day: one index lookup per symbol."""
    asked = _each(symbols)
    dates = select(prices.c.session_date).where(
        prices.c.symbol == asked.c.symbol, prices.c.session_date < day
    )
    last = dates.order_by(prices.c.session_date.desc()).limit(1).lateral("last")
    found = await session.execute(
        select(asked.c.symbol, last.c.session_date).join_from(asked, last, true())
    )
    return dict(found.tuples().all())


async def load_yields(session: Session, since: date, as_of: date) -> dict[str, Row]:
    """Stored yields by maturity that has any in a window.

    How many yields, the last day that has one, and their sources.
    """
    view = ingest.treasury_yields.c
    stored = select(
        view.maturity,
        func.count().label("stored"),
        func.max(view.observation_date).label("last_observation"),
        func.array_agg(view.source.distinct()).label("sources"),
    ).where(view.observation_date.between(since, as_of))
    return {row["maturity"]: row for row in await all_rows(session, stored.group_by(view.maturity))}


def _each(symbols: Collection[str]) -> TableValuedAlias:
    """The symbols as a table of one column."""
    values = func.unnest(cast(sorted(symbols), ARRAY(String)))
    return values.table_valued("symbol", name="asked").render_derived()


# --- quotes of options ---


async def latest_quoted_session(
    session: Session, roots: Collection[str], as_of: date
) -> date | None:
    """The last session, at or before `as_of`, with quotes of options with one of these roots."""
    found: date | None = await session.scalar(
        select(func.max(quotes.c.session_date)).where(
            _rooted(roots), _entered_or_held(), quotes.c.session_date <= as_of
        )
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
    conditions = [_rooted(roots), _entered_or_held(), quotes.c.session_date == day]
    conditions += [terms.startswith(f"{expiry:%y%m%d}")] if expiry else []
    conditions += [func.substr(terms, 7, 1) == option_type] if option_type else []
    page = select(quotes).where(*conditions).order_by(terms, quotes.c.contract)
    return await page_of(session, page, limit, offset)


async def load_liquid_puts(
    session: Session, roots: Collection[str], day: date, limit: int
) -> list[str]:
    """The puts with one of these roots whose quotes of a session have the narrowest spreads.

    Those with a bid that expire after the session; narrowest as a share of the mid quote.
    """
    terms = func.right(quotes.c.contract, OCC_TERMS)
    is_put = func.substr(terms, 7, 1) == "P"
    later = func.left(terms, 6) > f"{day:%y%m%d}"
    bid = quotes.c.bid
    ask = quotes.c.ask
    query = (
        select(quotes.c.contract)
        .where(_rooted(roots), _entered_or_held(), quotes.c.session_date == day)
        .where(is_put, later, bid > 0, ask >= bid)
        .order_by((ask - bid) / (ask + bid), quotes.c.contract)
    )
    return list(await session.scalars(query.limit(limit)))


def _entered_or_held() -> ColumnElement[bool]:
    """An administrator's quotes, and those of contracts that the user holds, not of others'."""
    held = select(positions.c.symbol).where(positions.c.instrument == "option")
    return or_(quotes.c.source == "admin", quotes.c.contract.in_(held))


def _rooted(roots: Collection[str]) -> ColumnElement[bool]:
    alternatives = "|".join(re.escape(root) for root in sorted(roots))
    return quotes.c.contract.regexp_match(f"^({alternatives})[0-9]{{6}}[CP][0-9]{{8}}$")


async def load_held_symbols(session: Session, portfolio_id: UUID | None, day: date) -> list[Row]:
    """The underlyings that a portfolio, or (None) any portfolio, holds on a day.

    With whether each is held as an option, and whether privately.
    """
    active = [
        positions.c.entry_date <= day,
        positions.c.exit_date.is_(None) | (positions.c.exit_date > day),
    ]
    active += [positions.c.portfolio_id == portfolio_id] if portfolio_id else []
    optioned = func.bool_or(positions.c.instrument == "option").label("optioned")
    private = func.bool_and(positions.c.investment_class == "PRIVATE").label("private")
    held = select(positions.c.underlying, optioned, private).where(*active)
    return await all_rows(
        session, held.group_by(positions.c.underlying).order_by(positions.c.underlying)
    )
