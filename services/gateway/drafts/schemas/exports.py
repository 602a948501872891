"""Models of a draft's trades as a file."""

from datetime import date
from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel, Field

from services.gateway.books.ledger import Kind
from services.gateway.edge.values import SOME_ID, Money, Price, Quantity, example


class TradeForm(StrEnum):
    """How a draft's trades are written."""

    CSV = "csv"
    JSON = "json"


class ExportedTrade(BaseModel):
    """A trade as `POST portfolios/{portfolio_id}/transactions` takes it."""

    model_config = example(
        kind="sell",
        trade_date="2022-12-28",
        symbol="AAPL",
        quantity=-50.0,
        price=126.04,
        fees=0.0,
        external_id=SOME_ID,
        note="less technology",
    )

    kind: Kind
    trade_date: date
    symbol: str = Field(description="a ticker or an OCC symbol")
    quantity: Quantity
    price: Price
    fees: Money
    external_id: str = Field(
        description="of the line, booked or not: what a ledger has by it is skipped"
    )
    note: str = Field(description="of the trade, else the draft's name")


class TradesExport(BaseModel):
    """The trades of a draft in order, at the prices of its session."""

    model_config = example(
        draft_id=SOME_ID, name="Less technology", portfolio_id=SOME_ID, transactions=[]
    )

    draft_id: UUID
    name: str
    portfolio_id: UUID = Field(description="the base")
    transactions: list[ExportedTrade]
