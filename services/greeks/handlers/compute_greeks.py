"""Prices arrive: value every option that the shard holds."""

import asyncio

from services.greeks import repository
from services.greeks.calculations.caveats import caveats
from services.greeks.calculations.contracts import contract_valuations
from services.greeks.calculations.engines import Engine, models_of
from services.greeks.calculations.positions import position_greeks
from services.greeks.inputs import Basis
from services.greeks.settings import get_settings
from shared.contracts.event import Notice
from shared.contracts.greeks import GreeksComputed
from shared.contracts.ingest import PricesUpdated
from shared.database import Session
from shared.messaging import ServiceRouter

router = ServiceRouter("greeks")


@router.emits(GreeksComputed)
@router.on(PricesUpdated)
@router.unless_unchanged(GreeksComputed, repository.CALCULATIONS, get_settings)
async def compute_greeks(event: PricesUpdated, session: Session) -> GreeksComputed:
    """Value every option held by the shard's portfolios and record its sensitivities."""
    engine = Engine(get_settings().engine)
    basis = _basis(event, engine)
    work = await repository.claim_work(session, event.portfolio_ids, basis)
    valued = await asyncio.to_thread(contract_valuations, work.missing, work.market, engine)
    valuations = {**work.current, **{valuation.contract: valuation for valuation in valued}}
    positions = position_greeks(work.held, valuations)
    await repository.save_greeks(session, event.portfolio_ids, basis, valued, positions.columns())
    underlyings = {option.contract: option.underlying for option in work.held}
    return GreeksComputed.about(
        event,
        warnings=[
            Notice.of(caveat) for caveat in caveats(valuations.values(), underlyings, event.as_of)
        ],
        contracts=len(valuations),
        positions=len(work.held),
    )


def _basis(event: PricesUpdated, engine: Engine) -> Basis:
    return Basis(
        as_of=event.as_of,
        price_run=event.price_run,
        configured_rate=get_settings().configured_rate,
        european_models=models_of(engine, european=True),
        american_models=models_of(engine, european=False),
    )
