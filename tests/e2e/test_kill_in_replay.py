"""An operator kills anything in the middle of a replay and nothing is lost."""

import asyncio
import os
import signal
from collections.abc import Iterator

import pytest

from deploy.local.demo import demo_sessions, demo_users, upload_once
from deploy.local.stack import WORDS
from shared.database import Database
from tests.e2e.local_stack import until
from tests.pipeline import content_hash
from tests.stack import RunningStack, running_stack

SESSIONS = demo_sessions()[-2:]  # with a weekly one among them
# Killed together: services of which none calculates from another's results, so that each has to
# recover by itself. Each server is killed alone: its restart has other messages delivered again.
VICTIMS = (
    ("ingest", "factors", "limits", "reports"),
    ("greeks", "snapshots"),
    ("stress", "gateway"),
    ("nats",),
    ("postgres",),
)


@pytest.fixture(scope="module")
def stack() -> Iterator[RunningStack]:
    """The real stack with the three demo books and their first, undisturbed replay."""
    # A message of a killed process comes back after this silence: shorter than the default, for a
    # shorter test.
    with running_stack(SIGMASIGHT_ACKNOWLEDGE_SECONDS="3") as running:
        with demo_users(running.state) as users:
            for user in users:
                upload_once(user)
        running.finished([running.close(day) for day in SESSIONS])
        yield running


@pytest.fixture(scope="module")
def undisturbed(stack: RunningStack) -> dict[str, str]:
    """What the tables hold after an undisturbed replay."""
    return hash_of(stack)


def hash_of(stack: RunningStack) -> dict[str, str]:
    async def read() -> dict[str, str]:
        database: Database = stack.database()
        try:
            return await content_hash(database)
        finally:
            await database.close()

    return asyncio.run(read())


def empty_results(stack: RunningStack) -> None:
    """Forget every derived row, so that the next replay has everything to do."""
    from sqlalchemy import text

    async def forget() -> None:
        database = stack.database()
        async with database.transaction() as session:
            names = await session.scalars(
                text(
                    "select format('%I.%I', schemaname, tablename) from pg_tables where schemaname "
                    "in "
                    "('greeks', 'factors', 'snapshots', 'stress') and tablename not in "
                    "('alembic_version', 'factor_definitions', 'stress_scenarios')"
                )
            )
            await session.execute(text(f"truncate {', '.join(names)}"))
        await database.close()

    asyncio.run(forget())


def test_every_part_is_killed_in_one_of_the_replays() -> None:
    killed = [victim for victims in VICTIMS for victim in victims]

    assert sorted(killed) == sorted([*WORDS, "nats", "postgres"])


@pytest.mark.parametrize("victims", VICTIMS, ids="-".join)
def test_killed_parts_are_restarted_and_the_replay_leaves_the_same_rows(
    victims: tuple[str, ...], stack: RunningStack, undisturbed: dict[str, str]
) -> None:
    empty_results(stack)
    runs = [stack.close(day) for day in SESSIONS]
    killed = {victim: stack.pid(victim) for victim in victims}
    until(lambda: any(stack.api.get_run(run)["items"] for run in runs), seconds=60)

    for pid in killed.values():
        os.kill(pid, signal.SIGKILL)
    statuses = stack.finished(runs)

    assert {run["status"] for run in statuses.values()} == {"completed"}
    assert all(stack.pid(victim) != pid for victim, pid in killed.items())
    assert hash_of(stack) == undisturbed
