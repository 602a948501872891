"""For operators: close a market session, follow runs, store market data. Needs the role admin."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import Annotated, Any, Literal, TypeVar
from uuid import UUID, uuid4

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from services.gateway.api.audit import record
from services.gateway.api.background import trace_headers
from services.gateway.api.dependencies import (
    Admin,
    AsOf,
    Gateway,
    GatewayParts,
    Limit,
    Offset,
    OpenSession,
)
from services.gateway.api.idempotency import OnceRoute
from services.gateway.api.problems import Problem, documented, not_found
from services.gateway.api.reading.stored import fetch_progress
from services.gateway.api.schemas import SOME_ID, Page, RunDetail, RunOut, body_example, example
from services.gateway.api.schemas.market import HistoryProgress
from services.gateway.api.upload import date_outside_data
from services.gateway.calculations.run_status import stage_timings
from services.gateway.handlers import as_items
from services.gateway.repository import market, outbox, runs
from shared.calendar import is_session, previous_session
from shared.contracts.event import Day, Request
from shared.contracts.gateway import MarketCloseRequested
from shared.contracts.ingest import (
    OptionQuoteRow,
    PriceRow,
    RowsStored,
    StoreOptionQuotes,
    StorePrices,
    StoreYields,
    YieldRow,
)
from shared.database import Session
from shared.messaging import Refused, Unanswered, ask

ROWS_PER_REQUEST = 4_000  # keeps a request well below the bus's one megabyte
MAX_ROWS = 50_000
router = APIRouter(
    prefix="/admin", tags=["admin"], responses=documented(401, 403, 422), route_class=OnceRoute
)
AnyRow = TypeVar("AnyRow", PriceRow, YieldRow, OptionQuoteRow)


class MarketClose(BaseModel):
    """The session to run for every portfolio."""

    model_config = body_example(session_date="2022-12-28")

    session_date: Day


class RunStarted(BaseModel):
    """Work was taken on: follow it under `batch/runs/{run_id}`."""

    model_config = example(run_id=SOME_ID, session_date="2022-12-28", status="running")

    run_id: UUID
    session_date: date
    status: str


class Prices(BaseModel):
    """Daily prices, USD. `adjusted_close` defaults to `close`."""

    model_config = body_example(
        rows=[
            {
                "symbol": "AAPL",
                "session_date": "2022-12-28",
                "close": 126.04,
                "adjusted_close": 125.11,
            }
        ]
    )

    rows: list[PriceRow] = Field(min_length=1, max_length=MAX_ROWS)


class Yields(BaseModel):
    """Treasury yields in percent: 3.88 means 3.88 %."""

    model_config = body_example(
        rows=[{"maturity": "10Y", "observation_date": "2022-12-28", "yield_percent": 3.88}]
    )

    rows: list[YieldRow] = Field(min_length=1, max_length=MAX_ROWS)


class OptionQuotes(BaseModel):
    """Option quotes at the close, USD per share of contract; a contract is named by its OCC
    symbol.
    """

    model_config = body_example(
        rows=[
            {
                "contract": "AAPL230317C00130000",
                "session_date": "2022-12-28",
                "bid": 7.1,
                "ask": 7.3,
            }
        ]
    )

    rows: list[OptionQuoteRow] = Field(min_length=1, max_length=MAX_ROWS)


@router.post("/batch/market-close", status_code=202)
async def close_market(
    wanted: MarketClose, admin: Admin, session: OpenSession, response: Response
) -> RunStarted:
    """Run a session for every portfolio, again if it was run before."""
    await refuse_impossible_session(session, wanted.session_date)
    event = MarketCloseRequested.new(uuid4(), wanted.session_date)
    await runs.save_run(session, event.run_id, event.as_of, "operator", admin.user_id)
    await outbox.save_event(session, event, trace_headers())
    await record(
        session, "batch.started", event.run_id, trigger="operator", session_date=event.as_of
    )
    response.headers["Location"] = f"/api/v1/admin/batch/runs/{event.run_id}"
    return RunStarted(run_id=event.run_id, session_date=event.as_of, status="running")


async def refuse_impossible_session(session: Session, day: date) -> None:
    """422 for a day that the exchange was closed on, or that no data can be had of."""
    known = await market.sessions_with_data(session)
    if known and not known.first <= day <= known.last:
        raise date_outside_data(day, known)
    if not await asyncio.to_thread(
        is_session, day
    ):  # the first call loads the calendar, which takes a while
        detail = f"{day} is not a NYSE session; the previous session is {previous_session(day)}"
        raise Problem(422, "not_a_session", detail)


@router.get("/batch/runs", response_model=Page[RunOut])
async def list_runs(
    _: Admin,
    session: OpenSession,
    status: Annotated[Literal["running", "completed", "partial", "failed"] | None, Query()] = None,
    as_of: Annotated[Day | None, Query(description="runs of this session only")] = None,
    limit: Limit = 100,
    offset: Offset = 0,
) -> dict[str, Any]:
    """Runs, newest first."""
    items, total = await runs.load_runs(session, status, as_of, limit, offset)
    return {"items": items, "total": total, "limit": limit, "offset": offset}


@router.get("/batch/runs/{run_id}", response_model=RunDetail, responses=documented(404))
async def get_run(run_id: UUID, _: Admin, session: OpenSession) -> dict[str, Any]:
    """A run with the time each stage took and everything that was reported about it."""
    run = await runs.load_run(session, run_id)
    if run is None:
        raise not_found("run", run_id)
    items = await runs.load_items(session, run_id)
    return {
        **run,
        "stages": [asdict(timing) for timing in stage_timings(as_items(items))],
        "items": items,
    }


@router.get("/market-data/progress", response_model=HistoryProgress)
async def get_progress(_: Admin, session: OpenSession, as_of: AsOf = None) -> dict[str, Any]:
    """What is stored of the year of closes of everything that anybody holds, and what is still
    coming.
    """
    return await fetch_progress(session, as_of)


@router.put("/market-data/prices", responses=documented(503))
async def put_prices(prices: Prices, _: Admin, gateway: GatewayParts) -> RowsStored:
    """Store daily prices: ingest's to write, so it is asked. Repeating changes nothing."""
    return await _stored(gateway, [StorePrices(rows=tuple(part)) for part in _parts(prices.rows)])


