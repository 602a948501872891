"""A user asks: how do symbols that are perhaps in no portfolio move with factors and yields."""

import asyncio

from services.factors import repository
from services.factors.calculations.estimates import estimated_betas
from shared.contracts.factors import BetasEstimated, EstimateBetas, SymbolBetas
from shared.database import Session
from shared.messaging import ServiceRouter
from shared.rows import finite_or_none

router = ServiceRouter("factors")


@router.answers(EstimateBetas)
async def estimate_betas(request: EstimateBetas, session: Session) -> BetasEstimated:
    """The betas and rate sensitivities that a run would store of the symbols; write nothing."""
    factors, history = await repository.load_symbols_history(
        session, request.symbols, request.as_of
    )
    found = await asyncio.to_thread(estimated_betas, history, request.symbols, factors)
    return BetasEstimated(
        symbols=tuple(
            SymbolBetas(
                symbol=symbol,
                betas=_finite(each.betas),
                rate_betas=_finite(each.rate_betas),
                reason=each.reason,
            )
            for symbol, each in found.items()
        )
    )


def _finite(values: dict[str, float]) -> dict[str, float | None]:
    return {name: finite_or_none(value) for name, value in values.items()}
