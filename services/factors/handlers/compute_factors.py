"""Greeks arrive: spread every position of the shard over the factors."""

import asyncio

from services.factors import repository
from services.factors.calculations.caveats import caveats
from services.factors.calculations.estimates import symbol_estimates
from services.factors.calculations.exposures import shard_exposures
from services.factors.calculations.factor_returns import renewed_returns
from services.factors.inputs import Basis, Weighting, Work
from services.factors.repository import FactorColumns
from services.factors.settings import get_settings
from shared.contracts.event import Notice
from shared.contracts.factors import FactorsComputed
from shared.contracts.greeks import GreeksComputed
from shared.database import Session
from shared.messaging import ServiceRouter

router = ServiceRouter("factors")


@router.emits(FactorsComputed)
@router.on(GreeksComputed)
@router.unless_unchanged(FactorsComputed, repository.CALCULATIONS, get_settings)
async def compute_factors(event: GreeksComputed, session: Session) -> FactorsComputed:
    """Bring the betas of what the shard holds up to date, and its exposures to the factors."""
    basis = _basis(event)
    work = await repository.claim_work(session, event.portfolio_ids, basis)
    estimates = await asyncio.to_thread(symbol_estimates, work, basis.weighting)
    known = estimates.added_to(work.known)
    exposed = await asyncio.to_thread(shard_exposures, work.book, known.betas, work.factors.ids)
    columns = FactorColumns(
        betas=estimates.beta_columns(),
        rates=estimates.rate_columns(),
        covariances=estimates.covariance_columns(),
        positions=exposed.position_columns(),
        portfolios=exposed.portfolio_columns(),
    )
    await repository.save_exposures(session, event.portfolio_ids, basis, work.outdated, columns)
    await _renew_factor_returns(session, basis, work)
    return FactorsComputed.about(
        event,
        warnings=[Notice.of(caveat) for caveat in caveats(work.book, known)],
        symbols=len(work.book.underlyings),
        positions=len(work.book.positions),
    )


def _basis(event: GreeksComputed) -> Basis:
    own = get_settings()
    weighting = Weighting(own.covariance_decay, own.covariance_lookback)
    return Basis(event.as_of, event.price_run, weighting)


async def _renew_factor_returns(session: Session, basis: Basis, work: Work) -> None:
    """Last and apart from the rest, since the lock that it takes holds up all other sessions."""
    history = await repository.claim_factor_returns(session, basis.as_of, work)
    renewed = renewed_returns(history)
    await repository.save_factor_returns(session, renewed.session_dates, renewed.columns())
