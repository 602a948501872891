"""Whose run starts when: what a user waits for first, and histories a few sessions at a time."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from services.gateway.edge.dependencies import Gateway
from services.gateway.edge.outbox import publish_waiting
from services.gateway.edge.turns import Limits
from services.gateway.runs import tracking
from shared.contracts.gateway import PortfoliosChanged
from shared.database import Database
from tests.builders import AS_OF
from tests.integration.gateway.people import Person
from tests.pipeline import Pipeline, nothing_runs

HISTORY = {"first_session": "2022-12-20", "last_session": "2022-12-28"}  # six sessions
LIMITS = Limits(backfills=2)


async def ended(admin: Database, condition: str = "true") -> None:
    """Let runs at work have ended."""
    async with admin.transaction() as session:
        await session.execute(
            text(
                "update gateway.batch_runs r set status = 'completed' where status = 'running' and "
                "exists (select from gateway.outbox o where o.run_id = r.run_id "
                f"and o.published_at is not null) and {condition}"
            )
        )


async def at_work(gateway: Gateway, admin: Database) -> list[dict[str, Any]]:
    """The runs that have been started and have not ended, after the relay looked again."""
    while await publish_waiting(gateway.database, gateway.runtime.broker, LIMITS):
        pass
    query = text(
        "select u.email, r.as_of, r.work_class from gateway.batch_runs r "
        "join gateway.outbox o using (run_id) join gateway.users u on u.user_id = r.requested_by "
        "where r.status = 'running' and o.published_at is not null and o.subject = :subject "
        "order by o.outbox_id"
    )
    async with admin.transaction() as session:
        rows = await session.execute(query, {"subject": PortfoliosChanged.subject})
        return [dict(row) for row in rows.mappings()]


async def a_history(person: Person, gateway: Gateway, admin: Database) -> str:
    """Ask for six sessions of a portfolio of which nothing else is running."""
    portfolio_id = await person.uploaded()
    await at_work(gateway, admin)
    await ended(admin, "work_class <> 'backfill'")
    answer = await person.post(f"portfolios/{portfolio_id}/snapshots", HISTORY)
    assert len(answer.json()["runs"]) == 6, answer.text
    return portfolio_id


@pytest.fixture
async def history(ann: Person, gateway: Gateway, admin: Database, market: None) -> None:
    """The first sessions of one of ann's histories are at work."""
    await a_history(ann, gateway, admin)
    await at_work(gateway, admin)


@pytest.mark.usefixtures("market")
async def test_a_history_starts_when_its_earlier_sessions_have_ended(
    ann: Person, gateway: Gateway, admin: Database
) -> None:
    await a_history(ann, gateway, admin)
    days = []

    for _ in range(4):
        days.append([run["as_of"].day for run in await at_work(gateway, admin)])
        await ended(admin)

    assert days == [[20, 21], [22, 23], [27, 28], []]


@pytest.mark.usefixtures("history")
async def test_users_histories_take_turns(
    ann: Person, bob: Person, gateway: Gateway, admin: Database
) -> None:
    await a_history(bob, gateway, admin)
    emails = []

    for _ in range(3):
        await ended(admin)
        emails.append([run["email"] for run in await at_work(gateway, admin)])

    assert [set(pair) for pair in emails] == [{ann.email, bob.email}] * 3


@pytest.mark.usefixtures("history")
async def test_an_upload_starts_at_once_and_a_history_pauses(
    ann: Person, bob: Person, gateway: Gateway, admin: Database
) -> None:
    await bob.uploaded()
    beside = await at_work(gateway, admin)
    await ended(admin, "work_class = 'backfill'")
    paused = await at_work(gateway, admin)
    await ended(admin)
    goes_on = await at_work(gateway, admin)

    assert [run["email"] for run in beside] == [ann.email, ann.email, bob.email]
    assert [run["email"] for run in paused] == [bob.email]
    assert [run["email"] for run in goes_on] == [ann.email, ann.email]


@pytest.mark.usefixtures("history")
async def test_a_paused_history_goes_on_slowly(
    bob: Person, gateway: Gateway, admin: Database
) -> None:
    await bob.uploaded()
    await ended(admin, "work_class = 'backfill'")
    async with admin.transaction() as session:  # a while ago
        earlier = "update gateway.outbox set published_at = published_at - interval '1 minute'"
        await session.execute(text(f"{earlier} where published_at is not null"))

    beside = await at_work(gateway, admin)

    assert sorted(run["work_class"] for run in beside) == ["backfill", "interactive"]


@pytest.mark.usefixtures("market")
async def test_one_users_edits_leave_room_for_anothers(
    ann: Person, bob: Person, gateway: Gateway, admin: Database
) -> None:
    portfolio_id = await ann.uploaded()
    for _ in range(LIMITS.per_user + 2):
        await ann.post(f"portfolios/{portfolio_id}/snapshots", None)
    await bob.uploaded()

    emails = [run["email"] for run in await at_work(gateway, admin)]

    assert emails == [ann.email] * LIMITS.per_user + [bob.email]


@pytest.mark.usefixtures("market")
async def test_a_run_that_waits_for_its_turn_is_not_overdue(
    ann: Person, gateway: Gateway, admin: Database
) -> None:
    await a_history(ann, gateway, admin)
    started = await at_work(gateway, admin)
    late = datetime.now(UTC) + timedelta(hours=1)

    async with gateway.database.transaction() as session:
        closed = await tracking.close_overdue_runs(session, late, overdue_seconds=900)
    following = await at_work(gateway, admin)

    assert (len(started), len(closed)) == (2, 2)
    assert [run["as_of"].day for run in following] == [22, 23]


async def test_an_upload_ends_before_most_of_a_history_asked_for_earlier(
    ann: Person, bob: Person, pipeline: Pipeline, admin: Database
) -> None:
    own = await ann.uploaded(as_of=str(AS_OF))
    await nothing_runs(admin)
    asked = {"first_session": "2022-12-01", "last_session": str(AS_OF)}
    await ann.post(f"portfolios/{own}/snapshots", asked)

    await bob.uploaded(as_of=str(AS_OF))
    await nothing_runs(admin)

    order = await in_the_order_they_ended(admin)
    assert len(order) == 1 + 19 + 1
    assert bob.email in order[1:11]


async def in_the_order_they_ended(admin: Database) -> list[str]:
    """Whose the runs were."""
    query = text(
        "select u.email from gateway.batch_runs r join gateway.users u "
        "on u.user_id = r.requested_by order by r.finished_at"
    )
    async with admin.transaction() as session:
        return list(await session.scalars(query))
