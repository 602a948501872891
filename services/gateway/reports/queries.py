"""SQL of reports: requests, what the service has made of them, and schedules."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Uuid, case, column, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from services.gateway.edge.marks import Mark, behind
from services.gateway.edge.queries import all_rows, one_row
from services.gateway.reports.shapes import Request, Schedule
from services.gateway.tables import ReportRequest, ReportSchedule, User
from shared.database import Session, among, lock, sql_table
from shared.published import limits, snapshots
from shared.published.reports import documents

QUEUED = "queued"
_requests = sql_table(ReportRequest)
_schedules = sql_table(ReportSchedule)
_users = sql_table(User)
Values = Mapping[str, object]


async def save_request(session: Session, values: Values) -> None:
    """Store a report that is to be rendered."""
    await session.execute(insert(_requests).values(dict(values)).inline())


async def lock_queue(session: Session, user_id: UUID) -> None:
    """Let other requests for reports of the user wait until the transaction ends."""
    await lock(session, "reports", user_id)


async def count_queued(session: Session, user_id: UUID) -> int:
    """How many reports of the user wait to be rendered."""
    row = _requests.c
    own = row.user_id == user_id, row.state == QUEUED
    return int(await session.scalar(select(func.count()).select_from(_requests).where(*own)) or 0)


async def count_stored_bytes(session: Session, user_id: UUID) -> int:
    """The bytes of the user's documents, and of the figures that are not rendered yet."""
    row = _requests.c
    done = documents.c
    document = case((done.content.is_not(None), done.byte_count), else_=0)
    figures = func.coalesce(func.octet_length(row.figures), 0)
    joined = _requests.outerjoin(documents, done.report_id == row.report_id)
    total = func.sum(func.coalesce(document, 0) + figures)
    stored = select(total).select_from(joined).where(row.user_id == user_id)
    return int(await session.scalar(stored) or 0)


def _known(user_id: UUID) -> Select[tuple[object, ...]]:
    row = _requests.c
    done = documents.c
    renamed = {
        "own_state": row.state,
        "rendering": done.state,
        "share": done.progress,
        **{name: done[name] for name in ("byte_count", "sha256", "expires_at")},
    }
    names = [each.name for each in fields(Request)]
    columns = [(renamed[name] if name in renamed else row[name]).label(name) for name in names]
    joined = _requests.outerjoin(documents, done.report_id == row.report_id)
    return select(*columns).select_from(joined).where(row.user_id == user_id)


async def load_requests(
    session: Session, user_id: UUID, about: UUID | None, after: Mark | None, limit: int
) -> list[Request]:
    """A user's reports, the last ones first, from behind a mark on; of one portfolio, if named."""
    row = _requests.c
    page = _known(user_id)
    if about is not None:
        page = page.where(row.portfolio_ids.contains([about]))
    if after is not None:
        page = page.where(behind(row.created_at, row.report_id, after))
    ordered = page.order_by(row.created_at.desc(), row.report_id.desc()).limit(limit)
    return [Request(**each) for each in await all_rows(session, ordered)]


async def load_request(session: Session, user_id: UUID, report_id: UUID) -> Request | None:
    """A user's report; None when it is not the user's."""
    found = await one_row(session, _known(user_id).where(_requests.c.report_id == report_id))
    return None if found is None else Request(**found)


async def load_content(session: Session, report_id: UUID) -> tuple[bytes, str] | None:
    """A document and its media type; None when there is none, or it has expired."""
    row = documents.c
    own = row.report_id == report_id, row.content.is_not(None)
    found = (await session.execute(select(row.content, row.media_type).where(*own))).one_or_none()
    return None if found is None else (bytes(found.content), found.media_type)


async def save_downloaded(session: Session, report_id: UUID) -> None:
    """Remember that a report was downloaded, the first time."""
    row = _requests.c
    first = update(_requests).where(row.report_id == report_id, row.downloaded_at.is_(None))
    await session.execute(first.values(downloaded_at=func.now()))


async def save_ended(
    session: Session, report_id: UUID, state: str, reason: str | None = None
) -> tuple[UUID, list[UUID]] | None:
    """Note how a queued report ended, and forget its figures.

    The user and portfolios that it is about; None where it was not queued any more.
    """
    row = _requests.c
    queued = update(_requests).where(row.report_id == report_id, row.state == QUEUED)
    ended = queued.values(state=state, reason=reason, finished_at=func.now(), figures=None)
    found = await session.execute(ended.returning(row.user_id, row.portfolio_ids))
    first = found.one_or_none()
    return None if first is None else (first.user_id, list(first.portfolio_ids))


async def delete_request(session: Session, report_id: UUID) -> None:
    """Delete a report; its document follows within a minute."""
    await session.execute(delete(_requests).where(_requests.c.report_id == report_id))


