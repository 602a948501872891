"""Writing of a planned upload, and the runs it starts."""

from uuid import UUID, uuid4

from services.gateway.books.dependencies import name_taken
from services.gateway.books.editing import position_row
from services.gateway.books.files import Holding
from services.gateway.books.queries import portfolios
from services.gateway.books.schemas.uploads import UploadOptions
from services.gateway.books.uploading.plan import (
    Plan,
    Started,
    plan_upload,
    portfolio_name,
    read_sheet,
    refuse_unusable,
)
from services.gateway.books.uploading.report import change_counts
from services.gateway.edge import audit
from services.gateway.runs.queries import revisions, runs
from services.gateway.runs.starting import start_runs
from services.gateway.tables import User
from shared.database import Session


async def load_file(
    session: Session, owner: User, data: bytes, options: UploadOptions, filename: str
) -> UUID:
    """Load a file into an owner's portfolio, new or existing, without a run; returns its id."""
    plan = await plan_upload(session, owner, await read_sheet(data), options, filename)
    await refuse_unusable(session, owner, plan, options)
    portfolio_id = await save_portfolio(session, owner, plan, options, filename)
    await write_changes(session, owner, portfolio_id, plan)
    return portfolio_id


async def save_portfolio(
    session: Session, caller: User, plan: Plan, options: UploadOptions, filename: str | None
) -> UUID:
    if plan.portfolio is None:
        return await _created(session, caller, plan, options, filename)
    portfolio_id: UUID = plan.portfolio["portfolio_id"]
    if plan.restates_equity:
        terms = {"equity_balance": plan.equity_balance}
        await portfolios.save_portfolio_terms(session, caller.user_id, portfolio_id, terms)
    return portfolio_id


async def _created(
    session: Session, caller: User, plan: Plan, options: UploadOptions, filename: str | None
) -> UUID:
    name = portfolio_name(options, filename)
    balance = plan.equity_balance or plan.exported_equity
    portfolio_id = await portfolios.save_portfolio(session, caller.user_id, name, balance)
    if portfolio_id is None:  # an upload beside this one created it since we looked
        raise name_taken(name, await portfolios.portfolio_named(session, caller.user_id, name))
    return portfolio_id


async def write_changes(session: Session, caller: User, portfolio_id: UUID, plan: Plan) -> None:
    chosen = {change.holding.line: _position_id(plan, change.holding) for change in plan.written}
    rows = [
        position_row(portfolio_id, chosen[change.holding.line], change.holding, plan.stated_on)
        | vars(change.terms)
        for change in plan.written
    ]
    await portfolios.save_positions(session, rows)
    carried = {
        chosen[change.holding.line]: change.holding.tags
        for change in plan.written
        if change.holding.tags
    }
    await portfolios.save_position_tags(session, caller.user_id, carried)
    await revisions.raise_revision(session, [portfolio_id])


def _position_id(plan: Plan, holding: Holding) -> UUID:
    return plan.position_ids.get((holding.symbol, holding.entry_date)) or uuid4()


async def start_upload_runs(
    session: Session, caller: User, portfolio_id: UUID, plan: Plan
) -> Started:
    if plan.valued_on is None or plan.changes_from is None:
        return Started()
    stored = await runs.sessions_valued(session, portfolio_id, plan.changes_from)
    restated = [day for day in stored if day != plan.valued_on]
    days = [*restated, plan.valued_on]
    started = await start_runs(session, caller.user_id, portfolio_id, days, "upload")
    return Started(started[plan.valued_on], restated)


async def record_upload(
    session: Session, portfolio_id: UUID, plan: Plan, filename: str | None
) -> None:
    await audit.record(
        session,
        "positions.uploaded",
        portfolio_id,
        file=(filename or "")[:200],
        format=plan.sheet.source,
        stated_on=plan.stated_on,
        created=plan.portfolio is None,
        equity_balance=plan.equity_balance,
        rejected=len(plan.rejected_lines),
        **change_counts(plan),
    )
