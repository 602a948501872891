"""Everything that evaluating limits needs, in one visit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.limits.inputs import (
    Day,
    Half,
    Limit,
    MemberSource,
    Per,
    Question,
    Readings,
    Source,
    Unit,
    Watched,
    Work,
    member_measure,
)
from services.limits.repository.limits import claim_portfolios, load_watched
from services.limits.repository.readings import load_readings
from services.limits.repository.states import load_later_days, load_stored
from shared.database import Session

Days = Mapping[UUID, Sequence[date]]


def halves_of(limit: Limit) -> frozenset[Half]:
    """The halves whose rows the limit's value is read from; none: rows that are older than both.

    Members are read with what is held, which comes with the snapshots. Metrics are written by both.
    """
    both = frozenset(Half)
    snapshots = frozenset({Half.SNAPSHOTS})
    if limit.per is not Per.PORTFOLIO:
        stored = member_measure(limit.measure)
        late = (MemberSource.COMPONENT, MemberSource.SCENARIO)
        return both if stored is None or stored.source in late else snapshots
    of_source = {
        Source.SNAPSHOT: snapshots,
        Source.METRIC: both,
        Source.FACTOR: frozenset[Half](),
        Source.SCENARIO: frozenset({Half.RISK}),
        Source.WORST: frozenset({Half.RISK}),
    }[limit.measure.source]
    return of_source | snapshots if limit.unit is Unit.SHARE_OF_NAV else of_source


@dataclass(frozen=True)
class Scope:
    """Which limits are evaluated, since which session of each portfolio.

    `reads`: whether values are read again, and `reads_later`: those of later sessions too; without
    them the states follow from the stored ones. `limit_ids` None: all. `half`: only what is read
    from its rows, where the other half has been evaluated already.
    """

    firsts: Mapping[UUID, date]
    reads: bool = True
    reads_later: bool = False
    limit_ids: Sequence[UUID] | None = None
    half: Half | None = None

    def includes(self, limit: Limit) -> bool:
        """Whether the limit is evaluated."""
        return self.half is None or self.half in halves_of(limit)


async def claim_work(session: Session, scope: Scope) -> Work:
    """The limits and their values; other work on the portfolios waits for the transaction's end."""
    await claim_portfolios(session, list(scope.firsts))
    every = await load_watched(session, list(scope.firsts), scope.limit_ids)
    watched = [each for each in every if scope.includes(each.limit)]
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
