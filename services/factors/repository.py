"""Every SQL statement of the factors service."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

import numpy as np
import numpy.typing as npt
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    CompoundSelect,
    Delete,
    Double,
    Select,
    String,
    Uuid,
    and_,
    any_,
    case,
    cast,
    delete,
    func,
    literal,
    select,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by

from services.factors.tables import (
    CorrelationCalculation,
    CorrelationCluster,
    CorrelationClusterMember,
    CorrelationPair,
    FactorCovariance,
    FactorDefinition,
    FactorExposure,
    FactorReturn,
    PositionFactorExposure,
    RateSensitivity,
    SymbolFactorBeta,
)
from shared.conventions import day_numbers
from shared.database import Session, lock, lock_each, merge, sql_table
from shared.published.closes import day_number, load_adjusted_closes
from shared.published.gateway import portfolios, position_tags, positions_on
from shared.published.greeks import contract_greeks
from shared.published.ingest import close_on, daily_prices, securities, treasury_yields

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Records = Iterable[Mapping[str, Any]]

load_closes = load_adjusted_closes
PAIRS_AT_ONCE = 50_000  # a thousand symbols make a million rows: never all of them in memory
_YIELD_MARGIN = timedelta(days=14)  # so that the first session, too, finds the yield before it


@dataclass(frozen=True)
class Factors:
    """The active factors and their proxies, in display order."""

    ids: tuple[str, ...]
    proxies: tuple[str, ...]


@dataclass(frozen=True)
class Edition:
    """What symbol-level rows must agree with to be current: session, market data, models and
    maturities.
    """

    as_of: date
    price_run: str
    factors: Factors
    models: tuple[str, ...]
    maturities: tuple[str, ...]
    decay: float
    lookback: int


@dataclass(frozen=True)
class Outdated:
    """What this transaction must estimate: the symbols, and what belongs to the factors alone or
    not.
    """

    symbols: tuple[str, ...]
    factors: bool


@dataclass(frozen=True)
class Position:
    """An active position. `delta` or `underlying_price` (USD) is null when unknown, and `reason`
    says why.
    """

    position_id: UUID
    portfolio_id: UUID
    symbol: str
    underlying: str
    quantity: float
    multiplier: int
    delta: float | None
    underlying_price: float | None
    reason: str | None


@dataclass(frozen=True)
class Book:
    """The shard's portfolios that exist, and their active positions."""

    portfolio_ids: tuple[UUID, ...]
    positions: tuple[Position, ...]

    @property
    def underlyings(self) -> tuple[str, ...]:
        """Distinct symbols that need betas: the underlying of an option, the symbol itself for
        stock.
        """
        return tuple(sorted({position.underlying for position in self.positions}))


@dataclass(frozen=True)
class History:
    """Adjusted closes (sessions x symbols, NaN for gaps), and the yields observed by maturity:
    days, percents.

    Days are day numbers, ascending.
    """

    session_days: IntArray
    closes: FloatArray
    yields: Mapping[str, tuple[IntArray, FloatArray]]


@dataclass(frozen=True)
class Betas:
    """Stored betas (symbols x factors, NaN where unknown), with quality, reason and capping per
    symbol.
    """

    values: FloatArray
    qualities: tuple[str, ...]
    reasons: tuple[str | None, ...]
    capped: tuple[bool, ...]


async def load_factors(session: Session) -> Factors:
    """The active factor definitions."""
    definition = sql_table(FactorDefinition).c
    query = select(definition.factor, definition.proxy).where(definition.active)
    found = (await session.execute(query.order_by(definition.display_order))).all()
    return Factors(tuple(row.factor for row in found), tuple(row.proxy for row in found))


async def load_book(session: Session, portfolio_ids: Sequence[UUID], as_of: date) -> Book:
    """The positions active on `as_of`, in terms of that day, with what their delta-adjusted
    exposure needs.

    Holds a lock per portfolio and session until the transaction ends: of two concurrent runs the
    later one sees the newer book and writes last.
    """
    await lock_each(
        session, [f"factors.portfolio/{portfolio}/{as_of}" for portfolio in portfolio_ids]
    )
    existing = select(portfolios.c.portfolio_id).where(
        _among(portfolios.c.portfolio_id, portfolio_ids)
    )
    found = await session.scalars(existing.order_by(portfolios.c.portfolio_id))
    held = await session.execute(_active_positions(portfolio_ids, as_of))
    return Book(tuple(found), tuple(Position(*row) for row in held))


