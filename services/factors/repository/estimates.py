"""Betas, rate sensitivities and factor covariances: what is current, and what is stored."""

from collections.abc import Sequence

import numpy as np
from sqlalchemy import CompoundSelect, Select, func, select

from services.factors.inputs import (
    MATURITIES,
    MODELS,
    SPACES,
    Basis,
    Factors,
    Known,
    KnownBetas,
    Outdated,
)
from services.factors.tables import FactorCovariance, RateSensitivity, SymbolFactorBeta
from shared.arrays import Columns
from shared.database import Session, among, lock, merge, sql_table
from shared.database.arrays import merge_columns
from shared.rows import rows_of


async def claim_outdated(
    session: Session, basis: Basis, factors: Factors, symbols: Sequence[str]
) -> Outdated:
    """What this transaction must estimate.

    Where something is missing it takes the lock of the session's symbols and looks again, so that
    concurrent shards estimate each symbol once.
    """
    outdated = await _load_outdated(session, basis, factors, symbols)
    if not outdated:
        return outdated
    await lock(session, "factors.symbols", basis.as_of)
    return await _load_outdated(session, basis, factors, symbols)


async def _load_outdated(
    session: Session, basis: Basis, factors: Factors, symbols: Sequence[str]
) -> Outdated:
    current = set(await session.scalars(_current_symbols(basis, factors, symbols)))
    covariances = await session.scalar(_current_covariances(basis, factors))
    return Outdated(
        symbols=tuple(symbol for symbol in symbols if symbol not in current),
        factors=covariances != len(SPACES) * len(factors.ids) ** 2,
    )


def _current_symbols(basis: Basis, factors: Factors, symbols: Sequence[str]) -> CompoundSelect[str]:
    """The symbols with every model's betas and every maturity's sensitivity on this basis."""
    beta = sql_table(SymbolFactorBeta).c
    rate = sql_table(RateSensitivity).c
    betas = (
        select(beta.symbol)
        .where(among(beta.symbol, symbols), beta.as_of == basis.as_of)
        .where(beta.price_run == basis.price_run, among(beta.model, MODELS))
        .where(among(beta.factor, factors.ids))
        .group_by(beta.symbol)
        .having(func.count() == len(MODELS) * len(factors.ids))
    )
    rates = (
        select(rate.symbol)
        .where(among(rate.symbol, symbols), rate.as_of == basis.as_of)
        .where(rate.price_run == basis.price_run, among(rate.maturity, MATURITIES))
        .group_by(rate.symbol)
        .having(func.count() == len(MATURITIES))
    )
    return betas.intersect(rates)


def _current_covariances(basis: Basis, factors: Factors) -> Select[int]:
    pair = sql_table(FactorCovariance).c
    weighting = basis.weighting
    return (
        select(func.count())
        .where(pair.as_of == basis.as_of, pair.price_run == basis.price_run)
        .where(pair.decay == weighting.decay, pair.lookback == weighting.lookback)
        .where(pair.shrinkage.is_not(None) | pair.covariance.is_(None))
        .where(among(pair.factor_a, factors.ids), among(pair.factor_b, factors.ids))
    )


async def load_known(
    session: Session, basis: Basis, factors: Factors, symbols: Sequence[str]
) -> Known:
    """The stored estimates of `symbols`, each of which must be current."""
    if not symbols:
        return Known({model: {} for model in MODELS}, {})
    betas = await _load_betas(session, basis, factors, symbols)
    return Known(betas, await _load_rate_gaps(session, basis, symbols))


async def _load_betas(
    session: Session, basis: Basis, factors: Factors, symbols: Sequence[str]
) -> dict[str, dict[str, KnownBetas]]:
    """By model and symbol."""
    beta = sql_table(SymbolFactorBeta).c
    query = (
        select(
            beta.model, beta.symbol, beta.factor, beta.beta, beta.quality, beta.reason, beta.capped
        )
        .where(among(beta.symbol, symbols), among(beta.factor, factors.ids))
        .where(beta.as_of == basis.as_of, among(beta.model, MODELS))
    )
    rows = {(row.model, row.symbol, row.factor): row for row in await session.execute(query)}

    def known(model: str, symbol: str) -> KnownBetas:
        by_factor = [rows[model, symbol, factor] for factor in factors.ids]
        return KnownBetas(
            values=np.array([row.beta for row in by_factor], dtype=np.float64),
            quality=by_factor[0].quality,
            reason=by_factor[0].reason,
            capped=any(row.capped for row in by_factor),
        )

    return {model: {symbol: known(model, symbol) for symbol in symbols} for model in MODELS}


async def _load_rate_gaps(
    session: Session, basis: Basis, symbols: Sequence[str]
) -> dict[str, list[str]]:
    """By symbol, the maturities to which its sensitivity is unknown."""
    rate = sql_table(RateSensitivity).c
    query = (
        select(rate.symbol, rate.maturity)
        .where(among(rate.symbol, symbols), rate.as_of == basis.as_of)
        .where(among(rate.maturity, MATURITIES), rate.beta.is_(None))
    )
    gaps: dict[str, list[str]] = {}
    for symbol, maturity in await session.execute(query.order_by(rate.symbol, rate.maturity)):
        gaps.setdefault(symbol, []).append(maturity)
    return gaps


async def save_symbols(
    session: Session, basis: Basis, symbols: Sequence[str], betas: Columns, rates: Columns
) -> None:
    """Replace the betas and rate sensitivities of `symbols` for the session."""
    same = {"as_of": basis.as_of, "price_run": basis.price_run}
    within = {"as_of": basis.as_of, "symbol": list(symbols)}
    await merge_columns(session, SymbolFactorBeta, betas, within, **same)
    await merge_columns(session, RateSensitivity, rates, within, **same)


async def save_covariances(session: Session, basis: Basis, covariances: Columns) -> None:
    """Replace the session's factor covariances."""
    rows = rows_of(
        FactorCovariance,
        covariances,
        as_of=basis.as_of,
        price_run=basis.price_run,
        decay=basis.weighting.decay,
        lookback=basis.weighting.lookback,
    )
    await merge(session, FactorCovariance, rows, within={"as_of": basis.as_of})
