"""Upload of a position file: read, judged, met with what the portfolio holds, and written in one
transaction.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cached_property
from pathlib import PurePath
from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, File, Form, Query, Request, Response, UploadFile
from pydantic import BaseModel, Field

from services.gateway.api import audit
from services.gateway.api.dependencies import Caller, OpenSession, owned_portfolio
from services.gateway.api.idempotency import OnceRoute, forget_answer
from services.gateway.api.portfolios import EquityBalance, PortfolioName, name_taken
from services.gateway.api.position_terms import exchange_day, position_row
from services.gateway.api.problems import Problem, documented
from services.gateway.api.schemas.uploads import Mode, UploadReport
from services.gateway.api.starting import start_runs
from services.gateway.api.tagging import refuse_too_many
from services.gateway.calculations import positions_csv
from services.gateway.calculations.positions_csv import (
    Change,
    Held,
    Holding,
    Holdings,
    Rules,
    Sheet,
    Source,
    Terms,
)
from services.gateway.calculations.positions_csv import Problem as RowProblem
from services.gateway.repository import books, market, positions, tags
from services.gateway.repository.rows import Row
from services.gateway.tables import User
from shared.calendar import is_session, session_on_or_before
from shared.database import Session
from shared.instruments import position_type

LARGEST_BALANCE = Decimal(10) ** 16  # what the column of the portfolios table holds in dollars
router = APIRouter(
    prefix="/portfolio",
    tags=["portfolio"],
    responses=documented(401, 404, 409, 413, 422),
    route_class=OnceRoute,
)


class UploadOptions(BaseModel):
    """What to do with the file; each may be sent as a form field or in the query."""

    portfolio_id: UUID | None = Field(default=None, description="load into this portfolio")
    portfolio_name: PortfolioName | None = Field(
        default=None,
        description="or into the portfolio of this name, new or not; default: the file's name",
    )
    name: PortfolioName | None = Field(default=None, description="the same as `portfolio_name`")
    equity_balance: EquityBalance | None = Field(
        default=None, description="its NAV at the first snapshot, USD"
    )
    mode: Mode | None = Field(default=None, description="default: partial")
    dry_run: bool | None = Field(
        default=None, description="validate only, write nothing; default: false"
    )
    as_of: date | None = Field(
        default=None, description="the day the file is read for; default: the last session"
    )
    stated_on: date | None = Field(
        default=None,
        description="the day in whose shares the file's quantities, prices and strikes are: splits since then are "
        "applied to them; default: the day of a broker's export, else as_of, else today",
    )
    entry_date: date | None = Field(
        default=None,
        description="for a broker's export without entry dates: when its positions count as entered; "
        "default: the day of the export",
    )


def upload_options(
    query: Annotated[UploadOptions, Query()],
    portfolio_id: Annotated[UUID | None, Form()] = None,
    portfolio_name: Annotated[PortfolioName | None, Form()] = None,
    name: Annotated[PortfolioName | None, Form(description="the same as `portfolio_name`")] = None,
    equity_balance: Annotated[EquityBalance | None, Form()] = None,
    mode: Annotated[Mode | None, Form()] = None,
    dry_run: Annotated[bool | None, Form()] = None,
    as_of: Annotated[date | None, Form()] = None,
    stated_on: Annotated[date | None, Form()] = None,
    entry_date: Annotated[date | None, Form()] = None,
) -> UploadOptions:
    """The form's fields where they are given, else the query's; `name` becomes `portfolio_name`."""
    form = {
        "portfolio_id": portfolio_id,
        "portfolio_name": _one_name(portfolio_name, name)
        or _one_name(query.portfolio_name, query.name),
        "equity_balance": equity_balance,
        "mode": mode,
        "dry_run": dry_run,
        "as_of": as_of,
        "stated_on": stated_on,
        "entry_date": entry_date,
    }
    given = {key: value for key, value in form.items() if value is not None}
    return query.model_copy(update={**given, "name": None})


def _one_name(portfolio_name: str | None, name: str | None) -> str | None:
    if portfolio_name and name and portfolio_name != name:
        raise Problem(
            422, "two_names", "name and portfolio_name are the same thing: send one of them"
        )
    return portfolio_name or name


@dataclass(frozen=True)
class Plan:
    """A file after all its rules, met with the portfolio it is for.

    `portfolio` None: it is to be created. `equity_balance`: what it is to start with, None to leave
    it as it is. `stated_on`: the day in whose shares the file and, here, what is held are.
    `valued_on`: the session its change is valued for, None before there are any. `position_ids`: of
    what the portfolio holds, by symbol and entry date.
    """

    sheet: Sheet
    rules: Rules
    stated_on: date
    holdings: Holdings
    valued_on: date | None
    portfolio: Row | None
    equity_balance: Decimal | None
    changes: Sequence[Change]
    position_ids: dict[tuple[str, date], UUID]

    @cached_property
    def rejected_lines(self) -> set[int]:
        """The lines that may not be loaded."""
        return {problem.line for problem in self.holdings.problems}

    @cached_property
    def written(self) -> list[Change]:
        """The changes that are changes."""
        return [change for change in self.changes if change.kind != "unchanged"]

    @property
    def restates_equity(self) -> bool:
        """Whether a portfolio that is there gets another equity balance, from which every NAV
        follows.
        """
        wanted, before = self.equity_balance, self.portfolio
        return before is not None and wanted is not None and before["equity_balance"] != wanted

    @property
    def felt_from(self) -> date | None:
        """The first day whose numbers the upload changes; None when it changes none."""
        days = (change.felt_from for change in self.written)
        first = min((day for day in days if day is not None), default=None)
        return date.min if self.restates_equity else first

    @property
    def exported_equity(self) -> Decimal | None:
        """Cash + market value of what is accepted, as a broker's export states them; None unless it
        is positive.
        """
        cash = self.sheet.export.cash if self.sheet.export else None
        values = [holding.market_value for holding in self.holdings.accepted]
        if cash is None or any(value is None for value in values):
            return None
        total = cash + sum(value for value in values if value is not None)
        return total if 0 < total < LARGEST_BALANCE else None


FILE = "CSV: five columns, twelve columns, or Charles Schwab's export of positions"


@router.post("/upload", response_model=UploadReport, responses={201: {"model": UploadReport}})
async def upload_positions(
    request: Request,
    caller: Caller,
    session: OpenSession,
    options: Annotated[UploadOptions, Depends(upload_options)],
    file: Annotated[UploadFile, File(description=FILE)],
) -> Response:
    """Load a CSV file into a new portfolio (201) or an existing one (200); `dry_run` previews and
    writes nothing.

    Good rows load and bad rows are reported (`mode=partial`), or one bad row keeps all out
    (`all_or_nothing`). Rows meet what the portfolio holds by instrument and entry date: new,
    updated or unchanged; nothing is ever deleted.
    """
    sheet = await _readable(await file.read(positions_csv.MAX_BYTES + 1))
    plan = await _plan(session, caller, sheet, options, file.filename)
    await _refuse(session, caller, plan, options)
    if options.dry_run:
        forget_answer(request)
        return await _told(plan, options, plan.portfolio, Started())
    portfolio_id = await _saved_portfolio(session, caller, plan, options, file.filename)
    await _write(session, caller, portfolio_id, plan)
    started = await _start_runs(session, caller, portfolio_id, plan)
    await _record(session, portfolio_id, plan, file.filename)
    return await _told(plan, options, await owned_portfolio(session, caller, portfolio_id), started)


async def load_file(
    session: Session, owner: User, data: bytes, options: UploadOptions, filename: str
) -> UUID:
    """Load a file into a portfolio of the owner's, new or not, and start nothing; returns the
    portfolio's id.
    """
    plan = await _plan(session, owner, await _readable(data), options, filename)
    await _refuse(session, owner, plan, options)
    portfolio_id = await _saved_portfolio(session, owner, plan, options, filename)
    await _write(session, owner, portfolio_id, plan)
    return portfolio_id


# --- judging ---


async def _readable(data: bytes) -> Sheet:
    try:
        return await asyncio.to_thread(positions_csv.sheet_of, data)
    except positions_csv.UnreadableFile as error:
        status = 413 if error.problem.code in ("too_large", "too_many_rows") else 422
        raise Problem(
            status, error.problem.code, error.problem.message, [asdict(error.problem)]
        ) from None


async def _plan(
    session: Session, caller: User, sheet: Sheet, options: UploadOptions, filename: str | None
) -> Plan:
    rules, valued_on = await _rules(session, sheet, options)
    holdings = await asyncio.to_thread(positions_csv.holdings_of, sheet, rules)
    portfolio = await _existing(session, caller, options, filename)
    stated_on = _stated_on(sheet, options)
    held = (
        await books.load_holdings(session, portfolio["portfolio_id"], stated_on)
        if portfolio
        else []
    )
    known = {(row["symbol"], row["entry_date"]): _held(row) for row in held}
    changes = await asyncio.to_thread(positions_csv.changes_to, known, holdings.accepted)
    ids = {(row["symbol"], row["entry_date"]): row["position_id"] for row in held}
    balance = options.equity_balance
    plan = Plan(sheet, rules, stated_on, holdings, valued_on, portfolio, balance, changes, ids)
    return _without_overtagged(plan)


def _stated_on(sheet: Sheet, options: UploadOptions) -> date:
    """In the shares of which day a file is: nobody who sends one without saying so means those
    before a past split.
    """
    exported_on = sheet.export.exported_on if sheet.export else None
    return options.stated_on or exported_on or options.as_of or exchange_day()


async def _rules(
    session: Session, sheet: Sheet, options: UploadOptions
) -> tuple[Rules, date | None]:
    """What the rows are held against, and the session the change is valued for."""
    known = await market.sessions_with_data(session)
    if options.as_of and known and options.as_of < known.first:
        raise date_outside_data(options.as_of, known)
    latest = await market.latest_session(session)
    as_of = options.as_of or latest or datetime.now(UTC).date()
    if options.entry_date and options.entry_date > as_of:
        detail = f"entry_date {options.entry_date} lies after {as_of}, the day the file is read for"
        raise Problem(422, "date_in_future", detail)
    needed = await asyncio.to_thread(positions_csv.underlyings, sheet)
    symbols = await market.known_symbols(session, needed)
    valued_on = (
        await asyncio.to_thread(session_on_or_before, min(as_of, latest)) if latest else None
    )
    return Rules(as_of, symbols, is_session, options.entry_date), valued_on


def date_outside_data(day: date, known: market.SessionRange) -> Problem:
    """A 422 that names the sessions there is data for."""
    detail = f"{day} is outside the data: choose a session from {known.first} to {known.last}"
    return Problem(422, "date_outside_data", detail)


async def _existing(
    session: Session, caller: User, options: UploadOptions, filename: str | None
) -> Row | None:
    """The caller's portfolio that is meant, held against other edits; None when it is to be
    created.
    """
    portfolio_id = options.portfolio_id
    if portfolio_id is None:
        portfolio_id = await books.portfolio_named(
            session, caller.user_id, _name(options, filename)
        )
    if portfolio_id is None:
        return None
    await owned_portfolio(session, caller, portfolio_id)
    await books.lock_portfolio(session, portfolio_id)
    return await owned_portfolio(session, caller, portfolio_id)


def _name(options: UploadOptions, filename: str | None) -> str:
    stem = "".join(letter for letter in PurePath(filename or "").stem if letter.isprintable())
    return options.portfolio_name or stem.strip()[:100] or "Portfolio"


def _held(row: dict[str, Any]) -> Held:
    terms = {name: row[name] for name in Terms.__dataclass_fields__}
    return Held(Terms(**terms), frozenset(row["tags"]))


def _without_overtagged(plan: Plan) -> Plan:
    """The plan without the rows that would give a position more tags than it may carry."""
    problems = positions_csv.too_many_tags(plan.changes)
    if not problems:
        return plan
    lines = {problem.line for problem in problems}
    holdings = replace(
        plan.holdings,
        accepted=tuple(holding for holding in plan.holdings.accepted if holding.line not in lines),
        problems=tuple(
            sorted((*plan.holdings.problems, *problems), key=lambda problem: problem.line)
        ),
        warnings=tuple(warning for warning in plan.holdings.warnings if warning.line not in lines),
    )
    changes = [change for change in plan.changes if change.holding.line not in lines]
    return replace(plan, holdings=holdings, changes=changes)


async def _refuse(session: Session, caller: User, plan: Plan, options: UploadOptions) -> None:
    """End the request when nothing of the file may be loaded."""
    rejected = len(plan.rejected_lines)
    errors = [asdict(problem) for problem in plan.holdings.problems]
    if rejected and not options.dry_run and options.mode is Mode.ALL_OR_NOTHING:
        raise Problem(
            422, "rows_rejected", f"{rejected} rows have problems, so nothing was loaded", errors
        )
    if rejected and not options.dry_run and not plan.holdings.accepted:
        raise Problem(422, "no_valid_rows", "every row has problems, so nothing was loaded", errors)
    if wanted := {tag.lower() for change in plan.changes for tag in change.holding.tags}:
        await tags.lock_tags(session, caller.user_id)
        refuse_too_many(len(wanted | await books.load_tag_names(session, caller.user_id)))


# --- writing ---


async def _saved_portfolio(
    session: Session, caller: User, plan: Plan, options: UploadOptions, filename: str | None
) -> UUID:
    if plan.portfolio is None:
        return await _created(session, caller, plan, options, filename)
    portfolio_id: UUID = plan.portfolio["portfolio_id"]
    if plan.restates_equity:
        terms = {"equity_balance": plan.equity_balance}
        await books.save_portfolio_terms(session, caller.user_id, portfolio_id, terms)
    return portfolio_id


async def _created(
    session: Session, caller: User, plan: Plan, options: UploadOptions, filename: str | None
) -> UUID:
    name, balance = _name(options, filename), plan.equity_balance or plan.exported_equity
    portfolio_id = await books.save_portfolio(session, caller.user_id, name, balance)
    if portfolio_id is None:  # an upload beside this one created it since we looked
        raise name_taken(name, await books.portfolio_named(session, caller.user_id, name))
    return portfolio_id


async def _write(session: Session, caller: User, portfolio_id: UUID, plan: Plan) -> None:
    chosen = {change.holding.line: _position_id(plan, change.holding) for change in plan.written}
    rows = [
        position_row(portfolio_id, chosen[change.holding.line], change.holding, plan.stated_on)
        | vars(change.terms)
        for change in plan.written
    ]
    await books.save_positions(session, rows)
    carried = {
        chosen[change.holding.line]: change.holding.tags
        for change in plan.written
        if change.holding.tags
    }
    await books.save_position_tags(session, caller.user_id, carried)
    await books.raise_revision(session, [portfolio_id])


def _position_id(plan: Plan, holding: Holding) -> UUID:
    return plan.position_ids.get((holding.symbol, holding.entry_date)) or uuid4()


@dataclass(frozen=True)
class Started:
    """The run that values a change, and the other sessions that are run again because it concerns
    them, ascending.
    """

    run_id: UUID | None = None
    restated: Sequence[date] = ()


async def _start_runs(session: Session, caller: User, portfolio_id: UUID, plan: Plan) -> Started:
    if plan.valued_on is None or plan.felt_from is None:
        return Started()
    stored = await positions.sessions_valued(session, portfolio_id, plan.felt_from)
    restated = [day for day in stored if day != plan.valued_on]
    days = [*restated, plan.valued_on]
    started = await start_runs(session, caller.user_id, portfolio_id, days, "upload")
    return Started(started[plan.valued_on], restated)


async def _record(session: Session, portfolio_id: UUID, plan: Plan, filename: str | None) -> None:
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
        **_counts(plan),
    )


# --- telling ---


def _counts(plan: Plan) -> dict[str, int]:
    kinds = [change.kind for change in plan.changes]
    return {kind: kinds.count(kind) for kind in ("new", "updated", "unchanged")}


async def _told(
    plan: Plan, options: UploadOptions, portfolio: Row | None, started: Started
) -> Response:
    """The report as an answer, written beside the event loop: it has a line for each of thousands
    of rows.
    """
    created = plan.portfolio is None and portfolio is not None
    body = await asyncio.to_thread(_report, plan, options, portfolio, started)
    return Response(body, 201 if created else 200, media_type="application/json")


def _report(plan: Plan, options: UploadOptions, portfolio: Row | None, started: Started) -> str:
    restated = started.restated
    span = (
        {"first": restated[0], "last": restated[-1], "count": len(restated)} if restated else None
    )
    report = UploadReport.model_validate(
        {
            "portfolio": portfolio,
            "source": _source(plan),
            "dry_run": bool(options.dry_run),
            "mode": options.mode or Mode.PARTIAL,
            "as_of": plan.rules.as_of,
            "stated_on": plan.stated_on,
            "rows": len(plan.sheet.rows) + len(plan.sheet.problems),
            **_counts(plan),
            "rejected": len(plan.rejected_lines),
            "changes": [_change_row(change) for change in plan.changes],
            "problems": [vars(problem) for problem in plan.holdings.problems],
            "warnings": [vars(warning) for warning in _warnings(plan, options)],
            "restated": span,
            "run_id": started.run_id,
        }
    )
    return report.model_dump_json()


def _source(plan: Plan) -> dict[str, Any]:
    export = plan.sheet.export
    told = (
        asdict(export)
        if export
        else {"accounts": [], "exported_on": None, "cash": None, "skipped": []}
    )
    entered = positions_csv.entry_date(plan.sheet, plan.rules) if export else None
    return {
        **told,
        "format": plan.sheet.source,
        "entry_date": entered,
        "equity_balance": plan.exported_equity,
    }


def _warnings(plan: Plan, options: UploadOptions) -> list[RowProblem]:
    """What the rows' reader should know, after what concerns the file as a whole."""
    whole = []
    if options.entry_date and plan.sheet.source is not Source.SCHWAB:
        message = "the file has entry dates of its own: the entry_date you sent is not used"
        whole.append(RowProblem(plan.sheet.line, "entry_date", "entry_date_unused", message))
    return [*whole, *plan.holdings.warnings]


def _change_row(change: Change) -> dict[str, Any]:
    holding = change.holding
    option_type = holding.option.option_type if holding.option else None
    return {
        "line": holding.line,
        "symbol": holding.symbol,
        "position_type": position_type(option_type, holding.quantity),
        "entry_date": holding.entry_date,
        "tags": list(holding.tags),
        "kind": change.kind,
        "was": vars(change.was.terms) if change.was else None,
        **vars(change.terms),
    }
