"""Upload of a position file: read, judged, met with what the portfolio holds, and written in one transaction."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import PurePath
from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, File, Form, Query, Request, Response, UploadFile
from pydantic import BaseModel, Field

from services.gateway.api.dependencies import Caller, OpenSession, owned_portfolio
from services.gateway.api.idempotency import OnceRoute, forget_answer
from services.gateway.api.portfolios import EquityBalance, PortfolioName, name_taken, start_run
from services.gateway.api.problems import FieldError, Problem, documented
from services.gateway.api.schemas import SOME_ID, PortfolioOut, Price, Quantity, example
from services.gateway.calculations import positions_csv
from services.gateway.calculations.positions_csv import Change, Held, Holding, Holdings, Rules, Sheet
from services.gateway.repository import books, market
from services.gateway.tables import User
from shared.calendar import is_session, session_on_or_before
from shared.database import Session

MAX_TAGS_PER_USER = 100
router = APIRouter(
    prefix="/portfolio",
    tags=["portfolio"],
    responses=documented(401, 404, 409, 413, 422),
    route_class=OnceRoute,
)


class Mode(StrEnum):
    """Whether one bad row keeps the good ones out."""

    PARTIAL = "partial"
    ALL_OR_NOTHING = "all_or_nothing"


class UploadOptions(BaseModel):
    """What to do with the file; each may be sent as a form field or in the query."""

    portfolio_id: UUID | None = Field(default=None, description="load into this portfolio")
    portfolio_name: PortfolioName | None = Field(
        default=None, description="or into the portfolio of this name, new or not; default: the file's name"
    )
    name: PortfolioName | None = Field(default=None, description="the same as `portfolio_name`")
    equity_balance: EquityBalance | None = Field(
        default=None, description="its NAV at the first snapshot, USD"
    )
    mode: Mode | None = Field(default=None, description="default: partial")
    dry_run: bool | None = Field(default=None, description="validate only, write nothing; default: false")
    as_of: date | None = Field(
        default=None, description="the day the file is read for; default: the last session"
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
) -> UploadOptions:
    """The form's fields where they are given, else the query's; `name` becomes `portfolio_name`."""
    form = {
        "portfolio_id": portfolio_id,
        "portfolio_name": _one_name(portfolio_name, name) or _one_name(query.portfolio_name, query.name),
        "equity_balance": equity_balance,
        "mode": mode,
        "dry_run": dry_run,
        "as_of": as_of,
    }
    given = {key: value for key, value in form.items() if value is not None}
    return query.model_copy(update={**given, "name": None})


def _one_name(portfolio_name: str | None, name: str | None) -> str | None:
    if portfolio_name and name and portfolio_name != name:
        raise Problem(422, "two_names", "name and portfolio_name are the same thing: send one of them")
    return portfolio_name or name


class HeldOut(BaseModel):
    """What stood there before."""

    quantity: Quantity
    entry_price: Price


class ChangeOut(BaseModel):
    """What a row of the file does: new, updated (and what it replaces) or unchanged."""

    line: int
    symbol: str
    entry_date: date
    quantity: Quantity
    entry_price: Price
    kind: str
    was: HeldOut | None


class UploadReport(BaseModel):
    """What became of the file. Nothing the file does not name is touched."""

    model_config = example(
        portfolio={
            "portfolio_id": SOME_ID,
            "name": "Long/short",
            "equity_balance": 1000000.0,
            "positions": 2,
        },
        dry_run=False,
        mode="partial",
        as_of="2022-12-28",
        rows=3,
        new=2,
        updated=0,
        unchanged=0,
        rejected=1,
        changes=[
            {
                "line": 2,
                "symbol": "AAPL",
                "entry_date": "2022-06-01",
                "quantity": 100.0,
                "entry_price": 148.71,
                "kind": "new",
                "was": None,
            }
        ],
        problems=[{"line": 4, "field": "quantity", "code": "zero_quantity", "message": "quantity is 0: ..."}],
        warnings=[],
        run_id=SOME_ID,
    )

    portfolio: PortfolioOut | None = Field(description="null on a dry run that would create one")
    dry_run: bool
    mode: Mode
    as_of: date
    rows: int = Field(description="rows in the file, good and bad")
    new: int
    updated: int
    unchanged: int
    rejected: int
    changes: list[ChangeOut]
    problems: list[FieldError]
    warnings: list[FieldError]
    run_id: UUID | None = Field(description="the run that values the change; null when nothing changed")


@dataclass(frozen=True)
class Judged:
    """A file after all its rules, and the session its change is valued for (None: nothing is known yet)."""

    as_of: date
    holdings: Holdings
    valued_on: date | None

    @property
    def rejected_lines(self) -> set[int]:
        """The lines that may not be loaded."""
        return {problem.line for problem in self.holdings.problems}


@router.post("/upload", response_model=UploadReport, responses={201: {"model": UploadReport}})
async def upload_positions(
    request: Request,
    response: Response,
    caller: Caller,
    session: OpenSession,
    options: Annotated[UploadOptions, Depends(upload_options)],
    file: Annotated[UploadFile, File(description="CSV: ticker, quantity, entry_price, entry_date, tags")],
) -> Any:
    """Load a CSV file into a new portfolio (201) or an existing one (200)."""
    data = await file.read(positions_csv.MAX_BYTES + 1)
    report, created = await _upload(session, caller, options, data, file.filename)
    response.status_code = 201 if created else 200
    if report.dry_run:
        forget_answer(request)
    return report


async def _upload(
    session: Session, caller: User, options: UploadOptions, data: bytes, filename: str | None
) -> tuple[UploadReport, bool]:
    sheet = await _readable(data)
    judged = await _judged(session, sheet, options)
    _refuse_bad_rows(judged, options)
    existing = await _existing(session, caller, options, filename)
    held = await books.load_holdings(session, existing) if existing else []
    changes = positions_csv.changes_to(_as_held(held), judged.holdings.accepted)
    await _refuse_too_many_tags(session, caller, changes)
    if options.dry_run:
        return await _report(session, caller, options, judged, changes, existing, None), False
    portfolio_id = existing or await _created(session, caller, options, filename)
    await _write(session, caller, portfolio_id, changes, held)
    if existing and options.equity_balance:
        terms = {"equity_balance": options.equity_balance}
        await books.save_portfolio_terms(session, caller.user_id, portfolio_id, terms)
    run_id = await _start_run(session, caller, portfolio_id, changes, judged.valued_on)
    report = await _report(session, caller, options, judged, changes, portfolio_id, run_id)
    return report, existing is None


async def _readable(data: bytes) -> Sheet:
    try:
        return await asyncio.to_thread(positions_csv.sheet_of, data)
    except positions_csv.UnreadableFile as error:
        status = 413 if error.problem.code in ("too_large", "too_many_rows") else 422
        raise Problem(status, error.problem.code, error.problem.message, [asdict(error.problem)]) from None


async def _judged(session: Session, sheet: Sheet, options: UploadOptions) -> Judged:
    known = await market.sessions_with_data(session)
    if options.as_of and known and options.as_of < known.first:
        raise date_outside_data(options.as_of, known)
    latest = await market.latest_session(session)
    as_of = options.as_of or latest or datetime.now(UTC).date()
    symbols = await market.known_symbols(session, positions_csv.underlyings(sheet))
    holdings = await asyncio.to_thread(positions_csv.holdings_of, sheet, Rules(as_of, symbols, is_session))
    valued_on = await asyncio.to_thread(session_on_or_before, min(as_of, latest)) if latest else None
    return Judged(as_of, holdings, valued_on)


def date_outside_data(day: date, known: market.SessionRange) -> Problem:
    """A 422 that names the sessions there is data for."""
    detail = f"{day} is outside the data: choose a session from {known.first} to {known.last}"
    return Problem(422, "date_outside_data", detail)


def _refuse_bad_rows(judged: Judged, options: UploadOptions) -> None:
    rejected = len(judged.rejected_lines)
    errors = [asdict(problem) for problem in judged.holdings.problems]
    if options.dry_run or not rejected:
        return
    if options.mode is Mode.ALL_OR_NOTHING:
        raise Problem(422, "rows_rejected", f"{rejected} rows have problems, so nothing was loaded", errors)
    if not judged.holdings.accepted:
        raise Problem(422, "no_valid_rows", "every row has problems, so nothing was loaded", errors)


async def _refuse_too_many_tags(session: Session, caller: User, changes: Sequence[Change]) -> None:
    wanted = {tag.lower() for change in changes for tag in change.holding.tags}
    if wanted and len(wanted | await books.load_tag_names(session, caller.user_id)) > MAX_TAGS_PER_USER:
        raise Problem(422, "too_many_tags", f"a user may have at most {MAX_TAGS_PER_USER} tags")


def _as_held(rows: Sequence[dict[str, Any]]) -> dict[tuple[str, date], Held]:
    return {
        (row["symbol"], row["entry_date"]): Held(row["quantity"], row["entry_price"], frozenset(row["tags"]))
        for row in rows
    }


async def _existing(
    session: Session, caller: User, options: UploadOptions, filename: str | None
) -> UUID | None:
    """The caller's portfolio that is meant, held against other edits; None when it is to be created."""
    portfolio_id = options.portfolio_id
    if portfolio_id is None:
        portfolio_id = await books.portfolio_named(session, caller.user_id, _name(options, filename))
    if portfolio_id is not None:
        await owned_portfolio(session, caller, portfolio_id)
        await books.lock_portfolio(session, portfolio_id)
    return portfolio_id


