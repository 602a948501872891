"""An answer is made of what was stored at one moment: its parts add up while calculations go on."""

from uuid import uuid4

import pytest
from fastapi import FastAPI
from sqlalchemy import text
from starlette.requests import HTTPConnection

from services.gateway.edge.dependencies import callers_database, recording_database
from services.gateway.edge.queries import Proof
from services.gateway.tables import User


@pytest.mark.parametrize(
    ("method", "isolation"), [("GET", "repeatable read"), ("POST", "read committed")]
)
@pytest.mark.parametrize("path", ["/api/v1/portfolios", "/api/v1/admin/dead-letters"])
async def test_reads_see_one_moment_and_writes_the_latest(
    app: FastAPI, path: str, method: str, isolation: str
) -> None:
    connection = HTTPConnection({"type": "http", "path": path, "method": method, "app": app})
    caller = User(user_id=uuid4(), email="ann@example.com", password_hash="", role="admin")

    connection.state.proof = Proof(caller.user_id, None)
    recording = await recording_database(connection, caller)
    database = await callers_database(connection, recording)
    async with database.transaction() as session:
        found = await session.scalar(text("show transaction_isolation"))

    assert found == isolation
