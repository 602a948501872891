"""What portfolios hold and what is known about it: read from what other services publish."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import numpy as np
from sqlalchemy import (
    ARRAY,
    Double,
    Select,
    String,
    Subquery,
    and_,
    case,
    cast,
    literal,
    select,
)
from sqlalchemy.dialects.postgresql import array

from services.stress.inputs import STOCK, Contracts, Factors, Holdings, Past, ShardBook, Work
from services.stress.repository.scenarios import load_catalogue
from shared.arrays import FloatArray
from shared.calendar import last_sessions
from shared.conventions import SESSIONS_PER_YEAR
from shared.database import Session, among, lock_each
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
    newest positions, so no stale result stays. `maturity`: of the yield that rate shocks move.
    Raises `MarketDataNotReady` when no factor is defined yet.
    """
    day = as_of.isoformat()
    await lock_each(session, [f"stress/{day}/{portfolio}" for portfolio in portfolio_ids])
    holdings = await _load_holdings(session, portfolio_ids, as_of, maturity)
    catalogue = await load_catalogue(session, portfolio_ids)
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
    """The positions by position id, with NaN for what was not measured."""
    known = await load_factors(session, as_of)
    covariance = await load_covariance(session, as_of, known.ids)
    exposures = _exposures(portfolio_ids, as_of, known.ids)
    rows = (await session.execute(_positions(exposures, as_of, maturity))).all()
    contracts = sorted({row.symbol for row in rows if row.symbol != row.underlying})
    portfolio_places = {portfolio_id: place for place, portfolio_id in enumerate(portfolio_ids)}
    contract_places = {contract: place for place, contract in enumerate(contracts)}
    book = ShardBook(
        portfolios=len(portfolio_ids),
        portfolio=np.array([portfolio_places[row.portfolio_id] for row in rows], dtype=np.intp),
        symbols=[row.symbol for row in rows],
        exposure=_floats([row.exposure for row in rows]),
        betas=_floats([row.betas for row in rows]).reshape(len(rows), len(known.ids)),
        rate_beta=_floats([row.rate_beta for row in rows]),
        gamma=_floats([row.gamma for row in rows]),
        underlying_price=_floats([row.underlying_price for row in rows]),
        contract=np.array([contract_places.get(row.symbol, STOCK) for row in rows], dtype=np.intp),
        units=_floats([row.units for row in rows]),
        contracts=await _load_contracts(session, contracts, as_of),
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
    rows = (await session.execute(factors.active_factors())).all()
    if not rows:
        raise MarketDataNotReady("factor definitions", as_of)
    return Factors(tuple(row.factor for row in rows))


async def load_covariance(session: Session, as_of: date, ids: Sequence[str]) -> FloatArray | None:
    """The shrunk covariance, made for conditional expectations, else the measured one."""
    stored = {
        (row.factor_a, row.factor_b): row.covariance
        if row.shrunk_covariance is None
        else row.shrunk_covariance
        for row in await session.execute(factors.covariances_on(as_of))
    }
    matrix = np.array([[stored.get((a, b)) for b in ids] for a in ids], dtype=np.float64)
    return None if np.isnan(matrix).any() else matrix


def _exposures(portfolio_ids: Sequence[UUID], as_of: date, ids: Sequence[str]) -> Subquery:
    """One row per position with its betas, one per factor of `ids`, side by side."""
    view = factors.position_exposure_vectors
    row = view.c
    picked = array([factors.element_of(row.betas, factor) for factor in ids])
    betas = case((row.factors == cast(list(ids), ARRAY(String)), row.betas), else_=picked)
    chosen = and_(among(row.portfolio_id, portfolio_ids), row.as_of == as_of)
    return select(*identity(view), row.exposure, betas.label("betas")).where(chosen).subquery()


def _positions(exposures: Subquery, as_of: date, maturity: str) -> Select[tuple[object, ...]]:
    """The exposures with rate_beta and, of options, gamma, underlying_price and units.

    Null where not measured; gamma, underlying_price and units are 0 for stock.
    """
    held = exposures.c
    rate = factors.rate_sensitivities.c
    position = greeks.position_greeks.c
    contract = greeks.contract_greeks.c
    is_stock = held.symbol == held.underlying
    joined = (
        exposures.outerjoin(
            factors.rate_sensitivities,
            and_(rate.symbol == held.underlying, rate.as_of == as_of, rate.maturity == maturity),
        )
        .outerjoin(
            greeks.position_greeks,
            and_(position.position_id == held.position_id, position.as_of == as_of),
        )
        .outerjoin(
            greeks.contract_greeks,
            and_(contract.contract == position.contract, contract.as_of == as_of),
        )
    )
    price = cast(contract.underlying_price, Double)
    units = cast(position.quantity * position.multiplier, Double)
    return (
        select(
            exposures,
            rate.beta.label("rate_beta"),
            case((is_stock, 0.0), else_=position.gamma).label("gamma"),
            case((is_stock, 0.0), else_=price).label("underlying_price"),
            case((is_stock, 0.0), else_=units).label("units"),
        )
        .select_from(joined)
        .order_by(held.position_id)
    )


async def _load_contracts(session: Session, symbols: Sequence[str], as_of: date) -> Contracts:
    """The terms are in the symbol; what greeks measured is NaN where it is missing."""
    row = greeks.contract_greeks.c
    price = cast(row.underlying_price, Double).label("underlying_price")
    query = select(
        *(row.contract, price, row.years_to_expiry, row.volatility, row.rate),
        *(row.dividend_yield, row.dividends),
    ).where(among(row.contract, symbols), row.as_of == as_of)
    stored = {each.contract: each for each in await session.execute(query)}
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
    )


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
    return Past(session_dates[1:], simple_returns(closes).T, place.astype(np.intp))


def _floats(column: Sequence[object]) -> FloatArray:
    """The column with NaN for null."""
    return np.array(column, dtype=np.float64)
