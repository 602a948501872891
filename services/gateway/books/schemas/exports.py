"""Models of exported positions and transactions."""

from datetime import date
from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel, Field

from services.gateway.books.schemas.ledger import TRANSACTION_EXAMPLE, TransactionOut
from services.gateway.books.schemas.portfolios import PORTFOLIO_EXAMPLE, PortfolioOut
from services.gateway.edge.values import (
    SOME_ID,
    Greek,
    Money,
    Price,
    Quantity,
    ValuedBy,
    example,
)


class Columns(StrEnum):
    """Which columns: one of the two sets of positions, or those of transactions."""

    FIVE = "five-columns"
    TWELVE = "twelve-columns"
    TRANSACTIONS = "transactions"


class ExportColumns(StrEnum):
    """Which columns exported positions have: what was entered, or its value as well."""

    TWELVE = "twelve-columns"
    VALUED = "valued"


class PositionValues(BaseModel):
    """What was measured of a position on the session `valued_on`, and where its price is from."""

    model_config = example(
        valued_on="2022-12-28",
        price=4.12,
        price_date="2022-12-28",
        price_source="model",
        stale=False,
        underlying_price=126.04,
        cost=-1690.0,
        market_value=-824.0,
        weight=0.0164,
        daily_pnl=102.4,
        unrealised_pnl=866.0,
        notional_exposure=-25208.0,
        delta=0.2341,
        delta_adjusted_exposure=-5901.19,
        reason=None,
    )

    valued_on: date | None
    price: Price | None
    price_date: date | None
    price_source: ValuedBy
    stale: bool | None
    underlying_price: Price | None
    cost: Money
    market_value: Money | None
    weight: float | None = Field(description="share (0 to 1) of the portfolio's gross value")
    daily_pnl: Money | None
    unrealised_pnl: Money | None
    notional_exposure: Money | None
    delta: Greek | None = Field(description="per share; 1 for stock")
    delta_adjusted_exposure: Money | None
    reason: str | None


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
    values: PositionValues | None = Field(
        default=None, description="with `columns=valued`; null otherwise"
    )


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
                "values": None,
            }
        ],
    )

    portfolio: PortfolioOut
    positions: list[ExportedPosition]


class TransactionsExport(BaseModel):
    """The transactions of a portfolio in a period, the oldest first."""

    model_config = example(portfolio=PORTFOLIO_EXAMPLE, transactions=[TRANSACTION_EXAMPLE])

    portfolio: PortfolioOut
    transactions: list[TransactionOut]
