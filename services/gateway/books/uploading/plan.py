"""A position file after all its rules, met with what the portfolio holds."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cached_property
from pathlib import PurePath
from uuid import UUID

from services.gateway.books import files, repeated
from services.gateway.books.dependencies import owned_portfolio, refuse_draft
from services.gateway.books.editing import (
    exchange_day,
    nearest_session,
    refuse_future,
    refuse_too_many,
)
from services.gateway.books.files import (
    Change,
    Entry,
    Held,
    Holdings,
    Rules,
    Sheet,
    Skipped,
    Source,
    Terms,
)
from services.gateway.books.files import Problem as RowProblem
from services.gateway.books.keeping import load_lines
from services.gateway.books.ledger import restated
from services.gateway.books.lots import DELIVERED, LotLines
from services.gateway.books.queries import portfolios, tags
from services.gateway.books.queries.history import load_history
from services.gateway.books.queries.portfolios import OwnDay
from services.gateway.books.repeated import repeated_lines
from services.gateway.books.schemas.uploads import (
    SHARES_OF_ENTRY_DATE,
    Duplicates,
    Mode,
    UploadOptions,
)
from services.gateway.books.uploading.entering import known_lines, transaction_row
from services.gateway.edge.problems import Problem
from services.gateway.edge.queries import Row
from services.gateway.market import queries as market_queries
from services.gateway.market.dependencies import date_outside_data
from services.gateway.tables import User
from shared.calendar import is_session, session_on_or_before
from shared.database import Session
from shared.texts import folded, shown


@dataclass(frozen=True)
class Plan:
    """A file after all its rules, met with the portfolio it is for.

    `portfolio` None: it is to be created. `equity`: what its equity is to be on `equity_day`, None
    to leave it as it is; without a day it waits until one is known. `stated_on`: the day in whose
    shares the file and, here, what is held are. `valued_on`: the session its change is valued for,
    None before there are any. `lots`: the lines behind what the portfolio holds. `entries`: those
    of a file of transactions that are to be entered, `skipped`: its others, which have no problem.
    """

    sheet: Sheet
    rules: Rules
    stated_on: date
    holdings: Holdings
    valued_on: date | None
    portfolio: Row | None
    lots: Mapping[UUID, LotLines] = field(default_factory=dict)
    changes: Sequence[Change] = ()
    equity: Decimal | None = None
    equity_day: date | None = None
    entries: Sequence[Entry] = ()
    skipped: Sequence[Skipped] = ()

    @property
    def share_day(self) -> date | None:
        """The day in whose shares all rows are; None: each in those of its day."""
        return None if self.rules.shares_of_entry_date else self.stated_on

    @property
    def loads_something(self) -> bool:
        """Whether a row may be loaded, or is known already."""
        return bool(self.holdings.accepted or self.entries or self.skipped)

    def warned(self, warnings: Sequence[RowProblem]) -> "Plan":
        """The plan with more warnings about its rows."""
        every = sorted((*self.holdings.warnings, *warnings), key=lambda warning: warning.line)
        return replace(self, holdings=replace(self.holdings, warnings=tuple(every)))

    @cached_property
    def rejected_lines(self) -> set[int]:
        """The lines that may not be loaded."""
        return {problem.line for problem in self.holdings.problems}

    @cached_property
    def written(self) -> list[Change]:
        """The changes that are changes."""
        return [change for change in self.changes if change.kind != "unchanged"]

    @property
    def exported_equity(self) -> Decimal | None:
        """Cash plus market value of the accepted rows, as a broker's export gives them.

        None unless it is positive.
        """
        cash = self.sheet.export.cash if self.sheet.export else None
        values = [holding.market_value for holding in self.holdings.accepted]
        if cash is None or any(value is None for value in values):
            return None
        total = cash + sum(value for value in values if value is not None)
        return total if 0 < total < files.LARGEST_VALUE else None


@dataclass(frozen=True)
class Started:
    """The run that values a change, and the earlier sessions that are run again, ascending."""

    run_id: UUID | None = None
    restated: Sequence[date] = ()


# --- judging ---


async def plan_upload(
    session: Session, caller: User, sheet: Sheet, options: UploadOptions, filename: str | None
) -> Plan:
    rules, valued_on = await rules_of(session, sheet, options)
    if sheet.source is Source.TRANSACTIONS:
        portfolio = await _existing(session, caller, options, filename)
        nothing = Holdings((), (), ())
        plan = Plan(sheet, rules, _terms_day(sheet, options), nothing, valued_on, portfolio)
        return _with_equity(await _with_entries(session, plan), options)
    holdings = await asyncio.to_thread(files.holdings_of, sheet, rules)
    portfolio = await _existing(session, caller, options, filename)
    plan = Plan(sheet, rules, _terms_day(sheet, options), holdings, valued_on, portfolio)
    return _with_equity(await _met(session, plan), options)


async def _met(session: Session, plan: Plan) -> Plan:
    """The plan with what each row does to the portfolio, without rows that it does not allow."""
    held: list[Held] = []
    lots: dict[UUID, LotLines] = {}
    if plan.portfolio is not None:
        of_entry = plan.rules.shares_of_entry_date
        day = OwnDay.ENTRY if of_entry else plan.stated_on
        rows = await portfolios.load_holdings(session, plan.portfolio["portfolio_id"], day)
        held = await asyncio.to_thread(lambda: [_held(row) for row in rows])
        plan = await asyncio.to_thread(_as_listed, plan, rows)
    changes = await asyncio.to_thread(files.changes_to, held, plan.holdings.accepted)
    if plan.portfolio is not None and any(change.changed for change in changes):
        lots = await load_lines(session, plan.portfolio["portfolio_id"])
    return await asyncio.to_thread(_allowed, plan, changes, lots)


def _as_listed(plan: Plan, rows: Sequence[Row]) -> Plan:
    """The plan with contracts of split shares by the names that they are held by."""
    held = {row["symbol"] for row in rows}
    split = {row["symbol"] for row in rows if row["split_factor"] != 1}
    listed = files.as_listed(plan.holdings.accepted, held, split)
    return replace(plan, holdings=replace(plan.holdings, accepted=tuple(listed)))


def _allowed(plan: Plan, changes: Sequence[Change], lots: Mapping[UUID, LotLines]) -> Plan:
    problems = [*files.too_many_tags(changes), *_refused(changes, lots)]
    lines = {problem.line for problem in problems}
    return replace(
        plan,
        lots=lots,
        holdings=files.without(plan.holdings, problems),
        changes=[change for change in changes if change.holding.line not in lines],
    )


async def _with_entries(session: Session, plan: Plan) -> Plan:
    """The plan of a file of transactions, without the lines that the portfolio has already."""
    found = await asyncio.to_thread(files.entries_of, plan.sheet, plan.rules)
    known: list[Skipped] = []
    if plan.portfolio is not None:
        known = await known_lines(session, plan.portfolio["portfolio_id"], found.accepted)
    lines = {line.line for line in known}
    entries = [entry for entry in found.accepted if entry.line not in lines]
    twice = await _repeated(session, plan, entries)
    refused = twice if plan.rules.refuse_duplicates else []
    lines |= {problem.line for problem in refused}
    warnings = [warning for warning in found.warnings if warning.line not in lines]
    warned = replace(
        plan,
        holdings=Holdings((), (*found.problems, *refused), tuple(warnings)),
        entries=[entry for entry in entries if entry.line not in lines],
        skipped=sorted((*found.skipped, *known), key=lambda line: line.line),
    )
    return warned if refused else warned.warned(twice)


async def _repeated(session: Session, plan: Plan, entries: Sequence[Entry]) -> list[RowProblem]:
    """The lines that equal one which the portfolio has, each with the id of that one."""
    if plan.portfolio is None:
        return []
    portfolio_id = plan.portfolio["portfolio_id"]
    rows = [transaction_row(portfolio_id, entry, plan.share_day) for entry in entries]
    known = await repeated_lines(session, portfolio_id, rows)
    refused = plan.rules.refuse_duplicates
    return [
        RowProblem(
            row.source_line or 0,
            None,
            "line_exists",
            repeated.why(known[row.transaction_id], refused=refused),
        )
        for row in rows
        if row.transaction_id in known
    ]


def _refused(changes: Sequence[Change], lots: Mapping[UUID, LotLines]) -> list[RowProblem]:
    """Rows that would correct a lot which other transactions opened or closed."""
    problems = []
    for change in changes:
        if change.was is None or not change.changed:
            continue
        lot = lots.get(change.was.position_id)
        refusal = lot.refusal(change.changed) if lot else DELIVERED
        if refusal is not None:
            line = change.holding.line
            problems.append(RowProblem(line, None, refusal.code, refusal.message))
    return problems


def _with_equity(plan: Plan, options: UploadOptions) -> Plan:
    """The plan with the equity to state: as sent, else a new portfolio's by its export."""
    export = plan.sheet.export
    equity = options.equity_balance
    day = options.equity_date or plan.valued_on
    if equity is None and plan.portfolio is None:
        equity = plan.exported_equity
        day = (export and export.exported_on) or plan.valued_on
    if equity is None:
        return plan
    session_date = day and session_on_or_before(day)
    if session_date is not None and session_date < files.EARLIEST_DATE:
        raise _equity_too_early(day)
    return replace(plan, equity=equity, equity_day=session_date)


