"""Limits of a portfolio on a session; of a draft, and of its base."""

from dataclasses import fields
from datetime import date
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Date,
    Executable,
    FromClause,
    Uuid,
    and_,
    func,
    or_,
    select,
)

from services.gateway.analytics.shapes.limits import LimitPair, LimitSide, LimitState, LimitTerms
from services.gateway.drafts.shapes import Draft
from shared.database import Session, fetched, prepared
from shared.published import limits

_SIDE = tuple(field.name for field in fields(LimitSide))
_limit = limits.limits.c
_state = limits.limit_states.c


async def load_limit_pairs(session: Session, draft: Draft) -> list[LimitPair]:
    """The limits that the base or the draft is evaluated against on the draft's session."""
    base = limits.limit_states.alias("base")
    own = limits.limit_states.alias("own")
    joined = limits.limits.outerjoin(base, _on(base, draft.base_id, draft)).outerjoin(
        own, _on(own, draft.draft_id, draft)
    )
    levels = (
        func.coalesce(own.c.warning, base.c.warning).label("warning"),
        func.coalesce(own.c.breach, base.c.breach).label("breach"),
    )
    names = ("limit_id", "name", "measure", "measure_unit", "per", "unit", "direction")
    terms = (*(_limit[name] for name in names), _limit.member.label("key"), *levels)
    sides = [each.c[name].label(f"{each.name}_{name}") for each in (base, own) for name in _SIDE]
    about = or_(_limit.portfolio_id.is_(None), _limit.portfolio_id == draft.base_id)
    known = or_(base.c.limit_id.is_not(None), own.c.limit_id.is_not(None))
    query = select(*terms, *sides).select_from(joined)
    found = await session.execute(query.where(_limit.user_id == draft.user_id, about, known))
    return [
        LimitPair(
            LimitTerms(**{field.name: row[field.name] for field in fields(LimitTerms)}),
            *(
                LimitSide(**{name: row[f"{which}_{name}"] for name in _SIDE})
                if row[f"{which}_state"] is not None
                else None
                for which in ("base", "own")
            ),
        )
        for row in found.mappings()
    ]


async def load_limits_on(session: Session, portfolio_id: UUID, as_of: date) -> list[LimitState]:
    """Every limit that the portfolio was evaluated against on the session, by name."""
    found = await fetched(session, *limits_on(portfolio_id, as_of))
    return [LimitState(**row) for row in found]


@prepared(portfolio_id=Uuid(), as_of=Date())
def limits_on(portfolio_id: UUID, as_of: date) -> Executable:
    """What `load_limits_on` returns."""
    same = _state.limit_id == _limit.limit_id
    names = (field.name for field in fields(LimitState))
    columns = (_state[name] if name in _state else _limit[name] for name in names)
    query = select(*columns).select_from(limits.limit_states.join(limits.limits, same))
    mine = query.where(_state.portfolio_id == portfolio_id, _state.as_of == as_of)
    return mine.order_by(_limit.name, _limit.limit_id)


def _on(states: FromClause, portfolio_id: UUID, draft: Draft) -> ColumnElement[bool]:
    """The limit's state in the portfolio on the draft's session."""
    return and_(
        states.c.limit_id == _limit.limit_id,
        states.c.portfolio_id == portfolio_id,
        states.c.as_of == draft.base_session,
    )
