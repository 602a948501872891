"""What portfolios hold and what is known about it: read from what other services publish."""

from collections.abc import Sequence
from datetime import date
from functools import cache
from typing import NamedTuple
from uuid import UUID

import numpy as np
from sqlalchemy import (
    ARRAY,
    Date,
    Double,
    Select,
    String,
    Uuid,
    case,
    cast,
    func,
    literal,
    select,
)
from sqlalchemy.dialects.postgresql import array

from services.stress.inputs import STOCK, Contracts, Factors, Holdings, Past, ShardBook, Work
from services.stress.repository.scenarios import load_catalogue
from shared.arrays import FloatArray
from shared.calendar import last_sessions
from shared.conventions import SESSIONS_PER_YEAR
from shared.database import Prepared, Session, among, lock_each, prepared, tuples
from shared.database.arrays import as_sent, float_matrix
from shared.errors import MarketDataNotReady
from shared.instruments import parse_occ
from shared.published import factors, greeks, identity, ingest
from shared.published.closes import load_adjusted_closes
from shared.quant.black_scholes import CALENDAR_DAYS_PER_YEAR
from shared.quant.dividends import CashDividends
from shared.quant.returns import simple_returns


async def claim_work(
    session: Session, portfolio_ids: Sequence[UUID], as_of: date, maturity: str
) -> Work:
    """Lock the portfolios for this session, and load what their stress tests need.

    The locks last until the transaction ends: the last of several runs to commit has read the
    newest positions, so no stale result stays. A portfolio that there is not (any more) is left
    out. `maturity`: of the yield that rate shocks move.
    Raises `MarketDataNotReady` when no factor is defined yet.
    """
    day = as_of.isoformat()
    await lock_each(session, [f"stress/{day}/{portfolio}" for portfolio in portfolio_ids])
    catalogue = await load_catalogue(session, portfolio_ids)
    existing = [portfolio_id for portfolio_id in portfolio_ids if portfolio_id in catalogue.owners]
    holdings = await _load_holdings(session, existing, as_of, maturity)
    return Work(holdings, catalogue, await _load_past(session, holdings))


async def load_calculated_holdings(
    session: Session, portfolio_id: UUID, as_of: date, maturity: str
) -> Holdings | None:
    """The portfolio's holdings; None unless its factor exposures of the session are stored.

    Raises `MarketDataNotReady` when no factor is defined yet.
    """
    row = factors.factor_exposures.c
    stored = select(literal(1)).where(row.portfolio_id == portfolio_id, row.as_of == as_of).limit(1)
    if not await session.scalar(stored):
        return None
    return await _load_holdings(session, [portfolio_id], as_of, maturity)


async def _load_holdings(
    session: Session, portfolio_ids: Sequence[UUID], as_of: date, maturity: str
) -> Holdings:
    """The positions by position id, with NaN for what was not measured.

    One query for each thing that is known of them, put together here: of a session that has just
    begun, statistics say nothing yet, so that a join of them all might be planned as loops.
    """
    known = await load_factors(session, as_of)
    covariance = await load_covariance(session, as_of, known.ids)
    rows = await _load_held(session, portfolio_ids, as_of, known.ids)
    contracts = sorted({row.symbol for row in rows if row.symbol != row.underlying})
    terms = await _load_contracts(session, contracts, as_of)
    underlyings = list({row.underlying for row in rows})
    rates = dict(await tuples(session, *_rates(underlyings, as_of, maturity)))
    options = await _load_options(session, portfolio_ids, as_of) if contracts else {}
    held = [options.get(row.position_id, _NO_OPTION) for row in rows]
    portfolio_places = {portfolio_id: place for place, portfolio_id in enumerate(portfolio_ids)}
    contract_places = {contract: place for place, contract in enumerate(contracts)}
    contract = np.array([contract_places.get(row.symbol, STOCK) for row in rows], dtype=np.intp)
    is_stock = contract == STOCK
    prices = np.append(terms.underlying_price, np.nan)  # of no contract, at the place of stock
    book = ShardBook(
        portfolios=len(portfolio_ids),
        portfolio=np.array([portfolio_places[row.portfolio_id] for row in rows], dtype=np.intp),
        symbols=[row.symbol for row in rows],
        exposure=_floats([row.exposure for row in rows]),
        betas=float_matrix([row.betas for row in rows], len(known.ids)),
        rate_beta=_floats([rates.get(row.underlying) for row in rows]),
        gamma=np.where(is_stock, 0.0, _floats([each.gamma for each in held])),
        underlying_price=np.where(is_stock, 0.0, prices[contract]),
        contract=contract,
        units=np.where(is_stock, 0.0, _floats([each.units for each in held])),
        contracts=terms,
    )
    return Holdings(
        as_of=as_of,
        portfolio_ids=portfolio_ids,
        position_ids=[row.position_id for row in rows],
        underlyings=[row.underlying for row in rows],
        book=book,
        factors=known,
        covariance=covariance,
    )


