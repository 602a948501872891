"""A user asks: what would one portfolio lose or gain in some scenarios."""

import asyncio
from dataclasses import asdict, replace
from datetime import date
from decimal import Decimal

from services.stress import repository
from services.stress.calculations.valuation import OPTION_VALUATION
from services.stress.calculations.what_if import METHODS, STILL, WHAT_IF, Outcome, Request, what_if
from services.stress.handlers.manage_scenarios import (
    described_returns,
    described_scenario,
    stored_scenarios,
)
from services.stress.inputs import Catalogue, Holdings, Scenario
from services.stress.settings import get_settings
from shared.contracts.event import Notice
from shared.contracts.stress import (
    EvaluateWhatIf,
    PositionImpact,
    ScenarioOutcome,
    WhatIfApplied,
    WhatIfEvaluated,
)
from shared.database import Session
from shared.errors import Unanswerable
from shared.messaging import ServiceRouter
from shared.rows import decimal_of, finite_or_none

TERMS = (
    *("scenario_id", "name", "category", "severity", "shocks"),
    *("rate_shock", "volatility_shock", "basis"),
)
AMOUNTS = (*("total_pnl", "volatility_pnl", "nonlinear", "delta_gamma_pnl", "correlation_effect"),)

router = ServiceRouter("stress")


@router.answers(EvaluateWhatIf)
async def evaluate_what_if(request: EvaluateWhatIf, session: Session) -> WhatIfEvaluated:
    """Evaluate stored or given scenarios on one portfolio from what is stored; write nothing."""
    catalogue = await repository.load_catalogue_for(session, request.user_id, request.portfolio_id)
    scenarios = _chosen(request, catalogue)
    holdings = calculated(
        request.as_of,
        await repository.load_calculated_holdings(
            session, request.portfolio_id, request.as_of, get_settings().rate_maturity
        ),
    )
    if request.method == "correlated" and holdings.covariance is None:
        raise Unanswerable("no_covariance", f"no factor covariance is stored for {request.as_of}")
    returns = described_returns(request.underlying_shocks)
    methods = METHODS[request.method]
    wanted = Request(methods, request.positions_shown, returns, request.days_forward)
    found = await asyncio.to_thread(what_if, holdings, scenarios, wanted)
    return WhatIfEvaluated(
        portfolio_id=request.portfolio_id,
        as_of=request.as_of,
        outcomes=tuple(_outcome(each) for each in found.outcomes),
        warnings=tuple(Notice.of(caveat) for caveat in found.caveats),
        applied=WhatIfApplied(
            underlying_shocks=dict(found.applied.underlying_shocks), **asdict(found.applied.ahead)
        ),
    )


def _chosen(request: EvaluateWhatIf, catalogue: Catalogue) -> list[Scenario]:
    """The scenarios of the request, the stored ones first; refuses unknown and wrong ones."""
    stored = stored_scenarios(catalogue, request.portfolio_id, request.scenario_ids)
    chosen = [*stored, *_given(request)]
    return [each if request.volatility else each.at_still_volatility for each in chosen]


def _given(request: EvaluateWhatIf) -> list[Scenario]:
    """The scenario that the request itself describes, if it does or names no other."""
    shocks = request.model_dump(include={"shocks", "rate_shock", "volatility_shock"})
    if request.scenario_ids and not any(shocks.values()):
        return []
    about = {"scenario_id": WHAT_IF, "name": "What if", "description": "Given in the request."}
    kind = {"category": "custom", "severity": "moderate", "basis": request.basis}
    if (request.underlying_shocks or request.days_forward) and not any(shocks.values()):
        return [replace(STILL, basis=request.basis)]
    return [described_scenario({**about, **kind, **shocks})]


def calculated(day: date, holdings: Holdings | None) -> Holdings:
    """The holdings; refuses where they are not stored with their exposures of the day."""
    if holdings is None:
        message = f"no factor exposures of the portfolio are stored for {day}: run the session"
        raise Unanswerable("not_calculated", f"{message} first")
    return holdings


def _outcome(found: Outcome) -> ScenarioOutcome:
    scenario = found.scenario
    return ScenarioOutcome(
        **{name: getattr(scenario, name) for name in TERMS},
        method=found.method,
        **{name: decimal_of(getattr(found, name), 2) for name in AMOUNTS},
        factor_impacts={name: Decimal(str(pnl)) for name, pnl in found.factor_impacts.items()},
        headline=found.moves.headline,
        effective_shocks=dict(found.moves.effective_shocks),
        implied_moves=dict(found.moves.implied_moves),
        plausibility=finite_or_none(found.moves.plausibility),
        floored=found.floored,
        stated=found.specified,
        option_valuation=OPTION_VALUATION,
        coverage=finite_or_none(found.coverage),
        left_out=tuple(Notice.of(caveat) for caveat in found.caveats),
        positions=tuple(
            PositionImpact(**(asdict(each) | {"pnl": decimal_of(each.pnl, 2)}))
            for each in found.positions
        ),
        positions_not_shown=found.positions_not_shown,
        pnl_not_shown=Decimal(f"{found.pnl_not_shown:.2f}"),
    )