def _active_positions(portfolio_ids: Sequence[UUID], as_of: date) -> Select[Any]:
    held = _held(portfolio_ids, as_of)
    greeks, newest = contract_greeks.c, _latest_close(held.c.symbol, as_of)
    is_stock = held.c.instrument == "stock"
    delta = case((is_stock, literal(1.0)), else_=greeks.delta)
    price = case((is_stock, newest.c.close), else_=greeks.underlying_price)
    no_price = func.concat("no close of ", held.c.symbol, f" on or before {as_of}")
    no_greeks = func.coalesce(greeks.reason, func.concat("no Greeks of ", held.c.symbol))
    incomplete = delta.is_(None) | price.is_(None)
    return (
        select(
            held.c.position_id,
            held.c.portfolio_id,
            held.c.symbol,
            held.c.underlying,
            cast(held.c.quantity, Double),
            held.c.multiplier,
            delta,
            cast(price, Double),
            case((incomplete & is_stock, no_price), (incomplete, no_greeks)),
        )
        .select_from(held)
        .outerjoin(contract_greeks, and_(greeks.contract == held.c.symbol, greeks.as_of == as_of))
        .outerjoin(newest, is_stock)
        .order_by(held.c.position_id)
    )


def _held(portfolio_ids: Sequence[UUID], as_of: date) -> Any:
    held = positions_on(as_of)
    return (
        select(held)
        .where(_among(held.c.portfolio_id, portfolio_ids), held.c.entry_date <= as_of)
        .where(held.c.exit_date.is_(None) | (held.c.exit_date > as_of))
        .cte("held")
    )


def _latest_close(symbol: ColumnElement[str], as_of: date) -> Any:
    """The newest close on or before `as_of`, by one look into the index: a missing price is carried
    forward.
    """
    price = daily_prices.c
    close = close_on(daily_prices, as_of).label("close")
    query = select(close).where(price.symbol == symbol, price.session_date <= as_of)
    return query.order_by(price.session_date.desc()).limit(1).lateral("newest")


async def claim_outdated(
    session: Session, edition: Edition, symbols: Sequence[str]
) -> Outdated | None:
    """What this transaction must estimate, or None when everything is current.

    Where something is missing the lock of the session's symbols is taken and the question asked
    again, so concurrent shards estimate each symbol once.
    """
    if await _outdated(session, edition, symbols) is None:
        return None
    await lock(session, "factors.symbols", edition.as_of)
    return await _outdated(session, edition, symbols)


async def _outdated(session: Session, edition: Edition, symbols: Sequence[str]) -> Outdated | None:
    current = set(await session.scalars(_current_symbols(edition, symbols)))
    covariances = await session.scalar(_current_covariances(edition))
    found = Outdated(
        symbols=tuple(symbol for symbol in symbols if symbol not in current),
        factors=covariances != 2 * len(edition.factors.ids) ** 2,
    )
    return found if found.symbols or found.factors else None


def _current_symbols(edition: Edition, symbols: Sequence[str]) -> CompoundSelect[Any]:
    """The symbols that have every model's betas and every maturity's sensitivity of this
    edition.
    """
    beta, rate = sql_table(SymbolFactorBeta).c, sql_table(RateSensitivity).c
    betas = (
        select(beta.symbol)
        .where(_among(beta.symbol, symbols), beta.as_of == edition.as_of)
        .where(beta.price_run == edition.price_run, _among(beta.model, edition.models))
        .where(_among(beta.factor, edition.factors.ids))
        .group_by(beta.symbol)
        .having(func.count() == len(edition.models) * len(edition.factors.ids))
    )
    rates = (
        select(rate.symbol)
        .where(_among(rate.symbol, symbols), rate.as_of == edition.as_of)
        .where(rate.price_run == edition.price_run, _among(rate.maturity, edition.maturities))
        .group_by(rate.symbol)
        .having(func.count() == len(edition.maturities))
    )
    return betas.intersect(rates)


