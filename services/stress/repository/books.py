"""What the shard's portfolios hold, and what is known about it: read from what other services
publish.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    ARRAY,
    Double,
    Row,
    Select,
    String,
    Subquery,
    and_,
    any_,
    case,
    cast,
    func,
    literal,
    select,
)
from sqlalchemy.dialects.postgresql import array

from shared.database import Session, lock_each
from shared.errors import MarketDataNotReady
from shared.published import factors, gateway, greeks
from shared.published.closes import load_adjusted_closes
from shared.quant.returns import simple_returns

SPACE = "market_relative"
FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Factors:
    """The active factors in display order: stable ids, and the names scenarios use."""

    ids: tuple[str, ...]
    names: tuple[str, ...]


async def lock_portfolios(session: Session, portfolio_ids: Sequence[UUID], as_of: date) -> None:
    """Keep other work on these books and this session waiting until the transaction ends.

    Whoever comes second reads what was newest when the first was done, so no stale result stays.
    """
    await lock_each(
        session, [f"stress/{as_of.isoformat()}/{portfolio}" for portfolio in portfolio_ids]
    )


async def load_factors(session: Session, as_of: date) -> Factors:
    """The active factors; raises `MarketDataNotReady` when none is defined yet."""
    definition = factors.factor_definitions.c
    statement = (
        select(definition.factor, definition.name)
        .where(definition.active)
        .order_by(definition.display_order)
    )
    rows = (await session.execute(statement)).all()
    if not rows:
        raise MarketDataNotReady("factor definitions", as_of)
    return Factors(tuple(row.factor for row in rows), tuple(row.name for row in rows))


async def load_covariance(session: Session, as_of: date, ids: Sequence[str]) -> FloatArray | None:
    """(factors, factors) covariance of market-relative factor returns; None unless every pair is
    stored.

    The one drawn to its diagonal, made for conditional expectations, where there is one, else the
    measured one.
    """
    pair = factors.factor_covariances.c
    covariance = func.coalesce(pair.shrunk_covariance, pair.covariance).label("covariance")
    statement = select(pair.factor_a, pair.factor_b, covariance).where(
        pair.as_of == as_of, pair.space == SPACE
    )
    stored = {
        (row.factor_a, row.factor_b): row.covariance for row in await session.execute(statement)
    }
    matrix = np.array([[stored.get((a, b)) for b in ids] for a in ids], dtype=np.float64)
    return None if np.isnan(matrix).any() else matrix


async def load_owners(session: Session, portfolio_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """Who owns each portfolio: user by portfolio; portfolios that do not exist are absent."""
    book = gateway.portfolios.c
    statement = select(book.portfolio_id, book.user_id).where(book.portfolio_id.in_(portfolio_ids))
    return {row.portfolio_id: row.user_id for row in await session.execute(statement)}


async def load_calculated(session: Session, portfolio_id: UUID, as_of: date) -> bool:
    """Whether the portfolio's factor exposures of the session are stored."""
    row = factors.factor_exposures.c
    stored = select(literal(1)).where(row.portfolio_id == portfolio_id, row.as_of == as_of).limit(1)
    return bool(await session.scalar(stored))


async def load_positions(
    session: Session, portfolio_ids: Sequence[UUID], as_of: date, ids: Sequence[str], maturity: str
) -> Sequence[Row[Any]]:
    """One row per position of the portfolios, by position id, with everything a scenario needs.

    position_id, portfolio_id, symbol, underlying, exposure (delta-adjusted dollars), betas (one per
    factor of `ids`), rate_beta; of options gamma (of the position), underlying_price and units
    (quantity x multiplier), 0 for stock; null where it was not measured.
    """
    statement = _positions(_exposures(portfolio_ids, as_of, ids), as_of, maturity)
    rows: Sequence[Row[Any]] = (await session.execute(statement)).all()
    return rows


def _exposures(portfolio_ids: Sequence[UUID], as_of: date, ids: Sequence[str]) -> Subquery:
    """The factor rows of each position side by side."""
    row = factors.position_factor_exposures.c
    betas = array([func.max(row.beta).filter(row.factor == factor) for factor in ids])
    position = (row.position_id, row.portfolio_id, row.symbol, row.underlying, row.exposure)
    chosen = and_(row.portfolio_id.in_(portfolio_ids), row.as_of == as_of)
    return select(*position, betas.label("betas")).where(chosen).group_by(*position).subquery()


def _positions(exposures: Subquery, as_of: date, maturity: str) -> Select[Any]:
    held, rate = exposures.c, factors.rate_sensitivities.c
    position, contract = greeks.position_greeks.c, greeks.contract_greeks.c
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
    return (
        select(
            held.position_id,
            held.portfolio_id,
            held.symbol,
            held.underlying,
            held.exposure,
            held.betas,
            rate.beta.label("rate_beta"),
            case((is_stock, 0.0), else_=position.gamma).label("gamma"),
            case((is_stock, 0.0), else_=cast(contract.underlying_price, Double)).label(
                "underlying_price"
            ),
            case(
                (is_stock, 0.0), else_=cast(position.quantity * position.multiplier, Double)
            ).label("units"),
        )
        .select_from(joined)
        .order_by(held.position_id)
    )


async def load_contracts(session: Session, symbols: Collection[str], as_of: date) -> dict[str, Any]:
    """By contract, the inputs of its value on the session; null where not measured, absent where
    not stored.

    underlying_price (USD), years_to_expiry, volatility, rate and dividend_yield (decimals per
    year).
    """
    row = greeks.contract_greeks.c
    price = cast(row.underlying_price, Double).label("underlying_price")
    statement = select(
        row.contract, price, row.years_to_expiry, row.volatility, row.rate, row.dividend_yield
    ).where(_among(row.contract, symbols), row.as_of == as_of)
    return {each.contract: each for each in await session.execute(statement)}


async def load_daily_returns(
    session: Session, symbols: Sequence[str], sessions: Sequence[date]
) -> FloatArray:
    """(symbols, sessions - 1) simple returns of adjusted closes up to each session but the first,
    NaN for gaps.
    """
    return simple_returns(await load_adjusted_closes(session, sessions, symbols)).T


def _among(name: Any, names: Collection[str]) -> Any:
    """One array parameter, however many names: no limit on their number, and one statement to
    prepare.
    """
    return name == any_(literal(sorted(names), ARRAY(String)))
