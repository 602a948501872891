"""A user asks: the regressions behind a symbol's betas, in full."""

import asyncio
from dataclasses import asdict

from services.factors import repository
from services.factors.inputs import SymbolHistory
from shared.contracts.factors import RegressSymbol, SymbolRegressions
from shared.database import Session
from shared.messaging import ServiceRouter

router = ServiceRouter("factors")


@router.answers(RegressSymbol)
async def regress_symbol(request: RegressSymbol, session: Session) -> SymbolRegressions:
    """The model's regressions of the symbol with errors, tests, rolling betas and influence."""
    history = await repository.load_symbol_history(
        session, request.symbol, request.as_of, request.model
    )
    return await asyncio.to_thread(_regressions, history)


def _regressions(history: SymbolHistory) -> SymbolRegressions:
    # Here, so that no service start waits for statsmodels.
    from services.factors.calculations.diagnostics import diagnosis

    return SymbolRegressions.model_validate(asdict(diagnosis(history)))
