"""Every write that succeeds leaves a row in the audit log, on every route."""

from uuid import UUID

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import func, select

from services.gateway.edge.dependencies import Gateway
from services.gateway.tables import AuditEntry
from shared.database import sql_table
from tests.integration.gateway.people import Person
from tests.integration.gateway.test_matrix import (
    ADMINISTRATORS,
    NOTHING_WRITTEN,
    OWNER,
    USERS,
    anns_things,
    asked,
    chosen,
    listed,
    token_of,
)

__all__ = ["anns_things"]  # a fixture


@pytest.mark.parametrize("whose", ["users", "administrators"])
async def test_every_write_that_succeeds_is_on_record(
    app: FastAPI,
    http: httpx2.AsyncClient,
    gateway: Gateway,
    ann: Person,
    operator: Person,
    anns_things: dict[str, str],
    whose: str,
) -> None:
    person, lists = (ann, (USERS, OWNER)) if whose == "users" else (operator, (ADMINISTRATORS,))
    person_id = (await person.get("auth/me")).json()["user_id"]
    things = anns_things | {"user_id": (await ann.get("auth/me")).json()["user_id"]}
    seen: set[str] = set()

    for operation in chosen(app, *lists):
        before = await recorded(gateway, person_id)
        answer = await asked(http, operation.request(things), token_of(person))
        if operation.method == "GET" or not answer.is_success:
            continue
        seen.add(operation.name)
        written = await recorded(gateway, person_id) - before
        assert bool(written) == (operation.name not in listed(NOTHING_WRITTEN)), operation.name

    assert len(seen) >= 5


async def recorded(gateway: Gateway, user_id: str) -> int:
    """How many entries the audit log has of a user's doing."""
    entries = sql_table(AuditEntry).c.user_id
    async with gateway.database.transaction() as session:
        return int(await session.scalar(select(func.count()).where(entries == UUID(user_id))) or 0)
