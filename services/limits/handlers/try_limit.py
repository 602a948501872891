"""A user asks: how often would a limit have fired on the sessions that are stored."""

import asyncio
from dataclasses import asdict, replace
from datetime import date
from uuid import UUID, uuid5

from services.limits import repository
from services.limits.calculations.trial import Tried, tried
from services.limits.handlers.manage_limits import described, unknown
from services.limits.inputs import Limit
from shared.contracts.limits import (
    MOST_BEYOND,
    MOST_EPISODES,
    LimitTried,
    TriedPortfolio,
    TryLimit,
)
from shared.database import Session
from shared.errors import Unanswerable
from shared.messaging import ServiceRouter

MOST_SESSIONS = 20_000  # of all portfolios together

router = ServiceRouter("limits")


@router.answers(TryLimit)
async def try_limit(request: TryLimit, session: Session) -> LimitTried:
    """Evaluate the limit on the stored sessions of the user's portfolios; write nothing."""
    limit = await _limit(request, session)
    limit = replace(limit, terms=(replace(limit.terms[-1], since=date.min),))
    days = await repository.load_sessions(
        session,
        request.user_id,
        limit.portfolio_id or request.portfolio_id,
        request.first,
        request.last,
    )
    count = sum(map(len, days.values()))
    if count > MOST_SESSIONS:
        message = (
            f"that is {count:,} sessions of {len(days)} portfolios, at most {MOST_SESSIONS:,} can "
            "be tried at once: name a portfolio, or a shorter time"
        )
        raise Unanswerable("too_many_at_once", message)
    readings = await repository.load_readings_of(session, limit, days)
    found = await asyncio.to_thread(tried, limit, days, readings)
    return LimitTried(portfolios=tuple(_portfolio(each) for each in found))


async def _limit(request: TryLimit, session: Session) -> Limit:
    if request.definition is not None:
        limit_id = uuid5(request.user_id, request.definition.model_dump_json())
        return described(request.user_id, limit_id, request.definition, date.min)
    stored = (
        None
        if request.limit_id is None
        else await repository.load_limit(session, request.user_id, request.limit_id)
    )
    if stored is None:
        raise unknown(request.limit_id or UUID(int=0))
    return stored


def _portfolio(found: Tried) -> TriedPortfolio:
    episodes = [asdict(each) for each in found.episodes[-MOST_EPISODES:]]
    beyond = [asdict(each) for each in found.beyond[: -MOST_BEYOND - 1 : -1]]
    shown = {"episodes": episodes, "episodes_in_all": len(found.episodes), "beyond": beyond}
    return TriedPortfolio.model_validate({**vars(found), **shown})
