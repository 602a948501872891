"""Everything that evaluating limits needs, in one visit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.limits.inputs import Day, Limit, Question, Readings, Watched, Work
from services.limits.repository.limits import claim_portfolios, load_watched
from services.limits.repository.readings import load_readings
from services.limits.repository.states import load_later_days, load_stored
from shared.database import Session

Days = Mapping[UUID, Sequence[date]]


@dataclass(frozen=True)
class Scope:
    """Which limits are evaluated, since which session of each portfolio.

    `reads`: whether values are read again, and `reads_later`: those of later sessions too; without
    them the states follow from the stored ones. `limit_ids` None: all.
    """

    firsts: Mapping[UUID, date]
    reads: bool = True
    reads_later: bool = False
    limit_ids: Sequence[UUID] | None = None


async def claim_work(session: Session, scope: Scope) -> Work:
    """The limits and their values; other work on the portfolios waits for the transaction's end."""
    await claim_portfolios(session, list(scope.firsts))
    watched = await load_watched(session, list(scope.firsts), scope.limit_ids)
    firsts = {each.portfolio_id: scope.firsts[each.portfolio_id] for each in watched}
    if not watched:
        return Work((), {}, (), Readings({}, {}))
    days: Days = {}
    if scope.reads_later:
        days = await load_later_days(session, firsts)
    elif scope.reads:
        days = {portfolio_id: [day] for portfolio_id, day in firsts.items()}
    readings = await load_readings(session, questions_on(watched, days))
    return Work(watched, days, await load_stored(session, watched, firsts), readings)


def questions_on(watched: Sequence[Watched], days: Days) -> dict[Question, list[Day]]:
    """What is to be read on which sessions: none before the limit's first terms."""
    wanted: dict[Question, dict[Day, None]] = {}
    for each in watched:
        since = each.limit.terms[0].since
        own = wanted.setdefault(Question.of(each.limit), {})
        for day in days.get(each.portfolio_id, ()):
            if day >= since:
                own[each.portfolio_id, day] = None
    return {question: list(own) for question, own in wanted.items() if own}


async def load_readings_of(session: Session, limit: Limit, days: Days) -> Readings:
    """What the limit needs on the sessions."""
    own = [(portfolio_id, day) for portfolio_id, each in days.items() for day in each]
    return await load_readings(session, {Question.of(limit): own} if own else {})
