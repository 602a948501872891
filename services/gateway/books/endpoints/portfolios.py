"""A user's portfolios: list, create, get, change, delete; their cash flows."""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Response

from services.gateway.books.answers import NamedRevision
from services.gateway.books.caps import refuse_another_portfolio
from services.gateway.books.dependencies import (
    name_taken,
    owned_portfolio,
    refuse_draft,
    refuse_less,
)
from services.gateway.books.editing import refuse_future, valuation_day
from services.gateway.books.keeping import (
    API,
    cash_flow,
    keep_ledger,
    state_equity,
    value_from_first,
)
from services.gateway.books.queries import flows, ledger, portfolios, shares
from services.gateway.books.queries.portfolios import Listing
from services.gateway.books.reading import listed, without_risk
from services.gateway.books.schemas.portfolios import (
    CashFlowOut,
    CashFlowSaved,
    ListedPortfolio,
    NewCashFlow,
    NewPortfolio,
    PortfolioOut,
    PortfolioSort,
    PortfolioTerms,
)
from services.gateway.edge.audit import record
from services.gateway.edge.dependencies import Caller, CallersProof, ChosenPage, OpenSession
from services.gateway.edge.idempotency import once_router
from services.gateway.edge.problems import documented, not_found
from services.gateway.edge.queries import Row
from services.gateway.edge.scopes import Scope
from services.gateway.edge.values import Page
from services.gateway.runs.queries import revisions, runs
from services.gateway.runs.starting import restate, start_runs
from services.gateway.tables import OWNER, User
from shared.database import Session

_KEPT_BY = frozenset({"lot_method", "settlement"})
router = once_router("/portfolios", "portfolios", 401, 404, 422)


@router.get("", response_model=Page[ListedPortfolio])
async def list_portfolios(
    caller: Caller,
    proof: CallersProof,
    session: OpenSession,
    page: ChosenPage,
    search: Annotated[str | None, Query(max_length=100, description="a part of the name")] = None,
    sort: Annotated[
        PortfolioSort, Query(description="a leading '-' sorts downwards")
    ] = PortfolioSort.CREATED,
) -> dict[str, Any]:
    """The caller's portfolios with NAV, day's P&L, VaR, worst scenario and last run of each.

    Those that other users share are among them: see `access`.

    Oldest first by default. A personal token without the scope `risk:read` sees no VaR, scenario or
    limits.
    """
    rows, total = await portfolios.load_portfolios(
        session, caller.user_id, Listing(search, sort.value, shared=True), page.limit, page.offset
    )
    found = await listed(session, caller.user_id, rows)
    shown = found if proof.opens(Scope.RISK_READ) else [without_risk(each) for each in found]
    return page.page(shown, total)


@router.post("", status_code=201, response_model=PortfolioOut, responses=documented(409))
async def create_portfolio(wanted: NewPortfolio, caller: Caller, session: OpenSession) -> Row:
    """Create a portfolio without positions."""
    await refuse_another_portfolio(session, caller.user_id)
    portfolio_id = await portfolios.save_portfolio(
        session, caller.user_id, wanted.name, wanted.equity_balance
    )
    if portfolio_id is None:
        raise name_taken(
            wanted.name, await portfolios.portfolio_named(session, caller.user_id, wanted.name)
        )
    await record(session, "portfolio.created", portfolio_id, **wanted.model_dump())
    return await owned_portfolio(session, caller, portfolio_id)


@router.get("/{portfolio_id:uuid}", response_model=PortfolioOut)
async def get_portfolio(portfolio: NamedRevision) -> Row:
    """One portfolio."""
    return portfolio


@router.patch("/{portfolio_id}", response_model=PortfolioOut, responses=documented(409))
async def rename_portfolio(
    portfolio_id: UUID, terms: PortfolioTerms, caller: Caller, session: OpenSession
) -> Row:
    """Rename a portfolio, change the equity given for it, or how its ledger is kept.

    The equity, from which every NAV follows, is that of `equity_date`; where none is given
    yet, of the session that NAV starts from. `lot_method` and `settlement` hold for the whole
    ledger: lots are derived again, and run again since the first that changed. The owner alone
    renames it.
    """
    before = await _held(session, caller, portfolio_id)
    changes = {name: value for name, value in terms.named().items() if before[name] != value}
    if "name" in changes:
        refuse_less(before, OWNER)
    holder = (
        await portfolios.portfolio_named(session, caller.user_id, changes["name"])
        if "name" in changes
        else None
    )
    if holder not in (None, portfolio_id):
        raise name_taken(changes["name"], holder)
    if changes:
        await _save_terms(session, before, changes)
        was = {name: before[name] for name in changes}
        await record(session, "portfolio.edited", portfolio_id, was=was, now=changes)
        await revisions.raise_edits(session, [portfolio_id])
        await _run_again(session, caller, portfolio_id, changes)
    return await owned_portfolio(session, caller, portfolio_id)


