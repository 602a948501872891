"""What one user may keep: portfolios, lots, lines of ledgers, documents."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from services.gateway.edge.dependencies import Gateway
from services.gateway.reports.scheduling import Scheduler
from shared.database import Database
from tests.integration.gateway.people import HEADER, Person
from tests.integration.gateway.reporting import ended, requested
from tests.integration.gateway.seeds import a_stored_book
from tests.integration.gateway.test_positions import a_portfolio, a_position
from tests.pipeline import Pipeline

pytestmark = pytest.mark.usefixtures("market")
Cap = Callable[..., None]
THREE = HEADER + "AAPL,10,100,2022-06-01,\nMSFT,5,200,2022-06-01,\nXOM,7,90,2022-06-01,\n"


@pytest.fixture
def cap(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> Cap:
    """Sets caps of the running gateway for one test."""

    def of(**figures: int) -> None:
        for name, figure in figures.items():
            monkeypatch.setattr(gateway.settings, f"{name}_per_user", figure)

    return of


def codes_of(*answers: Any) -> list[tuple[int, str]]:
    return [(answer.status_code, answer.json().get("code", "")) for answer in answers]


async def test_a_user_has_so_many_portfolios(ann: Person, bob: Person, cap: Cap) -> None:
    await a_portfolio(ann)
    cap(portfolios=1)

    created = await ann.post("portfolios", {"name": "Another"})
    uploaded = await ann.upload(THREE.encode(), portfolio_name="One more")
    renamed = await ann.upload(THREE.encode())
    of_bob = await bob.post("portfolios", {"name": "His first"})

    refused = (409, "too_many_portfolios")
    assert codes_of(created, uploaded) == [refused, refused]
    assert "delete one" in created.json()["detail"]
    assert renamed.status_code in (200, 201), "into the portfolio that there is"
    assert of_bob.status_code == 201


async def test_a_deleted_portfolio_makes_room(ann: Person, cap: Cap) -> None:
    first = await a_portfolio(ann)
    cap(portfolios=1)

    await ann.request("DELETE", f"portfolios/{first}")

    assert (await ann.post("portfolios", {"name": "Again"})).status_code == 201


async def test_a_user_has_so_many_positions_in_all_portfolios(
    ann: Person, cap: Cap, admin: Database
) -> None:
    await ann.upload(THREE.encode(), portfolio_name="First")
    cap(positions=4)

    uploaded = await ann.upload(THREE.encode(), portfolio_name="Second")
    one = await ann.upload((HEADER + "AAPL,10,100,2022-06-01,\n").encode(), portfolio_name="Third")
    another = await ann.upload((HEADER + "XOM,1,90,2022-06-02,\n").encode(), portfolio_name="Third")

    refused = (422, "too_many_positions")
    assert codes_of(uploaded, another) == [refused, refused]
    assert "6 positions" in uploaded.json()["detail"]
    assert one.json()["new"] == 1
    async with admin.transaction() as session:
        count = await session.scalar(text("select count(*) from gateway.positions"))
    assert count == 4, "nothing of a refused file stays"


async def test_lines_of_ledgers_count_even_where_no_lot_is_more(ann: Person, cap: Cap) -> None:
    portfolio_id = await a_portfolio(ann)
    await a_position(ann)
    cap(transactions=3)
    flow = {"flow_date": "2022-12-01", "amount": 10}

    answers = [await ann.post(f"portfolios/{portfolio_id}/cash-flows", flow) for _ in range(4)]

    assert (422, "too_many_transactions") in codes_of(answers[-1])
    assert answers[0].status_code == 201


async def test_documents_take_room_until_they_are_deleted(
    ann: Person, cap: Cap, admin: Database, pipeline: Pipeline
) -> None:
    await a_stored_book(ann, admin)
    report_id = await requested(ann, template="investor", format="md")
    await ended(ann, report_id)
    cap(stored_bytes=10)

    refused = await ann.post("reports/generate", {"template": "daily", "format": "csv"})
    await ann.request("DELETE", f"reports/{report_id}")
    accepted = await ann.post("reports/generate", {"template": "daily", "format": "csv"})

    assert codes_of(refused) == [(409, "storage_full")]
    assert accepted.status_code == 202


async def test_a_schedule_says_that_there_is_no_room(
    ann: Person, cap: Cap, admin: Database, gateway: Gateway
) -> None:
    await a_stored_book(ann, admin)
    await requested(ann, template="investor", format="md")
    wanted = {"name": "After the close", "template": "investor", "format": "csv"}
    await ann.post("reports/schedules", wanted)
    cap(stored_bytes=10)
    async with admin.transaction() as session:  # as if the last session had not been looked at
        await session.execute(text("update gateway.report_schedules set last_session = null"))

    requested_now = await Scheduler(gateway, 3600.0).request_due()

    (schedule,) = (await ann.get("reports/schedules")).json()["items"]
    assert requested_now == 0
    assert "delete some" in schedule["problem"]