def _current_covariances(edition: Edition) -> Select[Any]:
    pair = sql_table(FactorCovariance).c
    return (
        select(func.count())
        .where(pair.as_of == edition.as_of, pair.price_run == edition.price_run)
        .where(pair.decay == edition.decay, pair.lookback == edition.lookback)
        .where(pair.shrinkage.is_not(None) | pair.covariance.is_(None))
        .where(
            _among(pair.factor_a, edition.factors.ids), _among(pair.factor_b, edition.factors.ids)
        )
    )


async def load_history(
    session: Session, sessions: Sequence[date], symbols: Sequence[str], maturities: Sequence[str]
) -> History:
    """Adjusted closes of `symbols` on `sessions` (ascending, not empty) and the yields over the
    same time.
    """
    observed: dict[str, list[tuple[int, float]]] = {maturity: [] for maturity in maturities}
    for maturity, day, percent in await session.execute(_yields(sessions, maturities)):
        observed[maturity].append((day, percent))
    return History(
        session_days=day_numbers(sessions),
        closes=await load_closes(session, sessions, symbols),
        yields={maturity: _series(found) for maturity, found in observed.items()},
    )


def _series(observed: Sequence[tuple[int, float]]) -> tuple[IntArray, FloatArray]:
    days = np.array([day for day, _ in observed], dtype=np.int64)
    return days, np.array([percent for _, percent in observed], dtype=np.float64)


def _yields(sessions: Sequence[date], maturities: Sequence[str]) -> Select[Any]:
    observed = treasury_yields.c
    day = day_number(observed.observation_date)
    return (
        select(observed.maturity, day, observed.yield_percent)
        .where(_among(observed.maturity, maturities))
        .where(observed.observation_date.between(sessions[0] - _YIELD_MARGIN, sessions[-1]))
        .order_by(observed.observation_date)
    )


async def save_betas(
    session: Session, edition: Edition, symbols: Sequence[str], records: Records
) -> None:
    """Replace the betas of `symbols` for the session, in every model."""
    keys = {"as_of": edition.as_of, "price_run": edition.price_run}
    within = {"as_of": edition.as_of, "symbol": list(symbols)}
    await merge(
        session, SymbolFactorBeta, [{**keys, **record} for record in records], within=within
    )


async def save_rates(
    session: Session, edition: Edition, symbols: Sequence[str], records: Records
) -> None:
    """Replace the rate sensitivities of `symbols` for the session, to every maturity."""
    keys = {"as_of": edition.as_of, "price_run": edition.price_run}
    within = {"as_of": edition.as_of, "symbol": list(symbols)}
    await merge(session, RateSensitivity, [{**keys, **record} for record in records], within=within)


async def save_covariances(session: Session, edition: Edition, records: Records) -> None:
    """Replace the session's factor covariances."""
    keys = {"as_of": edition.as_of, "price_run": edition.price_run}
    weighting = {"decay": edition.decay, "lookback": edition.lookback}
    rows = [{**keys, **weighting, **record} for record in records]
    await merge(session, FactorCovariance, rows, within={"as_of": edition.as_of})


async def lock_factor_returns(session: Session) -> None:
    """Until the transaction ends nobody else renews factor returns: what is read now is not older
    than theirs.
    """
    await lock(session, "factors.factor_returns")


async def load_factor_returns(
    session: Session, sessions: Sequence[date], spaces: Sequence[str], factors: Sequence[str]
) -> FloatArray:
    """The stored returns (spaces x sessions x factors), NaN where there is none."""
    row = sql_table(FactorReturn).c
    day = day_number(row.session_date)
    query = (
        select(row.space, row.factor, func.array_agg(day), func.array_agg(row.factor_return))
        .where(row.session_date.between(sessions[0], sessions[-1]), _among(row.factor, factors))
        .where(_among(row.space, spaces))
        .group_by(row.space, row.factor)
    )
    session_days = day_numbers(sessions)
    returns = np.full((len(spaces), len(sessions), len(factors)), np.nan)
    for space, factor, days, values in await session.execute(query):
        places = np.searchsorted(session_days, days)
        returns[spaces.index(space), places, factors.index(factor)] = values
    return returns


async def save_factor_returns(session: Session, sessions: Sequence[date], records: Records) -> None:
    """Replace the factors' returns on `sessions`."""
    if sessions:
        await merge(session, FactorReturn, list(records), within={"session_date": list(sessions)})


