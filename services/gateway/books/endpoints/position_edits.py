"""Edits of positions, each one transaction that also starts the run to measure it.

They are shorthands: what they write are lines of the portfolio's ledger.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Query, Response

from services.gateway.books.dependencies import owned_or_first, owning_portfolio
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
from services.gateway.books.keeping import (
    API,
    keep_ledgers,
    load_lines,
    value_from_first,
    write_lines,
)
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
from services.gateway.edge.audit import record
from services.gateway.edge.dependencies import Caller, OpenSession
from services.gateway.edge.idempotency import OnceRoute
from services.gateway.edge.problems import documented, not_found
from services.gateway.edge.queries import Row
from services.gateway.runs.queries import revisions
from services.gateway.runs.starting import restate
from services.gateway.tables import User
from shared.contracts.event import Day
from shared.database import Session

_RECORDED = ("portfolio_id", "symbol", "quantity", "entry_price", "entry_date")
router = APIRouter(
    prefix="/positions",
    tags=["positions"],
    responses=documented(401, 404, 422),
    route_class=OnceRoute,
)
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
    portfolio_id: UUID = (await owned_or_first(session, caller, wanted.portfolio_id))[
        "portfolio_id"
    ]
    await portfolios.lock_portfolio(session, portfolio_id)
    day = await terms_day(session, as_of)
    found = await accepted(session, wanted.model_dump(exclude={"portfolio_id"}), day)
    row = position_row(portfolio_id, uuid4(), found.holding, day)
    recorded = {name: row[name] for name in _RECORDED}
    await record(session, "position.created", row["position_id"], **recorded)
    run_id, restated = await _written(session, caller, row, entered(row, API))
    await tag_position(session, caller, row["position_id"], (), found.holding.tags)
    return await _measured_again(session, row, run_id, restated, found.warnings)


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
    lot = await _lot(session, before)
    if not lot.exits:
        before = {**before, **dict.fromkeys(EXIT_TERMS)}
    sent = wanted.model_dump(exclude_unset=True)
    if not sent.keys() - {"tags"}:
        return await _tagged(session, caller, before, wanted.tags)
    found = await accepted(session, terms_after(before, sent), day)
    after = position_row(before["portfolio_id"], position_id, found.holding, day)
    changes = _changes(before, after)
    refuse_for(lot.refusal(changes))
    retagged = await _retagged(session, caller, before, wanted.tags)
    if changes or retagged:
        await _record_edit(session, before, changes, wanted.tags if retagged else None)
    if changes:
        run_id, restated = await _written(
            session, caller, after, corrected(lot, after, changes, API)
        )
        return await _measured_again(session, after, run_id, restated, found.warnings)
    if retagged:
        return await _saved_tags(session, before)
    return await _saved(session, after, changed=False, run_id=None, warnings=found.warnings)


def _changes(before: Row, after: Mapping[str, Any]) -> dict[str, Any]:
    """What is other than before; giving the same for another day is no change."""
    return difference(before, after, [name for name in after if name != "stated_on"])


async def _retagged(
    session: Session, caller: User, before: Row, names: Sequence[str] | None
) -> bool:
    """Set the tags unless they stay (None); whether that changes any."""
    if names is None:
        return False
    return await tag_position(session, caller, before["position_id"], before["tags"], names)


async def _record_edit(
    session: Session, before: Row, changes: Mapping[str, Any], tags: Sequence[str] | None
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
    lot = await _lot(session, row)
    refuse_for(lot.refusal(["deleted"]))
    naming = await ledger.lines_naming(session, portfolio_id, position_id)
    recorded = {name: row[name] for name in _RECORDED}
    await record(session, "position.deleted", position_id, **recorded)
    undone = Written([lot.lot.opened_by, *naming])
    await _written(session, caller, row, undone, "position_deleted")
    return Response(status_code=204)


@router.put("/{position_id:uuid}/tags", response_model=PositionSaved)
async def put_tags(
    position_id: UUID, wanted: TagsOfPosition, caller: Caller, session: OpenSession
) -> dict[str, Any]:
    """Set the tags of a position; tags you do not have yet are created.

    No number changes, so no run starts.
    """
    row = await _held(session, caller, position_id)
    if not await tag_position(session, caller, position_id, row["tags"], wanted.tags):
        return await _saved(session, row, changed=False, run_id=None)
    await record(session, "position.tagged", position_id, was=row["tags"], now=wanted.tags)
    return await _saved_tags(session, row)


async def _tagged(
    session: Session, caller: User, before: Row, names: Sequence[str] | None
) -> dict[str, Any]:
    """The answer to an edit that names nothing but tags."""
    if not await _retagged(session, caller, before, names):
        return await _saved(session, before, changed=False, run_id=None)
    await _record_edit(session, before, {}, names)
    return await _saved_tags(session, before)


async def _held(
    session: Session, caller: User, position_id: UUID, day: date | OwnDay = OwnDay.GIVEN
) -> Row:
    """The caller's position in a day's shares, its portfolio locked; 404 without it."""
    portfolio_id = await owning_portfolio(session, caller, position_id)
    await portfolios.lock_portfolio(session, portfolio_id)
    found = await portfolios.load_holdings(session, portfolio_id, day, position_id)
    if not found:
        raise not_found("position", position_id)
    return found[0]


async def _lot(session: Session, row: Row) -> LotLines:
    """The lines behind a stored lot; 404 when its ledger no longer has it."""
    lot = (await load_lines(session, row["portfolio_id"])).get(row["position_id"])
    if lot is None:
        raise not_found("position", row["position_id"])
    return lot


async def _written(
    session: Session,
    caller: User,
    row: Mapping[str, Any],
    lines: Written,
    reason: str = "position_edited",
) -> tuple[UUID | None, list[date]]:
    """Write lines of a lot, derive the portfolio again and start its runs since the first change.

    Returns the run of the last session, and the earlier sessions that are run again.
    """
    portfolio_id = row["portfolio_id"]
    await write_lines(session, portfolio_id, [lines], API)
    valued_on = await valuation_day(session)
    await value_from_first(session, portfolio_id, valued_on, row["entry_date"], API)
    kept = (await keep_ledgers(session, [portfolio_id]))[portfolio_id]
    await revisions.raise_revision(session, [portfolio_id])
    since = row["entry_date"] if kept.since is None else kept.since
    return await restate(session, caller.user_id, portfolio_id, since, reason)


async def _measured_again(
    session: Session,
    row: Mapping[str, Any],
    run_id: UUID | None,
    restated: Sequence[date],
    warnings: list[dict[str, Any]],
) -> dict[str, Any]:
    """The edit's answer, with the runs that make the portfolio's numbers follow it."""
    span = (
        {"first": restated[0], "last": restated[-1], "count": len(restated)} if restated else None
    )
    return await _saved(session, row, changed=True, run_id=run_id, restated=span, warnings=warnings)


async def _saved_tags(session: Session, row: Mapping[str, Any]) -> dict[str, Any]:
    """The answer to an edit that no number follows from."""
    await revisions.raise_revision(session, [row["portfolio_id"]])
    return await _saved(session, row, changed=True, run_id=None)


async def _saved(session: Session, row: Mapping[str, Any], **about: Any) -> dict[str, Any]:
    position = await position_on(session, row["portfolio_id"], row["position_id"], None)
    return {**position, "restated": None, "warnings": [], **about}
