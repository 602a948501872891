"""A user's portfolios: list, create, get, rename, delete; their snapshots, cash flows and
reports.
"""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import AfterValidator, BaseModel, Field

from services.gateway.api.answers import NamedRevision
from services.gateway.api.audit import record
from services.gateway.api.dependencies import (
    AsOf,
    Caller,
    CallersDatabase,
    Limit,
    Offset,
    OpenSession,
    at_once,
    owned_portfolio,
)
from services.gateway.api.idempotency import OnceRoute
from services.gateway.api.problems import Problem, documented, not_found
from services.gateway.api.reading.report import portfolio_report
from services.gateway.api.schemas import (
    CashFlowOut,
    Page,
    PortfolioOut,
    PortfolioReport,
    SnapshotOut,
    body_example,
)
from services.gateway.api.starting import start_runs
from services.gateway.calculations.positions_csv import EARLIEST_DATE
from services.gateway.calculations.report import snapshot_summary
from services.gateway.repository import books, positions, snapshots
from services.gateway.repository.rows import Row
from services.gateway.tables import User
from shared.contracts.event import Day
from shared.database import Session

router = APIRouter(
    prefix="/portfolios",
    tags=["portfolios"],
    responses=documented(401, 404, 422),
    route_class=OnceRoute,
)


def _trimmed(text: str) -> str:
    if not text.strip() or not text.isprintable():
        raise ValueError("a name needs at least one letter and no control characters")
    return text.strip()


PortfolioName = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_trimmed)]
EquityBalance = Annotated[Decimal, Field(gt=0, max_digits=18, decimal_places=2)]


class PortfolioSort(StrEnum):
    """The order of a list of portfolios."""

    CREATED, CREATED_DOWN = "created_at", "-created_at"
    NAME, NAME_DOWN = "name", "-name"


class NewPortfolio(BaseModel):
    """A book without positions. `equity_balance`: its NAV at the first snapshot; else the value of
    what it holds.
    """

    model_config = body_example(name="Long/short", equity_balance=1_000_000)

    name: PortfolioName
    equity_balance: EquityBalance | None = None


class PortfolioTerms(BaseModel):
    """What may be changed; what is left out stays."""

    model_config = body_example(name="Retirement")

    name: PortfolioName | None = None
    equity_balance: EquityBalance | None = Field(
        default=None, description="null: none is stated any more"
    )

    def stated(self) -> dict[str, Any]:
        """What the request names."""
        named = self.model_dump(exclude_unset=True)
        return {name: value for name, value in named.items() if name != "name" or value is not None}


class NewCashFlow(BaseModel):
    """Positive is a deposit, negative a withdrawal."""

    model_config = body_example(flow_date="2022-12-01", amount=25000, note="deposit")

    flow_date: Annotated[date, Field(ge=EARLIEST_DATE)]
    amount: Annotated[
        Decimal,
        Field(max_digits=18, decimal_places=2),
        AfterValidator(lambda amount: _not_zero(amount)),
    ]
    note: str = Field(default="", max_length=200)


class CashFlowSaved(CashFlowOut):
    """The flow, and the run that takes it into the snapshots it concerns (null when there are none
    yet).
    """

    run_id: UUID | None


def _not_zero(amount: Decimal) -> Decimal:
    if amount == 0:
        raise ValueError("the amount is 0")
    return amount


def name_taken(name: str, portfolio_id: UUID | None) -> Problem:
    """A 409 that says which portfolio has the name."""
    detail = f"you have a portfolio named {name!r} already: {portfolio_id}"
    return Problem(409, "name_taken", detail)


@router.get("", response_model=Page[PortfolioOut])
async def list_portfolios(
    caller: Caller,
    session: OpenSession,
    search: Annotated[str | None, Query(max_length=100, description="a part of the name")] = None,
    sort: Annotated[
        PortfolioSort, Query(description="a leading '-' sorts downwards")
    ] = PortfolioSort.CREATED,
    limit: Limit = 100,
    offset: Offset = 0,
) -> dict[str, Any]:
    """The caller's portfolios, oldest first unless another order is asked for."""
    items, total = await books.load_portfolios(
        session, caller.user_id, search, sort.value, limit, offset
    )
    return {"items": items, "total": total, "limit": limit, "offset": offset}


@router.post("", status_code=201, response_model=PortfolioOut, responses=documented(409))
async def create_portfolio(wanted: NewPortfolio, caller: Caller, session: OpenSession) -> Row:
    """Create a portfolio without positions."""
    portfolio_id = await books.save_portfolio(
        session, caller.user_id, wanted.name, wanted.equity_balance
    )
    if portfolio_id is None:
        raise name_taken(
            wanted.name, await books.portfolio_named(session, caller.user_id, wanted.name)
        )
    await record(session, "portfolio.created", portfolio_id, **wanted.model_dump())
    return await owned_portfolio(session, caller, portfolio_id)


@router.get("/{portfolio_id}", response_model=PortfolioOut)
async def get_portfolio(portfolio: NamedRevision) -> Row:
    """One portfolio."""
    return portfolio


