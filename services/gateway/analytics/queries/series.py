"""Measures over sessions: one statement per kind of row, however many measures and sessions."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Double, Table, cast, func, literal, select

from services.gateway.edge.dependencies import Period
from shared.database import Session, among
from shared.published import factors, snapshots, stress

Key = tuple[str, ...]
CENTS = 2
NO_INPUTS = "no position had the inputs that the scenario needs"
NO_BETAS = "no position has a beta to the factor"
Columns = tuple[
    ColumnElement[str], ColumnElement[str], ColumnElement[float | None], ColumnElement[str]
]


class Days(NamedTuple):
    """Sessions that are wanted and no other."""

    days: tuple[date, ...]


Span = Period | Days


class Value(NamedTuple):
    """A measure, by the two parts of its key, on a session; null with the row's reason."""

    as_of: date
    first: str
    second: str
    value: float | None
    reason: str | None


async def load_snapshot_values(
    session: Session, portfolio_id: UUID, span: Span, keys: Sequence[Key]
) -> list[tuple[date, Sequence[float | None]]]:
    """The sessions of the portfolio's snapshots, each with its values in the order of the keys."""
    view = snapshots.portfolio_snapshots
    columns = [_of_snapshot(key).label(f"value_{place}") for place, key in enumerate(keys)]
    chosen = select(view.c.as_of, *columns).where(*between(view, portfolio_id, span))
    return [(day, values) for day, *values in await session.execute(chosen.order_by(view.c.as_of))]


def _of_snapshot(key: Key) -> ColumnElement[float | None]:
    """The column of a snapshot, amounts to the cent; of exposures the entry."""
    name, *entry = key
    column = snapshots.portfolio_snapshots.c[name]
    if entry:
        return cast(column[tuple(entry)].astext, Double)
    return column if isinstance(column.type, Double) else cents(column)


def cents(amount: ColumnElement[Decimal]) -> ColumnElement[float | None]:
    """An amount to the cent, as answers show it."""
    return cast(func.round(amount, CENTS), Double)


async def load_metric_values(
    session: Session, portfolio_id: UUID, span: Span, keys: Sequence[Key]
) -> list[Value]:
    """Metrics by name and view."""
    view = snapshots.risk_metrics
    columns = (view.c.metric, view.c.view, view.c.value, view.c.reason)
    return await _load_values(session, view, columns, (portfolio_id, span), keys)


async def load_factor_values(
    session: Session, portfolio_id: UUID, span: Span, keys: Sequence[Key]
) -> list[Value]:
    """Dollars exposed to factors, by factor and model."""
    view = factors.factor_exposures
    columns = (view.c.factor, view.c.model, view.c.dollar_exposure, literal(NO_BETAS))
    return await _load_values(session, view, columns, (portfolio_id, span), keys)


async def load_scenario_values(
    session: Session, portfolio_id: UUID, span: Span, keys: Sequence[Key]
) -> list[Value]:
    """What scenarios make, by scenario and method."""
    view = stress.stress_results
    columns = (view.c.scenario_id, view.c.method, cents(view.c.total_pnl), literal(NO_INPUTS))
    return await _load_values(session, view, columns, (portfolio_id, span), keys)


async def _load_values(
    session: Session,
    view: Table,
    columns: Columns,
    chosen: tuple[UUID, Span],
    keys: Sequence[Key],
) -> list[Value]:
    """Values by the first two columns; those of pairs that were not wanted may be among them."""
    first, second, *_ = columns
    firsts, seconds = (sorted(set(parts)) for parts in zip(*keys, strict=True))
    wanted = select(view.c.as_of, *columns).where(
        *between(view, *chosen), among(first, firsts), among(second, seconds)
    )
    return [Value(*row) for row in await session.execute(wanted)]


def between(view: Table, portfolio_id: UUID, span: Span) -> list[ColumnElement[bool]]:
    """The portfolio's rows of the sessions wanted."""
    conditions: list[ColumnElement[bool]] = [view.c.portfolio_id == portfolio_id]
    if isinstance(span, Days):
        return [*conditions, among(view.c.as_of, span.days)]
    conditions += [view.c.as_of >= span.start] if span.start else []
    conditions += [view.c.as_of <= span.end] if span.end else []
    return conditions
