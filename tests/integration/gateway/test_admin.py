"""What operators do, and no other user may."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg
from sqlalchemy import text

from shared.calendar import next_session
from shared.contracts.gateway import MarketCloseRequested, RiskRequested, SnapshotsRequested
from shared.contracts.ingest import StorePrices
from shared.database import Database
from tests.builders import AS_OF
from tests.integration.gateway.answering import replying
from tests.integration.gateway.people import Person
from tests.integration.gateway.test_correlations import exposures
from tests.integration.gateway.test_runs import a_whole_run, deliver

A_PRICE = {"symbol": "AAPL", "session_date": "2022-12-28", "close": 126.04}
ROUTES: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "admin/batch/market-close", {"json": {"session_date": "2022-12-28"}}),
    ("POST", "admin/batch/correlations", {"json": {"session_date": "2022-12-28"}}),
    ("POST", "admin/batch/market-data", {}),
    ("POST", "admin/batch/snapshots", {}),
    ("POST", "admin/batch/risk-metrics", {}),
    ("GET", "admin/dead-letters", {}),
    ("POST", "admin/dead-letters/7f1c1f9e-8f4e-4c55-9d5a-2f1f3f0c6a11/replay", {}),
    ("GET", "admin/batch/runs", {}),
    ("GET", "admin/batch/runs/7f1c1f9e-8f4e-4c55-9d5a-2f1f3f0c6a11", {}),
    ("PUT", "admin/market-data/prices", {"json": {"rows": [A_PRICE]}}),
    (
        "PUT",
        "admin/market-data/yields",
        {
            "json": {
                "rows": [
                    {"maturity": "10Y", "observation_date": "2022-12-28", "yield_percent": 3.88}
                ]
            }
        },
    ),
]


@pytest.fixture
async def answering(bus: Client) -> AsyncIterator[list[StorePrices]]:
    """Ingest, as far as the bus shows: stores rows priced above 1, refuses the
    others.
    """
    received: list[StorePrices] = []

    async def answer(message: Msg) -> None:
        request = StorePrices.model_validate_json(message.data)
        received.append(request)
        if any(row.close <= 1 for row in request.rows):
            problem = b'{"field": "close", "code": "too_low", "message": "row 1: too low"}'
            await message.respond(
                b'{"refusal": {"code": "invalid_rows", "message": "1 row", "problems": [%s]}}'
                % problem
            )
            return
        await message.respond(
            b'{"answer": {"received": %d, "changed": 1, '
            b'"first_session": "2022-12-28", "last_session": "2022-12-28"}}' % len(request.rows)
        )

    async with replying(bus, answer, StorePrices):
        yield received


@pytest.mark.parametrize(("method", "path", "more"), ROUTES)
async def test_users_are_not_administrators(
    ann: Person, method: str, path: str, more: dict[str, Any]
) -> None:
    answer = await ann.request(method, path, **more)

    assert (answer.status_code, answer.json()["code"]) == (403, "admin_only")


async def test_a_market_close_is_taken_on_as_a_run(operator: Person) -> None:
    answer = await operator.post("admin/batch/market-close", {"session_date": "2022-12-28"})

    run = (await operator.get(f"admin/batch/runs/{answer.json()['run_id']}")).json()
    assert answer.status_code == 202
    assert answer.headers["location"].endswith(run["run_id"])
    assert (run["status"], run["trigger"], run["as_of"], run["items"]) == (
        "running",
        "operator",
        "2022-12-28",
        [],
    )


@pytest.mark.usefixtures("market")
@pytest.mark.parametrize(
    ("day", "code", "named"),
    [
        ("2013-12-31", "date_outside_data", "2014-01-02"),
        ("2023-01-03", "date_outside_data", "2022-12-28"),
        ("2022-12-26", "not_a_session", "2022-12-23"),
        ("yesterday", "invalid_request", "1 value"),
    ],
)
async def test_impossible_sessions_are_clear_problems(
    operator: Person, day: str, code: str, named: str
) -> None:
    answer = await operator.post("admin/batch/market-close", {"session_date": day})

    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert named in answer.json()["detail"]
    assert (await operator.get("admin/batch/runs")).json()["total"] == 0


async def test_a_run_shows_the_time_of_each_stage(operator: Person, gateway: Any) -> None:
    run_id = uuid4()
    await deliver(gateway, a_whole_run(run_id))

    run = (await operator.get(f"admin/batch/runs/{run_id}")).json()

    stages = [stage["stage"] for stage in run["stages"]]
    assert run["status"] == "completed"
    assert stages == ["prices", "greeks", "factors", "snapshots", "stress", "risk", "limits"]
    assert {(stage["shards_done"], stage["busy_seconds"]) for stage in run["stages"]} == {(2, 1.0)}
    assert len(run["items"]) == 14
    assert (await operator.get("admin/batch/runs", status="completed")).json()["total"] == 1
    assert (await operator.get("admin/batch/runs", status="failed")).json()["total"] == 0


async def test_an_unknown_run_is_not_found(operator: Person) -> None:
    assert (
        await operator.get("admin/batch/runs/7f1c1f9e-8f4e-4c55-9d5a-2f1f3f0c6a11")
    ).status_code == 404


async def test_prices_go_to_ingest_in_parts_and_come_back_summed(
    operator: Person, answering: list[StorePrices]
) -> None:
    body = {"rows": [A_PRICE | {"symbol": f"T{number}"} for number in range(9_000)]}

    answer = await operator.request("PUT", "admin/market-data/prices", json=body)

    assert [len(request.rows) for request in answering] == [4000, 4000, 1000]
    assert answer.json() == {
        "received": 9000,
        "changed": 3,
        "first_session": "2022-12-28",
        "last_session": "2022-12-28",
        "warnings": [],
    }


async def test_a_price_may_be_that_of_a_private_holding(
    operator: Person, ann: Person, answering: list[StorePrices]
) -> None:
    header = b"symbol,quantity,entry price per share,entry date,investment class\n"
    file = header + b"ACME-SERIES-B,10,12.5,2021-03-31,PRIVATE\n"
    assert (await ann.upload(file, portfolio_name="Private")).status_code == 201

    rows = [A_PRICE | {"symbol": "acme-series-b"}, A_PRICE | {"symbol": "ACME-SERIES-C"}]
    stored = await operator.request("PUT", "admin/market-data/prices", json={"rows": rows[:1]})
    refused = await operator.request("PUT", "admin/market-data/prices", json={"rows": rows})

    assert stored.status_code == 200
    assert [row.symbol for [row] in [request.rows for request in answering]] == ["acme-series-b"]
    assert [error["row"] for error in refused.json()["errors"]] == [1]


async def test_ingests_refusal_is_passed_on(operator: Person, answering: list[StorePrices]) -> None:
    answer = await operator.request(
        "PUT", "admin/market-data/prices", json={"rows": [A_PRICE | {"close": 1}]}
    )

    assert len(answering) == 1
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_rows")
    assert [error["message"] for error in answer.json()["errors"]] == ["row 1: too low"]


QUOTE = {"contract": "AAPL230317C00130000", "session_date": "2022-12-28", "bid": 7, "ask": 8}
YIELD = {"maturity": "10Y", "observation_date": "2022-12-28", "yield_percent": 3.88}
FAR = (datetime.now(UTC) + timedelta(days=500)).date()
NEXT_SESSION = next_session(FAR).isoformat()
REFUSED_ROWS: list[tuple[str, list[dict[str, Any]], list[int]]] = [
    ("prices", [A_PRICE, A_PRICE | {"symbol": "aapl", "close": 127}], [0, 1]),
    ("prices", [A_PRICE, A_PRICE | {"symbol": "XOM", "session_date": NEXT_SESSION}], [1]),
    ("yields", [YIELD, YIELD | {"maturity": "2Y"}, YIELD], [0, 2]),
    ("yields", [YIELD | {"observation_date": FAR.isoformat()}], [0]),
    ("option-quotes", [QUOTE, QUOTE | {"contract": "AAPL  230317C00130000"}], [0, 1]),
    ("option-quotes", [QUOTE | {"session_date": "2023-03-20"}], [0]),
    ("option-quotes", [QUOTE | {"session_date": NEXT_SESSION}], [0]),
]


@pytest.mark.parametrize(("what", "rows", "named"), REFUSED_ROWS)
async def test_rows_that_cannot_be_stored_are_named_and_none_is_stored(
    operator: Person,
    answering: list[StorePrices],
    what: str,
    rows: list[dict[str, Any]],
    named: list[int],
) -> None:
    answer = await operator.request("PUT", f"admin/market-data/{what}", json={"rows": rows})

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "invalid_rows")
    assert [error["row"] for error in problem["errors"]] == named
    assert answering == []


async def test_a_repeat_far_from_its_first_row_is_found(
    operator: Person, answering: list[StorePrices]
) -> None:
    rows = [A_PRICE | {"symbol": f"T{number}"} for number in range(9_000)] + [
        A_PRICE | {"symbol": "t7"}
    ]

    answer = await operator.request("PUT", "admin/market-data/prices", json={"rows": rows})

    assert [error["row"] for error in answer.json()["errors"]] == [7, 9_000]
    assert answering == []


@pytest.mark.parametrize(
    ("what", "row", "field"),
    [
        ("prices", A_PRICE | {"adjusted_closing": 125}, "rows.0.adjusted_closing"),
        ("prices", A_PRICE | {"Close": 125}, "rows.0.Close"),
        ("yields", YIELD | {"yield": 3.9}, "rows.0.yield"),
        ("option-quotes", QUOTE | {"underlying": 126}, "rows.0.underlying"),
    ],
)
async def test_a_misspelt_field_of_a_row_is_refused_by_name(
    operator: Person, what: str, row: dict[str, Any], field: str
) -> None:
    answer = await operator.request("PUT", f"admin/market-data/{what}", json={"rows": [row]})

    assert answer.status_code == 422
    assert [(each["field"], each["code"]) for each in answer.json()["errors"]] == [
        (field, "extra_forbidden")
    ]


async def test_what_a_service_did_not_expect_is_an_error_of_ours(
    operator: Person, bus: Client
) -> None:
    async def fail(message: Msg) -> None:
        await message.respond(
            b'{"refusal": {"code": "failed", "message": "ingest: DBAPIError", "problems": []}}'
        )

    async with replying(bus, fail, StorePrices):
        answer = await operator.request("PUT", "admin/market-data/prices", json={"rows": [A_PRICE]})

    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert "DBAPIError" not in answer.text


async def test_without_ingest_storing_is_unavailable(operator: Person) -> None:
    async with asyncio.timeout(10):
        answer = await operator.request("PUT", "admin/market-data/prices", json={"rows": [A_PRICE]})

    assert (answer.status_code, answer.json()["code"]) == (503, "service_unavailable")
    assert "retry-after" in answer.headers


@pytest.mark.parametrize(
    "row", [A_PRICE | {"close": -1}, A_PRICE | {"close": "x"}, {"symbol": "AAPL"}]
)
async def test_unusable_rows_never_leave_the_gateway(
    operator: Person, answering: list[StorePrices], row: dict[str, Any]
) -> None:
    answer = await operator.request("PUT", "admin/market-data/prices", json={"rows": [row]})

    assert answer.status_code == 422
    assert answering == []


@pytest.mark.usefixtures("market")
async def test_market_data_are_brought_up_to_date_by_a_run_of_the_last_session(
    operator: Person, admin: Database
) -> None:
    answer = await operator.post("admin/batch/market-data", None)

    run = (await operator.get(f"admin/batch/runs/{answer.json()['run_id']}")).json()
    [(subject, payload)] = await left_for_the_relay(admin)
    assert (answer.status_code, answer.json()["session_date"]) == (202, "2022-12-28")
    assert (run["status"], run["trigger"]) == ("running", "market_data")
    assert (subject, payload["run_id"]) == (MarketCloseRequested.subject, run["run_id"])


@pytest.mark.parametrize(
    ("path", "trigger", "subjects"),
    [
        ("snapshots", "snapshots", [SnapshotsRequested.subject]),
        ("risk-metrics", "risk_metrics", [SnapshotsRequested.subject, RiskRequested.subject]),
    ],
)
@pytest.mark.usefixtures("market")
async def test_batches_work_on_every_portfolio_with_exposures(
    operator: Person, ann: Person, admin: Database, path: str, trigger: str, subjects: list[str]
) -> None:
    portfolio_id = await ann.uploaded()
    await exposures(admin, portfolio_id)
    await empty_outbox(admin)

    answer = (
        await operator.post(f"admin/batch/{path}", {"session_date": AS_OF.isoformat()})
    ).json()

    run = (await operator.get(f"admin/batch/runs/{answer['run_id']}")).json()
    emitted = await left_for_the_relay(admin)
    assert (answer["portfolios"], answer["session_date"]) == (1, AS_OF.isoformat())
    assert (run["trigger"], run["status"]) == (trigger, "running")
    assert [subject for subject, _ in emitted] == subjects
    assert {tuple(payload["portfolio_ids"]) for _, payload in emitted} == {(portfolio_id,)}
    assert {payload["run_id"] for _, payload in emitted} == {answer["run_id"]}


@pytest.mark.parametrize("path", ["snapshots", "risk-metrics"])
async def test_batches_without_anything_stored_are_refused(operator: Person, path: str) -> None:
    answer = await operator.post(f"admin/batch/{path}", None)

    assert (answer.status_code, answer.json()["code"]) == (422, "not_calculated")


async def left_for_the_relay(admin: Database) -> list[Any]:
    async with admin.transaction() as session:
        rows = text("select subject, payload from gateway.outbox order by subject desc")
        return [tuple(row) for row in await session.execute(rows)]


async def empty_outbox(admin: Database) -> None:
    async with admin.transaction() as session:
        await session.execute(text("delete from gateway.outbox"))
