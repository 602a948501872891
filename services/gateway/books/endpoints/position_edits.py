"""Edits of positions, each one transaction that also starts the run to measure it."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Query, Response

from services.gateway.books.dependencies import owned_or_first, owning_portfolio
from services.gateway.books.editing import (
    accepted,
    difference,
    position_row,
    tag_position,
    terms_after,
    terms_day,
)
from services.gateway.books.queries import portfolios, positions
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
from services.gateway.edge.problems import Problem, documented, not_found
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


@router.post("", status_code=201, response_model=PositionSaved, responses=documented(409))
async def create_position(
    wanted: NewPosition, caller: Caller, session: OpenSession, as_of: TermsOf = None
) -> dict[str, Any]:
    """Enter a position, checked against the rules of position files.

    A run measures the portfolio again.
    """
    portfolio_id: UUID = (await owned_or_first(session, caller, wanted.portfolio_id))[
        "portfolio_id"
    ]
    await portfolios.lock_portfolio(session, portfolio_id)
    day = await terms_day(session, as_of)
    found = await accepted(session, wanted.model_dump(exclude={"portfolio_id"}), day)
    row = position_row(portfolio_id, uuid4(), found.holding, day)
    await _refuse_twin(session, row)
    await positions.save_position(session, row)
    await tag_position(session, caller, row["position_id"], (), found.holding.tags)
    recorded = {name: row[name] for name in _RECORDED}
    await record(session, "position.created", row["position_id"], **recorded)
    return await _measured_again(session, caller, row, row["entry_date"], found.warnings)


@router.put("/{position_id:uuid}", response_model=PositionSaved, responses=documented(409))
async def edit_position(
    position_id: UUID,
    wanted: PositionEdit,
    caller: Caller,
    session: OpenSession,
    as_of: TermsOf = None,
) -> dict[str, Any]:
    """Change a position, close it or reopen it; what is left out stays as it is.

    An edit that changes nothing starts no run.
    """
    day = await terms_day(session, as_of)
    before = await _held(session, caller, position_id, day)
    found = await accepted(session, terms_after(before, wanted.model_dump(exclude_unset=True)), day)
    after = position_row(before["portfolio_id"], position_id, found.holding, day)
    await _refuse_twin(session, after)
    changes = _changes(before, after)
    retagged = await _write(session, caller, before, after, wanted.tags)
    if changes:
        since = _concerned_since(before, after, changes)
        return await _measured_again(session, caller, after, since, found.warnings)
    if retagged:
        return await _saved_tags(session, before)
    return await _saved(session, after, changed=False, run_id=None, warnings=found.warnings)


def _changes(before: Row, after: Mapping[str, Any]) -> dict[str, Any]:
    """What is other than before; giving the same for another day is no change."""
    return difference(before, after, [name for name in after if name != "stated_on"])


async def _write(
    session: Session, caller: User, before: Row, after: Mapping[str, Any], tags: list[str] | None
) -> bool:
    """Save changed terms and tags (None: these stay), on record; whether tags changed.

    With one term all are saved: from now on every one is in the shares of the day of the edit.
    """
    changes = _changes(before, after)
    position_id = before["position_id"]
    carried = before["tags"]
    retagged = tags is not None and await tag_position(session, caller, position_id, carried, tags)
    if changes:
        await positions.save_terms(session, position_id, after)
    if changes or retagged:
        was = {name: before[name] for name in changes} | ({"tags": carried} if retagged else {})
        now = changes | ({"tags": tags} if retagged else {})
        await record(session, "position.edited", position_id, was=was, now=now)
    return retagged


@router.delete("/{position_id:uuid}", status_code=204)
async def delete_position(position_id: UUID, caller: Caller, session: OpenSession) -> Response:
    """Delete a position as if it had never been held (to close one, give it an exit).

    A run measures the rest.
    """
    row = await _held(session, caller, position_id)
    await positions.delete_position(session, position_id)
    recorded = {name: row[name] for name in _RECORDED}
    await record(session, "position.deleted", position_id, **recorded)
    await revisions.raise_revision(session, [row["portfolio_id"]])
    await restate(
        session, caller.user_id, row["portfolio_id"], row["entry_date"], "position_deleted"
    )
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


async def _held(session: Session, caller: User, position_id: UUID, day: date | None = None) -> Row:
    """The caller's position, locked, in a day's shares (None: as entered); 404 without it."""
    await portfolios.lock_portfolio(session, await owning_portfolio(session, caller, position_id))
    row = await positions.load_position(session, position_id, day)
    if row is None:
        raise not_found("position", position_id)
    return portfolios.with_file_decimals(row)


async def _refuse_twin(session: Session, row: Mapping[str, Any]) -> None:
    """409 when the portfolio has another position in the instrument since the same date."""
    symbol = row["symbol"]
    entered = row["entry_date"]
    same = await positions.positions_with(
        session, row["portfolio_id"], symbol, entered, row["stated_on"]
    )
    twins = [position_id for position_id in same if position_id != row["position_id"]]
    if twins:
        detail = (
            f"the portfolio has a position in {symbol} entered on {entered} already: {twins[0]}"
        )
        raise Problem(409, "position_exists", detail)


def _concerned_since(before: Row, after: Mapping[str, Any], changes: Mapping[str, Any]) -> date:
    """From when on the book was another: only an exit leaves the days before it as they were."""
    only_exit = set(changes) <= {"exit_date", "exit_price"}
    name = "exit_date" if only_exit else "entry_date"
    days: list[date] = [row[name] for row in (before, after) if row[name] is not None]
    return min(days)


async def _measured_again(
    session: Session,
    caller: User,
    row: Mapping[str, Any],
    since: date,
    warnings: list[dict[str, Any]],
) -> dict[str, Any]:
    """The edit's answer, and the runs that make the portfolio's numbers since a day follow it."""
    portfolio_id = row["portfolio_id"]
    await revisions.raise_revision(session, [portfolio_id])
    run_id, restated = await restate(
        session, caller.user_id, portfolio_id, since, "position_edited"
    )
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
