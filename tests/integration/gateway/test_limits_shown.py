"""What answers about limits show readers: why a state is as it is, its trend, and its news."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.gateway.edge.dependencies import Gateway
from services.snapshots.tables import PortfolioSnapshot
from shared.database import Database
from tests.builders import AS_OF, a_snapshot, save
from tests.integration.gateway.people import Person
from tests.integration.gateway.seeds import BEFORE, StoredBook, a_stored_book
from tests.integration.gateway.test_events import of_portfolio
from tests.integration.gateway.test_limits import CONCENTRATION, NEXT, created, evaluated
from tests.integration.gateway.test_runs import deliver
from tests.pipeline import answering_services
from tests.servers import Role, Servers

pytestmark = pytest.mark.usefixtures("market", "limits")


@pytest.fixture(scope="module")
async def limits(servers: Servers, admin: Database) -> AsyncIterator[None]:
    """The service limits answers; tests evaluate by themselves."""
    async with answering_services(servers, admin, ["limits"]):
        yield


@pytest.fixture
async def book(ann: Person, market: None, admin: Database) -> StoredBook:
    return await a_stored_book(ann, admin)


async def test_a_state_says_until_when_and_why_a_user_let_it_be(
    ann: Person, book: StoredBook
) -> None:
    limit = await created(ann)
    path = f"limits/{limit['limit_id']}"
    own = {"portfolio_id": book.portfolio_id}

    known = await ann.post(f"{path}/acknowledge", {**own, "reason": "Reduced this week"})
    waived = await ann.post(f"{path}/waive", {**own, "reason": "Approved", "until": "2023-01-31"})
    history = (await ann.get(f"{path}/history", **own)).json()["items"]
    listed = (await ann.get("limits", **own)).json()["items"]

    before, after = limit["worst"], waived.json()["worst"]
    assert (before["until"], before["why"]) == (None, None)
    assert (known.json()["worst"]["why"], known.json()["worst"]["until"]) == (
        "Reduced this week",
        None,
    )
    assert (after["state"], after["until"], after["why"]) == ("waived", "2023-01-31", "Approved")
    assert [(each["until"], each["why"]) for each in history] == [("2023-01-31", "Approved")]
    assert listed[0]["worst"] == after
    assert after["used"] == pytest.approx(0.3 / 0.28)
    assert limit["measure_title"] == "Market value"


async def test_a_list_has_the_last_sessions_of_each_limit(
    ann: Person, book: StoredBook, role: Role, admin: Database
) -> None:
    await created(ann)
    await save(admin, PortfolioSnapshot, [a_snapshot(UUID(book.portfolio_id), NEXT)])
    await evaluated(role, book.portfolio_id, NEXT)
    own = {"portfolio_id": book.portfolio_id}

    both = (await ann.get("limits", recent=10, **own)).json()["items"][0]["recent"]
    last = (await ann.get("limits", recent=1, **own)).json()["items"][0]["recent"]
    none = (await ann.get("limits", **own)).json()["items"][0]["recent"]

    assert [(each["as_of"], each["state"]) for each in both] == [
        (str(AS_OF), "breached"),
        (str(NEXT), "cleared"),
    ]
    assert both[0]["value"] == pytest.approx(0.3)
    assert (last, none) == (both[1:], [])


async def test_a_limit_that_is_breached_when_it_is_set_is_news(
    ann: Person, bob: Person, book: StoredBook, gateway: Gateway
) -> None:
    await deliver(gateway, of_portfolio(book.portfolio_id, uuid4()))

    async def news(person: Person) -> list[str]:
        answer = await person.get("events", after=0, follow=False)
        return [line for line in answer.text.splitlines() if '"alerts"' in line]

    limit = await created(ann)
    first = await news(ann)
    await ann.request("PUT", f"limits/{limit['limit_id']}", json=CONCENTRATION | {"note": "same"})

    assert len(first) == 1
    assert book.portfolio_id in first[0]
    assert await news(ann) == first
    assert await news(bob) == []


async def test_a_trial_names_the_sessions_beyond_a_level(ann: Person, book: StoredBook) -> None:
    trial = (await ann.post("limits/test", CONCENTRATION)).json()

    (found,) = trial["portfolios"]
    assert found["first"] == str(BEFORE)
    assert [(each["as_of"], each["level"], each["member"]) for each in found["beyond"]] == [
        (str(AS_OF), "breached", "AAPL")
    ]
    assert found["beyond"][0]["value"] == pytest.approx(0.3)


@pytest.mark.parametrize("levels", [["warning", "warning"], ["breached", "cleared", "breached"]])
async def test_a_channel_names_each_level_once(ann: Person, levels: list[str]) -> None:
    terms: dict[str, Any] = {"levels": levels}
    webhook = {"kind": "webhook", "name": "Desk", "address": "https://hooks.example.com/x"}

    added = await ann.post("notifications/channels", webhook | terms)
    path = "notifications/channels/00000000-0000-4000-8000-000000000000"
    changed = await ann.request("PATCH", path, json=terms)

    for answer in (added, changed):
        assert answer.status_code == 422, answer.text
        (error,) = answer.json()["errors"]
        assert (error["field"], "named twice" in error["message"]) == ("levels", True)
