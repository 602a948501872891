"""Trades as a file: to be sent to a broker, entered elsewhere, or uploaded into a portfolio."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from services.gateway.books import files
from services.gateway.books.dependencies import owned_or_first, refuse_draft
from services.gateway.drafts.dependencies import NamedDraft, owned_draft, valued_session
from services.gateway.drafts.endpoints.trades import WhoAsks
from services.gateway.drafts.exporting import (
    Branched,
    TradeLegs,
    Trades,
    trades_export,
    with_stable_ids,
)
from services.gateway.drafts.queries import drafts as queries
from services.gateway.drafts.schemas.exports import FixTerms, TradesExport, WantedTrades
from services.gateway.drafts.shapes import Draft
from services.gateway.drafts.trading.entering import Asking, checked_legs, priced
from services.gateway.drafts.trading.resolving import Wanted
from services.gateway.edge.dependencies import OpenSession
from services.gateway.edge.downloads import BINARY, TradeForm, csv_documented, exported
from services.gateway.edge.problems import Problem, documented
from services.gateway.edge.routers import api_router
from shared.database import Session

router = api_router()
Error = tuple[str, str, str]
_CSV = csv_documented(files.transactions_template())
_FIX = {BINARY: {"schema": {"type": "string", "format": "binary"}}}
_FILE = {"content": {**_CSV["content"], **_FIX}}


@router.get(
    "/modelling/sessions/{draft_id}/export",
    tags=["modelling"],
    response_model=TradesExport,
    responses={200: _FILE, **documented(401, 404, 422)},
)
async def export_draft(
    draft: NamedDraft,
    session: OpenSession,
    form: Annotated[
        TradeForm,
        Query(
            alias="format",
            description="csv may be uploaded to a portfolio; fix: as `export/trades` by default",
        ),
    ] = TradeForm.CSV,
) -> Response:
    """The draft's trades at the prices of its session: CSV in the columns of transactions, JSON
    or FIX.

    What is uploaded twice, or uploaded and booked, is entered once: every line has an id.
    """
    found = await _of_draft(session, draft)
    return await exported(session, trades_export(found, form, FixTerms(), datetime.now(UTC)))


@router.post(
    "/export/trades",
    tags=["export"],
    response_model=TradesExport,
    responses={200: _FILE, **documented(401, 404, 422, 503)},
)
async def export_trades(wanted: WantedTrades, asking: WhoAsks) -> Response:
    """The trades of a draft, or trades of a portfolio, as CSV, JSON or orders in FIX 4.4.

    A sale beyond what is held long is two: what closes, and what is sold short. The same trades
    have the same ids again, and with `fix.sending_time` the file is the same to the byte.
    """
    _refuse_both(wanted)
    terms = wanted.fix or FixTerms()
    now = datetime.now(UTC)
    listed = await _of_list(asking, wanted) if wanted.draft_id is None else None
    async with asking.database.transaction() as session:
        found = listed or await _of_named(session, asking, wanted)
        return await exported(session, trades_export(found, wanted.format, terms, now))


def _refuse_both(wanted: WantedTrades) -> None:
    """422 for fields that contradict each other, and where nothing is named."""
    errors: list[Error] = []
    if wanted.draft_id is None and not wanted.trades:
        errors.append(("draft_id", "missing_value", "name a draft, or send trades"))
    if wanted.draft_id is not None and wanted.trades:
        errors.append(("trades", "unexpected", "a draft has its own trades: leave trades out"))
    if wanted.draft_id is not None and wanted.as_of:
        errors.append(("as_of", "unexpected", "a draft has its own session: leave as_of out"))
    if wanted.fix is not None and wanted.format is not TradeForm.FIX:
        errors.append(("fix", "unexpected", f"{wanted.format} has no terms of FIX: leave it out"))
    _refuse(errors)


def _refuse(errors: Sequence[Error]) -> None:
    if errors:
        detail = f"{errors[0][0]}: {errors[0][2]}"
        every = [dict(zip(("field", "code", "message"), each, strict=True)) for each in errors]
        raise Problem(422, "invalid_request", detail, every)


async def _of_named(session: Session, asking: Asking, wanted: WantedTrades) -> Trades:
    """The trades of the draft that is named, of the portfolio that is named, if one is."""
    assert wanted.draft_id is not None, "a list is priced before the transaction"
    draft = await owned_draft(session, asking.caller, wanted.draft_id)
    if wanted.portfolio_id not in (None, draft.base_id):
        message = f"the draft is a branch of {draft.base_id}: name that portfolio, or none"
        _refuse([("portfolio_id", "wrong_portfolio", message)])
    return await _of_draft(session, draft)


async def _of_draft(session: Session, draft: Draft) -> Trades:
    stored = await queries.load_trades(session, draft.draft_id)
    return Trades(
        draft.name,
        draft.base_id,
        draft.base_session,
        [TradeLegs(str(trade.terms.get("note") or ""), trade.legs) for trade in stored],
        draft.draft_id,
        note=draft.name,
    )


async def _of_list(asking: Asking, wanted: WantedTrades) -> Trades:
    """Trades against what the portfolio holds on its session, priced as those of a draft."""
    async with asking.database.transaction() as session:
        base = await owned_or_first(session, asking.caller, wanted.portfolio_id)
        base_id: UUID = base["portfolio_id"]
        await refuse_draft(session, base_id)
        day = await valued_session(session, asking.caller, base_id, wanted.as_of)
    branch = Branched(base_id, day)
    every = [Wanted(f"trades.{place}", trade) for place, trade in enumerate(wanted.trades)]
    lines = (await priced(asking, branch, every)).lines
    async with asking.database.transaction() as session:
        legs, _ = await checked_legs(session, branch, lines, every)
    trades = [TradeLegs(each.trade.note, own) for each, own in zip(every, legs, strict=True)]
    return Trades(base["name"], base_id, day, with_stable_ids(branch, trades))
