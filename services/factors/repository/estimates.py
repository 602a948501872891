"""Betas, rate sensitivities and factor covariances: what is current, and what is stored."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from sqlalchemy import (
    CompoundSelect,
    Select,
    func,
    select,
)

from services.factors.inputs import Betas, Edition, Outdated
from services.factors.tables import (
    FactorCovariance,
    RateSensitivity,
    SymbolFactorBeta,
)
from shared.database import Session, among, lock, merge, sql_table

Records = Iterable[Mapping[str, Any]]


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
        .where(among(beta.symbol, symbols), beta.as_of == edition.as_of)
        .where(beta.price_run == edition.price_run, among(beta.model, edition.models))
        .where(among(beta.factor, edition.factors.ids))
        .group_by(beta.symbol)
        .having(func.count() == len(edition.models) * len(edition.factors.ids))
    )
    rates = (
        select(rate.symbol)
        .where(among(rate.symbol, symbols), rate.as_of == edition.as_of)
        .where(rate.price_run == edition.price_run, among(rate.maturity, edition.maturities))
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
        .where(among(pair.factor_a, edition.factors.ids), among(pair.factor_b, edition.factors.ids))
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


async def load_betas(
    session: Session, edition: Edition, symbols: Sequence[str]
) -> dict[str, Betas]:
    """The stored betas of `symbols` by model; all must have rows (`claim_outdated` sees to it)."""
    beta = sql_table(SymbolFactorBeta).c
    query = (
        select(
            beta.model, beta.symbol, beta.factor, beta.beta, beta.quality, beta.reason, beta.capped
        )
        .where(among(beta.symbol, symbols), among(beta.factor, edition.factors.ids))
        .where(beta.as_of == edition.as_of, among(beta.model, edition.models))
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
        .where(among(rate.symbol, symbols), rate.as_of == edition.as_of)
        .where(among(rate.maturity, edition.maturities), rate.beta.is_(None))
    )
    found = await session.execute(query.order_by(rate.symbol, rate.maturity))
    return [(row.symbol, row.maturity) for row in found]
