"""Positions out, as files that may be uploaded again; and templates to fill in."""

from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from services.gateway.api.dependencies import ChosenPortfolio, OpenSession
from services.gateway.api.position_terms import exchange_day
from services.gateway.api.problems import documented
from services.gateway.api.schemas.books import PortfolioOut
from services.gateway.api.schemas.values import SOME_ID, Price, Quantity, example
from services.gateway.calculations import positions_csv
from services.gateway.calculations.positions_csv import Listed
from services.gateway.repository import books
from services.gateway.repository.rows import Row
from shared.instruments import position_type

router = APIRouter()
CSV = "text/csv; charset=utf-8"


class Columns(StrEnum):
    """Which of the two column sets."""

    FIVE = "five-columns"
    TWELVE = "twelve-columns"


class Form(StrEnum):
    """How positions are written."""

    CSV = "csv"
    JSON = "json"


_TEMPLATES = {
    Columns.FIVE: positions_csv.five_columns_template,
    Columns.TWELVE: positions_csv.twelve_columns_template,
}
_LISTED = [name for name in Listed.__dataclass_fields__ if name != "tags"]


class ExportedPosition(BaseModel):
    """A position as its owner stated it, in full."""

    symbol: str
    position_type: str = Field(description="LONG, SHORT, LC, SC, LP or SP")
    quantity: Quantity
    entry_price: Price
    entry_date: date
    investment_class: str
    investment_subtype: str | None
    underlying: str
    strike: Price | None
    expiry: date | None
    option_type: str | None
    exit_date: date | None
    exit_price: Price | None
    tags: list[str]
    position_id: UUID


class PositionsExport(BaseModel):
    """A portfolio with everything it holds or held."""

    model_config = example(
        portfolio={
            "portfolio_id": SOME_ID,
            "name": "Long/short",
            "equity_balance": 1000000.0,
            "positions": 1,
            "created_at": "2022-12-28T21:05:00Z",
        },
        positions=[
            {
                "symbol": "AAPL230616C00150000",
                "position_type": "SC",
                "quantity": -2.0,
                "entry_price": 8.45,
                "entry_date": "2022-11-01",
                "investment_class": "OPTIONS",
                "investment_subtype": None,
                "underlying": "AAPL",
                "strike": 150.0,
                "expiry": "2023-06-16",
                "option_type": "C",
                "exit_date": None,
                "exit_price": None,
                "tags": ["income"],
                "position_id": SOME_ID,
            }
        ],
    )

    portfolio: PortfolioOut
    positions: list[ExportedPosition]


def _csv_documented(sample: str) -> dict[str, Any]:
    return {"content": {"text/csv": {"schema": {"type": "string"}, "example": sample}}}


@router.get(
    "/portfolio/upload/templates/{columns}",
    tags=["portfolio"],
    response_class=Response,
    responses={200: _csv_documented(positions_csv.five_columns_template()), **documented(422)},
)
async def upload_template(columns: Columns) -> Response:
    """An example of a position file, to fill in; it may be uploaded as it is."""
    return _file(_TEMPLATES[columns](), f"positions-{columns}.csv")


@router.get(
    "/positions/export",
    tags=["positions"],
    response_model=PositionsExport,
    responses={
        200: _csv_documented(positions_csv.twelve_columns_template()),
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
        date | None,
        Query(description="in whose shares quantity, prices and strikes are; default: today"),
    ] = None,
) -> Any:
    """Everything a portfolio holds or held: CSV in the twelve columns with tags, or JSON."""
    held = await books.load_holdings(session, portfolio["portfolio_id"], as_of or exchange_day())
    rows = sorted(held, key=lambda row: (row["symbol"], row["entry_date"]))
    if form is Form.JSON:
        return {"portfolio": portfolio, "positions": [_exported(row) for row in rows]}
    return _file(positions_csv.positions_file(_listed(row) for row in rows), _filename(portfolio))


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


def _file(text: str, filename: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{filename}"'}
    return Response(text, media_type=CSV, headers=headers)


def _filename(portfolio: Mapping[str, Any]) -> str:
    """The portfolio's name in letters that any file system takes, else its id."""
    letters = (
        letter if letter.isascii() and letter.isalnum() else " "
        for letter in portfolio["name"].lower()
    )
    return f"positions-{'-'.join(''.join(letters).split()) or portfolio['portfolio_id']}.csv"
