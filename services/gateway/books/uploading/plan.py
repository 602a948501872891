"""A position file after all its rules, met with what the portfolio holds."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cached_property
from pathlib import PurePath
from typing import Any
from uuid import UUID

from services.gateway.books import files
from services.gateway.books.dependencies import owned_portfolio
from services.gateway.books.editing import exchange_day, refuse_too_many
from services.gateway.books.files import Change, Held, Holdings, Rules, Sheet, Terms
from services.gateway.books.queries import portfolios, tags
from services.gateway.books.schemas.uploads import Mode, UploadOptions
from services.gateway.edge.problems import Problem
from services.gateway.edge.queries import Row
from services.gateway.market import queries as market_queries
from services.gateway.market.dependencies import date_outside_data
from services.gateway.tables import User
from shared.calendar import is_session, session_on_or_before
from shared.database import Session

LARGEST_BALANCE = Decimal(10) ** 16  # what the column of the portfolios table holds in dollars


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
        """Whether an existing portfolio gets another equity balance.

        Every NAV follows from it.
        """
        wanted = self.equity_balance
        before = self.portfolio
        return before is not None and wanted is not None and before["equity_balance"] != wanted

    @property
    def changes_from(self) -> date | None:
        """The first day whose numbers the upload changes; None when it changes none."""
        days = (change.changes_from for change in self.written)
        first = min((day for day in days if day is not None), default=None)
        return date.min if self.restates_equity else first

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
        return total if 0 < total < LARGEST_BALANCE else None


@dataclass(frozen=True)
class Started:
    """The run that values a change, and the earlier sessions that are run again, ascending."""

    run_id: UUID | None = None
    restated: Sequence[date] = ()


# --- judging ---


async def read_sheet(data: bytes) -> Sheet:
    try:
        return await asyncio.to_thread(files.sheet_of, data)
    except files.UnreadableFile as error:
        status = 413 if error.problem.code in ("too_large", "too_many_rows") else 422
        raise Problem(
            status, error.problem.code, error.problem.message, [asdict(error.problem)]
        ) from None


async def plan_upload(
    session: Session, caller: User, sheet: Sheet, options: UploadOptions, filename: str | None
) -> Plan:
    rules, valued_on = await _rules(session, sheet, options)
    holdings = await asyncio.to_thread(files.holdings_of, sheet, rules)
    portfolio = await _existing(session, caller, options, filename)
    stated_on = _terms_day(sheet, options)
    held = (
        await portfolios.load_holdings(session, portfolio["portfolio_id"], stated_on)
        if portfolio
        else []
    )
    known = {(row["symbol"], row["entry_date"]): _held(row) for row in held}
    changes = await asyncio.to_thread(files.changes_to, known, holdings.accepted)
    ids = {(row["symbol"], row["entry_date"]): row["position_id"] for row in held}
    balance = options.equity_balance
    plan = Plan(sheet, rules, stated_on, holdings, valued_on, portfolio, balance, changes, ids)
    return _without_overtagged(plan)


def _terms_day(sheet: Sheet, options: UploadOptions) -> date:
    """The day in whose shares a file is.

    A file sent without that day is in today's shares, not in those before a past split.
    """
    exported_on = sheet.export.exported_on if sheet.export else None
    return options.stated_on or exported_on or options.as_of or exchange_day()


async def _rules(
    session: Session, sheet: Sheet, options: UploadOptions
) -> tuple[Rules, date | None]:
    """What the rows are held against, and the session the change is valued for."""
    known = await market_queries.sessions_with_data(session)
    if options.as_of and known and options.as_of < known.first:
        raise date_outside_data(options.as_of, known)
    latest = await market_queries.latest_session(session)
    as_of = options.as_of or latest or datetime.now(UTC).date()
    if options.entry_date and options.entry_date > as_of:
        detail = f"entry_date {options.entry_date} lies after {as_of}, the day the file is read for"
        raise Problem(422, "date_in_future", detail)
    needed = await asyncio.to_thread(files.underlyings, sheet)
    symbols = await market_queries.known_symbols(session, needed)
    valued_on = (
        await asyncio.to_thread(session_on_or_before, min(as_of, latest)) if latest else None
    )
    return Rules(as_of, symbols, is_session, options.entry_date), valued_on


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
    await portfolios.lock_portfolio(session, portfolio_id)
    return await owned_portfolio(session, caller, portfolio_id)


def portfolio_name(options: UploadOptions, filename: str | None) -> str:
    stem = "".join(letter for letter in PurePath(filename or "").stem if letter.isprintable())
    return options.portfolio_name or stem.strip()[:100] or "Portfolio"


def _held(row: dict[str, Any]) -> Held:
    terms = {name: row[name] for name in Terms.__dataclass_fields__}
    return Held(Terms(**terms), frozenset(row["tags"]))


def _without_overtagged(plan: Plan) -> Plan:
    """The plan without the rows that would give a position more tags than it may carry."""
    problems = files.too_many_tags(plan.changes)
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
    if rejected and not options.dry_run and not plan.holdings.accepted:
        raise Problem(422, "no_valid_rows", "every row has problems, so nothing was loaded", errors)
    if wanted := {tag.lower() for change in plan.changes for tag in change.holding.tags}:
        await tags.lock_tags(session, caller.user_id)
        refuse_too_many(len(wanted | await portfolios.load_tag_names(session, caller.user_id)))
