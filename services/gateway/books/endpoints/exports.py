"""Positions out, as files that may be uploaded again; and templates to fill in."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from services.gateway.books import files
from services.gateway.books.dependencies import ChosenPortfolio
from services.gateway.books.editing import exchange_day
from services.gateway.books.files import Listed
from services.gateway.books.queries import positions
from services.gateway.books.schemas.exports import Columns, Form, PositionsExport
from services.gateway.edge.dependencies import OpenSession
from services.gateway.edge.downloads import csv_documented, csv_download, safe_name
from services.gateway.edge.problems import documented
from services.gateway.edge.queries import Row
from shared.contracts.event import Day
from shared.instruments import position_type

router = APIRouter()
_TEMPLATES = {
    Columns.FIVE: files.five_columns_template,
    Columns.TWELVE: files.twelve_columns_template,
    Columns.TRANSACTIONS: files.transactions_template,
}
_LISTED = [name for name in Listed.__dataclass_fields__ if name != "tags"]


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
    form: Annotated[
        Form, Query(alias="format", description="csv may be uploaded again")
    ] = Form.CSV,
    as_of: Annotated[
        Day | None,
        Query(description="the day of what is held, and of its shares; default: today"),
    ] = None,
) -> Any:
    """Everything a portfolio holds or held: CSV in the twelve columns with tags, or JSON."""
    held = await positions.load_exported(
        session, portfolio["portfolio_id"], as_of or exchange_day()
    )
    rows = sorted(held, key=lambda row: (row["symbol"], row["entry_date"]))
    if form is Form.JSON:
        return {"portfolio": portfolio, "positions": [_exported(row) for row in rows]}
    name = safe_name(portfolio["name"], portfolio["portfolio_id"])
    return csv_download(files.positions_file(_listed(row) for row in rows), f"positions-{name}.csv")


def _exported(row: Row) -> dict[str, Any]:
    return {
        **row,
        "position_type": position_type(row["option_type"], row["quantity"]),
        "tags": _sorted(row["tags"]),
    }


def _listed(row: Row) -> Listed:
    return Listed(**{name: row[name] for name in _LISTED}, tags=tuple(_sorted(row["tags"])))


def _sorted(tags: Sequence[str]) -> list[str]:
    return sorted(tags, key=str.lower)
