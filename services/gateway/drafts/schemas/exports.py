"""Models of trades as a file."""

from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field

from services.gateway.books.ledger import Kind
from services.gateway.drafts.schemas.trades import MOST_TRADES, NewTrade
from services.gateway.edge.downloads import TradeForm
from services.gateway.edge.values import (
    SOME_ID,
    Money,
    Price,
    Quantity,
    RequestBody,
    body_example,
    example,
)
from shared.contracts.event import Day

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(2199, 12, 31, tzinfo=UTC)
CompanyId = Annotated[str, Field(min_length=1, max_length=50)]


def _within_bounds(moment: datetime) -> datetime:
    if EARLIEST <= moment <= LATEST:
        return moment
    raise ValueError(f"a moment lies between {EARLIEST:%Y} and {LATEST:%Y}")


Moment = Annotated[AwareDatetime, AfterValidator(_within_bounds)]


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
    """Trades in order, at the prices of their session."""

    model_config = example(
        draft_id=SOME_ID, name="Less technology", portfolio_id=SOME_ID, transactions=[]
    )

    draft_id: UUID | None = Field(description="null where the trades are not those of a draft")
    name: str = Field(description="of the draft, else of the portfolio")
    portfolio_id: UUID = Field(description="the base")
    transactions: list[ExportedTrade]


class TimeInForce(StrEnum):
    """How long an order is good."""

    DAY = "day"
    GOOD_TILL_CANCELLED = "good_till_cancelled"
    AT_THE_OPEN = "at_the_open"
    IMMEDIATE_OR_CANCEL = "immediate_or_cancel"
    FILL_OR_KILL = "fill_or_kill"
    AT_THE_CLOSE = "at_the_close"


class OrderType(StrEnum):
    """What the orders are, all of them."""

    MARKET = "market"
    LIMIT = "limit"


class FixTerms(RequestBody):
    """What FIX messages say that trades do not."""

    model_config = body_example(
        sender="DESK1", target="BROKER", sending_time="2022-12-28T21:05:00Z"
    )

    sender: CompanyId = Field(default="SIGMASIGHT", description="SenderCompID (49)")
    target: CompanyId = Field(default="BROKER", description="TargetCompID (56)")
    account: CompanyId | None = Field(default=None, description="Account (1), if the broker asks")
    sending_time: Moment | None = Field(
        default=None, description="SendingTime (52); default: the moment of the request"
    )
    transact_time: Moment | None = Field(
        default=None, description="TransactTime (60); default: sending_time"
    )
    first_number: Annotated[int, Field(ge=1, le=999_999_999)] = Field(
        default=1, description="MsgSeqNum (34) of the first message"
    )
    time_in_force: TimeInForce = Field(default=TimeInForce.DAY, description="TimeInForce (59)")
    order_type: OrderType | None = Field(
        default=None,
        description="OrdType (40); limits are at the trades' prices; default: a limit where the "
        "trade was given a price, else market",
    )
    as_list: bool = Field(
        default=False, description="one NewOrderList (35=E) instead of an order (35=D) each"
    )


class WantedTrades(RequestBody):
    """The trades of a draft, or trades of a portfolio, to be written as a file."""

    model_config = body_example(draft_id=SOME_ID, format="fix", fix={"target": "BROKER"})

    format: TradeForm = TradeForm.CSV
    draft_id: UUID | None = Field(default=None, description="whose trades; or send `trades`")
    portfolio_id: UUID | None = Field(
        default=None,
        description="what `trades` are of; default: the caller's only or first portfolio, or the "
        "draft's base",
    )
    as_of: Day | None = Field(
        default=None,
        description="`trades` start from the holdings and prices of the last valued session at or "
        "before this day; default: the last one",
    )
    trades: Annotated[list[NewTrade], Field(max_length=MOST_TRADES)] = Field(
        default=[], description="in place of a draft, as a draft takes them"
    )
    fix: FixTerms | None = Field(default=None, description="of the format fix only")
