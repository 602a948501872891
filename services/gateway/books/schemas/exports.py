"""Models of exported positions."""

from datetime import date
from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel, Field

from services.gateway.books.schemas.portfolios import PORTFOLIO_EXAMPLE, PortfolioOut
from services.gateway.edge.values import SOME_ID, Price, Quantity, example


class Columns(StrEnum):
    """Which columns: one of the two sets of positions, or those of transactions."""

    FIVE = "five-columns"
    TWELVE = "twelve-columns"
    TRANSACTIONS = "transactions"


class Form(StrEnum):
    """How positions are written."""

    CSV = "csv"
    JSON = "json"


class ExportedPosition(BaseModel):
    """A lot in full: what is held of it on the day, or what was opened once it is closed."""

    symbol: str
    position_type: str = Field(description="LONG, SHORT, LC, SC, LP or SP")
    quantity: Quantity
    opened_quantity: Quantity
    opened_by: UUID | None
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
        portfolio={**PORTFOLIO_EXAMPLE, "positions": 1},
        positions=[
            {
                "symbol": "AAPL230616C00150000",
                "position_type": "SC",
                "quantity": -2.0,
                "opened_quantity": -2.0,
                "opened_by": SOME_ID,
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
