"""Greeks arrive: spread every position of the shard over the factors."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from itertools import compress

import numpy as np

from services.factors import repository
from services.factors.calculations.betas import MODEL, MODELS, WINDOW
from services.factors.calculations.estimates import (
    SPACES,
    FactorModel,
    SymbolEstimates,
    factor_return_records,
    factor_returns,
    sessions_that_differ,
    symbol_estimates,
)
from services.factors.calculations.exposures import BookExposures, Holdings, book_exposures
from services.factors.calculations.rates import MATURITIES, yield_changes
from services.factors.calculations.records import Record
from services.factors.inputs import Betas, Book, Edition, Outdated
from services.factors.settings import get_settings
from shared.calendar import last_sessions
from shared.contracts.event import Notice
from shared.contracts.factors import (
    FactorsComputed,
)
from shared.contracts.greeks import GreeksComputed
from shared.database import Session
from shared.messaging import ServiceRouter

RETURN_SESSIONS = 260


router = ServiceRouter("factors")


@router.emits(FactorsComputed)
@router.on(GreeksComputed)
async def compute_factors(event: GreeksComputed, session: Session) -> FactorsComputed:
    """Bring the betas of what the shard holds up to date, then spread every position over the
    factors.
    """
    edition = await _edition(event, session)
    book = await repository.load_book(session, event.portfolio_ids, event.as_of)
    outdated = await _estimate_outdated(session, edition, book.underlyings)
    betas = await repository.load_betas(session, edition, book.underlyings)
    exposed = await asyncio.to_thread(_exposures, book, betas)
    by_position = _position_records(book, betas[MODEL], exposed[MODEL], edition.factors.ids)
    totals = _total_records(book, exposed, edition.factors.ids)
    await repository.save_exposures(session, edition, event.portfolio_ids, by_position, totals)
    rate_gaps = await repository.load_rate_gaps(session, edition, book.underlyings)
    await _renew_factor_returns(session, edition, outdated)
    notices = _notices(book, betas[MODEL], rate_gaps)
    counts = {"symbols": len(book.underlyings), "positions": len(book.positions)}
    return FactorsComputed.about(event, warnings=notices, **counts)


async def _edition(event: GreeksComputed, session: Session) -> Edition:
    own = get_settings()
    return Edition(
        as_of=event.as_of,
        price_run=event.price_run,
        factors=await repository.load_factors(session),
        models=MODELS,
        maturities=MATURITIES,
        decay=own.covariance_decay,
        lookback=own.covariance_lookback,
    )


async def _estimate_outdated(
    session: Session, edition: Edition, symbols: Sequence[str]
) -> Outdated | None:
    """Estimate and store what has no rows for this edition yet: symbols, factor covariances; tell
    what it was.
    """
    outdated = await repository.claim_outdated(session, edition, symbols)
    if outdated is None:
        return None
    proxies = edition.factors.proxies
    wanted = tuple(dict.fromkeys((*proxies, *outdated.symbols)))
    window = last_sessions(edition.as_of, max(WINDOW, edition.lookback) + 1)
    history = await repository.load_history(session, window, wanted, edition.maturities)
    model = FactorModel(edition.factors.ids, edition.decay, edition.lookback)
    estimates = await asyncio.to_thread(
        symbol_estimates,
        history.closes[:, [wanted.index(symbol) for symbol in outdated.symbols]],
        history.closes[:, [wanted.index(proxy) for proxy in proxies]],
        {
            name: yield_changes(history.session_days, *observed)
            for name, observed in history.yields.items()
        },
        model,
    )
    await _save_estimates(session, edition, outdated, estimates)
    return outdated


async def _save_estimates(
    session: Session, edition: Edition, outdated: Outdated, estimates: SymbolEstimates
) -> None:
    symbols = outdated.symbols
    await repository.save_betas(session, edition, symbols, estimates.beta_records(symbols))
    await repository.save_rates(session, edition, symbols, estimates.rate_records(symbols))
    if outdated.factors:
        records = estimates.covariance_records(edition.factors.ids)
        await repository.save_covariances(session, edition, records)


async def _renew_factor_returns(
    session: Session, edition: Edition, outdated: Outdated | None
) -> None:
    """Store the returns of the last 260 sessions, once per edition.

    Sessions of several runs overlap, so the closes are read under a lock, late, for it is held
    until the end.
    """
    if outdated is None or not outdated.factors:
        return
    window = last_sessions(edition.as_of, RETURN_SESSIONS + 1)
    await repository.lock_factor_returns(session)
    closes = await repository.load_closes(session, window, edition.factors.proxies)
    days, ids = window[1:], edition.factors.ids
    returns = factor_returns(closes, ids)
    stored = await repository.load_factor_returns(session, days, SPACES, ids)
    changed = sessions_that_differ(returns, stored)
    renewed = [days[place] for place in changed]
    records = factor_return_records(renewed, returns[:, changed], ids)
    await repository.save_factor_returns(session, renewed, records)


def _holdings(book: Book) -> Holdings:
    portfolio = {portfolio_id: index for index, portfolio_id in enumerate(book.portfolio_ids)}
    underlying = {symbol: index for index, symbol in enumerate(book.underlyings)}
    held = book.positions
    return Holdings(
        portfolio_of=np.array([portfolio[p.portfolio_id] for p in held], dtype=np.int64),
        underlying_of=np.array([underlying[p.underlying] for p in held], dtype=np.int64),
        quantities=np.array([p.quantity for p in held], dtype=np.float64),
        multipliers=np.array([p.multiplier for p in held], dtype=np.float64),
        deltas=np.array([p.delta for p in held], dtype=np.float64),
        underlying_prices=np.array([p.underlying_price for p in held], dtype=np.float64),
    )


def _exposures(book: Book, betas: Mapping[str, Betas]) -> dict[str, BookExposures]:
    """The book's exposures by model."""
    holdings, portfolios = _holdings(book), len(book.portfolio_ids)
    return {
        model: book_exposures(holdings, portfolios, known.values) for model, known in betas.items()
    }


