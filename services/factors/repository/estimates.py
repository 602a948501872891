"""Betas, rate sensitivities and factor covariances: what is current, and what is stored."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

import numpy as np
from sqlalchemy import ARRAY, Date, Double, Integer, Select, String, func, select

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
from shared.database import Session, among, lock, merge, prepared, sql_table, tuples
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
    of_run = (basis.as_of, basis.price_run)
    current = await tuples(session, *_current_symbols(symbols, factors.ids, *of_run))
    weighting = (basis.weighting.decay, basis.weighting.lookback)
    ((pairs,),) = await tuples(session, *_current_pairs(factors.ids, *of_run, *weighting))
    known = {symbol for (symbol,) in current}
    return Outdated(
        symbols=tuple(symbol for symbol in symbols if symbol not in known),
        factors=pairs != len(SPACES) * len(factors.ids) ** 2,
    )


@prepared(symbols=ARRAY(String), factors=ARRAY(String), as_of=Date(), price_run=String())
def _current_symbols(
    symbols: Sequence[str], factors: Sequence[str], as_of: date, price_run: str
) -> Select[str]:
    """The symbols with every model's betas and every maturity's sensitivity on this basis."""
    beta = sql_table(SymbolFactorBeta).c
    rate = sql_table(RateSensitivity).c
    betas = (
        select(beta.symbol)
        .where(among(beta.symbol, symbols), beta.as_of == as_of, beta.price_run == price_run)
        .where(among(beta.model, MODELS), among(beta.factor, factors))
        .group_by(beta.symbol)
        .having(func.count() == len(MODELS) * func.cardinality(factors))
    )
    rates = (
        select(rate.symbol)
        .where(among(rate.symbol, symbols), rate.as_of == as_of, rate.price_run == price_run)
        .where(among(rate.maturity, MATURITIES))
        .group_by(rate.symbol)
        .having(func.count() == len(MATURITIES))
    )
    both = betas.intersect(rates).subquery("both")
    return select(both.c.symbol)


@prepared(
    factors=ARRAY(String), as_of=Date(), price_run=String(), decay=Double(), lookback=Integer()
)
def _current_pairs(
    factors: Sequence[str], as_of: date, price_run: str, decay: float, lookback: int
) -> Select[int]:
    """How many covariances there are on this basis."""
    pair = sql_table(FactorCovariance).c
    return (
        select(func.count())
        .where(pair.as_of == as_of, pair.price_run == price_run)
        .where(pair.decay == decay, pair.lookback == lookback)
        .where(pair.shrinkage.is_not(None) | pair.covariance.is_(None))
        .where(among(pair.factor_a, factors), among(pair.factor_b, factors))
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
    found = await tuples(session, *_betas(symbols, factors.ids, basis.as_of))
    rows = {
        (model, symbol, factor): _Beta(beta, quality, reason, capped)
        for model, symbol, factor, beta, quality, reason, capped in found
    }

    def known(model: str, symbol: str) -> KnownBetas:
        by_factor = [rows[model, symbol, factor] for factor in factors.ids]
        return KnownBetas(
            values=np.array([row.beta for row in by_factor], dtype=np.float64),
            quality=by_factor[0].quality,
            reason=by_factor[0].reason,
            capped=any(row.capped for row in by_factor),
        )

    return {model: {symbol: known(model, symbol) for symbol in symbols} for model in MODELS}


class _Beta(NamedTuple):
    """What is stored of a model's beta of a symbol to a factor."""

    beta: float | None
    quality: str
    reason: str | None
    capped: bool


@prepared(symbols=ARRAY(String), factors=ARRAY(String), as_of=Date())
def _betas(
    symbols: Sequence[str], factors: Sequence[str], as_of: date
) -> Select[str, str, str, float | None, str, str | None, bool]:
    """Model, symbol, factor, and the fields of `_Beta`."""
    beta = sql_table(SymbolFactorBeta).c
    query = select(
        *(beta.model, beta.symbol, beta.factor),
        *(beta.beta, beta.quality, beta.reason, beta.capped),
    )
    mine = query.where(among(beta.symbol, symbols), among(beta.factor, factors))
    return mine.where(beta.as_of == as_of, among(beta.model, MODELS))


async def _load_rate_gaps(
    session: Session, basis: Basis, symbols: Sequence[str]
) -> dict[str, list[str]]:
    """By symbol, the maturities to which its sensitivity is unknown."""
    gaps: dict[str, list[str]] = {}
    for symbol, maturity in await tuples(session, *_unknown_rates(symbols, basis.as_of)):
        gaps.setdefault(symbol, []).append(maturity)
    return gaps


@prepared(symbols=ARRAY(String), as_of=Date())
def _unknown_rates(symbols: Sequence[str], as_of: date) -> Select[str, str]:
    rate = sql_table(RateSensitivity).c
    return (
        select(rate.symbol, rate.maturity)
        .where(among(rate.symbol, symbols), rate.as_of == as_of)
        .where(among(rate.maturity, MATURITIES), rate.beta.is_(None))
        .order_by(rate.symbol, rate.maturity)
    )


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
