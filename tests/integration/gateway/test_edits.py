"""Edits through all seven services give the numbers of a book that had always been so."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from services.gateway.tables import BatchRun
from shared.database import Database, sql_table
from tests.integration.gateway.people import HEADER, Person, a_schwab_export
from tests.pipeline import Pipeline, running_pipeline
from tests.servers import Servers

ROWS = [
    "AAPL,100,120,2022-06-01,",
    "XOM,-200,90,2022-06-01,",
    "AAPL230616C00150000,5,8.45,2022-11-01,",
]


@pytest.fixture
async def pipeline(servers: Servers, admin: Database, empty: None) -> AsyncIterator[Pipeline]:
    """All seven services at work."""
    async with running_pipeline(servers, admin) as running:
        yield running


async def a_book(person: Person, name: str, rows: list[str]) -> str:
    """The id of a portfolio of these rows."""
    answer = await person.upload(
        (HEADER + "\n".join(rows)).encode(), portfolio_name=name, equity_balance="90000"
    )
    assert answer.json()["rejected"] == 0, answer.text
    return str(answer.json()["portfolio"]["portfolio_id"])


async def settled(admin: Database, pipeline: Pipeline) -> set[str]:
    """Wait for every run there is, and those that start meanwhile; what became of them."""
    ended: dict[UUID, str] = {}
    while True:
        async with admin.transaction() as session:
            known = list(await session.scalars(select(sql_table(BatchRun).c.run_id)))
        if len(known) == len(ended):
            return set(ended.values())
        ended = await pipeline.finished(known)


async def numbers_of(person: Person, portfolio_id: str) -> tuple[list[dict[str, Any]], list[Any]]:
    """The snapshots and the positions by symbol, without ids and times."""
    shots = (await person.get(f"portfolios/{portfolio_id}/snapshots")).json()["items"]
    held = (await person.get("positions", portfolio_id=portfolio_id)).json()["items"]
    ours = ("position_id", "portfolio_id", "opened_by", "stated_on")
    return shots, [{name: value for name, value in row.items() if name not in ours} for row in held]


async def test_an_edited_book_has_the_numbers_of_one_that_was_always_so(
    ann: Person, admin: Database, pipeline: Pipeline
) -> None:
    always = await a_book(
        ann, "Always", [ROWS[0].replace("100,120", "150,121"), ROWS[2], "MSFT,10,250,2022-07-01,"]
    )
    edited = await a_book(ann, "Edited", ROWS)
    for day in (date(2022, 12, 27), date(2022, 12, 28)):
        await pipeline.finished([await pipeline.close(day)])
    page = (await ann.get("positions", portfolio_id=edited)).json()["items"]
    positions = {row["symbol"]: row["position_id"] for row in page}

    new = {"symbol": "MSFT", "quantity": 10, "entry_price": 250, "entry_date": "2022-07-01"}
    await ann.post("positions", {**new, "portfolio_id": edited})
    await ann.request(
        "PUT", f"positions/{positions['AAPL']}", json={"quantity": 150, "entry_price": 121}
    )
    await ann.request("DELETE", f"positions/{positions['XOM']}")

    assert await settled(admin, pipeline) == {"completed"}
    assert await numbers_of(ann, edited) == await numbers_of(ann, always)
    assert all(
        row["market_value"] and row["reason"] is None for row in (await numbers_of(ann, edited))[1]
    )


async def test_runs_of_a_deleted_portfolio_end(
    ann: Person, admin: Database, pipeline: Pipeline
) -> None:
    portfolio_id = await a_book(ann, "Short-lived", ROWS)

    deleted = await ann.request("DELETE", f"portfolios/{portfolio_id}")

    assert deleted.status_code == 204
    assert "running" not in await settled(admin, pipeline)


async def test_an_exit_earns_its_price_on_its_day(
    ann: Person, admin: Database, pipeline: Pipeline
) -> None:
    await a_book(ann, "Book", ROWS[:2])
    for day in (date(2022, 12, 27), date(2022, 12, 28)):
        await pipeline.finished([await pipeline.close(day)])
    position = next(
        row for row in (await ann.get("positions")).json()["items"] if row["symbol"] == "AAPL"
    )
    before = (await ann.get("portfolio", as_of="2022-12-27")).json()["snapshot"]
    held_before = (await ann.get(f"positions/{position['position_id']}", as_of="2022-12-27")).json()

    answer = await ann.request(
        "PUT",
        f"positions/{position['position_id']}",
        json={"exit_date": "2022-12-28", "exit_price": 130},
    )
    await pipeline.finished([UUID(answer.json()["run_id"])])

    after = (await ann.get("portfolio")).json()["snapshot"]
    (short,) = (await ann.get("positions", status="open")).json()["items"]
    earned = 100 * (130 - held_before["price"])
    assert after["daily_pnl"] == pytest.approx(short["daily_pnl"] + earned, abs=0.02)
    assert after["counts"] == {**before["counts"], "LONG": 0} or "LONG" not in after["counts"]
    closed = (await ann.get(f"positions/{position['position_id']}")).json()
    assert (closed["realised_pnl"], closed["reason"]) == (1000.0, "closed on 2022-12-28")


async def navs(person: Person, portfolio_id: str) -> dict[str, float]:
    page = (await person.get(f"portfolios/{portfolio_id}/snapshots")).json()
    return {shot["as_of"]: shot["nav"] for shot in page["items"]}


async def test_equity_of_an_export_is_the_nav_of_its_day_for_ever(
    ann: Person, admin: Database, pipeline: Pipeline
) -> None:
    report = (await ann.upload(a_schwab_export("28").encode(), entry_date="2022-11-01")).json()
    book = report["portfolio"]["portfolio_id"]
    await pipeline.finished([UUID(report["run_id"])])
    first = await navs(ann, book)

    for day in (date(2022, 12, 27), date(2022, 11, 10)):
        await pipeline.finished([await pipeline.close(day)])

    prices = {
        day: (await ann.get("positions", portfolio_id=book, as_of=day)).json()["items"][0]["price"]
        for day in ("2022-11-10", "2022-12-28")
    }
    gained = 100 * (prices["2022-12-28"] - prices["2022-11-10"])
    after = await navs(ann, book)
    assert first["2022-12-28"] == after["2022-12-28"] == 32_567
    assert after["2022-11-10"] == pytest.approx(32_567 - gained, abs=0.02)
