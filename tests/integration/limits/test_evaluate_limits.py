"""Limits from what is stored: any order of events and any repetition give the same rows."""

import json
import random
from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from services.limits.handlers.evaluate_limits import evaluate_limits
from services.limits.handlers.manage_limits import save_limit
from services.limits.handlers.try_limit import try_limit
from services.limits.repository import delete_gone_limits
from services.limits.tables import DETAILS
from services.limits.tables import Limit as LimitRow
from services.snapshots.tables import PortfolioSnapshot, RiskMetric
from shared.calendar import last_sessions
from shared.contracts.event import ShardEvent
from shared.contracts.limits import LimitDefinition, LimitsEvaluated, SaveLimit, TryLimit
from shared.contracts.snapshots import RiskMeasured, SnapshotsCreated
from shared.database import Database
from shared.retention import prune
from tests.builders import AS_OF, a_portfolio, a_snapshot, save
from tests.servers import Role

SESSIONS = last_sessions(AS_OF, 6)
GROSS = "exposure.dollar.gross"
VAR = "var_99_1d_historical"
Step = tuple[type[ShardEvent], date, float | None]


async def store(admin: Database, portfolio_id: UUID, step: Step) -> None:
    """What the calculators store before they publish the event."""
    kind, day, value = step
    if kind is SnapshotsCreated:
        sides = dict.fromkeys(("long", "short", "net"), 0.0) | {"gross": value}
        exposures = dict.fromkeys(("dollar", "notional", "delta_adjusted"), sides)
        row = a_snapshot(portfolio_id, day) | {"exposures": json.dumps(exposures)}
        await save(admin, PortfolioSnapshot, [row])
        return
    about = {"portfolio_id": portfolio_id, "as_of": day, "metric": VAR, "view": "portfolio"}
    reason = "12 returns, 60 needed" if value is None else None
    await save(admin, RiskMetric, [about | {"value": value, "unit": "USD", "reason": reason}])


async def evaluate(
    role: Role, portfolio_id: UUID, kind: type[ShardEvent], day: date, run: str = "a"
) -> LimitsEvaluated:
    event = kind.new(
        UUID(int=day.toordinal() + ord(run)),
        day,
        price_run="1",
        shard=0,
        shards=1,
        portfolio_ids=(portfolio_id,),
    )
    async with role("limits").transaction() as session:
        return await evaluate_limits(event, session)


def definition(measure: str, **terms: Any) -> LimitDefinition:
    return LimitDefinition.model_validate(
        {"name": measure, "measure": measure, "measure_unit": "USD", **terms}
    )


async def owner_of(admin: Database, portfolio_id: UUID) -> UUID:
    query = text("select user_id from gateway.portfolios where portfolio_id = :portfolio_id")
    async with admin.transaction() as session:
        found: UUID = await session.scalar(query, {"portfolio_id": portfolio_id})
        return found


@pytest.fixture
async def portfolio(admin: Database, role: Role, empty: None) -> UUID:
    """A portfolio with two limits, set before there is any session."""
    portfolio_id = await a_portfolio(admin)
    user_id = await owner_of(admin, portfolio_id)
    terms = ({"breach": 10.0, "warning": 8.0, "hysteresis": 1.0}, {"breach": 10.0, "sessions": 2})
    for number, (measure, own) in enumerate(zip((GROSS, VAR), terms, strict=True)):
        request = SaveLimit(
            user_id=user_id,
            limit_id=UUID(int=number + 1),
            is_new=True,
            definition=definition(measure, **own),
        )
        async with role("limits").transaction() as session:
            await save_limit(request, session)
    return portfolio_id


async def rows(admin: Database) -> tuple[list[Any], list[Any]]:
    states = text("select to_jsonb(s) from limits.limit_states s order by limit_id, as_of")
    alerts = text("select alert_id from limits.alerts where not withdrawn order by alert_id")
    async with admin.transaction() as session:
        return list(await session.scalars(states)), list(await session.scalars(alerts))


def some_steps(chance: random.Random) -> list[Step]:
    """Both events of every session, with values around the levels, some of them not measured."""

    def some() -> float | None:
        return chance.choice([5.0, 8.5, 9.5, 11.0, 12.0, None])

    return [
        (kind, day, some() if kind is RiskMeasured else some() or 7.0)
        for day in SESSIONS
        for kind in (SnapshotsCreated, RiskMeasured)
    ]


@pytest.mark.parametrize("seed", range(4))
async def test_any_order_of_events_and_restatements_gives_the_same_rows(
    admin: Database, role: Role, portfolio: UUID, seed: int
) -> None:
    chance = random.Random(seed)
    final = some_steps(chance)
    first = some_steps(chance)
    chance.shuffle(first)
    last = [*final, *chance.sample(final, 4)]
    chance.shuffle(last)
    for step in [*first, *last]:
        await store(admin, portfolio, step)
        await evaluate(role, portfolio, *step[:2], run=chance.choice("ab"))
    shuffled = await rows(admin)
    async with admin.transaction() as session:
        for table in ("limit_states", "alerts", "evaluated_halves"):
            await session.execute(text(f"delete from limits.{table}"))

    for kind, day, _ in final:
        await evaluate(role, portfolio, kind, day)
    in_order = await rows(admin)

    assert shuffled == in_order
    assert len(in_order[0]) == 2 * len(SESSIONS)


