"""What measures are on sessions: one statement for every kind of row, however many limits."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, Double, Table, and_, cast, literal, select

from services.limits.inputs import (
    Day,
    Measure,
    Per,
    Question,
    Reading,
    Readings,
    ScenarioKey,
    Source,
)
from services.limits.repository.members import NOT_HELD, Found, Wanted, load_members
from shared.database import Session, among
from shared.published import factors, snapshots, stress

NO_SNAPSHOT = "no snapshot of the session is stored"
NOT_STORED = "it is not stored for the session: its stage has not ended, or it failed"
NONE_KNOWN = "no position had the inputs that it needs"
Columns = tuple[
    ColumnElement[str], ColumnElement[str], ColumnElement[float | None], ColumnElement[str]
]
Rows = dict[tuple[tuple[str, ...], Day], Reading]


@dataclass(frozen=True)
class _Scope:
    """The portfolios and sessions that rows are read of."""

    portfolios: Sequence[UUID]
    dates: Sequence[date]

    def of(self, view: Table) -> ColumnElement[bool]:
        """The view's rows of them."""
        return and_(among(view.c.portfolio_id, self.portfolios), among(view.c.as_of, self.dates))


async def load_readings(session: Session, wanted: Wanted) -> Readings:
    """The answers to the questions on the sessions wanted of each, and NAV on all of them."""
    days = {day for each in wanted.values() for day in each}
    scope = _Scope(sorted({each for each, _ in days}), sorted({day for _, day in days}))
    whole = [question for question in wanted if question.per is Per.PORTFOLIO]
    navs, stored = await _load_snapshots(session, scope, _keys(whole, Source.SNAPSHOT))
    for load, source in (
        (_load_metrics, Source.METRIC),
        (_load_factors, Source.FACTOR),
        (_load_scenarios, Source.SCENARIO),
        (_load_worst, Source.WORST),
    ):
        if keys := _keys(whole, source):
            stored |= await load(session, scope, keys)
    answers: Found = {
        (question, day): stored.get((_stored_key(question.measure), day), _missing(question))
        for question in whole
        for day in wanted[question]
    }
    parts = {question: wanted[question] for question in wanted if question.per is not Per.PORTFOLIO}
    answers |= await load_members(session, parts)
    nothing = {
        (question, day): Reading(0.0, question.member, question.member and NOT_HELD)
        for question, own in parts.items()
        for day in own
        if day in navs
    }
    is_of_worst = bool(_keys(whole, Source.WORST))
    scenarios = await _load_scenario_names(session) if is_of_worst else {}
    return Readings(navs, nothing | answers, scenarios)


async def load_contributors(session: Session, wanted: Wanted) -> Found:
    """What portfolios' values are made of, by position."""
    return await load_members(session, wanted)


def _keys(questions: Iterable[Question], source: Source) -> list[tuple[str, ...]]:
    of_source = (each.measure.key for each in questions if each.measure.source is source)
    return list(dict.fromkeys(of_source))


def _stored_key(measure: Measure) -> tuple[str, ...]:
    return (measure.source, *measure.key)


def _missing(question: Question) -> Reading:
    is_of_snapshot = question.measure.source is Source.SNAPSHOT
    return Reading(None, reason=NO_SNAPSHOT if is_of_snapshot else NOT_STORED)


async def _load_snapshots(
    session: Session, scope: _Scope, keys: Sequence[tuple[str, ...]]
) -> tuple[dict[Day, float | None], Rows]:
    view = snapshots.portfolio_snapshots
    columns = [_of_snapshot(key).label(f"value_{place}") for place, key in enumerate(keys)]
    nav = cast(view.c.nav, Double)
    query = select(view.c.portfolio_id, view.c.as_of, nav, *columns).where(scope.of(view))
    navs: dict[Day, float | None] = {}
    rows: Rows = {}
    for portfolio_id, as_of, worth, *values in await session.execute(query):
        day = (portfolio_id, as_of)
        navs[day] = worth
        for key, value in zip(keys, values, strict=True):
            rows[(Source.SNAPSHOT, *key), day] = _reading(value, "the snapshot has none")
    return navs, rows


def _of_snapshot(key: Sequence[str]) -> ColumnElement[float | None]:
    """A column of a snapshot; of exposures the entry."""
    name, *entry = key
    column = snapshots.portfolio_snapshots.c[name]
    return cast(column[tuple(entry)].astext if entry else column, Double)


def _reading(amount: float | None, reason: str | None, member: str | None = None) -> Reading:
    return Reading(amount, member, None if amount is not None else reason)


async def _load_metrics(session: Session, scope: _Scope, keys: Sequence[tuple[str, ...]]) -> Rows:
    view = snapshots.risk_metrics
    columns = (view.c.metric, view.c.view, view.c.value, view.c.reason)
    return await _load_rows(session, scope, view, columns, Source.METRIC, keys)


async def _load_factors(session: Session, scope: _Scope, keys: Sequence[tuple[str, ...]]) -> Rows:
    view = factors.factor_exposures
    columns = (view.c.factor, view.c.model, view.c.dollar_exposure, literal(NONE_KNOWN))
    return await _load_rows(session, scope, view, columns, Source.FACTOR, keys)


async def _load_scenarios(session: Session, scope: _Scope, keys: Sequence[tuple[str, ...]]) -> Rows:
    view = stress.stress_results
    pnl = cast(view.c.total_pnl, Double)
    columns = (view.c.scenario_id, view.c.method, pnl, literal(NONE_KNOWN))
    return await _load_rows(session, scope, view, columns, Source.SCENARIO, keys)


async def _load_rows(
    session: Session,
    scope: _Scope,
    view: Table,
    columns: Columns,
    source: Source,
    keys: Sequence[tuple[str, ...]],
) -> Rows:
    """Values by the first two columns; those of pairs that were not wanted may be among them."""
    first, second, *_ = columns
    firsts, seconds = (sorted(set(parts)) for parts in zip(*keys, strict=True))
    query = select(view.c.portfolio_id, view.c.as_of, *columns).where(
        scope.of(view), among(first, firsts), among(second, seconds)
    )
    return {
        ((source, one, two), (portfolio_id, as_of)): _reading(value, reason)
        for portfolio_id, as_of, one, two, value, reason in await session.execute(query)
    }


async def _load_worst(session: Session, scope: _Scope, keys: Sequence[tuple[str, ...]]) -> Rows:
    """The scenario that a portfolio loses the most in, by method, named as the member."""
    view = stress.stress_results
    whole = (view.c.portfolio_id, view.c.as_of, view.c.method)
    pnl = cast(view.c.total_pnl, Double)
    query = (
        select(*whole, view.c.scenario_id, pnl)
        .distinct(*whole)
        .where(scope.of(view), among(view.c.method, [method for (method,) in keys]))
        .order_by(*whole, view.c.total_pnl.asc().nulls_last(), view.c.scenario_id)
    )
    return {
        ((Source.WORST, method), (portfolio_id, as_of)): _reading(value, NONE_KNOWN, scenario_id)
        for portfolio_id, as_of, method, scenario_id, value in await session.execute(query)
    }


async def _load_scenario_names(session: Session) -> dict[ScenarioKey, str]:
    """By the user who saved it, None for those of the house."""
    house = stress.stress_scenarios.c
    custom = stress.custom_scenarios.c
    found = {
        (None, scenario_id): name
        for scenario_id, name in await session.execute(select(house.scenario_id, house.name))
    }
    query = select(custom.user_id, custom.scenario_id, custom.name)
    return found | {(user_id, key): name for user_id, key, name in await session.execute(query)}