def _equity_too_early(day: date | None) -> Problem:
    """A 422 for equity of before every session that a file may name: no export could be read."""
    first = nearest_session(files.EARLIEST_DATE)  # which is a holiday
    message = f"equity_date {day} lies before {first}, the first session that it may be"
    errors = [{"field": "equity_date", "code": "date_too_early", "message": message}]
    return Problem(422, "date_too_early", message, errors)


def _terms_day(sheet: Sheet, options: UploadOptions) -> date:
    """The day in whose shares a file is.

    A file sent without that day is in today's shares, not in those before a past split.
    """
    exported_on = sheet.export.exported_on if sheet.export else None
    given = options.stated_on if isinstance(options.stated_on, date) else None
    return given or exported_on or options.as_of or exchange_day()


async def rules_of(
    session: Session, sheet: Sheet, options: UploadOptions
) -> tuple[Rules, date | None]:
    """What the rows are held against, and the session the change is valued for."""
    export = sheet.export
    stated_on = options.stated_on if isinstance(options.stated_on, date) else None
    await refuse_future(
        session,
        as_of=options.as_of,
        stated_on=stated_on,
        equity_date=options.equity_date,
        file=export.exported_on if export else None,
    )
    known = await market_queries.sessions_with_data(session)
    if options.as_of and known and options.as_of < known.first:
        raise date_outside_data(options.as_of, known)
    latest = await market_queries.latest_session(session)
    as_of = options.as_of or latest or datetime.now(UTC).date()
    if options.entry_date and options.entry_date > as_of:
        detail = f"entry_date {options.entry_date} lies after {as_of}, the day the file is read for"
        raise Problem(422, "date_in_future", detail)
    traded = await asyncio.to_thread(files.underlyings, sheet)
    symbols = await market_queries.known_symbols(session, traded)
    valued_on = (
        await asyncio.to_thread(session_on_or_before, min(as_of, latest)) if latest else None
    )
    rules = Rules(
        as_of,
        symbols,
        is_session,
        options.entry_date,
        refuse_duplicates=options.duplicates is Duplicates.REFUSE,
        stated_on=_terms_day(sheet, options),
        shares_of_entry_date=_is_of_entry_dates(sheet, options),
        history=await load_history(session, traded, await asyncio.to_thread(_entry_days, sheet)),
    )
    return rules, valued_on


