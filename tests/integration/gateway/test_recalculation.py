"""Numbers recomputed on request."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from nats.aio.client import Client
from sqlalchemy import text

from services.factors.handlers.correlate_factors import correlate_factors
from services.gateway.runs import starting
from shared.contracts.factors import CorrelateFactors
from shared.contracts.gateway import PortfoliosChanged
from shared.database import Database
from tests import panel
from tests.integration.factors.test_compute_factors import save_market
from tests.integration.gateway.answering import handling
from tests.integration.gateway.people import Person
from tests.servers import Role

pytestmark = pytest.mark.usefixtures("market")
FACTORS = "risk/correlations/factors/calculate"


@pytest.fixture
async def factors(bus: Client, role: Role) -> AsyncIterator[None]:
    """The factors service's answer to what is asked on the bus, in its own role."""
    async with handling(bus, role("factors"), CorrelateFactors, correlate_factors):
        yield


async def emitted(admin: Database, reason: str) -> list[dict[str, Any]]:
    async with admin.transaction() as session:
        rows = await session.execute(
            text("select payload from gateway.outbox where subject = :subject order by outbox_id"),
            {"subject": PortfoliosChanged.subject},
        )
        return [payload for (payload,) in rows if payload["reason"] == reason]


async def test_snapshots_of_the_last_session_are_taken_again(ann: Person, admin: Database) -> None:
    portfolio_id = await ann.uploaded()

    answer = await ann.post(f"portfolios/{portfolio_id}/snapshots", None)

    [run] = answer.json()["runs"]
    [event] = await emitted(admin, "snapshots")
    assert (answer.status_code, run["session_date"]) == (202, "2022-12-28")
    assert (event["run_id"], event["portfolio_ids"]) == (run["run_id"], [portfolio_id])


async def test_snapshots_from_a_session_on_have_a_run_for_each(
    ann: Person, admin: Database
) -> None:
    portfolio_id = await ann.uploaded()
    body = {"first_session": "2022-12-22", "last_session": "2022-12-27"}

    answer = await ann.post(f"portfolios/{portfolio_id}/snapshots", body)

    assert [run["session_date"] for run in answer.json()["runs"]] == [
        "2022-12-22",
        "2022-12-23",
        "2022-12-27",
    ]
    assert [event["as_of"] for event in await emitted(admin, "snapshots")] == [
        "2022-12-22",
        "2022-12-23",
        "2022-12-27",
    ]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"first_session": "2013-01-02"}, "date_outside_data"),
        ({"last_session": "2023-01-03"}, "date_outside_data"),
        ({"last_session": "2022-12-26"}, "not_a_session"),
        ({"first_session": "2022-12-28", "last_session": "2022-12-27"}, "invalid_request"),
        ({"first_session": "2020-01-02"}, "too_many_sessions"),
        ({"first_session": "soon"}, "invalid_request"),
    ],
)
async def test_impossible_sessions_are_clear_problems(
    ann: Person, admin: Database, body: dict[str, str], code: str
) -> None:
    portfolio_id = await ann.uploaded()

    answer = await ann.post(f"portfolios/{portfolio_id}/snapshots", body)

    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert await emitted(admin, "snapshots") == []


async def test_the_runs_of_one_user_are_limited(
    ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(starting, "MOST_OPEN_RUNS", 3)
    portfolio_id = await ann.uploaded()

    answers = [await ann.post(f"portfolios/{portfolio_id}/snapshots", None) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [202, 202, 429]
    assert answers[-1].json()["code"] == "too_many_runs"
    assert "retry-after" in answers[-1].headers


async def test_factors_are_calculated_for_the_first_portfolio_by_default(
    ann: Person, admin: Database
) -> None:
    portfolio_id = await ann.uploaded()

    answer = await ann.post("factors/calculate", None)

    [event] = await emitted(admin, "factors")
    assert answer.status_code == 202
    assert answer.json()["portfolio_id"] == portfolio_id
    assert (event["run_id"], event["as_of"]) == (answer.json()["run_id"], "2022-12-28")


async def test_factors_are_correlated_as_asked_for(
    ann: Person, admin: Database, factors: None
) -> None:
    await save_market(admin)

    answer = await ann.post(FACTORS, {"decay": 0.99, "lookback": 100, "space": "absolute"})

    found = answer.json()
    assert answer.status_code == 200, answer.text
    assert [row["factor"] for row in found["factors"]] == list(panel.FACTORS)
    assert [row["proxy"] for row in found["factors"]] == list(panel.PROXIES)
    assert (found["decay"], found["lookback"], found["observations"]) == (0.99, 100, 100)
    assert {row[place] for place, row in enumerate(found["correlations"])} == {1.0}
    assert (
        -1
        < found["statistics"]["min"]
        < found["statistics"]["mean"]
        < found["statistics"]["max"]
        < 1
    )
    assert (found["price_run"], found["reason"]) == (None, None)


async def test_factors_without_prices_have_no_correlations_and_a_reason(
    ann: Person, factors: None
) -> None:
    found = (await ann.post(FACTORS, None)).json()

    assert {value for row in found["correlations"] for value in row} == {None}
    assert "too few days" in found["reason"]


async def test_without_the_factors_service_correlating_is_unavailable(ann: Person) -> None:
    answer = await ann.post(FACTORS, None)

    assert (answer.status_code, answer.json()["code"]) == (503, "service_unavailable")


@pytest.mark.parametrize(
    "body", [{"decay": 0}, {"decay": 1.5}, {"lookback": 10}, {"as_of": "2022-12-26"}]
)
async def test_impossible_parameters_are_refused(ann: Person, body: dict[str, Any]) -> None:
    assert (await ann.post(FACTORS, body)).status_code == 422