async def test_a_stage_is_done_with_the_second_half_and_a_repetition_changes_nothing(
    admin: Database, role: Role, portfolio: UUID
) -> None:
    for kind, value in ((SnapshotsCreated, 11.0), (RiskMeasured, 12.0)):
        await store(admin, portfolio, (kind, AS_OF, value))

    first = await evaluate(role, portfolio, RiskMeasured, AS_OF)
    second = await evaluate(role, portfolio, SnapshotsCreated, AS_OF)
    before = await rows(admin)
    again = await evaluate(role, portfolio, RiskMeasured, AS_OF)

    assert (first.more_follow, second.more_follow, again.more_follow) == (True, False, False)
    assert first.event_id == again.event_id != second.event_id
    assert (first.alerts, again.alerts) == ({portfolio: 1}, {})
    assert await rows(admin) == before


async def test_what_is_still_to_come_is_not_measured_and_clears_nothing(
    admin: Database, role: Role, portfolio: UUID
) -> None:
    day, following = SESSIONS[0], SESSIONS[1]
    for step in ((RiskMeasured, day, 12.0), (RiskMeasured, following, 12.0)):
        await store(admin, portfolio, step)
        await evaluate(role, portfolio, *step[:2])
    await store(admin, portfolio, (SnapshotsCreated, SESSIONS[2], 5.0))
    event = await evaluate(role, portfolio, SnapshotsCreated, SESSIONS[2])

    states, _ = await rows(admin)
    var = [
        (each["state"], each["level"], each["since"]) for each in states if each["warning"] is None
    ]
    assert var == [
        ("ok", "ok", None),
        ("breached", "breached", str(following)),
        ("not_measured", "breached", str(following)),
    ]
    assert event.alerts == {}


def brute_force(values: Sequence[float | None], breach: float, sessions: int, h: float) -> int:
    """How often a limit above a level fires: the rules in a plain loop."""
    fired, run, breached = 0, 0, False
    for value in values:
        if value is None:
            continue
        run = run + 1 if value > breach else 0
        if breached and value <= breach - h:
            breached = False
        if not breached and run >= sessions:
            breached = True
            fired += 1
    return fired


@pytest.mark.parametrize("seed", range(3))
async def test_a_trial_fires_as_often_as_a_loop_over_the_stored_sessions(
    admin: Database, role: Role, portfolio: UUID, seed: int
) -> None:
    chance = random.Random(seed)
    days = last_sessions(AS_OF, 60)
    values = [chance.choice([None, *(float(n) for n in range(5, 16))]) for _ in days]
    rows = [
        {
            **{"portfolio_id": portfolio, "as_of": day, "metric": VAR, "view": "portfolio"},
            **{"value": value, "unit": "USD", "reason": None if value else "none"},
        }
        for day, value in zip(days, values, strict=True)
    ]
    await save(admin, RiskMetric, rows)
    await save(admin, PortfolioSnapshot, [a_snapshot(portfolio, day) for day in days])
    sessions, hysteresis = chance.randint(1, 3), float(chance.randint(0, 3))
    wanted = definition(VAR, breach=10.0, sessions=sessions, hysteresis=hysteresis)
    user_id = await owner_of(admin, portfolio)

    async with role("limits").transaction() as session:
        answer = await try_limit(TryLimit(user_id=user_id, definition=wanted), session)

    (found,) = answer.portfolios
    assert found.breaches == brute_force(values, 10.0, sessions, hysteresis) > 0
    assert (found.sessions, found.not_measured) == (60, sum(value is None for value in values))
    assert found.episodes_in_all == found.breaches


async def test_what_is_left_of_deleted_users_goes(
    admin: Database, role: Role, portfolio: UUID
) -> None:
    await store(admin, portfolio, (SnapshotsCreated, AS_OF, 11.0))
    await evaluate(role, portfolio, SnapshotsCreated, AS_OF)
    other = await a_portfolio(admin)
    kept = {
        "limit_id": uuid4(),
        "user_id": await owner_of(admin, other),
        **{"name": "Other", "measure": "nav", "measure_unit": "USD", "per": "portfolio"},
        **{"unit": "own", "direction": "above", "owner": "", "note": "", "terms": "[]"},
    }
    gone = {"limit_id": uuid4(), "portfolio_id": portfolio}
    await save(admin, LimitRow, [kept | {"portfolio_id": other}, kept | gone])
    async with admin.transaction() as session:
        user = {"user_id": await owner_of(admin, portfolio)}
        await session.execute(text("delete from gateway.users where user_id = :user_id"), user)

    async with role("limits").transaction() as session:
        await delete_gone_limits(session)
    await prune(role("limits"), DETAILS, retention_days=365)

    async with admin.transaction() as session:
        assert list(await session.scalars(text("select name from limits.limits"))) == ["Other"]
        for table in ("limit_states", "alerts"):
            assert await session.scalar(text(f"select count(*) from limits.{table}")) == 0