async def load_factors(session: Session, as_of: date) -> Factors:
    """The active factors; raises `MarketDataNotReady` when none is defined yet."""
    rows = await tuples(session, *_active_factors())
    if not rows:
        raise MarketDataNotReady("factor definitions", as_of)
    return Factors(tuple(factor for factor, _, _ in rows))


@prepared()
def _active_factors() -> Select[str, str, str]:
    return factors.active_factors()


async def load_covariance(session: Session, as_of: date, ids: Sequence[str]) -> FloatArray | None:
    """The shrunk covariance, made for conditional expectations, else the measured one."""
    stored = {
        (one, other): measured if shrunk is None else shrunk
        for one, other, measured, shrunk, *_ in await tuples(session, *_covariances(as_of))
    }
    matrix = np.array([[stored.get((a, b)) for b in ids] for a in ids], dtype=np.float64)
    return None if np.isnan(matrix).any() else matrix


@prepared(as_of=Date())
def _covariances(as_of: date) -> Select[str, str, float | None, float | None, float, int, int]:
    return factors.covariances_on(as_of)


class _Held(NamedTuple):
    """A position and its exposure, with `betas` as Postgres sends them, one per factor."""

    position_id: UUID
    portfolio_id: UUID
    symbol: str
    underlying: str
    exposure: float | None
    betas: bytes | None


async def _load_held(
    session: Session, portfolio_ids: Sequence[UUID], as_of: date, ids: tuple[str, ...]
) -> list[_Held]:
    exposures = _exposures_to(ids)
    return [_Held(*row) for row in await tuples(session, *exposures(portfolio_ids, as_of))]


_Exposures = Select[UUID, UUID, str, str, float | None, bytes | None]


@cache
def _exposures_to(ids: tuple[str, ...]) -> Prepared[[Sequence[UUID], date], _Exposures]:
    """The statement for these factors, each of which takes a separate expression."""

    @prepared(portfolio_ids=ARRAY(Uuid), as_of=Date())
    def exposures(portfolio_ids: Sequence[UUID], as_of: date) -> _Exposures:
        return _exposures(portfolio_ids, as_of, ids)

    return exposures


def _exposures(portfolio_ids: Sequence[UUID], as_of: date, ids: Sequence[str]) -> _Exposures:
    """The fields of `_Held`, one row per position; NaN for a factor without a beta."""
    view = factors.position_exposure_vectors
    row = view.c
    unknown = literal(np.nan, Double)
    picked = array(
        [func.coalesce(factors.element_of(row.betas, factor), unknown) for factor in ids]
    )
    betas = case((row.factors == cast(list(ids), ARRAY(String)), row.betas), else_=picked)
    query = select(*identity(view), row.exposure, as_sent(betas))
    mine = query.where(among(row.portfolio_id, portfolio_ids), row.as_of == as_of)
    return mine.order_by(row.position_id)


@prepared(underlyings=ARRAY(String), as_of=Date(), maturity=String())
def _rates(underlyings: Sequence[str], as_of: date, maturity: str) -> Select[str, float | None]:
    """The sensitivity of each underlying to the yield; one that has none stored is absent."""
    row = factors.rate_sensitivities.c
    of_day = (among(row.symbol, underlyings), row.as_of == as_of, row.maturity == maturity)
    return select(row.symbol, row.beta).where(*of_day)


class _Option(NamedTuple):
    """What an option position's greeks say: gamma, and quantity x multiplier as `units`."""

    gamma: float | None
    units: float | None


_NO_OPTION = _Option(None, None)


async def _load_options(
    session: Session, portfolio_ids: Sequence[UUID], as_of: date
) -> dict[UUID, _Option]:
    found = await tuples(session, *_options(portfolio_ids, as_of))
    return {position: _Option(gamma, units) for position, gamma, units in found}


