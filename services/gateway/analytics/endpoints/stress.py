"""Stress testing: scenarios, their stored results, and what-if runs that stress answers at once."""

import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import Depends, Query, Response

from services.gateway.analytics.queries import stress
from services.gateway.analytics.reading.stress import NO_STRESS, stress_report, what_if_report
from services.gateway.analytics.schemas.stress import (
    LONGEST_ID,
    Included,
    NewScenario,
    ScenarioList,
    ScenarioOut,
    StressReport,
)
from services.gateway.analytics.schemas.what_if import WhatIf, WhatIfReport
from services.gateway.books.answers import NamedRevision
from services.gateway.books.dependencies import owned_or_first
from services.gateway.books.queries.revisions import portfolios_of
from services.gateway.books.shapes import explained
from services.gateway.edge.audit import record
from services.gateway.edge.dependencies import (
    AsOf,
    Caller,
    CallersDatabase,
    GatewayParts,
    OpenSession,
)
from services.gateway.edge.idempotency import BEFORE_ASKING, LaterTransaction, once_router
from services.gateway.edge.problems import Problem, documented, not_found
from services.gateway.edge.queries import Row, latest_date
from services.gateway.runs.queries import revisions
from services.gateway.runs.tracking import standing_of
from shared.contracts.stress import (
    DeleteScenario,
    EvaluateWhatIf,
    SaveScenario,
)
from shared.messaging import Refused
from shared.published.stress import stress_results

router = once_router("/risk/stress-testing", "risk", 401, 404, 422)
Method = Literal["direct", "correlated", "comprehensive"]


@dataclass(frozen=True)
class WhatIfParts:
    """What answering a what-if takes."""

    caller: Caller
    database: CallersDatabase
    gateway: GatewayParts


Asking = Annotated[WhatIfParts, Depends()]


@router.get("/scenarios", response_model=ScenarioList, responses=documented(401))
async def list_scenarios(caller: Caller, session: OpenSession) -> dict[str, Any]:
    """Every active stress scenario, custom ones included; historical ones with measured values."""
    items = await stress.load_scenarios(session, caller.user_id)
    return {"items": items, "total": len(items)}


@router.post(
    "/scenarios",
    status_code=201,
    response_model=ScenarioOut,
    responses={200: {"model": ScenarioOut}, **documented(503)},
    dependencies=[BEFORE_ASKING],
)
async def save_scenario(
    wanted: NewScenario,
    caller: Caller,
    gateway: GatewayParts,
    later: LaterTransaction,
    response: Response,
) -> Row:
    """Save a custom scenario (201), or replace the one with this id (200)."""
    defaults = {
        "scenario_id": wanted.scenario_id or _id_from(wanted.name),
        "description": wanted.description or wanted.name,
    }
    definition = {**wanted.model_dump(), **defaults}
    request = SaveScenario(
        user_id=caller.user_id,
        definition=definition,
        id_is_given=wanted.scenario_id is not None,
    )
    saved = await gateway.ask(request)
    session = await later.open()
    response.status_code = 201 if saved.created else 200
    await record(session, "scenario.saved", saved.scenario_id, created=saved.created)
    await revisions.raise_revision(
        session, await portfolios_of(session, caller.user_id)
    )  # results name it
    scenario = await stress.load_own_scenario(session, caller.user_id, saved.scenario_id)
    if scenario is None:
        raise not_found(
            "scenario", saved.scenario_id
        )  # deleted since, by another request of the caller's
    return scenario


def _id_from(name: str) -> str:
    """A name as an id: "Oil shock (mild)" is oil_shock_mild; 422 where it makes none."""
    made = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:LONGEST_ID].rstrip("_")
    if not made:
        message = "no id can be made from the name: give one of letters a to z, digits and _"
        errors = [{"field": "scenario_id", "code": "invalid_scenario", "message": message}]
        raise Problem(422, "invalid_scenario", message, errors)
    return made


@router.delete("/scenarios/{scenario_id}", status_code=204, responses=documented(503))
async def delete_scenario(scenario_id: str, asking: Asking) -> Response:
    """Delete a custom scenario; its stored results remain."""
    user_id = asking.caller.user_id
    request = DeleteScenario(user_id=user_id, scenario_id=scenario_id)
    try:
        await asking.gateway.ask(request)
    except Refused as refused:
        if refused.refusal.code == "unknown_scenario":
            raise not_found("scenario", scenario_id) from None
        raise
    async with asking.database.transaction() as session:
        await record(session, "scenario.deleted", scenario_id)
        await revisions.raise_revision(session, await portfolios_of(session, user_id))
    return Response(status_code=204)


@router.post("/direct-impact", responses=documented(503))
async def evaluate_direct(wanted: WhatIf, asking: Asking) -> WhatIfReport:
    """What scenarios would do if only the factors they name moved."""
    return await _what_if(wanted, "direct", asking)


@router.post("/correlated-impact", responses=documented(503))
async def evaluate_correlated(wanted: WhatIf, asking: Asking) -> WhatIfReport:
    """What scenarios would do if the other factors followed as they usually do."""
    return await _what_if(wanted, "correlated", asking)


@router.post("/comprehensive", responses=documented(503))
async def evaluate_both(wanted: WhatIf, asking: Asking) -> WhatIfReport:
    """What scenarios would do, directly and with the other factors following."""
    return await _what_if(wanted, "comprehensive", asking)


async def _what_if(wanted: WhatIf, method: Method, asking: WhatIfParts) -> WhatIfReport:
    async with asking.database.transaction() as session:
        portfolio = await owned_or_first(session, asking.caller, wanted.portfolio_id)
        as_of = await latest_date(session, stress_results, portfolio["portfolio_id"], wanted.as_of)
        if as_of is None:
            standing = await standing_of(session, portfolio["portfolio_id"])
            raise Problem(422, "not_calculated", explained(NO_STRESS, standing))
    asked = {**wanted.model_dump(), "portfolio_id": portfolio["portfolio_id"], "as_of": as_of}
    request = EvaluateWhatIf(**asked, user_id=asking.caller.user_id, method=method)
    answer = await asking.gateway.ask(request)
    async with asking.database.transaction() as session:
        return await what_if_report(session, answer)


@router.get("/results/{portfolio_id}")
async def get_stress_results(
    portfolio: NamedRevision,
    caller: Caller,
    session: OpenSession,
    as_of: AsOf = None,
    include: Annotated[
        list[Included], Query(description="`positions`: every position's part too")
    ] = [],  # noqa: B006
) -> StressReport:
    """P&L of the portfolio in every scenario, directly and with the other factors following."""
    with_positions = Included.POSITIONS in include
    portfolio_id = portfolio["portfolio_id"]
    return await stress_report(session, portfolio["user_id"], portfolio_id, as_of, with_positions)
