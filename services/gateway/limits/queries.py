"""SQL of limits: what the service publishes, narrowed to one user's own."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, FromClause, Select, and_, func, or_, select, true
from sqlalchemy.sql.selectable import LateralFromClause

from services.gateway.edge.dependencies import Period
from services.gateway.edge.queries import all_rows, one_row, page_of
from services.gateway.limits.shapes import Action, Limit, Point, Standing
from services.gateway.tables import IS_BOOK, Portfolio
from shared.database import Session, among, sql_table
from shared.published import limits

_limit = limits.limits.c
_state = limits.limit_states.c
_event = limits.limit_events.c
_portfolios = sql_table(Portfolio)
_held = _portfolios.c
_CARRIED = ("over_warning", "over_breach", "acknowledged", "limit_id", "portfolio_id")
_SHOWN = [column for column in limits.limit_states.c if column.name not in _CARRIED]


def _own(user_id: UUID, portfolio_id: UUID | None) -> Select[tuple[object, ...]]:
    """The user's limits, or those of them that are about one portfolio.

    Those in a portfolio that was deleted are gone for the user at once, and from their table later.
    """
    held = select(_held.portfolio_id).where(_held.user_id == user_id)
    is_there = or_(_limit.portfolio_id.is_(None), _limit.portfolio_id.in_(held))
    own = select(limits.limits).where(_limit.user_id == user_id, is_there)
    if portfolio_id is not None:
        about = or_(_limit.portfolio_id.is_(None), _limit.portfolio_id == portfolio_id)
        own = own.where(about)
    return own.order_by(_limit.name, _limit.created_at, _limit.limit_id)


async def load_limits(
    session: Session, user_id: UUID, portfolio_id: UUID | None, limit: int, offset: int
) -> tuple[list[Limit], int]:
    """A page of the user's limits by name, and how many there are."""
    rows, total = await page_of(session, _own(user_id, portfolio_id), limit, offset)
    return [Limit(**row) for row in rows], total


async def load_all_limits(
    session: Session, user_id: UUID, portfolio_id: UUID | None
) -> list[Limit]:
    """All of the user's limits by name."""
    return [Limit(**row) for row in await all_rows(session, _own(user_id, portfolio_id))]


async def load_limit(session: Session, user_id: UUID, limit_id: UUID) -> Limit | None:
    """The user's limit; None when it is not the user's."""
    row = await one_row(session, _own(user_id, None).where(_limit.limit_id == limit_id))
    return None if row is None else Limit(**row)


async def load_standings(
    session: Session, user_id: UUID, limit_ids: Sequence[UUID], portfolio_id: UUID | None
) -> list[Standing]:
    """The last state of each of the limits in each of the user's portfolios, or in one of them."""
    last = _last()
    marked = _marked(_limit.limit_id, _held.portfolio_id, last)
    about = (_limit.limit_id, _held.portfolio_id, _held.name.label("portfolio_name"))
    joined = limits.limits.join(_portfolios, _is_about()).join(last, true())
    query = (
        select(*about, last, marked)
        .select_from(joined.outerjoin(marked, true()))
        .where(_limit.user_id == user_id, among(_limit.limit_id, limit_ids))
    )
    chosen = query if portfolio_id is None else query.where(_held.portfolio_id == portfolio_id)
    return [Standing(**row) for row in await all_rows(session, chosen)]


async def count_states(session: Session) -> Mapping[str, int]:
    """How many limits are in each state, each counted once for every portfolio it is about."""
    last = _last()
    joined = limits.limits.join(_portfolios, _is_about()).join(last, true())
    counted = select(last.c.state, func.count()).select_from(joined).group_by(last.c.state)
    return dict((await session.execute(counted)).tuples().all())


def _last() -> LateralFromClause:
    """The last state of the limit of a row in the portfolio of the row."""
    return (
        select(*_SHOWN)
        .where(_state.limit_id == _limit.limit_id, _state.portfolio_id == _held.portfolio_id)
        .order_by(_state.as_of.desc())
        .limit(1)
        .lateral("last")
    )


def _marked(
    limit_id: ColumnElement[UUID], portfolio_id: ColumnElement[UUID], state: FromClause
) -> LateralFromClause:
    """Until when and why: what a user did that a state waived or acknowledged follows from."""
    day = state.c.as_of
    return (
        select(_event.until, _event.reason.label("why"))
        .where(
            _event.limit_id == limit_id,
            _event.portfolio_id == portfolio_id,
            _event.kind == state.c.state,
            _event.as_of <= day,
            or_(_event.until.is_(None), _event.until >= day),
        )
        .order_by(_event.recorded_at.desc(), _event.event_id)
        .limit(1)
        .lateral("marked")
    )


async def load_recent(
    session: Session, limit_ids: Sequence[UUID], portfolio_id: UUID, count: int
) -> dict[UUID, list[Point]]:
    """The last `count` sessions of each of the limits in a portfolio, ascending."""
    newest = func.row_number().over(partition_by=_state.limit_id, order_by=_state.as_of.desc())
    own = select(_state.limit_id, _state.as_of, _state.value, _state.state, newest.label("place"))
    of_portfolio = (_state.portfolio_id == portfolio_id, among(_state.limit_id, limit_ids))
    row = own.where(*of_portfolio).subquery("recent").c
    last = select(row.limit_id, row.as_of, row.value, row.state).where(row.place <= count)
    found: dict[UUID, list[Point]] = {}
    for limit_id, *point in await session.execute(last.order_by(row.limit_id, row.as_of)):
        found.setdefault(limit_id, []).append(Point(*point))
    return found


def _is_about() -> ColumnElement[bool]:
    """Whether a limit is about a portfolio; drafts are in no list."""
    return and_(
        _held.user_id == _limit.user_id,
        IS_BOOK,
        or_(_limit.portfolio_id.is_(None), _limit.portfolio_id == _held.portfolio_id),
    )


async def load_history(
    session: Session, limit_id: UUID, portfolio_id: UUID, span: Period, page: tuple[int, int]
) -> tuple[list[Standing], int]:
    """A page (how many, after how many) of the sessions of a limit in a portfolio, newest first."""
    joined = limits.limit_states.join(_portfolios, _held.portfolio_id == _state.portfolio_id)
    names = (_state.limit_id, _held.portfolio_id, _held.name.label("portfolio_name"))
    marked = _marked(_state.limit_id, _state.portfolio_id, limits.limit_states)
    own = select(*names, *_SHOWN, marked).select_from(joined.outerjoin(marked, true()))
    own = own.where(_state.limit_id == limit_id, _held.portfolio_id == portfolio_id)
    own = own if span.start is None else own.where(_state.as_of >= span.start)
    own = own if span.end is None else own.where(_state.as_of <= span.end)
    rows, total = await page_of(session, own.order_by(_state.as_of.desc()), *page)
    return [Standing(**row) for row in rows], total


async def load_actions(session: Session, limit_id: UUID, portfolio_id: UUID) -> list[Action]:
    """What was done about a limit in a portfolio, newest first."""
    own = select(*(_event[name] for name in Action.__dataclass_fields__)).where(
        _event.limit_id == limit_id, _event.portfolio_id == portfolio_id
    )
    found = await all_rows(session, own.order_by(_event.recorded_at.desc(), _event.event_id))
    return [Action(**row) for row in found]