async def load_betas(
    session: Session, edition: Edition, symbols: Sequence[str]
) -> dict[str, Betas]:
    """The stored betas of `symbols` by model; all must have rows (`claim_outdated` sees to it)."""
    beta = sql_table(SymbolFactorBeta).c
    query = (
        select(
            beta.model, beta.symbol, beta.factor, beta.beta, beta.quality, beta.reason, beta.capped
        )
        .where(_among(beta.symbol, symbols), _among(beta.factor, edition.factors.ids))
        .where(beta.as_of == edition.as_of, _among(beta.model, edition.models))
    )
    rows = {(row.model, row.symbol, row.factor): row for row in await session.execute(query)}
    factors = edition.factors.ids
    return {
        model: _betas(
            [[rows[model, symbol, factor] for factor in factors] for symbol in symbols],
            len(factors),
        )
        for model in edition.models
    }


def _betas(grid: Sequence[Sequence[Any]], factors: int) -> Betas:
    """From one line of rows per symbol, one row per factor."""
    values = [[row.beta for row in line] for line in grid]
    return Betas(
        values=np.array(values, dtype=np.float64).reshape(len(grid), factors),
        qualities=tuple(line[0].quality for line in grid),
        reasons=tuple(line[0].reason for line in grid),
        capped=tuple(any(row.capped for row in line) for line in grid),
    )


async def load_rate_gaps(
    session: Session, edition: Edition, symbols: Sequence[str]
) -> list[tuple[str, str]]:
    """Pairs of symbol and maturity whose rate sensitivity is unknown."""
    rate = sql_table(RateSensitivity).c
    query = (
        select(rate.symbol, rate.maturity)
        .where(_among(rate.symbol, symbols), rate.as_of == edition.as_of)
        .where(_among(rate.maturity, edition.maturities), rate.beta.is_(None))
    )
    found = await session.execute(query.order_by(rate.symbol, rate.maturity))
    return [(row.symbol, row.maturity) for row in found]


async def save_exposures(
    session: Session,
    edition: Edition,
    portfolio_ids: Sequence[UUID],
    by_position: Records,
    totals: Records,
) -> None:
    """Replace the session's exposures of the shard's portfolios, in every model, and of their
    positions.
    """
    scope = {"as_of": edition.as_of, "portfolio_id": list(portfolio_ids)}
    day = {"as_of": edition.as_of}
    await merge(
        session, PositionFactorExposure, [{**day, **record} for record in by_position], within=scope
    )
    await merge(session, FactorExposure, [{**day, **record} for record in totals], within=scope)


# --- position correlations ---


@dataclass(frozen=True)
class HeldUnderlying:
    """What a portfolio holds on one underlying: signed delta-adjusted USD, null when none of it is
    known.
    """

    portfolio_id: UUID
    symbol: str
    value: float | None
    positions: int
    positions_unmeasured: int
    tags: tuple[str, ...]
    sector: str | None


@dataclass(frozen=True)
class CorrelationRows:
    """What is stored about the position correlations of a session, table by table.

    `kept` names the symbols of every portfolio's matrix; its `pairs`, both ways and the diagonal,
    come one by one.
    """

    kept: Sequence[tuple[UUID, str]]
    calculations: Sequence[Mapping[str, Any]]
    pairs: Iterator[Mapping[str, Any]]
    clusters: Sequence[Mapping[str, Any]]
    members: Sequence[Mapping[str, Any]]


async def load_underlyings(
    session: Session, portfolio_ids: Sequence[UUID], as_of: date
) -> dict[UUID, tuple[HeldUnderlying, ...]]:
    """What each portfolio that exists was exposed to on `as_of`, by underlying.

    Holds a lock per portfolio and session until the transaction ends, as `load_book` does.
    """
    await lock_each(
        session, [f"factors.correlations/{portfolio}/{as_of}" for portfolio in portfolio_ids]
    )
    existing = select(portfolios.c.portfolio_id).where(
        _among(portfolios.c.portfolio_id, portfolio_ids)
    )
    held: dict[UUID, list[HeldUnderlying]] = {
        portfolio: [] for portfolio in await session.scalars(existing)
    }
    for row in await session.execute(_held_by_underlying(list(held), as_of)):
        held[row.portfolio_id].append(HeldUnderlying(*row))
    return {portfolio: tuple(underlyings) for portfolio, underlyings in held.items()}


