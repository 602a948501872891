"""Readiness is looked up once for all who ask, and what hangs is not ready."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import httpx2
import pytest
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from shared import service
from shared.service import Runtime
from shared.settings import Settings
from shared.telemetry import metrics_page


class Parts:
    """A bus and a database that count how often they are looked at."""

    publishing = True

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds
        self.looks = 0

    async def connected(self) -> bool:
        return True

    async def missing_durables(self) -> list[str]:
        return []

    async def reachable(self) -> bool:
        self.looks += 1
        await asyncio.sleep(self.seconds)
        return True


def a_runtime(parts: Parts) -> Runtime:
    runtime = Runtime.__new__(Runtime)
    own = SimpleNamespace(broker=parts, database=parts, _state=None, _state_at=-1e9)
    runtime.__dict__.update(vars(own))
    return runtime


async def test_however_many_ask_one_looks() -> None:
    parts = Parts(0.01)
    runtime = a_runtime(parts)

    states = await asyncio.gather(*(runtime.readiness() for _ in range(100)))
    states.append(await runtime.readiness())

    assert all(state["ready"] for state in states)
    assert parts.looks == 1


async def test_an_answer_is_no_older_than_two_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    parts, clock = Parts(), [100.0]
    monkeypatch.setattr(service, "monotonic", lambda: clock[0])
    runtime = a_runtime(parts)

    for clock[0] in (100.0, 101.9, 102.0):
        await runtime.readiness()

    assert parts.looks == 2


async def test_who_leaves_ends_the_look_of_no_other() -> None:
    runtime = a_runtime(Parts(0.05))
    first = asyncio.create_task(runtime.readiness())
    second = asyncio.create_task(runtime.readiness())
    await asyncio.sleep(0.01)

    first.cancel()

    assert (await second)["ready"]


async def test_a_database_that_hangs_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "LOOK_SECONDS", 0.02)

    state = await a_runtime(Parts(60)).readiness()

    assert (state["ready"], state["bus"], state["database"]) == (False, True, False)


@pytest.mark.parametrize(
    ("token", "sent", "status"),
    [
        (None, {}, 200),
        ("scrape", {}, 401),
        ("scrape", {"authorization": "Bearer scrap"}, 401),
        ("scrape", {"authorization": "Bearer scrape"}, 200),
    ],
)
async def test_metrics_demand_the_token_where_one_is_set(
    token: str | None, sent: dict[str, str], status: int
) -> None:
    settings = Settings(metrics_token=SecretStr(token) if token else None)
    page = cast(Any, metrics_page(CollectorRegistry(), settings))
    transport = httpx2.ASGITransport(page)

    async with httpx2.AsyncClient(transport=transport, base_url="http://greeks") as client:
        answer = await client.get("/metrics", headers=sent)

    assert answer.status_code == status
