"""Trades of a draft: add, replace, remove. All trades are priced again with every change."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import Depends, Response

from services.gateway.drafts.dependencies import (
    changeable,
    hold_named,
    keep_trades,
    locked_draft,
    with_trades,
)
from services.gateway.drafts.queries import drafts as queries
from services.gateway.drafts.queries.drafts import StoredTrade
from services.gateway.drafts.schemas.trades import (
    MOST_TRADES,
    DraftWithTrades,
    NewTrade,
    NewTrades,
)
from services.gateway.drafts.trading.entering import Asking, Priced, checked_legs, priced
from services.gateway.drafts.trading.legs import Leg
from services.gateway.drafts.trading.pasting import pasted_trades
from services.gateway.drafts.trading.resolving import Errors, Wanted, refuse
from services.gateway.edge.audit import record
from services.gateway.edge.conditional import IfMatch
from services.gateway.edge.dependencies import Caller, CallersDatabase, GatewayParts
from services.gateway.edge.idempotency import BEFORE_ASKING, LaterTransaction, once_router
from services.gateway.edge.problems import Problem, documented, not_found
from shared.database import Session

router = once_router("/modelling/sessions", "modelling", 401, 404, 422)


async def who_asks(caller: Caller, database: CallersDatabase, gateway: GatewayParts) -> Asking:
    """Whose trades are priced."""
    return Asking(caller, database, gateway)


WhoAsks = Annotated[Asking, Depends(who_asks)]


@dataclass(frozen=True)
class _Trade:
    """A trade of the draft as it is to be: one entered before keeps its id."""

    trade_id: UUID
    wanted: Wanted


@dataclass(frozen=True)
class _Repriced:
    """All trades of a draft with their prices, and the version that this is of."""

    version: int
    trades: Sequence[_Trade]
    priced: Priced


@router.post(
    "/{draft_id}/trades",
    status_code=201,
    responses=documented(409, 412, 503),
    dependencies=[BEFORE_ASKING],
)
async def add_trades(
    draft_id: UUID,
    wanted: NewTrades,
    asking: WhoAsks,
    later: LaterTransaction,
    response: Response,
    if_match: IfMatch = None,
) -> DraftWithTrades:
    """Add trades to a draft, all of them or none, at the session's prices or those given."""
    errors: Errors = []
    new = [Wanted(f"trades.{place}", trade) for place, trade in enumerate(wanted.trades)]
    new += pasted_trades(wanted.csv, errors) if wanted.csv is not None else []

    def added(before: Sequence[_Trade]) -> Sequence[_Trade]:
        refuse(errors)
        if not new:
            refuse([_missing("trades", "send trades, or rows to paste as csv")])
        return [*before, *(_Trade(uuid4(), each) for each in new)]

    repriced = await _repriced(asking, draft_id, if_match, added)
    session = await later.open()
    return await _save(session, asking, draft_id, repriced, response)


def _missing(field: str, message: str) -> dict[str, str]:
    return {"field": field, "code": "missing_value", "message": message}


@router.put("/{draft_id}/trades/{trade_id}", responses=documented(409, 412, 503))
async def replace_trade(
    draft_id: UUID,
    trade_id: UUID,
    wanted: NewTrade,
    asking: WhoAsks,
    response: Response,
    if_match: IfMatch = None,
) -> DraftWithTrades:
    """Replace one trade; those after it follow from what it makes of the portfolio."""

    def replaced(before: Sequence[_Trade]) -> Sequence[_Trade]:
        _require(before, trade_id)
        new = _Trade(trade_id, Wanted("trade", wanted))
        return [new if each.trade_id == trade_id else each for each in before]

    repriced = await _repriced(asking, draft_id, if_match, replaced)
    async with asking.database.transaction() as session:
        return await _save(session, asking, draft_id, repriced, response)


@router.delete("/{draft_id}/trades/{trade_id}", responses=documented(409, 412, 503))
async def remove_trade(
    draft_id: UUID,
    trade_id: UUID,
    asking: WhoAsks,
    response: Response,
    if_match: IfMatch = None,
) -> DraftWithTrades:
    """Remove one trade; those after it follow from what is left."""

    def without(before: Sequence[_Trade]) -> Sequence[_Trade]:
        _require(before, trade_id)
        return [each for each in before if each.trade_id != trade_id]

    repriced = await _repriced(asking, draft_id, if_match, without)
    async with asking.database.transaction() as session:
        return await _save(session, asking, draft_id, repriced, response)


def _require(trades: Sequence[_Trade], trade_id: UUID) -> None:
    if all(each.trade_id != trade_id for each in trades):
        raise not_found("trade", trade_id)


async def _repriced(
    asking: Asking,
    draft_id: UUID,
    if_match: str | None,
    change: Callable[[Sequence[_Trade]], Sequence[_Trade]],
) -> _Repriced:
    """The trades after a change, priced; nothing is written."""
    async with asking.database.transaction() as session:
        draft = await changeable(session, asking.caller, draft_id, if_match)
        stored = await queries.load_trades(session, draft_id)
    trades = change([_Trade(each.trade_id, stored_wish(each)) for each in stored])
    if len(trades) > MOST_TRADES:
        detail = f"a draft has at most {MOST_TRADES} trades, and these would be {len(trades)}"
        raise Problem(422, "too_many_trades", detail)
    found = await priced(asking, draft, [each.wanted for each in trades])
    return _Repriced(draft.version, trades, found)


def stored_wish(trade: StoredTrade) -> Wanted:
    """What was wanted of a trade that is stored."""
    return Wanted(f"trade {trade.trade_id}", NewTrade.model_validate(trade.terms))


def stored_rows(
    trade_ids: Sequence[UUID], wanted: Sequence[Wanted], legs: Sequence[Sequence[Leg]]
) -> list[StoredTrade]:
    """Trades as they are stored, with the legs that they are."""
    return [
        StoredTrade(trade_id, each.trade.model_dump(mode="json", exclude_unset=True), own)
        for trade_id, each, own in zip(trade_ids, wanted, legs, strict=True)
    ]


async def _save(
    session: Session, asking: Asking, draft_id: UUID, repriced: _Repriced, response: Response
) -> DraftWithTrades:
    """Store the trades; 412 when the draft was changed while they were priced."""
    wanted = [each.wanted for each in repriced.trades]
    shared = await hold_named(session, asking.caller, wanted)
    draft = await locked_draft(session, asking.caller, draft_id, str(repriced.version))
    legs, warnings = await checked_legs(session, draft, repriced.priced.lines, wanted)
    rows = stored_rows([each.trade_id for each in repriced.trades], wanted, legs)
    await keep_trades(session, draft, rows, shared)
    await queries.save_terms(session, draft_id, {})
    await record(session, "draft.traded", draft_id, trades=len(rows))
    notices = [*repriced.priced.warnings, *warnings]
    return await with_trades(session, asking.caller, draft_id, response, notices)
