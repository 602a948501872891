"""Factors are computed: value every scenario on the positions of the shard."""

import asyncio

from services.stress import repository
from services.stress.calculations.shard import shard_results
from services.stress.settings import get_settings
from shared.contracts.event import Notice
from shared.contracts.factors import FactorsComputed
from shared.contracts.stress import StressComputed
from shared.database import Session
from shared.messaging import ServiceRouter

router = ServiceRouter("stress")


@router.emits(StressComputed)
@router.on(FactorsComputed)
@router.unless_unchanged(StressComputed, repository.CALCULATIONS, get_settings)
async def stress_portfolios(event: FactorsComputed, session: Session) -> StressComputed:
    """Value every scenario by both methods, the plain ladders, and the past 252 days."""
    maturity = get_settings().rate_maturity
    work = await repository.claim_work(session, event.portfolio_ids, event.as_of, maturity)
    found = await asyncio.to_thread(shard_results, work)
    tables = repository.Tables(
        results=found.results.columns(),
        market_risk=found.ladders.columns(),
        position_pnl=found.vectors.columns(),
        pnl_axes=found.axes.columns(),
        past_returns=found.vectors.returns(),
    )
    await repository.save_results(session, event.portfolio_ids, event.as_of, tables)
    return StressComputed.about(
        event,
        warnings=[Notice.of(caveat) for caveat in found.caveats],
        scenarios=found.scenarios,
        results=len(found.results.methods),
        positions=len(work.holdings.position_ids),
    )
