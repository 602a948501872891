"""Positions sent as JSON, checked against the rules of position files."""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from services.gateway.books import files
from services.gateway.books.files import Holding, Rules
from services.gateway.books.files import Problem as RowProblem
from services.gateway.books.files.fields import LOT, OPTION_TERMS
from services.gateway.books.lots import Refusal
from services.gateway.books.queries import portfolios, tags
from services.gateway.books.queries.ledger import LotRow
from services.gateway.edge.audit import shared_of
from services.gateway.edge.problems import Problem
from services.gateway.edge.queries import Row
from services.gateway.market import queries as market_queries
from shared.calendar import is_session, next_session, session_on_or_before
from shared.database import Session
from shared.instruments import parse_occ
from shared.texts import folded

NEW_YORK = ZoneInfo("America/New_York")
_KEPT = ("quantity", "entry_price", "entry_date", "exit_date", "exit_price", "investment_subtype")


@dataclass(frozen=True)
class Accepted:
    """Terms that met every rule, with their warnings."""

    holding: Holding
    warnings: list[dict[str, Any]]


async def terms_day(session: Session, as_of: date | None) -> date:
    """The day that terms are given for; 422 for one that has not come yet.

    As requested, else the last session, else (before any is known) today.
    """
    await refuse_future(session, as_of=as_of)
    return as_of or await market_queries.latest_session(session) or datetime.now(UTC).date()


async def refuse_future(session: Session, **days: date | None) -> None:
    """422 for days, by field, after today and after the last session with data.

    What is entered for such a day would be held, and NAV would start, on a session to come.
    """
    if not any(days.values()):
        return
    known = await market_queries.sessions_with_data(session)
    last = max(exchange_day(), known.last) if known else exchange_day()
    errors = [
        {
            "field": field,
            "code": "date_in_future",
            "message": f"{field} {day} lies after {last}: enter it when it has happened",
        }
        for field, day in days.items()
        if day is not None and day > last
    ]
    if errors:
        raise Problem(422, "date_in_future", errors[0]["message"], errors)


async def valuation_day(session: Session) -> date | None:
    """The session that edits are valued on: the last one; None before any is known."""
    latest = await market_queries.latest_session(session)
    return await asyncio.to_thread(session_on_or_before, latest) if latest else None


def refuse_for(refusal: Refusal | None) -> None:
    """409 when the ledger does not allow an edit."""
    if refusal is not None:
        raise Problem(409, refusal.code, refusal.message)


def nearest_session(day: date) -> date:
    """The session that equity of a day is of: the last one by then that a date may name.

    On the first days of 1900 that is the first one, which follows.
    """
    session_date = session_on_or_before(day)
    return session_date if session_date >= files.EARLIEST_DATE else next_session(day)


def exchange_day() -> date:
    """Today at the exchange; a file sent now is in its shares.

    Splits take effect there in the morning.
    """
    return datetime.now(NEW_YORK).date()


async def accepted(session: Session, terms: Mapping[str, Any], day: date) -> Accepted:
    """The terms as a holding; 422 with everything that is wrong with them.

    `day`: the day they are given for; no entry is after it.
    """
    errors = wrong_tags(terms.get("tags") or ())
    names = () if errors else terms.get("tags") or ()
    sheet = LOT.sheet({**terms, "tags": ",".join(map(cleaned, names))})
    known = await market_queries.known_symbols(session, files.underlyings(sheet))
    found = await asyncio.to_thread(files.holdings_of, sheet, Rules(day, known, is_session))
    errors += [_named(problem) for problem in found.problems]
    if errors:
        raise Problem(
            422, "invalid_position", "; ".join(error["message"] for error in errors), errors
        )
    return Accepted(found.accepted[0], [_warned(warning) for warning in found.warnings])


def wrong_tags(names: Iterable[str]) -> list[dict[str, Any]]:
    """What is wrong with tag names, each for itself and all together."""
    distinct = {folded(name): name for name in map(cleaned, names)}
    problems = [(name, files.why_not_a_tag(name)) for name in distinct.values()]
    errors = [
        {
            "field": "tags",
            "code": "invalid_tag",
            "message": problem or "a tag has at least one character",
        }
        for name, problem in problems
        if problem or not name
    ]
    if len(distinct) > files.MAX_TAGS:
        message = f"{len(distinct)} tags are too many: a position carries at most {files.MAX_TAGS}"
        errors.append({"field": "tags", "code": "too_many_tags", "message": message})
    return errors