@router.patch("/{portfolio_id}", response_model=PortfolioOut, responses=documented(409))
async def rename_portfolio(
    portfolio_id: UUID, terms: PortfolioTerms, caller: Caller, session: OpenSession
) -> Row:
    """Rename a portfolio, or restate its opening equity, from which every NAV follows."""
    before = await _held(session, caller, portfolio_id)
    changes = {name: value for name, value in terms.stated().items() if before[name] != value}
    holder = (
        await books.portfolio_named(session, caller.user_id, changes["name"])
        if "name" in changes
        else None
    )
    if holder not in (None, portfolio_id):
        raise name_taken(changes["name"], holder)
    if changes:
        await books.save_portfolio_terms(session, caller.user_id, portfolio_id, changes)
        was = {name: before[name] for name in changes}
        await record(session, "portfolio.edited", portfolio_id, was=was, now=changes)
        await books.raise_revision(session, [portfolio_id])
    if "equity_balance" in changes:
        days = await positions.sessions_valued(session, portfolio_id, date.min)
        await start_runs(session, caller.user_id, portfolio_id, days, "equity_balance")
    return await owned_portfolio(session, caller, portfolio_id)


@router.delete("/{portfolio_id}", status_code=204)
async def delete_portfolio(portfolio_id: UUID, caller: Caller, session: OpenSession) -> Response:
    """Delete a portfolio with its positions and cash flows."""
    before = await _held(session, caller, portfolio_id)
    await books.delete_portfolio(session, caller.user_id, portfolio_id)
    await record(
        session,
        "portfolio.deleted",
        portfolio_id,
        name=before["name"],
        positions=before["positions"],
    )
    return Response(status_code=204)


async def _held(session: Session, caller: User, portfolio_id: UUID) -> Row:
    """The caller's portfolio, held against other edits; 404 when it is not there, or not any
    more.
    """
    await owned_portfolio(session, caller, portfolio_id)
    await books.lock_portfolio(session, portfolio_id)
    return await owned_portfolio(session, caller, portfolio_id)


@router.get("/{portfolio_id}/snapshots", response_model=Page[SnapshotOut])
async def list_snapshots(
    portfolio: NamedRevision,
    database: CallersDatabase,
    start: Annotated[Day | None, Query(description="first session wanted")] = None,
    end: Annotated[Day | None, Query(description="last session wanted")] = None,
    limit: Limit = 100,
    offset: Offset = 0,
) -> dict[str, Any]:
    """The portfolio's snapshots, newest first."""
    portfolio_id = portfolio["portfolio_id"]
    rows, total = await at_once(
        database,
        lambda session: snapshots.load_snapshots(session, portfolio_id, start, end, limit, offset),
        lambda session: snapshots.count_snapshots(session, portfolio_id, start, end),
    )
    return {
        "items": [snapshot_summary(row) for row in rows],
        "total": total,
        "limit": limit,
        "offset": offset,
    }


@router.get("/{portfolio_id}/report")
async def get_report(
    portfolio: NamedRevision, database: CallersDatabase, as_of: AsOf = None
) -> PortfolioReport:
    """Everything about the portfolio in one answer."""
    return await portfolio_report(database, portfolio, as_of)


@router.get("/{portfolio_id}/cash-flows", response_model=Page[CashFlowOut])
async def list_cash_flows(
    portfolio: NamedRevision, session: OpenSession, limit: Limit = 100, offset: Offset = 0
) -> dict[str, Any]:
    """The portfolio's deposits and withdrawals, newest first."""
    items, total = await books.load_cash_flows(session, portfolio["portfolio_id"], limit, offset)
    return {"items": items, "total": total, "limit": limit, "offset": offset}


@router.post("/{portfolio_id}/cash-flows", status_code=201, response_model=CashFlowSaved)
async def add_cash_flow(
    portfolio_id: UUID, wanted: NewCashFlow, caller: Caller, session: OpenSession
) -> dict[str, Any]:
    """Record a deposit or a withdrawal; the snapshots it concerns are taken again."""
    await _held(session, caller, portfolio_id)
    flow = await books.save_cash_flow(
        session, portfolio_id, wanted.flow_date, wanted.amount, wanted.note
    )
    await record(
        session,
        "cash_flow.created",
        flow["cash_flow_id"],
        portfolio_id=portfolio_id,
        **wanted.model_dump(),
    )
    return {**flow, "run_id": await _flow_again(session, caller, flow)}


@router.delete("/{portfolio_id}/cash-flows/{cash_flow_id}", status_code=204)
async def delete_cash_flow(
    portfolio_id: UUID, cash_flow_id: UUID, caller: Caller, session: OpenSession
) -> Response:
    """Delete a cash flow; the snapshots it concerned are taken again."""
    await _held(session, caller, portfolio_id)
    flow = await books.delete_cash_flow(session, portfolio_id, cash_flow_id)
    if flow is None:
        raise not_found("cash_flow", cash_flow_id)
    stated = {name: flow[name] for name in ("portfolio_id", "flow_date", "amount", "note")}
    await record(session, "cash_flow.deleted", cash_flow_id, **stated)
    await _flow_again(session, caller, flow)
    return Response(status_code=204)


async def _flow_again(session: Session, caller: User, flow: Row) -> UUID | None:
    """Start the runs of a flow's snapshot and of those after it, whose NAV it changes; the first's
    id.
    """
    portfolio_id = flow["portfolio_id"]
    await books.raise_revision(session, [portfolio_id])
    days = await positions.sessions_valued(session, portfolio_id, flow["flow_date"])
    started = await start_runs(session, caller.user_id, portfolio_id, days, "cash_flow")
    return started[days[0]] if days else None