@router.put("/market-data/yields", responses=documented(503))
async def put_yields(yields: Yields, _: Admin, gateway: GatewayParts) -> RowsStored:
    """Store Treasury yields: ingest's to write, so it is asked. Repeating changes nothing."""
    return await _stored(gateway, [StoreYields(rows=tuple(part)) for part in _parts(yields.rows)])


@router.put("/market-data/option-quotes", responses=documented(503))
async def put_option_quotes(quotes: OptionQuotes, _: Admin, gateway: GatewayParts) -> RowsStored:
    """Store option quotes: ingest's to write, so it is asked. Repeating changes nothing."""
    return await _stored(
        gateway, [StoreOptionQuotes(rows=tuple(part)) for part in _parts(quotes.rows)]
    )


def _parts(rows: Sequence[AnyRow]) -> list[Sequence[AnyRow]]:
    return [
        rows[start : start + ROWS_PER_REQUEST] for start in range(0, len(rows), ROWS_PER_REQUEST)
    ]


async def _stored(gateway: Gateway, requests: Sequence[Request[RowsStored]]) -> RowsStored:
    """Ask for one part after the other; each is stored wholly or not at all."""
    answers: list[RowsStored] = []
    for request in requests:
        try:
            answer = await ask(gateway.runtime.broker, request, gateway.settings.request_seconds)
        except (Refused, Unanswered) as error:
            error.add_note(f"{sum(each.received for each in answers)} rows were stored before")
            raise
        answers.append(RowsStored.model_validate(answer.model_dump()))
    return _summed(answers)


def _summed(answers: Sequence[RowsStored]) -> RowsStored:
    first = [each.first_session for each in answers if each.first_session]
    last = [each.last_session for each in answers if each.last_session]
    return RowsStored(
        received=sum(each.received for each in answers),
        changed=sum(each.changed for each in answers),
        first_session=min(first, default=None),
        last_session=max(last, default=None),
    )