def _held_by_underlying(portfolio_ids: Sequence[UUID], as_of: date) -> Select[Any]:
    """Exposures are added up in the order of their positions, so the same rows give the same
    sum.
    """
    held = _exposures(portfolio_ids, as_of)
    ordered = aggregate_order_by(held.c.exposure, held.c.position_id)
    tag = position_tags.c.tag
    tags = func.array_agg(aggregate_order_by(tag.distinct(), tag))
    key = (held.c.portfolio_id, held.c.underlying)
    sums = (
        select(*key, func.sum(ordered).label("value"), func.count().label("positions"))
        .add_columns((func.count() - func.count(held.c.exposure)).label("unmeasured"))
        .group_by(*key)
        .subquery("sums")
    )
    carried = (
        select(*key, tags.label("tags"))
        .join(position_tags, position_tags.c.position_id == held.c.position_id)
        .group_by(*key)
        .subquery("carried")
    )
    same = and_(
        carried.c.portfolio_id == sums.c.portfolio_id, carried.c.underlying == sums.c.underlying
    )
    return (
        select(sums, func.coalesce(carried.c.tags, cast([], ARRAY(String))), securities.c.sector)
        .outerjoin(carried, same)
        .outerjoin(securities, securities.c.symbol == sums.c.underlying)
        .order_by(sums.c.portfolio_id, sums.c.underlying)
    )


def _exposures(portfolio_ids: Sequence[UUID], as_of: date) -> Any:
    """A position's exposure once, though it stands beside each of its factors."""
    row = sql_table(PositionFactorExposure).c
    return (
        select(row.portfolio_id, row.position_id, row.underlying, row.exposure)
        .where(_among(row.portfolio_id, portfolio_ids), row.as_of == as_of)
        .distinct()
        .cte("held")
    )


async def save_correlations(
    session: Session, as_of: date, portfolio_ids: Sequence[UUID], rows: CorrelationRows
) -> None:
    """Replace the session's correlations of `portfolio_ids` in all four tables."""
    within = {"as_of": as_of, "portfolio_id": list(portfolio_ids)}
    calculations = [
        {name: _plain(value) for name, value in row.items()} for row in rows.calculations
    ]
    await merge(session, CorrelationCalculation, calculations, within=within)
    await session.execute(_pairs_beside(rows.kept, as_of, portfolio_ids))
    while part := list(islice(rows.pairs, PAIRS_AT_ONCE)):
        await merge(session, CorrelationPair, part)
    await merge(session, CorrelationCluster, rows.clusters, within=within)
    await merge(session, CorrelationClusterMember, rows.members, within=within)


def _pairs_beside(
    kept: Sequence[tuple[UUID, str]], as_of: date, portfolio_ids: Sequence[UUID]
) -> Delete:
    """Delete the pairs with a symbol that is not kept: the others are about to be written, every
    one of them.
    """
    pair = sql_table(CorrelationPair).c
    owners = literal([portfolio for portfolio, _ in kept], ARRAY(Uuid))
    symbols = literal([symbol for _, symbol in kept], ARRAY(String))
    named = (
        func.unnest(owners, symbols)
        .table_valued("portfolio_id", "symbol", name="kept")
        .render_derived()
    )

    def is_kept(column: ColumnElement[Any]) -> ColumnElement[bool]:
        same = and_(named.c.portfolio_id == pair.portfolio_id, named.c.symbol == column)
        return select(1).select_from(named).where(same).exists()

    stale = ~is_kept(pair.symbol_a) | ~is_kept(pair.symbol_b)
    mine = (pair.as_of == as_of, _among(pair.portfolio_id, portfolio_ids), stale)
    return delete(sql_table(CorrelationPair)).where(*mine)


def _plain(value: Any) -> Any:
    """A list or mapping as the JSON text that COPY takes."""
    return json.dumps(value) if isinstance(value, list | dict) else value


def _among(column: ColumnElement[Any], values: Sequence[Any]) -> ColumnElement[bool]:
    """`column = any(values)`: one statement, and one plan, whatever the number of values."""
    return column == any_(literal(list(values), ARRAY(column.type)))