async def _created(session: Session, caller: User, options: UploadOptions, filename: str | None) -> UUID:
    name = _name(options, filename)
    portfolio_id = await books.save_portfolio(session, caller.user_id, name, options.equity_balance)
    if portfolio_id is None:  # an upload beside this one created it since we looked
        raise name_taken(name, await books.portfolio_named(session, caller.user_id, name))
    return portfolio_id


def _name(options: UploadOptions, filename: str | None) -> str:
    stem = "".join(letter for letter in PurePath(filename or "").stem if letter.isprintable())
    return options.portfolio_name or stem.strip()[:100] or "Portfolio"


async def _write(
    session: Session,
    caller: User,
    portfolio_id: UUID,
    changes: Sequence[Change],
    held: Sequence[dict[str, Any]],
) -> None:
    ids = {(row["symbol"], row["entry_date"]): row["position_id"] for row in held}
    changed = [change.holding for change in changes if change.kind != "unchanged"]
    chosen = {holding.line: ids.get((holding.symbol, holding.entry_date)) or uuid4() for holding in changed}
    rows = [_position_row(portfolio_id, chosen[holding.line], holding) for holding in changed]
    await books.save_positions(session, rows)
    tags = {chosen[holding.line]: holding.tags for holding in changed if holding.tags}
    await books.save_position_tags(session, caller.user_id, tags)


