"""Sessions that no provider has, and for which an administrator stored prices."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from tests.builders import AS_OF
from tests.integration.gateway.people import Person
from tests.integration.gateway.test_correlations import a_closed_book
from tests.pipeline import Pipeline

NEXT, LATER = date(2022, 12, 29), date(2022, 12, 30)  # the providers' last session is AS_OF


async def stored(operator: Person, day: date, **closes: float) -> None:
    rows: list[dict[str, Any]] = [
        {"symbol": symbol, "session_date": day.isoformat(), "close": close}
        for symbol, close in closes.items()
    ]
    answer = await operator.request("PUT", "admin/market-data/prices", json={"rows": rows})
    assert answer.status_code == 200, answer.text


async def ended(operator: Person, pipeline: Pipeline, day: date) -> dict[str, Any]:
    """The run of a session that the operator requests, when it has ended."""
    started = await operator.post("admin/batch/market-close", {"session_date": day.isoformat()})
    assert started.status_code == 202, started.text
    run_id = UUID(started.json()["run_id"])
    await pipeline.finished([run_id])
    run: dict[str, Any] = (await operator.get(f"admin/batch/runs/{run_id}")).json()
    return run


@pytest.mark.parametrize(
    ("priced", "run"),
    [(NEXT, NEXT), (LATER, LATER), (LATER, NEXT)],
    ids=["the next", "after a gap", "in the gap"],
)
async def test_a_session_that_only_an_administrators_prices_cover_runs(
    ann: Person, operator: Person, pipeline: Pipeline, priced: date, run: date
) -> None:
    portfolio_id = await a_closed_book(ann, pipeline, AS_OF)
    await stored(operator, priced, AAPL=200.0, SPY=380.0)

    done = await ended(operator, pipeline, run)

    positions = (await ann.get("positions", portfolio_id=portfolio_id)).json()["items"]
    apple = next(each for each in positions if each["symbol"] == "AAPL")
    assert (done["status"], done["as_of"]) == ("completed", run.isoformat())
    assert apple["valued_on"] == run.isoformat()
    assert apple["price_date"] == (priced if priced == run else AS_OF).isoformat()


async def test_a_session_beyond_every_stored_price_is_refused_before_it_is_promised(
    operator: Person, pipeline: Pipeline, ann: Person
) -> None:
    await a_closed_book(ann, pipeline, AS_OF)
    await stored(operator, NEXT, AAPL=200.0)

    answer = await operator.post("admin/batch/market-close", {"session_date": LATER.isoformat()})

    assert (answer.status_code, answer.json()["code"]) == (422, "date_outside_data")
    assert NEXT.isoformat() in answer.json()["detail"]


async def test_a_portfolio_is_valued_on_an_administrators_session(
    ann: Person, operator: Person, pipeline: Pipeline
) -> None:
    await a_closed_book(ann, pipeline, AS_OF)
    await stored(operator, NEXT, AAPL=200.0)
    await ended(operator, pipeline, NEXT)

    edited = await ann.upload(b"ticker,quantity,entry_price,entry_date\nAAPL,5,150,2022-12-29\n")

    run_id = UUID(edited.json()["run_id"])
    assert (await pipeline.finished([run_id]))[run_id] == "completed"
    assert edited.json()["as_of"] == NEXT.isoformat()