def _total_records(
    book: Book, exposed: Mapping[str, BookExposures], factors: Sequence[str]
) -> Iterator[Record]:
    """One record per model, portfolio and factor."""
    for model, exposures in exposed.items():
        for record in exposures.portfolios.records(book.portfolio_ids, factors):
            yield {"model": model, **record}


def _position_records(
    book: Book, betas: Betas, exposed: BookExposures, factors: Sequence[str]
) -> Iterator[Record]:
    """One record per position and factor."""
    about = dict(
        zip(book.underlyings, zip(betas.qualities, betas.reasons, strict=True), strict=True)
    )
    for position, (exposure, position_betas, by_factor) in zip(
        book.positions, exposed.rows(), strict=True
    ):
        quality, reason = about[position.underlying]
        for factor, beta, factor_exposure in zip(factors, position_betas, by_factor, strict=True):
            yield {
                "position_id": position.position_id,
                "factor": factor,
                "portfolio_id": position.portfolio_id,
                "symbol": position.symbol,
                "underlying": position.underlying,
                "exposure": exposure,
                "beta": beta,
                "factor_exposure": factor_exposure,
                "quality": quality,
                "reason": position.reason or reason,
            }


def _notices(book: Book, betas: Betas, rate_gaps: Sequence[tuple[str, str]]) -> list[Notice]:
    """What a reader of the shard's exposures should know, each with the symbols it is about."""
    unpriced = {position.symbol for position in book.positions if position.reason is not None}
    missing = set(_where(book, [quality == "insufficient" for quality in betas.qualities]))
    limited = _where(book, [quality == "limited_history" for quality in betas.qualities])
    unrated = {symbol for symbol, _ in rate_gaps} - missing
    gaps = {maturity for symbol, maturity in rate_gaps if symbol in unrated}
    maturities = ", ".join(maturity for maturity in MATURITIES if maturity in gaps)
    found = [
        ("exposure_missing", "without a price or delta: left out of factor exposures", unpriced),
        ("betas_missing", "with too few returns for betas: left out of factor exposures", missing),
        ("betas_limited_history", "with betas from fewer than 252 returns", limited),
        ("betas_capped", "with a beta beyond 3, capped there", _where(book, betas.capped)),
        ("rate_sensitivity_missing", f"without a rate sensitivity to {maturities}", unrated),
    ]
    return [
        Notice.naming(code, f"{len(names)} symbols {what}", tuple(names))
        for code, what, names in found
        if names
    ]


def _where(book: Book, selected: Sequence[bool]) -> tuple[str, ...]:
    return tuple(compress(book.underlyings, selected))