async def delete_old(session: Session, before: datetime) -> None:
    """Forget reports that were requested before a moment."""
    await session.execute(delete(_requests).where(_requests.c.created_at < before))


async def load_limit_standings(
    session: Session, user_id: UUID, portfolio_id: UUID, day: date
) -> list[dict[str, object]]:
    """How a portfolio stands against each limit on a session, by name."""
    limit = limits.limits.c
    state = limits.limit_states.c
    named = [limit[name] for name in ("name", "measure", "measure_unit", "unit")]
    shown = ("state", "value", "member", "warning", "breach", "room", "room_usd", "reason", "since")
    joined = limits.limits.join(limits.limit_states, state.limit_id == limit.limit_id)
    own = select(*named, *(state[name] for name in shown)).select_from(joined)
    own = own.where(
        limit.user_id == user_id, state.portfolio_id == portfolio_id, state.as_of == day
    )
    return await all_rows(session, own.order_by(limit.name, limit.limit_id))


# --- schedules ---


def _schedule_columns() -> Select[tuple[object, ...]]:
    return select(*(_schedules.c[each.name] for each in fields(Schedule)))


async def load_schedules(session: Session, user_id: UUID) -> list[Schedule]:
    """A user's schedules, by name."""
    row = _schedules.c
    own = _schedule_columns().where(row.user_id == user_id).order_by(row.name, row.schedule_id)
    return [Schedule(**each) for each in await all_rows(session, own)]


async def load_schedule(session: Session, user_id: UUID, schedule_id: UUID) -> Schedule | None:
    """A user's schedule; None when it is not the user's."""
    own = _schedules.c.user_id == user_id, _schedules.c.schedule_id == schedule_id
    found = await one_row(session, _schedule_columns().where(*own))
    return None if found is None else Schedule(**found)


async def lock_schedules(session: Session, user_id: UUID) -> None:
    """Let other new schedules of the user wait until the transaction ends."""
    await lock(session, "report_schedules", user_id)


async def save_schedule(session: Session, values: Values) -> None:
    """Store a schedule, or change the one of its id."""
    stored = insert(_schedules).values(dict(values))
    changed = {name: value for name, value in values.items() if name != "schedule_id"}
    await session.execute(
        stored.on_conflict_do_update(index_elements=[_schedules.c.schedule_id], set_=changed)
    )


async def delete_schedule(session: Session, schedule_id: UUID) -> None:
    """Delete a schedule; its reports stay."""
    await session.execute(delete(_schedules).where(_schedules.c.schedule_id == schedule_id))


def _last_taken() -> ColumnElement[date]:
    """The session that all of a schedule's portfolios have a snapshot of: the oldest last one."""
    taken = snapshots.portfolio_snapshots.c
    ids = func.unnest(_schedules.c.portfolio_ids)
    each = ids.table_valued(column("portfolio_id", Uuid), name="each").render_derived()
    last = (
        select(func.max(taken.as_of))
        .where(taken.portfolio_id == each.c.portfolio_id)
        .correlate(each)
        .scalar_subquery()
    )
    return select(func.min(last)).select_from(each).correlate(_schedules).scalar_subquery()


async def load_due(session: Session, limit: int) -> list[tuple[Schedule, date]]:
    """Schedules whose portfolios have a later session than was looked at, and that session."""
    last = _last_taken()
    row = _schedules.c
    able = row.user_id.in_(select(_users.c.user_id).where(_users.c.disabled_at.is_(None)))
    later = func.coalesce(row.last_session < last, last.is_not(None))
    due = _schedule_columns().add_columns(last.label("due")).where(row.enabled, able, later)
    found = await all_rows(session, due.order_by(row.created_at).limit(limit))
    return [
        (Schedule(**{name: value for name, value in each.items() if name != "due"}), each["due"])
        for each in found
    ]


async def claim_due(session: Session, schedule: Schedule, day: date) -> bool:
    """Mark a session as looked at; False when another process has done so."""
    row = _schedules.c
    unchanged = row.last_session.is_not_distinct_from(schedule.last_session)
    own = update(_schedules).where(row.schedule_id == schedule.schedule_id, unchanged, row.enabled)
    marked = own.values(last_session=day, problem=None).returning(row.schedule_id)
    return await session.scalar(marked) is not None


async def save_problem(session: Session, schedule_id: UUID, problem: str) -> None:
    """Note why a session has no report."""
    own = update(_schedules).where(_schedules.c.schedule_id == schedule_id)
    await session.execute(own.values(problem=problem))


async def last_taken(session: Session, portfolio_ids: Sequence[UUID]) -> date | None:
    """The last session that any of the portfolios has a snapshot of."""
    taken = snapshots.portfolio_snapshots.c
    found: date | None = await session.scalar(
        select(func.max(taken.as_of)).where(among(taken.portfolio_id, portfolio_ids))
    )
    return found
