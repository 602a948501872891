"""The limits that users set, and what users did about them."""

import json
from collections.abc import Collection, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import ARRAY, RowMapping, Select, Uuid, and_, case, delete, func, or_, select

from services.limits.inputs import (
    Action,
    ActionKind,
    Direction,
    Limit,
    Per,
    Terms,
    Unit,
    Watched,
    measure_named,
)
from services.limits.tables import Alert, LimitEvent, LimitState
from services.limits.tables import Limit as LimitRow
from shared.database import (
    Session,
    among,
    lock,
    lock_each,
    merge,
    prepared,
    sql_table,
    tuples,
)
from shared.published import gateway
from shared.published.gateway import DRAFT

_limits = sql_table(LimitRow)
_events = sql_table(LimitEvent).c
Pair = tuple[UUID, UUID]  # a limit and a portfolio


async def claim_portfolios(session: Session, portfolio_ids: Sequence[UUID]) -> None:
    """Let other work on the limits of the portfolios wait until the transaction ends."""
    await lock_each(session, [f"limits/{portfolio_id}" for portfolio_id in portfolio_ids])


async def load_watched(
    session: Session, portfolio_ids: Sequence[UUID], limit_ids: Sequence[UUID] | None = None
) -> list[Watched]:
    """The limits of those of the portfolios that still exist; only these limits, where given.

    A draft has those of its base.
    """
    portfolios = await tuples(session, *_owned(portfolio_ids))
    limits = await _load_limits(session, {user_id for user_id, *_ in portfolios}, limit_ids)
    return [
        Watched(limit, portfolio_id, history)
        for user_id, portfolio_id, history in portfolios
        for limit in limits.get(user_id, ())
        if limit.portfolio_id in (None, history)
    ]


@prepared(portfolio_ids=ARRAY(Uuid))
def _owned(portfolio_ids: Sequence[UUID]) -> Select[UUID, UUID, UUID]:
    """User, portfolio, and the portfolio whose history it has."""
    held = gateway.portfolios.c
    history_of = case((held.kind == DRAFT, held.base_id), else_=held.portfolio_id)
    query = select(held.user_id, held.portfolio_id, history_of)
    return query.where(among(held.portfolio_id, portfolio_ids)).order_by(held.portfolio_id)


async def _load_limits(
    session: Session, user_ids: Collection[UUID], limit_ids: Sequence[UUID] | None
) -> dict[UUID, list[Limit]]:
    """By user, the limits by id; only these, where given."""
    found: dict[UUID, list[Limit]] = {}
    rows = await session.execute(*_limits_of(list(user_ids)))
    for row in rows.mappings():
        if limit_ids is None or row["limit_id"] in limit_ids:
            found.setdefault(row["user_id"], []).append(limit_of(row))
    return found


@prepared(user_ids=ARRAY(Uuid))
def _limits_of(user_ids: Sequence[UUID]) -> Select[*tuple[object, ...]]:
    query = select(_limits).where(among(_limits.c.user_id, user_ids))
    return query.order_by(_limits.c.limit_id)


def limit_of(row: RowMapping) -> Limit:
    """A limit as it is stored."""
    return Limit(
        limit_id=row["limit_id"],
        user_id=row["user_id"],
        portfolio_id=row["portfolio_id"],
        name=row["name"],
        measure=measure_named(row["measure"]),
        measure_unit=row["measure_unit"],
        per=Per(row["per"]),
        member=row["member"],
        unit=Unit(row["unit"]),
        direction=Direction(row["direction"]),
        terms=tuple(
            Terms(**{**terms, "since": date.fromisoformat(terms["since"])})
            for terms in row["terms"]
        ),
    )


async def load_actions(
    session: Session, watched: Sequence[Watched]
) -> dict[Pair, tuple[Action, ...]]:
    """What users did about limits, by limit and portfolio (of a draft: its base), in order."""
    portfolios = {each.history_of for each in watched}
    found: dict[Pair, tuple[Action, ...]] = {}
    rows = await tuples(session, *_actions(list(portfolios)))
    for limit_id, portfolio_id, kind, as_of, until in rows:
        before = found.get((limit_id, portfolio_id), ())
        action = Action(ActionKind(kind), as_of, until)
        found[limit_id, portfolio_id] = (*before, action)
    return found


@prepared(portfolio_ids=ARRAY(Uuid))
def _actions(portfolio_ids: Sequence[UUID]) -> Select[UUID, UUID, str, date, date | None]:
    query = select(
        *(_events.limit_id, _events.portfolio_id),
        *(_events.kind, _events.as_of, _events.until),
    ).where(among(_events.portfolio_id, portfolio_ids))
    return query.order_by(_events.recorded_at, _events.event_id)


# --- what users set ---


async def claim_user(session: Session, user_id: UUID) -> None:
    """Let other changes of the user's limits wait until the transaction ends."""
    await lock(session, "limits/user", user_id)


async def count_limits(session: Session, user_id: UUID) -> int:
    """How many limits the user has."""
    own = select(func.count()).where(_limits.c.user_id == user_id)
    return int(await session.scalar(own) or 0)


async def load_limit(session: Session, user_id: UUID, limit_id: UUID) -> Limit | None:
    """The user's limit; None when it is not the user's."""
    own = select(_limits).where(_limits.c.limit_id == limit_id, _limits.c.user_id == user_id)
    row = (await session.execute(own)).mappings().one_or_none()
    return None if row is None else limit_of(row)


async def save_limit(session: Session, limit: Limit, owner: str, note: str) -> None:
    """Store a limit, in place of the one of its id."""
    row = {
        "limit_id": limit.limit_id,
        "user_id": limit.user_id,
        "portfolio_id": limit.portfolio_id,
        "name": limit.name,
        "measure": limit.measure.name,
        "measure_unit": limit.measure_unit,
        "per": limit.per.value,
        "member": limit.member,
        "unit": limit.unit.value,
        "direction": limit.direction.value,
        "terms": json.dumps(
            [{**vars(each), "since": each.since.isoformat()} for each in limit.terms]
        ),
        "owner": owner,
        "note": note,
    }
    await merge(session, LimitRow, [row])


async def delete_limit(session: Session, user_id: UUID, limit_id: UUID) -> None:
    """Delete a limit with its states, what was done about it, and its alerts.

    Work on the user's portfolios ends first: it would write states again.
    """
    held = gateway.portfolios.c
    query = select(held.portfolio_id).where(held.user_id == user_id)
    await claim_portfolios(session, list(await session.scalars(query)))
    for model in (LimitRow, LimitState, LimitEvent, Alert):
        table = sql_table(model)
        await session.execute(delete(table).where(table.c.limit_id == limit_id))


async def delete_gone_limits(session: Session) -> None:
    """Delete the limits of users, and in portfolios, that are gone; their states are pruned."""
    known = select(gateway.users.c.user_id)
    held = select(gateway.portfolios.c.portfolio_id)
    row = _limits.c
    gone = and_(row.portfolio_id.is_not(None), row.portfolio_id.not_in(held))
    await session.execute(delete(_limits).where(or_(row.user_id.not_in(known), gone)))


async def save_action(
    session: Session, event_id: UUID, about: Pair, action: Action, reason: str
) -> None:
    """Record what a user did about a limit in a portfolio; the same event again changes nothing."""
    limit_id, portfolio_id = about
    row = {
        "event_id": event_id,
        "limit_id": limit_id,
        "portfolio_id": portfolio_id,
        "as_of": action.as_of,
        "kind": action.kind.value,
        "until": action.until,
        "reason": reason,
    }
    await merge(session, LimitEvent, [row])