@prepared(portfolio_ids=ARRAY(Uuid), as_of=Date())
def _options(
    portfolio_ids: Sequence[UUID], as_of: date
) -> Select[UUID, float | None, float | None]:
    row = greeks.position_greeks.c
    units = cast(row.quantity * row.multiplier, Double)
    query = select(row.position_id, row.gamma, units)
    return query.where(among(row.portfolio_id, portfolio_ids), row.as_of == as_of)


class _Measured(NamedTuple):
    """What greeks measured of a contract."""

    contract: str
    underlying_price: float | None
    years_to_expiry: float | None
    volatility: float | None
    rate: float | None
    dividend_yield: float | None
    dividends: list[greeks.StoredDividend] | None
    quote_mid: float | None


_Measurements = Select[
    str,
    float | None,
    float | None,
    float | None,
    float | None,
    float | None,
    list[greeks.StoredDividend] | None,
    float | None,
]


async def _load_contracts(session: Session, symbols: Sequence[str], as_of: date) -> Contracts:
    """The terms are in the symbol; what greeks measured is NaN where it is missing."""
    found = await tuples(session, *_measurements(symbols, as_of)) if symbols else []
    stored = {row[0]: _Measured(*row) for row in found}
    terms = [parse_occ(symbol) for symbol in symbols]
    paid = [getattr(stored.get(symbol), "dividends", None) or [] for symbol in symbols]
    dividends = _cash_dividends(paid, as_of)
    discrete = False if dividends is None else dividends.amount.any(axis=1)

    def column(name: str) -> FloatArray:
        return _floats([getattr(stored.get(symbol), name, None) for symbol in symbols])

    return Contracts(
        symbols=np.array(symbols, dtype=np.str_),
        call=np.array([each.option_type == "C" for each in terms], dtype=np.bool_),
        american=np.array([not each.is_european for each in terms], dtype=np.bool_),
        underlying_price=column("underlying_price"),
        strike=_floats([float(each.strike) for each in terms]),
        years_to_expiry=column("years_to_expiry"),
        volatility=column("volatility"),
        rate=column("rate"),
        # Cash dividends are valued in place of the yield that they are worth.
        dividend_yield=np.where(discrete, 0.0, column("dividend_yield")),
        dividends=dividends,
        quoted=column("quote_mid"),
    )


@prepared(symbols=ARRAY(String), as_of=Date())
def _measurements(symbols: Sequence[str], as_of: date) -> _Measurements:
    """The fields of `_Measured`."""
    row = greeks.contract_greeks.c
    price = cast(row.underlying_price, Double)
    return select(
        *(row.contract, price, row.years_to_expiry, row.volatility, row.rate),
        *(row.dividend_yield, row.dividends, row.quote_mid),
    ).where(among(row.contract, symbols), row.as_of == as_of)


def _cash_dividends(
    paid: Sequence[Sequence[greeks.StoredDividend]], as_of: date
) -> CashDividends | None:
    """One row per contract, as many slots as the longest schedule; None without any dividend."""
    slots = max(map(len, paid), default=0)
    if slots == 0:
        return None
    amount, years = np.zeros((2, len(paid), slots))
    for row, dividends in enumerate(paid):
        for slot, each in enumerate(dividends):
            amount[row, slot] = each["amount"]
            days = (date.fromisoformat(each["ex_date"]) - as_of).days
            years[row, slot] = days / CALENDAR_DAYS_PER_YEAR
    return CashDividends.of(amount, years)


async def load_price(session: Session, symbol: str, as_of: date) -> float | None:
    """The last close on or before the session in USD per share of that day; None without one."""
    last = ingest.last_close(literal(symbol), literal(as_of))
    found = await session.scalar(select(last.c.close))
    return None if found is None else float(found)


async def _load_past(session: Session, holdings: Holdings) -> Past:
    """A year of daily returns of the underlyings, from adjusted closes."""
    return await load_past(session, holdings.underlyings, holdings.as_of)


async def load_past(session: Session, underlyings: Sequence[str], as_of: date) -> Past:
    """The same of these underlyings, one for each position."""
    session_dates = last_sessions(as_of, SESSIONS_PER_YEAR + 1)
    symbols, place = np.unique(np.array(underlyings, dtype=np.str_), return_inverse=True)
    closes = await load_adjusted_closes(session, session_dates, symbols.tolist())
    returns = np.ascontiguousarray(simple_returns(closes).T)
    return Past(session_dates[1:], symbols.tolist(), returns, place.astype(np.intp))


def _floats(column: Sequence[object]) -> FloatArray:
    """The column with NaN for null."""
    return np.array(column, dtype=np.float64)
