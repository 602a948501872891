"""Limits read for answers, and which measures they may be about."""

from collections.abc import Sequence
from uuid import UUID

from services.gateway.analytics.reading.measures import measure_titles, measures_named
from services.gateway.edge.problems import Problem, not_found
from services.gateway.limits import queries
from services.gateway.limits.schemas import LimitWithStandings
from services.gateway.limits.shapes import (
    Limit,
    Standing,
    shown,
    shown_standing,
    worst_first,
)
from shared.calendar import sessions
from shared.database import Session

WORST = ("worst_scenario", "worst_scenario.correlated", "worst_scenario.direct")
PARTS = tuple(f"component_{risk}_{level}" for risk in ("var", "es") for level in (95, 99))
USD = "USD"


async def unit_of(session: Session, user_id: UUID, name: str) -> str:
    """The unit of a measure that a limit may be about; 422 when there is none of the name."""
    if name in (*WORST, *PARTS):
        return USD
    try:
        (measure,) = await measures_named(session, user_id, [name])
    except Problem as problem:
        more = f"; also {', '.join((*WORST, *PARTS))}"
        errors = [
            {"field": "measure", "code": e.code, "message": e.message} for e in problem.errors
        ]
        raise Problem(problem.status, problem.code, problem.detail + more, errors) from None
    return measure.unit


def dated(standing: Standing, direction: str) -> dict[str, object]:
    """A standing with the sessions that its level has lasted, its own included."""
    since = standing.since
    lasted = None if since is None else len(sessions(since, standing.as_of))
    return shown_standing(standing, direction, lasted)


async def limits_shown(
    session: Session,
    user_id: UUID,
    limits: Sequence[Limit],
    portfolio_id: UUID | None,
    recent: int = 0,
) -> list[LimitWithStandings]:
    """The limits with how the user's portfolios stand, or one of them.

    `recent`: with the values of that many last sessions, of the one portfolio.
    """
    found: dict[UUID, list[Standing]] = {limit.limit_id: [] for limit in limits}
    for standing in await queries.load_standings(session, user_id, list(found), portfolio_id):
        found[standing.limit_id].append(standing)
    titles = await measure_titles(session, user_id, {limit.measure for limit in limits})
    points = (
        await queries.load_recent(session, list(found), portfolio_id, recent)
        if recent and portfolio_id is not None
        else {}
    )
    return [
        LimitWithStandings.model_validate(
            shown(
                limit,
                [dated(each, limit.direction) for each in worst_first(found[limit.limit_id])],
                titles[limit.measure],
                points.get(limit.limit_id, ()),
            )
        )
        for limit in limits
    ]


async def owned_limit(session: Session, user_id: UUID, limit_id: UUID) -> Limit:
    """The user's limit; 404 when there is none, or when it is another user's."""
    limit = await queries.load_limit(session, user_id, limit_id)
    if limit is None:
        raise not_found("limit", limit_id)
    return limit


async def limit_answer(session: Session, user_id: UUID, limit_id: UUID) -> LimitWithStandings:
    """One of the user's limits with every portfolio; 404 likewise."""
    limit = await owned_limit(session, user_id, limit_id)
    (answer,) = await limits_shown(session, user_id, [limit], None)
    return answer