async def _run_again(
    session: Session, caller: User, portfolio_id: UUID, changes: Collection[str]
) -> None:
    """Start the runs of every session whose numbers the changes move."""
    since: date | None = None
    if not _KEPT_BY.isdisjoint(changes):
        since = (await keep_ledger(session, portfolio_id)).since
    if "equity_balance" in changes:
        days = await runs.sessions_valued(session, portfolio_id, date.min)
        await start_runs(session, caller.user_id, portfolio_id, days, "equity_balance")
    elif since is not None:
        await restate(session, caller.user_id, portfolio_id, since, "ledger_kept_otherwise")


async def _save_terms(session: Session, before: Row, changes: Mapping[str, Any]) -> None:
    """Save what changes: equity in the ledger, as soon as the day it is given for is known."""
    portfolio_id = before["portfolio_id"]
    day = before["equity_date"] or before["valued_from"]
    columns = dict(changes)
    if day is not None and "equity_balance" in columns:
        await state_equity(session, portfolio_id, day, columns.pop("equity_balance"), API)
    await portfolios.save_portfolio_terms(session, portfolio_id, columns)


@router.delete("/{portfolio_id}", status_code=204)
async def delete_portfolio(portfolio_id: UUID, caller: Caller, session: OpenSession) -> Response:
    """Delete a portfolio with its positions and cash flows."""
    await owned_portfolio(session, caller, portfolio_id)
    await shares.lock_shares(session, portfolio_id)
    before = await _held(session, caller, portfolio_id)
    await portfolios.delete_portfolio(session, caller.user_id, portfolio_id)
    await record(
        session,
        "portfolio.deleted",
        portfolio_id,
        name=before["name"],
        positions=before["positions"],
    )
    return Response(status_code=204)


async def _held(session: Session, caller: User, portfolio_id: UUID) -> Row:
    """The caller's portfolio, locked; 404 when it does not exist or was deleted; 409: a draft."""
    await owned_portfolio(session, caller, portfolio_id)
    await refuse_draft(session, portfolio_id)
    await portfolios.lock_portfolio(session, portfolio_id)
    return await owned_portfolio(session, caller, portfolio_id)


@router.get("/{portfolio_id}/cash-flows", response_model=Page[CashFlowOut])
async def list_cash_flows(
    portfolio: NamedRevision, session: OpenSession, page: ChosenPage
) -> dict[str, Any]:
    """The portfolio's deposits and withdrawals, newest first."""
    return page.page(
        *await flows.load_cash_flows(session, portfolio["portfolio_id"], page.limit, page.offset)
    )


@router.post("/{portfolio_id}/cash-flows", status_code=201, response_model=CashFlowSaved)
async def add_cash_flow(
    portfolio_id: UUID, wanted: NewCashFlow, caller: Caller, session: OpenSession
) -> dict[str, Any]:
    """Record a deposit or a withdrawal; the snapshots it concerns are taken again."""
    await _held(session, caller, portfolio_id)
    await refuse_future(session, flow_date=wanted.flow_date)
    flow = cash_flow(portfolio_id, wanted.flow_date, wanted.amount, wanted.note)
    await ledger.append_transactions(session, [flow])
    valued_on = await valuation_day(session)
    if valued_on is not None and wanted.flow_date <= valued_on:  # else NAV starts with what is held
        await value_from_first(session, portfolio_id, valued_on, wanted.flow_date, API)
    await record(
        session,
        "cash_flow.created",
        flow.transaction_id,
        portfolio_id=portfolio_id,
        **wanted.model_dump(),
    )
    run_id = await _flow_again(session, caller, portfolio_id, wanted.flow_date)
    return {**await _flow(session, portfolio_id, flow.transaction_id), "run_id": run_id}


@router.delete("/{portfolio_id}/cash-flows/{cash_flow_id}", status_code=204)
async def delete_cash_flow(
    portfolio_id: UUID, cash_flow_id: UUID, caller: Caller, session: OpenSession
) -> Response:
    """Reverse a cash flow; the snapshots it concerned are taken again."""
    await _held(session, caller, portfolio_id)
    flow = await _flow(session, portfolio_id, cash_flow_id)
    await ledger.save_reversals(session, portfolio_id, [cash_flow_id], API)
    recorded = {name: flow[name] for name in ("portfolio_id", "flow_date", "amount", "note")}
    await record(session, "cash_flow.deleted", cash_flow_id, **recorded)
    await _flow_again(session, caller, portfolio_id, flow["flow_date"])
    return Response(status_code=204)


async def _flow(session: Session, portfolio_id: UUID, cash_flow_id: UUID) -> Row:
    """The cash flow; 404 when the portfolio has none of the id that counts."""
    flow = await flows.load_cash_flow(session, portfolio_id, cash_flow_id)
    if flow is None:
        raise not_found("cash_flow", cash_flow_id)
    return flow


async def _flow_again(
    session: Session, caller: User, portfolio_id: UUID, flow_date: date
) -> UUID | None:
    """Run a flow's session and those after it again, whose NAV it changes; the first run's id."""
    await keep_ledger(session, portfolio_id)
    await revisions.raise_edits(session, [portfolio_id])
    days = await runs.sessions_valued(session, portfolio_id, flow_date)
    started = await start_runs(session, caller.user_id, portfolio_id, days, "cash_flow")
    return started[days[0]] if days else None
