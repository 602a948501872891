"""Uploaded books through all services: closed positions reach P&L, private ones do no harm."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from shared.database import Database
from tests.integration.gateway.people import HEADER, Person
from tests.integration.gateway.test_upload_csv import TWELVE
from tests.panel import closes, sessions
from tests.pipeline import Pipeline, running_pipeline
from tests.servers import Servers

BEFORE, CLOSING, LATER, LATEST = (date(2022, 12, day) for day in (22, 23, 27, 28))


@pytest.fixture
async def pipeline(servers: Servers, admin: Database, empty: None) -> AsyncIterator[Pipeline]:
    async with running_pipeline(servers, admin) as running:
        yield running


def closed_at(symbol: str, day: date) -> float:
    """The panel's close."""
    return float(closes(symbol)[sessions().index(day), 0])


async def all_finished(pipeline: Pipeline, admin: Database) -> set[str]:
    """Wait for every run there is; the statuses they ended with."""
    async with admin.transaction() as session:
        runs: list[UUID] = list(
            await session.scalars(text("select run_id from gateway.batch_runs"))
        )
    return set((await pipeline.finished(runs)).values())


async def snapshots_of(person: Person, portfolio_id: str) -> dict[str, dict[str, Any]]:
    items = (await person.get(f"portfolios/{portfolio_id}/snapshots")).json()["items"]
    return {item["as_of"]: item for item in items}


async def test_a_closed_position_earns_its_exit_price_on_its_day(
    ann: Person, pipeline: Pipeline, admin: Database
) -> None:
    held = HEADER + "AAPL,100,148.71,2022-06-01,\nXOM,-50,96.51,2022-06-01,\n"
    portfolio_id = await ann.uploaded(data=held.encode(), equity_balance="50000", as_of=str(BEFORE))
    for day in (BEFORE, CLOSING, LATER, LATEST):
        await pipeline.finished([await pipeline.close(day)])
    before = await snapshots_of(ann, portfolio_id)

    closing = TWELVE + f"AAPL,100,148.71,2022-06-01,,,,,,,{CLOSING},131.5\n"
    report = (await ann.upload(closing.encode(), portfolio_id=portfolio_id)).json()
    statuses = await all_finished(pipeline, admin)

    after = await snapshots_of(ann, portfolio_id)
    short = -50 * (closed_at("XOM", CLOSING) - closed_at("XOM", BEFORE))
    exited = 100 * (131.5 - closed_at("AAPL", BEFORE))
    assert report["restated"] == {"first": str(CLOSING), "last": str(LATER), "count": 2}
    assert statuses == {"completed"}
    assert after[str(CLOSING)]["daily_pnl"] == pytest.approx(short + exited, abs=0.011)
    assert after[str(LATER)]["daily_pnl"] == pytest.approx(
        -50 * (closed_at("XOM", LATER) - closed_at("XOM", CLOSING)), abs=0.011
    )
    assert after[str(LATEST)]["market_value"] == pytest.approx(
        -50 * closed_at("XOM", LATEST), abs=0.011
    )
    assert after[str(BEFORE)] == before[str(BEFORE)]


async def test_a_private_holding_is_reported_without_a_price_and_spoils_nothing(
    ann: Person, pipeline: Pipeline, admin: Database
) -> None:
    public = "AAPL,100,148.71,2022-06-01,PUBLIC,,,,,,,\n"
    private = "ACME-SERIES-A,1000,12.5,2021-03-31,PRIVATE,Venture,,,,,,\n"
    alone = await ann.upload((TWELVE + public).encode(), portfolio_name="Alone", as_of=str(LATEST))
    both = await ann.upload(
        (TWELVE + public + private).encode(), portfolio_name="Both", as_of=str(LATEST)
    )
    statuses = await all_finished(pipeline, admin)

    assert [warning["code"] for warning in both.json()["warnings"]] == ["no_market_price"]
    assert statuses == {"completed"}
    plain, mixed = [
        (await ann.get(f"portfolios/{answer.json()['portfolio']['portfolio_id']}/report")).json()
        for answer in (alone, both)
    ]
    assert mixed["snapshot"]["market_value"] == plain["snapshot"]["market_value"]
    assert mixed["snapshot"]["exposures"] == plain["snapshot"]["exposures"]
    assert mixed["factors"]["factors"][0]["dollar_exposure"] == pytest.approx(
        plain["factors"]["factors"][0]["dollar_exposure"]
    )
    unpriced = next(row for row in mixed["positions"] if row["symbol"] == "ACME-SERIES-A")
    assert (unpriced["price"], unpriced["market_value"], unpriced["unrealised_pnl"]) == (
        None,
        None,
        None,
    )
    assert unpriced["reason"] == "no price known on or before the session"
    assert mixed["snapshot"]["coverage"]["prices"] < plain["snapshot"]["coverage"]["prices"] == 1
    assert "ACME-SERIES-A" in {
        name for warning in mixed["snapshot"]["warnings"] for name in warning["about"]
    }