def cleaned(name: str) -> str:
    """A tag's name without white space around it, and with single spaces inside."""
    return " ".join(name.split())


def _named(problem: RowProblem) -> dict[str, Any]:
    """A row's problem by the names of the JSON fields."""
    field = LOT.field(problem.field)
    return {"field": field, "code": problem.code, "message": LOT.reworded(problem.message)}


def _warned(warning: RowProblem) -> dict[str, Any]:
    return {"code": warning.code, "message": LOT.reworded(warning.message)}


def terms_after(row: Row, edit: Mapping[str, Any]) -> dict[str, Any]:
    """The terms of a position with an edit over them: what the edit does not name stays.

    An edit that names a symbol replaces the instrument; one that names terms of an option changes
    just them.
    """
    kept = {name: row[name] for name in _KEPT}
    return {**kept, **_instrument(row, edit), **edit}


def _instrument(row: Row, edit: Mapping[str, Any]) -> dict[str, Any]:
    private = (
        {"investment_class": row["investment_class"]}
        if row["investment_class"] == "PRIVATE"
        else {}
    )
    if edit.get("symbol") is not None:
        return private
    if row["instrument"] == "stock" or not any(name in edit for name in OPTION_TERMS):
        return {"symbol": row["symbol"], **private}
    terms = {name: row[name] for name in ("strike", "expiry", "option_type")}
    return {"symbol": None, "underlying": parse_occ(row["symbol"]).root, **terms}


def position_row(
    portfolio_id: UUID, position_id: UUID, holding: Holding, stated_on: date
) -> LotRow:
    """The holding as a lot, in the shares of the day it is given for."""
    return LotRow(
        position_id=position_id,
        portfolio_id=portfolio_id,
        instrument="option" if holding.option else "stock",
        **vars(holding.traded),
        quantity=holding.quantity,
        entry_price=holding.entry_price,
        entry_date=holding.entry_date,
        exit_price=holding.exit_price,
        exit_date=holding.exit_date,
        stated_on=stated_on,
        opened_by=None,
    )


def difference(row: Row, after: LotRow) -> Row:
    """What of a lot an edit changes, by column: the new values.

    The same given in the shares of another day is no change.
    """
    same = ("stated_on", "opened_by")
    return {
        name: value
        for name, value in vars(after).items()
        if name not in same and row[name] != value
    }


MAX_TAGS_PER_USER = 100
MAX_TAGS_BY_EDITORS = 80  # of an owner, who has the others to name alone


async def tag_position(
    session: Session,
    portfolio_id: UUID,
    position_id: UUID,
    carried: Sequence[str],
    names: Sequence[str],
) -> bool:
    """Set the tags of a position; returns whether that changes anything.

    They are the tags of the portfolio's owner. 422 for unusable ones, and for too many.
    """
    if errors := wrong_tags(names):
        raise Problem(422, "invalid_tags", "; ".join(error["message"] for error in errors), errors)
    # Reversed: the first spelling counts.
    wanted = {folded(name): name for name in reversed([*map(cleaned, names)])}
    if set(map(folded, carried)) == set(wanted):
        return False
    owner_id = await portfolios.load_owner(session, portfolio_id)
    await tags.lock_tags(session, owner_id)
    known = await portfolios.load_tag_names(session, owner_id)
    refuse_too_many(known, wanted, is_shared=portfolio_id in shared_of(session))
    tag_ids = await tags.save_tags(session, owner_id, wanted.values())
    await tags.save_carried(session, position_id, set(tag_ids.values()))
    return True


def refuse_too_many(known: Collection[str], wanted: Iterable[str], *, is_shared: bool) -> None:
    """422 when a user who has the tags `known` would have more than allowed.

    `is_shared`: an editor names them, in a portfolio that the user shares.
    """
    count = len(set(known).union(wanted))
    if is_shared and len(known) < count > MAX_TAGS_BY_EDITORS:
        detail = (
            f"the owner of the portfolio has {len(known)} tags, and editors add to them up to "
            f"{MAX_TAGS_BY_EDITORS}: use one that there is, or ask the owner to add or delete some"
        )
        raise Problem(422, "too_many_tags", detail)
    if count > MAX_TAGS_PER_USER:
        detail = f"you have {len(known)} tags, and {MAX_TAGS_PER_USER} is the most: delete some"
        raise Problem(422, "too_many_tags", detail)
