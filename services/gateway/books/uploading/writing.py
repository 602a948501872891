"""Writing of a planned upload, and the runs it starts."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from uuid import UUID, uuid4

from services.gateway.books.caps import refuse_another_portfolio
from services.gateway.books.dependencies import name_taken
from services.gateway.books.editing import position_row
from services.gateway.books.files import Change, Sheet, Source
from services.gateway.books.files import Problem as RowProblem
from services.gateway.books.keeping import FILE, enter_lines, state_equity
from services.gateway.books.lots import Written, corrected, entered
from services.gateway.books.queries import portfolios
from services.gateway.books.schemas.uploads import UploadOptions
from services.gateway.books.uploading.entering import Result, write_entries
from services.gateway.books.uploading.plan import (
    Plan,
    Started,
    plan_upload,
    portfolio_name,
    refuse_unusable,
)
from services.gateway.books.uploading.report import change_counts
from services.gateway.edge import audit
from services.gateway.runs.queries import revisions, runs
from services.gateway.runs.starting import start_runs
from services.gateway.tables import User
from shared.database import Session


async def load_file(
    session: Session, owner: User, sheet: Sheet, options: UploadOptions, filename: str
) -> UUID:
    """Load a file's cells into an owner's portfolio, new or existing, without a run.

    Returns the portfolio's id.
    """
    plan = await plan_upload(session, owner, sheet, options, filename)
    await refuse_unusable(session, owner, plan, options)
    portfolio_id = await save_portfolio(session, owner, plan, options, filename)
    await write_changes(session, owner, portfolio_id, plan)
    return portfolio_id


async def save_portfolio(
    session: Session, caller: User, plan: Plan, options: UploadOptions, filename: str | None
) -> UUID:
    """The portfolio to load into, created unless it exists."""
    if plan.portfolio is not None:
        existing: UUID = plan.portfolio["portfolio_id"]
        return existing
    await refuse_another_portfolio(session, caller.user_id)
    name = portfolio_name(options, filename)
    portfolio_id = await portfolios.save_portfolio(session, caller.user_id, name, None)
    if portfolio_id is None:  # an upload beside this one created it since we looked
        raise name_taken(name, await portfolios.portfolio_named(session, caller.user_id, name))
    return portfolio_id


async def warnings_of_writing(
    session: Session, caller: User, plan: Plan, options: UploadOptions, filename: str | None
) -> Sequence[RowProblem]:
    """What entering a file of transactions would warn of; nothing stays written."""
    if not plan.entries:
        return ()
    trial = await session.begin_nested()
    try:
        portfolio_id = await save_portfolio(session, caller, plan, options, filename)
        return (await write_changes(session, caller, portfolio_id, plan)).warnings
    finally:
        await trial.rollback()


async def write_changes(session: Session, caller: User, portfolio_id: UUID, plan: Plan) -> Result:
    """Enter the file into the portfolio's ledger."""
    if plan.sheet.source is Source.TRANSACTIONS:
        return await _write_transactions(session, caller, portfolio_id, plan)
    lots = {change.holding.line: _lot_id(change) for change in plan.written}
    lines = await asyncio.to_thread(_lines, portfolio_id, lots, plan)
    restated = await _write_equity(session, caller, portfolio_id, plan)
    kept_since = None
    if any(each.lines for each in lines):
        first = min(change.holding.entry_date for change in plan.written)
        days = (plan.valued_on, first)
        kept_since = (await enter_lines(session, portfolio_id, lines, days, FILE)).since
    carried = {
        lots[change.holding.line]: change.holding.tags
        for change in plan.written
        if change.holding.tags
    }
    owner_id = await portfolios.load_owner(session, portfolio_id)
    await portfolios.save_position_tags(session, owner_id, carried)
    await revisions.raise_edits(session, [portfolio_id])
    return Result(_earliest(restated, kept_since))


def _earliest(*days: date | None) -> date | None:
    return min((day for day in days if day is not None), default=None)


async def _write_transactions(
    session: Session, caller: User, portfolio_id: UUID, plan: Plan
) -> Result:
    restated = await _write_equity(session, caller, portfolio_id, plan)
    found = await write_entries(session, portfolio_id, plan.entries, plan.valued_on, plan.share_day)
    await revisions.raise_edits(session, [portfolio_id])
    return replace(found, since=_earliest(restated, found.since))


def _lot_id(change: Change) -> UUID:
    return change.was.position_id if change.was else uuid4()


def _lines(portfolio_id: UUID, lots: Mapping[int, UUID], plan: Plan) -> list[Written]:
    """What the rows write into the ledger; `lots`: the lot of each line."""
    return [
        _written(portfolio_id, lots[change.holding.line], change, plan) for change in plan.written
    ]


def _written(portfolio_id: UUID, lot_id: UUID, change: Change, plan: Plan) -> Written:
    holding = change.holding
    stated_on = holding.stated_on or plan.stated_on
    row = position_row(portfolio_id, lot_id, holding, stated_on)
    if change.was is None:
        return entered(row, FILE, holding.line)
    if not change.changed:  # tags only
        return Written()
    after = replace(row, **vars(change.terms))
    return corrected(plan.lots[lot_id], after, change.changed, FILE, holding.line)


async def _write_equity(
    session: Session, caller: User, portfolio_id: UUID, plan: Plan
) -> date | None:
    """State the equity that the plan has, if any; the first day whose NAV that moves.

    What was given for the portfolio before it had any transaction gives way to it.
    """
    if plan.equity is None:
        return None
    waiting = plan.equity if plan.equity_day is None else None
    terms = {"equity_balance": waiting}
    await portfolios.save_portfolio_terms(session, portfolio_id, terms)
    if plan.equity_day is None:
        return date.min
    return await state_equity(session, portfolio_id, plan.equity_day, plan.equity, FILE)


async def start_upload_runs(
    session: Session, caller: User, portfolio_id: UUID, plan: Plan, since: date | None
) -> Started:
    """Start the runs that value what has changed since a day; None: nothing has."""
    if plan.valued_on is None or since is None:
        return Started()
    stored = await runs.sessions_valued(session, portfolio_id, since)
    restated = [day for day in stored if day != plan.valued_on]
    days = [*restated, plan.valued_on]
    started = await start_runs(session, caller.user_id, portfolio_id, days, "upload")
    return Started(started[plan.valued_on], restated)


async def record_upload(
    session: Session, portfolio_id: UUID, plan: Plan, filename: str | None
) -> None:
    """Write the upload into the audit log."""
    await audit.record(
        session,
        "positions.uploaded",
        portfolio_id,
        file=(filename or "")[:200],
        format=plan.sheet.source,
        stated_on=plan.stated_on,
        created=plan.portfolio is None,
        equity_balance=plan.equity,
        rejected=len(plan.rejected_lines),
        **change_counts(plan),
    )
