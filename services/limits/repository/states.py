"""States as they are stored: what came before a session, and what is found of it."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from uuid import UUID

from sqlalchemy import ARRAY, Date, Select, TableValuedAlias, Uuid, and_, func, select, true

from services.limits.inputs import Before, Contributor, Level, State, Stored, Valued, Watched
from services.limits.repository.limits import Pair, load_actions
from services.limits.tables import LimitState
from shared.arrays import Columns
from shared.database import Session, array_of, fetched, merge, prepared, sql_table, tuples
from shared.rows import rows_of

_states = sql_table(LimitState)
_BEFORE = tuple(field.name for field in fields(Before))
_VALUED = ("value", "member", "reason", "usd_per_unit", "contributors")
Firsts = Mapping[UUID, date]


async def load_later_days(session: Session, firsts: Firsts) -> dict[UUID, list[date]]:
    """By portfolio, its first session and those after it that states are stored of."""
    found = {portfolio_id: [day] for portfolio_id, day in firsts.items()}
    later = _later_days(list(firsts), list(firsts.values()))
    for portfolio_id, day in await tuples(session, *later):
        found[portfolio_id].append(day)
    return found


@prepared(portfolios=ARRAY(Uuid), days=ARRAY(Date))
def _later_days(portfolios: Sequence[UUID], days: Sequence[date]) -> Select[UUID, date]:
    row = _states.c
    since = asked(portfolios, days)
    later = and_(row.portfolio_id == since.c.portfolio_id, row.as_of > since.c.as_of)
    query = select(row.portfolio_id, row.as_of).distinct().select_from(since.join(_states, later))
    return query.order_by(row.portfolio_id, row.as_of)


async def load_stored(session: Session, watched: Sequence[Watched], firsts: Firsts) -> list[Stored]:
    """By place in `watched`: what came before each portfolio's first session, and its values on."""
    before = await _load_before(session, watched, firsts)
    values = await _load_values(session, firsts)
    actions = await load_actions(session, watched)
    nothing = Before()
    return [
        Stored(
            before.get((each.limit.limit_id, each.portfolio_id), nothing),
            tuple(values.get((each.limit.limit_id, each.portfolio_id), ())),
            actions.get((each.limit.limit_id, each.history_of), ()),
        )
        for each in watched
    ]


async def _load_before(
    session: Session, watched: Sequence[Watched], firsts: Firsts
) -> dict[Pair, Before]:
    """The last standing before the first session, found in the index for each limit."""
    found = await tuples(
        session,
        *_last_states(
            [each.portfolio_id for each in watched],
            [firsts[each.portfolio_id] for each in watched],
            [each.limit.limit_id for each in watched],
            [each.history_of for each in watched],
        ),
    )
    return {
        (limit_id, portfolio_id): Before(Level(level), since, over_warning, over_breach, *known)
        for limit_id, portfolio_id, level, since, over_warning, over_breach, *known in found
    }


@prepared(portfolios=ARRAY(Uuid), days=ARRAY(Date), limit_ids=ARRAY(Uuid), histories=ARRAY(Uuid))
def _last_states(
    portfolios: Sequence[UUID],
    days: Sequence[date],
    limit_ids: Sequence[UUID],
    histories: Sequence[UUID],
) -> Select[UUID, UUID, str, date | None, int, int, bool, bool]:
    """Limit, portfolio, and the fields of `Before`."""
    since = asked(portfolios, days, limit_id=limit_ids, history_of=histories)
    row = _states.c
    last = (
        select(*(row[name] for name in _BEFORE))
        .where(
            row.limit_id == since.c.limit_id,
            row.portfolio_id == since.c.history_of,
            row.as_of < since.c.as_of,
        )
        .order_by(row.as_of.desc())
        .limit(1)
        .lateral("last")
    )
    query = select(since.c.limit_id, since.c.portfolio_id, last)
    return query.select_from(since.join(last, true()))


async def _load_values(session: Session, firsts: Firsts) -> dict[Pair, list[Valued]]:
    found: dict[Pair, list[Valued]] = {}
    for row in await fetched(session, *_values(list(firsts), list(firsts.values()))):
        parts = row["contributors"]
        value = Valued(
            session_date=row["as_of"],
            value=row["value"],
            member=row["member"],
            reason=row["reason"],
            usd_per_unit=row["usd_per_unit"],
            contributors=None if parts is None else tuple(Contributor(**part) for part in parts),
        )
        found.setdefault((row["limit_id"], row["portfolio_id"]), []).append(value)
    return found


@prepared(portfolios=ARRAY(Uuid), days=ARRAY(Date))
def _values(portfolios: Sequence[UUID], days: Sequence[date]) -> Select[*tuple[object, ...]]:
    state = _states.c
    since = asked(portfolios, days)
    on = and_(state.portfolio_id == since.c.portfolio_id, state.as_of >= since.c.as_of)
    columns = (state.limit_id, state.portfolio_id, state.as_of)
    values = (state[name] for name in _VALUED)
    return select(*columns, *values).select_from(since.join(_states, on)).order_by(state.as_of)


def asked(
    portfolios: Sequence[UUID], days: Sequence[date], **ids: Sequence[UUID]
) -> TableValuedAlias:
    """Portfolios with a day each, and more ids, as a table."""
    arrays = [array_of(each, Uuid()) for each in (portfolios, *ids.values())]
    found = func.unnest(arrays[0], array_of(days, Date()), *arrays[1:])
    return found.table_valued("portfolio_id", "as_of", *ids, name="asked").render_derived()


async def save_states(session: Session, columns: Columns) -> None:
    """Write states."""
    await merge(session, LimitState, await asyncio.to_thread(rows_of, LimitState, columns))


@dataclass(frozen=True)
class LastState:
    """A limit in a portfolio on the last session that is evaluated."""

    as_of: date
    state: State
    level: Level


async def load_last_state(session: Session, limit_id: UUID, portfolio_id: UUID) -> LastState | None:
    """The last state of the limit in the portfolio; None before there is any."""
    row = _states.c
    own = select(row.as_of, row.state, row.level).where(
        row.limit_id == limit_id, row.portfolio_id == portfolio_id
    )
    found = (await session.execute(own.order_by(row.as_of.desc()).limit(1))).one_or_none()
    return None if found is None else LastState(found[0], State(found[1]), Level(found[2]))
