"""A user sets, changes or deletes a limit."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from uuid import UUID

from services.limits import repository
from services.limits.calculations.definitions import (
    Problem,
    changed_terms,
    changes_refused,
    problems_of,
)
from services.limits.handlers.evaluate_limits import evaluate
from services.limits.inputs import Direction, Limit, Per, Terms, Unit, measure_named
from services.limits.repository import Scope
from services.limits.settings import get_settings
from shared.contracts.limits import (
    DeleteLimit,
    LimitDefinition,
    LimitDeleted,
    LimitSaved,
    SaveLimit,
)
from shared.database import Session
from shared.errors import InvalidLimit, Unanswerable
from shared.messaging import ServiceRouter

router = ServiceRouter("limits")


@router.answers(SaveLimit)
async def save_limit(request: SaveLimit, session: Session) -> LimitSaved:
    """Store a limit, or change it from the last session on; evaluate it there."""
    definition = request.definition
    await repository.claim_user(session, request.user_id)
    lasts = await repository.load_last_sessions(session, request.user_id, definition.portfolio_id)
    since = await repository.load_since(session, lasts)
    limit = described(request.user_id, request.limit_id, definition, since)
    stored = await repository.load_limit(session, request.user_id, request.limit_id)
    if stored is not None:
        _refuse(changes_refused(stored, limit))
        limit = replace(limit, terms=changed_terms(stored.terms, limit.terms[-1]))
    elif not request.is_new:
        raise unknown(request.limit_id)
    else:
        await _refuse_too_many(session, request.user_id)
    await repository.save_limit(session, limit, definition.owner, definition.note)
    firsts = dict.fromkeys([each for each, last in lasts.items() if last == since], since)
    scope = Scope(firsts, reads_later=True, limit_ids=[limit.limit_id])
    outcome = await evaluate(session, scope, run_id=limit.limit_id)
    created = stored is None
    return LimitSaved(limit_id=limit.limit_id, created=created, alerts=dict(outcome.alerts))


@router.answers(DeleteLimit)
async def delete_limit(request: DeleteLimit, session: Session) -> LimitDeleted:
    """Delete a limit with everything that is stored about it."""
    await repository.claim_user(session, request.user_id)
    if await repository.load_limit(session, request.user_id, request.limit_id) is None:
        raise unknown(request.limit_id)
    await repository.delete_limit(session, request.user_id, request.limit_id)
    return LimitDeleted(limit_id=request.limit_id)


def described(user_id: UUID, limit_id: UUID, definition: LimitDefinition, since: date) -> Limit:
    """The limit that a user describes. Raises `InvalidLimit` with every problem it has."""
    terms = Terms(
        since=since,
        breach=definition.breach,
        warning=definition.warning,
        hysteresis=definition.hysteresis,
        sessions=definition.sessions,
    )
    limit = Limit(
        limit_id=limit_id,
        user_id=user_id,
        portfolio_id=definition.portfolio_id,
        name=definition.name,
        measure=measure_named(definition.measure),
        measure_unit=definition.measure_unit,
        per=Per(definition.per),
        member=definition.member,
        unit=Unit(definition.unit),
        direction=Direction(definition.direction),
        terms=(terms,),
    )
    _refuse(problems_of(limit))
    return limit


def unknown(limit_id: UUID) -> Unanswerable:
    """The refusal of what is about a limit that the user does not have."""
    return Unanswerable("unknown_limit", f"you have no limit {limit_id}")


def _refuse(problems: Sequence[Problem]) -> None:
    if problems:
        raise InvalidLimit(problems)


async def _refuse_too_many(session: Session, user_id: UUID) -> None:
    most = get_settings().limits_per_user
    if await repository.count_limits(session, user_id) >= most:
        message = f"you have {most} limits, as many as a user may set: delete one"
        raise Unanswerable("too_many_limits", message)
