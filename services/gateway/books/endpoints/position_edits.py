"""Edits of positions, each one transaction that also starts the run to measure it.

They are shorthands: what they write are lines of the portfolio's ledger.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import Query, Response

from services.gateway.books.dependencies import (
    owned_or_first,
    owning_portfolio,
    refuse_draft,
)
from services.gateway.books.editing import (
    accepted,
    difference,
    position_row,
    refuse_for,
    tag_position,
    terms_after,
    terms_day,
    valuation_day,
)
from services.gateway.books.keeping import API, enter_lines, load_lines
from services.gateway.books.lots import EXIT_TERMS, LotLines, Written, corrected, entered
from services.gateway.books.queries import ledger, portfolios
from services.gateway.books.queries.portfolios import OwnDay
from services.gateway.books.reading import position_on
from services.gateway.books.schemas.positions import (
    NewPosition,
    PositionEdit,
    PositionSaved,
    TagsOfPosition,
)
from services.gateway.books.schemas.uploads import RestatedSessions
from services.gateway.edge.audit import record
from services.gateway.edge.dependencies import Caller, OpenSession
from services.gateway.edge.idempotency import once_router
from services.gateway.edge.problems import documented, not_found
from services.gateway.edge.queries import Row
from services.gateway.runs.queries import revisions
from services.gateway.runs.starting import restate
from services.gateway.tables import User
from shared.contracts.event import Day
from shared.database import Session

_RECORDED = ("portfolio_id", "symbol", "quantity", "entry_price", "entry_date")
router = once_router("/positions", "positions", 401, 404, 422)
TermsOf = Annotated[
    Day | None,
    Query(
        description=(
            "the day the terms are given for: quantity, prices and strike are in its shares, "
            "and no entry is after it; default: the last session"
        )
    ),
]


@router.post("", status_code=201, response_model=PositionSaved)
async def create_position(
    wanted: NewPosition, caller: Caller, session: OpenSession, as_of: TermsOf = None
) -> dict[str, Any]:
    """Enter a position as a lot, checked against the rules of position files.

    Several lots of one instrument may be entered on one day. A run measures the portfolio again.
    """
    chosen = await owned_or_first(session, caller, wanted.portfolio_id)
    portfolio_id: UUID = chosen["portfolio_id"]
    await refuse_draft(session, portfolio_id)
    await portfolios.lock_portfolio(session, portfolio_id)
    day = await terms_day(session, as_of)
    found = await accepted(session, wanted.model_dump(exclude={"portfolio_id"}), day)
    row = position_row(portfolio_id, uuid4(), found.holding, day)
    recorded = {name: getattr(row, name) for name in _RECORDED}
    await record(session, "position.created", row.position_id, **recorded)
    runs = await _write(session, caller, portfolio_id, entered(row, API), row.entry_date)
    await tag_position(session, portfolio_id, row.position_id, (), found.holding.tags)
    return await _saved(session, portfolio_id, row.position_id, runs, found.warnings)


@router.put("/{position_id:uuid}", response_model=PositionSaved, responses=documented(409))
async def edit_position(
    position_id: UUID,
    wanted: PositionEdit,
    caller: Caller,
    session: OpenSession,
    as_of: TermsOf = None,
) -> dict[str, Any]:
    """Change a position, close it or reopen it; what is left out stays as it is.

    An edit that changes nothing starts no run. A lot that a transaction opened is corrected by
    reversing that transaction (409); its tags can be set all the same.
    """
    day = await terms_day(session, as_of)
    before = await _held(session, caller, position_id, day)
    lot = await _lot(session, before["portfolio_id"], position_id)
    if not lot.exits:
        before = {**before, **dict.fromkeys(EXIT_TERMS)}
    sent = wanted.model_dump(exclude_unset=True)
    if not sent.keys() - {"tags"}:
        return await _tagged(session, before, wanted.tags)
    found = await accepted(session, terms_after(before, sent), day)
    after = position_row(before["portfolio_id"], position_id, found.holding, day)
    changes = difference(before, after)
    refuse_for(lot.refusal(changes))
    retagged = await _retagged(session, before, wanted.tags)
    if changes or retagged:
        await _record_edit(session, before, changes, wanted.tags if retagged else None)
    if changes:
        lines = corrected(lot, after, changes, API)
        first = min(before["entry_date"], after.entry_date)
        runs = await _write(session, caller, after.portfolio_id, lines, first)
        return await _saved(session, after.portfolio_id, position_id, runs, found.warnings)
    return await _unmeasured(session, before, changed=retagged, warnings=found.warnings)


async def _retagged(session: Session, before: Row, names: Sequence[str] | None) -> bool:
    """Set the tags unless they stay (None); whether that changes any."""
    if names is None:
        return False
    about = before["portfolio_id"], before["position_id"]
    return await tag_position(session, *about, before["tags"], names)


async def _record_edit(
    session: Session, before: Row, changes: Row, tags: Sequence[str] | None
) -> None:
    was = {name: before[name] for name in changes}
    now = dict(changes)
    if tags is not None:
        was["tags"] = before["tags"]
        now["tags"] = tags
    await record(session, "position.edited", before["position_id"], was=was, now=now)


@router.delete("/{position_id:uuid}", status_code=204, responses=documented(409))
async def delete_position(position_id: UUID, caller: Caller, session: OpenSession) -> Response:
    """Reverse a position as if it had never been held (to close one, give it an exit).

    The lines that close it and name it are reversed as well. A run measures the rest.
    """
    row = await _held(session, caller, position_id)
    portfolio_id = row["portfolio_id"]
    lot = await _lot(session, portfolio_id, position_id)
    refuse_for(lot.refusal(["deleted"]))
    naming = await ledger.lines_naming(session, portfolio_id, position_id)
    recorded = {name: row[name] for name in _RECORDED}
    await record(session, "position.deleted", position_id, **recorded)
    undone = Written([lot.lot.opened_by, *naming])
    first = row["entry_date"]
    await _write(session, caller, portfolio_id, undone, first, "position_deleted")
    return Response(status_code=204)


@router.put("/{position_id:uuid}/tags", response_model=PositionSaved)
async def put_tags(
    position_id: UUID, wanted: TagsOfPosition, caller: Caller, session: OpenSession
) -> dict[str, Any]:
    """Set the tags of a position; tags the owner does not have yet are created.

    No number changes, so no run starts.
    """
    row = await _held(session, caller, position_id)
    about = row["portfolio_id"], position_id
    changed = await tag_position(session, *about, row["tags"], wanted.tags)
    if changed:
        await record(session, "position.tagged", position_id, was=row["tags"], now=wanted.tags)
    return await _unmeasured(session, row, changed=changed)


async def _tagged(session: Session, before: Row, names: Sequence[str] | None) -> dict[str, Any]:
    """The answer to an edit that names nothing but tags."""
    changed = await _retagged(session, before, names)
    if changed:
        await _record_edit(session, before, {}, names)
    return await _unmeasured(session, before, changed=changed)


async def _held(
    session: Session, caller: User, position_id: UUID, day: date | OwnDay = OwnDay.OPENING
) -> Row:
    """The caller's position in a day's shares, its portfolio locked.

    404 without it, 409 for a position of a draft.
    """
    portfolio_id = await owning_portfolio(session, caller, position_id)
    await refuse_draft(session, portfolio_id)
    await portfolios.lock_portfolio(session, portfolio_id)
    found = await portfolios.load_holdings(session, portfolio_id, day, position_id)
    if not found:
        raise not_found("position", position_id)
    return found[0]


async def _lot(session: Session, portfolio_id: UUID, position_id: UUID) -> LotLines:
    """The lines behind a stored lot; 404 when its ledger no longer has it."""
    lot = (await load_lines(session, portfolio_id)).get(position_id)
    if lot is None:
        raise not_found("position", position_id)
    return lot


@dataclass(frozen=True)
class _Runs:
    """What follows an edit: the run of the last session, and those of `restated` earlier ones."""

    run_id: UUID | None = None
    restated: Sequence[date] = ()


async def _write(
    session: Session,
    caller: User,
    portfolio_id: UUID,
    lines: Written,
    first_day: date,
    reason: str = "position_edited",
) -> _Runs:
    """Write lines of a lot, derive the portfolio again and start its runs since the first change.

    `first_day`: the lot's, from which the runs start where no quantity or price changed.
    """
    days = (await valuation_day(session), first_day)
    kept = await enter_lines(session, portfolio_id, [lines], days, API)
    await revisions.raise_edits(session, [portfolio_id])
    since = kept.since or first_day
    return _Runs(*await restate(session, caller.user_id, portfolio_id, since, reason))


async def _unmeasured(
    session: Session, row: Row, *, changed: bool, warnings: Sequence[Row] = ()
) -> dict[str, Any]:
    """The answer to an edit that no number follows from."""
    if changed:
        await revisions.raise_revision(session, [row["portfolio_id"]])
    position = await position_on(session, row["portfolio_id"], row["position_id"], None)
    about = {"changed": changed, "run_id": None, "restated": None, "warnings": warnings}
    return {**position, **about}


async def _saved(
    session: Session, portfolio_id: UUID, position_id: UUID, runs: _Runs, warnings: Sequence[Row]
) -> dict[str, Any]:
    """The answer to an edit that makes the portfolio's numbers follow it."""
    span = RestatedSessions.of(runs.restated)
    position = await position_on(session, portfolio_id, position_id, None)
    about = {"changed": True, "run_id": runs.run_id, "restated": span, "warnings": warnings}
    return {**position, **about}