def _position_row(portfolio_id: UUID, position_id: UUID, holding: Holding) -> dict[str, Any]:
    option = holding.option
    return {
        "position_id": position_id,
        "portfolio_id": portfolio_id,
        "symbol": holding.symbol,
        "instrument": "option" if option else "stock",
        "investment_class": "OPTIONS" if option else "PUBLIC",
        "underlying": holding.underlying,
        "option_type": option.option_type if option else None,
        "strike": option.strike if option else None,
        "expiry": option.expiry if option else None,
        "multiplier": holding.multiplier,
        "quantity": holding.quantity,
        "entry_price": holding.entry_price,
        "entry_date": holding.entry_date,
    }


async def _start_run(
    session: Session, caller: User, portfolio_id: UUID, changes: Sequence[Change], valued_on: date | None
) -> UUID | None:
    if valued_on is None or all(change.kind == "unchanged" for change in changes):
        return None
    return await start_run(session, caller.user_id, portfolio_id, valued_on, "upload")


async def _report(
    session: Session,
    caller: User,
    options: UploadOptions,
    judged: Judged,
    changes: Sequence[Change],
    portfolio_id: UUID | None,
    run_id: UUID | None,
) -> UploadReport:
    kinds = [change.kind for change in changes]
    portfolio = await owned_portfolio(session, caller, portfolio_id) if portfolio_id else None
    return UploadReport.model_validate(
        {
            "portfolio": portfolio,
            "dry_run": bool(options.dry_run),
            "mode": options.mode or Mode.PARTIAL,
            "as_of": judged.as_of,
            "rows": len(changes) + len(judged.rejected_lines),
            **{kind: kinds.count(kind) for kind in ("new", "updated", "unchanged")},
            "rejected": len(judged.rejected_lines),
            "changes": [_change_row(change) for change in changes],
            "problems": [asdict(problem) for problem in judged.holdings.problems],
            "warnings": [asdict(problem) for problem in judged.holdings.warnings],
            "run_id": run_id,
        }
    )


def _change_row(change: Change) -> dict[str, Any]:
    holding = change.holding
    shared = {
        name: getattr(holding, name) for name in ("line", "symbol", "entry_date", "quantity", "entry_price")
    }
    return {**shared, "kind": change.kind, "was": asdict(change.was) if change.was else None}
