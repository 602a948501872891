"""The caller's runs: what became of each, by portfolio and stage."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from services.gateway.books.dependencies import owned_portfolio
from services.gateway.edge.dependencies import Caller, Offset, OpenSession
from services.gateway.edge.routers import api_router
from services.gateway.edge.values import Page
from services.gateway.runs.queries.items import as_items
from services.gateway.runs.queries.last_runs import load_items_of
from services.gateway.runs.queries.own_runs import load_names, load_own_runs
from services.gateway.runs.schemas import OwnRunOut
from services.gateway.runs.timeline import OwnRun, own_run
from shared.contracts.event import Day

router = api_router("/me", "me", 401, 404, 422)


@router.get("/runs")
async def list_own_runs(
    caller: Caller,
    session: OpenSession,
    portfolio_id: Annotated[
        UUID | None, Query(description="runs of this portfolio only, and what they did for it")
    ] = None,
    as_of: Annotated[Day | None, Query(description="runs of this session only")] = None,
    limit: Annotated[int, Query(ge=1, le=100, description="how many at most")] = 20,
    offset: Offset = 0,
) -> Page[OwnRunOut]:
    """The caller's runs, newest first, with the time each stage took for each portfolio.

    They are those that the caller requested and those that worked on the caller's portfolios. A
    run's status is that of these portfolios, of which the first twenty are listed.
    """
    names = await load_names(session, caller.user_id)
    if portfolio_id is not None:
        await owned_portfolio(session, caller, portfolio_id)
        names = {portfolio_id: names[portfolio_id]}
    rows, total = await load_own_runs(session, caller.user_id, portfolio_id, as_of, limit, offset)
    items = await load_items_of(session, [row.run_id for row in rows], names) if rows else {}
    found = [own_run(row, as_items(items.get(row.run_id, ())), names) for row in rows]
    answers = [_shown(each) for each in found]
    return Page[OwnRunOut](items=answers, total=total, limit=limit, offset=offset)


def _shown(run: OwnRun) -> OwnRunOut:
    seconds = None
    if run.finished_at is not None:
        taken = (run.finished_at - run.row.started_at).total_seconds()
        seconds = round(max(taken, 0.0), 3)
    parts = [
        {
            "portfolio_id": part.portfolio_id,
            "name": part.name,
            "status": part.outcome.status,
            "finished_at": part.outcome.finished_at,
            "stages": [vars(stage) for stage in part.stages],
            "problems": [trouble.as_news() for trouble in part.outcome.troubles],
        }
        for part in run.parts
    ]
    return OwnRunOut.model_validate(
        {
            **vars(run.row),
            "status": run.status,
            "finished_at": run.finished_at,
            "elapsed_seconds": seconds,
            "portfolios": parts,
            "portfolios_total": run.total,
        }
    )
