"""Models of a draft's trades: as users want them, and as lines of a ledger."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from services.gateway.books.ledger import Kind
from services.gateway.drafts.schemas.drafts import DRAFT_EXAMPLE, DraftOut
from services.gateway.drafts.trading.strategies import Strategy
from services.gateway.edge.values import (
    PRINTABLE,
    SOME_ID,
    Money,
    PlainDecimal,
    Price,
    Quantity,
    RequestBody,
    Warned,
    body_example,
    example,
)
from shared.contracts.event import Day

MOST_TRADES = 100
LONGEST_CSV = 100_000
Amount = Annotated[PlainDecimal, Field(max_digits=30)]
GivenPrice = Annotated[PlainDecimal, Field(gt=0, max_digits=30)]


class TradeAction(StrEnum):
    """What a trade does."""

    OPEN = "open"
    CLOSE = "close"
    ADJUST = "adjust"
    HEDGE = "hedge"
    STRATEGY = "strategy"
    ADD_PORTFOLIO = "add_portfolio"
    SUBTRACT_PORTFOLIO = "subtract_portfolio"


class NewTrade(RequestBody):
    """A trade at the close of the draft's session.

    `open` buys (above 0) or sells `quantity`, or as much as `exposure` dollars are. `close` sells
    or covers what is held of a symbol, or `quantity` of it. `adjust` trades up or down to the
    `quantity` or `exposure` held. `hedge` trades a stock or fund against a `share` of `measure`.
    `strategy` expands to its legs. `add_portfolio` and `subtract_portfolio` trade what another
    portfolio holds.
    """

    model_config = body_example(action="open", symbol="AAPL", quantity=-50)

    action: TradeAction
    symbol: Annotated[str, Field(max_length=64)] | None = Field(
        default=None, description="a ticker or an OCC symbol"
    )
    quantity: Amount | None = Field(
        default=None, description="shares or contracts, sold below 0; of a strategy how many"
    )
    exposure: Amount | None = Field(
        default=None, description="USD, in place of a quantity: as many whole shares or contracts"
    )
    price: GivenPrice | None = Field(
        default=None, description="USD per share; default: that of the session"
    )
    fees: Annotated[PlainDecimal, Field(ge=0, max_digits=12, decimal_places=2)] = Decimal(0)
    strategy: Strategy | None = None
    underlying: Annotated[str, Field(max_length=16)] | None = None
    expiry: Day | None = None
    strikes: Annotated[list[Amount], Field(max_length=4)] = Field(default=[])
    option_type: Literal["C", "P"] | None = Field(default=None, description="of a vertical")
    shares: bool = Field(
        default=True, description="whether a collar, covered call or protective put trades shares"
    )
    prices: Annotated[list[GivenPrice], Field(max_length=5)] = Field(
        default=[], description="of a strategy's legs in order; default: those of the session"
    )
    portfolio_id: UUID | None = Field(default=None, description="to add or to subtract")
    measure: Literal["delta_adjusted", "market_beta"] | None = Field(
        default=None, description="what a hedge is against; default: delta_adjusted"
    )
    share: Annotated[float, Field(gt=0, le=1)] | None = Field(
        default=None, description="of what a hedge is against; default: all of it"
    )
    note: Annotated[str, Field(max_length=200), PRINTABLE] = ""


class NewTrades(RequestBody):
    """Trades to add to a draft, in order: all of them, or none."""

    model_config = body_example(
        trades=[
            {"action": "open", "symbol": "AAPL", "quantity": -50},
            {"action": "hedge"} | {"symbol": "SPY", "measure": "market_beta"},
        ]
    )

    trades: Annotated[list[NewTrade], Field(max_length=MOST_TRADES)] = Field(default=[])
    csv: Annotated[str, Field(max_length=LONGEST_CSV)] | None = Field(
        default=None,
        description="pasted rows, separated by commas, semicolons or tabs, under a header of "
        "`symbol` and `quantity` or `exposure`, and `price`, `side`, `fees` if wanted; without a "
        "header: symbol, quantity and price: each opens",
    )


_LEG: dict[str, Any] = {
    "transaction_id": SOME_ID,
    "kind": "sell",
    "symbol": "AAPL",
    "underlying": "AAPL",
    "option_type": None,
    "strike": None,
    "expiry": None,
    "multiplier": 1,
    "quantity": -50.0,
    "price": 126.04,
    "fees": 0.0,
    "cash": 6302.0,
    "price_source": "close",
    "price_date": "2022-12-28",
}


class LegOut(BaseModel):
    """A line of the ledger that a trade is."""

    model_config = example(**_LEG)

    transaction_id: UUID = Field(description="of the line, once the draft is booked")
    kind: Kind
    symbol: str
    underlying: str
    option_type: str | None
    strike: Price | None
    expiry: date | None
    multiplier: int
    quantity: Quantity
    price: Price
    fees: Money
    cash: Money = Field(description="what it does to cash, fees included")
    price_source: str = Field(description="close, adjusted_close, quote_mid, model or given")
    price_date: date


class TradeOut(BaseModel):
    """A trade of a draft: what was wanted, and the lines that it is at the draft's session."""

    model_config = example(
        trade_id=SOME_ID,
        place=1,
        action="open",
        wanted={"action": "open", "symbol": "AAPL", "quantity": "-50"},
        legs=[_LEG],
    )

    trade_id: UUID
    place: int
    action: TradeAction
    wanted: dict[str, Any] = Field(description="what was sent, without what was left out")
    legs: list[LegOut]


class DraftWithTrades(DraftOut):
    """A modelling session with its trades in order."""

    model_config = example(**DRAFT_EXAMPLE, trades=[], warnings=[])

    trades: list[TradeOut]
    warnings: list[Warned] = Field(description="what is unusual about the trades just entered")
