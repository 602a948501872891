"""Positions and transactions out, as files that may be uploaded again; templates to fill in."""

from typing import Annotated

from fastapi import Query, Response

from services.gateway.books import files
from services.gateway.books.dependencies import ChosenPortfolio, NamedPortfolio
from services.gateway.books.editing import exchange_day
from services.gateway.books.exporting import positions_export, transactions_export, valued_rows
from services.gateway.books.queries import positions
from services.gateway.books.schemas.exports import (
    Columns,
    ExportColumns,
    PositionsExport,
    TransactionsExport,
)
from services.gateway.books.schemas.portfolios import PortfolioOut
from services.gateway.edge.dependencies import OpenSession, refuse_wrong_order
from services.gateway.edge.downloads import Form, csv_documented, csv_download, exported
from services.gateway.edge.problems import documented
from services.gateway.edge.routers import api_router
from shared.contracts.event import Day

router = api_router()
_TEMPLATES = {
    Columns.FIVE: files.five_columns_template,
    Columns.TWELVE: files.twelve_columns_template,
    Columns.TRANSACTIONS: files.transactions_template,
}
ChosenForm = Annotated[Form, Query(alias="format", description="csv may be uploaded again")]


@router.get(
    "/portfolio/upload/templates/{columns}",
    tags=["portfolio"],
    response_class=Response,
    responses={200: csv_documented(files.five_columns_template()), **documented(422)},
)
async def upload_template(columns: Columns) -> Response:
    """An example of a file to fill in; it may be uploaded as it is."""
    name = columns if columns is Columns.TRANSACTIONS else f"positions-{columns}"
    return csv_download(_TEMPLATES[columns](), f"{name}.csv")


@router.get(
    "/positions/export",
    tags=["positions"],
    response_model=PositionsExport,
    responses={
        200: csv_documented(files.twelve_columns_template()),
        **documented(401, 404, 422),
    },
)
async def export_positions(
    portfolio: ChosenPortfolio,
    session: OpenSession,
    form: ChosenForm = Form.CSV,
    as_of: Annotated[
        Day | None,
        Query(
            description="twelve-columns: the day in whose shares every lot is, default today; it "
            "leaves no lot out. valued: the day of what is held, and of its shares, default the "
            "last session"
        ),
    ] = None,
    columns: Annotated[
        ExportColumns,
        Query(
            description="twelve-columns: all that is or was held, on any day; valued: what is "
            "held on `as_of`, with price, value, P&L, and where the price is from"
        ),
    ] = ExportColumns.TWELVE,
) -> Response:
    """All lots of a portfolio, CSV in twelve columns with tags, or JSON; or a day's, with values.

    Only `columns=valued` is limited to what is held on `as_of`.
    """
    if columns is ExportColumns.VALUED:
        day, held = await valued_rows(session, portfolio["portfolio_id"], as_of)
    else:
        day = as_of or exchange_day()
        held = await positions.load_exported(session, portfolio["portfolio_id"], day)
    owner = PortfolioOut.model_validate(portfolio)
    return await exported(session, positions_export(owner, held, form, columns, day))


@router.get(
    "/portfolios/{portfolio_id}/transactions/export",
    tags=["ledger"],
    response_model=TransactionsExport,
    responses={200: csv_documented(files.transactions_template()), **documented(401, 404, 422)},
)
async def export_transactions(
    portfolio: NamedPortfolio,
    session: OpenSession,
    form: ChosenForm = Form.CSV,
    first: Annotated[Day | None, Query(alias="from", description="first day of trade")] = None,
    last: Annotated[Day | None, Query(alias="to", description="last day of trade")] = None,
    everything: Annotated[
        bool,
        Query(
            description="also reversals with what they reversed, and what follows from market "
            "data: a record, which is not to be uploaded"
        ),
    ] = False,
) -> Response:
    """The lines of the ledger in a period: CSV in the columns of transactions, or JSON.

    What is uploaded again is entered once: every line has an id.
    """
    refuse_wrong_order(first, last, "day of trade")
    owner = PortfolioOut.model_validate(portfolio)
    period = (first, last)
    file = await transactions_export(session, owner, period, form, everything=everything)
    return await exported(session, file)