def _is_of_entry_dates(sheet: Sheet, options: UploadOptions) -> bool:
    """Whether each row is in the shares of its day, as transactions are unless given."""
    given = options.stated_on
    return given == SHARES_OF_ENTRY_DATE or (given is None and sheet.source is Source.TRANSACTIONS)


def _entry_days(sheet: Sheet) -> set[date]:
    """The entry dates of a file, as far as they can be read."""
    if sheet.source is Source.TRANSACTIONS:
        return files.days_traded(sheet)
    found = set()
    for row in sheet.rows:
        with suppress(ValueError):
            found.add(date.fromisoformat(row.cells.get("entry_date", "")))
    return found


async def _existing(
    session: Session, caller: User, options: UploadOptions, filename: str | None
) -> Row | None:
    """The caller's portfolio to load into, locked; None when it is to be created."""
    portfolio_id = options.portfolio_id
    if portfolio_id is None:
        portfolio_id = await portfolios.portfolio_named(
            session, caller.user_id, portfolio_name(options, filename)
        )
    if portfolio_id is None:
        return None
    await owned_portfolio(session, caller, portfolio_id)
    await refuse_draft(session, portfolio_id)
    await portfolios.lock_portfolio(session, portfolio_id)
    return await owned_portfolio(session, caller, portfolio_id)


def portfolio_name(options: UploadOptions, filename: str | None) -> str:
    stem = shown(PurePath(filename or "").stem)
    return options.portfolio_name or stem.strip()[:100] or "Portfolio"


def _held(row: Row) -> Held:
    terms = Terms(**{name: row[name] for name in Terms.__dataclass_fields__})
    shares = row["split_factor"]
    left = restated(terms.quantity * row["left"] / shares, shares)
    carried = frozenset(row["tags"])
    return Held(row["position_id"], row["symbol"], row["entry_date"], terms, left, carried)


async def refuse_unusable(
    session: Session, caller: User, plan: Plan, options: UploadOptions
) -> None:
    """End the request when nothing of the file may be loaded."""
    rejected = len(plan.rejected_lines)
    errors = [asdict(problem) for problem in plan.holdings.problems]
    if rejected and not options.dry_run and options.mode is Mode.ALL_OR_NOTHING:
        raise Problem(
            422, "rows_rejected", f"{rejected} rows have problems, so nothing was loaded", errors
        )
    if rejected and not options.dry_run and not plan.loads_something:
        raise Problem(422, "no_valid_rows", "every row has problems, so nothing was loaded", errors)
    if wanted := {folded(tag) for change in plan.changes for tag in change.holding.tags}:
        owner_id = plan.portfolio["user_id"] if plan.portfolio else caller.user_id
        await tags.lock_tags(session, owner_id)
        known = await portfolios.load_tag_names(session, owner_id)
        refuse_too_many(known, wanted, is_shared=owner_id != caller.user_id)
