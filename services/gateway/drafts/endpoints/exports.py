"""A draft's trades as a file: to be entered elsewhere, or uploaded into a portfolio."""

from collections.abc import Callable, Iterable, Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Response

from services.gateway.books import files
from services.gateway.books.files import TradeLine
from services.gateway.drafts.dependencies import NamedDraft
from services.gateway.drafts.queries import drafts as queries
from services.gateway.drafts.queries.drafts import StoredTrade
from services.gateway.drafts.schemas.exports import ExportedTrade, TradeForm, TradesExport
from services.gateway.drafts.shapes import Draft
from services.gateway.edge.dependencies import OpenSession
from services.gateway.edge.downloads import csv_documented, csv_download, safe_name
from services.gateway.edge.problems import documented

router = APIRouter(prefix="/modelling/sessions", tags=["modelling"])
Writer = Callable[[Draft, Sequence[TradeLine]], Response | TradesExport]


@router.get(
    "/{draft_id}/export",
    response_model=TradesExport,
    responses={200: csv_documented(files.transactions_template()), **documented(401, 404, 422)},
)
async def export_draft(
    draft: NamedDraft,
    session: OpenSession,
    form: Annotated[
        TradeForm, Query(alias="format", description="csv may be uploaded to a portfolio")
    ] = TradeForm.CSV,
) -> Response | TradesExport:
    """The draft's trades at the prices of its session: CSV in the columns of transactions, or JSON.

    What is uploaded twice, or uploaded and booked, is entered once: every line has an id.
    """
    trades = await queries.load_trades(session, draft.draft_id)
    return WRITERS[form](draft, list(_lines(draft, trades)))


def _lines(draft: Draft, trades: Iterable[StoredTrade]) -> Iterable[TradeLine]:
    for trade in trades:
        note = str(trade.terms.get("note") or draft.name)
        for leg in trade.legs:
            day = draft.base_session
            terms = (leg.kind, leg.symbol, leg.quantity, leg.price, leg.fees)
            yield TradeLine(day, *terms, str(leg.transaction_id), note)


def _csv(draft: Draft, lines: Sequence[TradeLine]) -> Response:
    name = safe_name(draft.name, draft.draft_id)
    return csv_download(files.trades_file(lines), f"trades-{name}-{draft.base_session}.csv")


def _json(draft: Draft, lines: Sequence[TradeLine]) -> TradesExport:
    return TradesExport(
        draft_id=draft.draft_id,
        name=draft.name,
        portfolio_id=draft.base_id,
        transactions=[
            ExportedTrade.model_validate({**vars(line), "external_id": line.line_id})
            for line in lines
        ],
    )


# What writes each format: another one is added here and to `TradeForm`.
WRITERS: dict[TradeForm, Writer] = {TradeForm.CSV: _csv, TradeForm.JSON: _json}
