"""Models of a portfolio's ledger: transactions, lots, expiries."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from services.gateway.books.files.reading import MAX_IDENTITY
from services.gateway.books.ledger import Kind, LotMethod
from services.gateway.books.schemas.positions import Day, Number, OfValuedPortfolio, Word
from services.gateway.books.schemas.uploads import RestatedSessions
from services.gateway.books.statements.lots import Outcome
from services.gateway.edge.values import (
    PRINTABLE,
    SOME_ID,
    Money,
    Page,
    Price,
    Quantity,
    RequestBody,
    Warned,
    body_example,
    example,
)
from shared.contracts.event import Day as BoundedDay

MOST_TRANSACTIONS = 1_000
TRANSACTION_EXAMPLE: dict[str, Any] = {
    "transaction_id": SOME_ID,
    "portfolio_id": SOME_ID,
    "kind": "sell",
    "trade_date": "2022-12-20",
    "symbol": "AAPL",
    "underlying": "AAPL",
    "option_type": None,
    "strike": None,
    "expiry": None,
    "multiplier": 1,
    "quantity": -40.0,
    "price": 132.3,
    "amount": None,
    "fees": 1.0,
    "cash": 5291.0,
    "stated_on": "2022-12-20",
    "lot_id": None,
    "lot_method": None,
    "source": "api",
    "source_line": None,
    "external_id": "U123-4711",
    "note": "",
    "reverses": None,
    "reversed_by": None,
    "counts": True,
    "created_at": "2022-12-20T21:05:00Z",
}


class TransactionOut(BaseModel):
    """One line of the ledger. It never changes: a correction is a reversal and a new line."""

    model_config = example(**TRANSACTION_EXAMPLE)

    transaction_id: UUID
    portfolio_id: UUID
    kind: Kind
    trade_date: date
    symbol: str | None = Field(description="in the shares of stated_on; null for money")
    underlying: str | None
    option_type: str | None
    strike: Price | None
    expiry: date | None
    multiplier: int
    quantity: Quantity | None = Field(
        description="bought positive, sold negative; of a split what it added; null for money"
    )
    price: Price | None = Field(description="USD per share; of a derived dividend its amount")
    amount: Money | None = Field(
        description="of money, signed as it changes cash; of an equity statement the equity"
    )
    fees: Money
    cash: Money | None = Field(
        description="what it did to cash, fees included; null where a price is not known"
    )
    stated_on: date = Field(description="the day in whose shares quantity and price are")
    lot_id: UUID | None = Field(description="the lot that it opened, or the only one it may close")
    lot_method: LotMethod | None
    source: str = Field(description="api, file, migration, or system for what is derived")
    source_line: int | None
    external_id: str | None = Field(description="the broker's own id")
    note: str
    reverses: UUID | None
    reversed_by: UUID | None
    counts: bool = Field(description="false for a reversal and for what it reversed")
    created_at: datetime | None = Field(description="null for what is derived")


class TransactionPage(BaseModel):
    """A part of the ledger, in the order of its days."""

    model_config = example(items=[TRANSACTION_EXAMPLE], limit=100, next=None)

    items: list[TransactionOut]
    limit: int
    next: str | None = Field(description="send it as `after` for the next page; null on the last")


ExternalId = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_IDENTITY), PRINTABLE
]


class NewTransaction(RequestBody):
    """A line to be entered.

    A trade has an instrument, a quantity and a price; money has an amount. Both are given without
    a sign, or with the one their kind has; `opening` and `transfer_in` are signed: below 0 is
    short. Dividends and interest below 0 are paid.
    """

    model_config = body_example(
        kind="sell", trade_date="2022-12-20", symbol="AAPL", quantity=40, price=132.3, fees=1
    )

    kind: Word = Field(
        description=(
            "opening, buy, sell, sell_short, buy_to_cover, deposit, withdrawal, transfer_in, "
            "transfer_out, dividend, interest, borrow_fee, fee or equity"
        )
    )
    trade_date: Day | None = None
    symbol: Word | None = Field(default=None, description="a ticker or an OCC symbol")
    underlying: Word | None = None
    option_type: Word | None = Field(default=None, description="CALL or PUT, or C or P")
    strike: Number | None = None
    expiry: Day | None = None
    investment_class: Word | None = None
    investment_subtype: str | None = Field(default=None, max_length=200)
    quantity: Number | None = None
    price: Number | None = Field(
        default=None, description="USD per share; 0 only of what is closed"
    )
    amount: Number | None = Field(default=None, description="USD")
    fees: Number | None = Field(default=None, description="USD, without a sign")
    stated_on: BoundedDay | None = Field(
        default=None, description="the day in whose shares it is given; default: trade_date"
    )
    lot_id: UUID | None = Field(default=None, description="the only lot that it may close")
    lot_method: LotMethod | None = Field(
        default=None, description="which lots it closes first; default: the portfolio's"
    )
    external_id: ExternalId | None = Field(
        default=None, description="the broker's own id: what is known by it is skipped"
    )
    note: Annotated[str, Field(max_length=200), PRINTABLE] = ""


class NewTransactions(RequestBody):
    """Lines to be entered together: all of them, or none."""

    model_config = body_example(
        transactions=[
            {
                "kind": "buy",
                "trade_date": "2022-12-20",
                "symbol": "AAPL",
                "quantity": 40,
                "price": 132.3,
            }
        ]
    )

    transactions: Annotated[list[NewTransaction], Field(min_length=1, max_length=MOST_TRANSACTIONS)]


class SkippedTransaction(BaseModel):
    """A line whose external_id is known already."""

    model_config = example(external_id="U123-4711", transaction_id=SOME_ID)

    external_id: str
    transaction_id: UUID = Field(description="the line that has the id")


class TransactionsSaved(BaseModel):
    """What was entered, and the run that measures the portfolio again."""

    model_config = example(
        transactions=[TRANSACTION_EXAMPLE],
        skipped=[],
        run_id=SOME_ID,
        restated={"first": "2022-12-20", "last": "2022-12-27", "count": 5},
        warnings=[],
    )

    transactions: list[TransactionOut]
    skipped: list[SkippedTransaction]
    run_id: UUID | None
    restated: RestatedSessions | None = Field(
        description="the earlier sessions that are measured again; null when there are none"
    )
    warnings: list[Warned]


CLOSING_EXAMPLE: dict[str, Any] = {
    "transaction_id": SOME_ID,
    "kind": "sell",
    "trade_date": "2022-12-20",
    "quantity": -40.0,
    "price": 132.3,
    "realised_pnl": 492.0,
}


class ClosingOut(BaseModel):
    """What a transaction closed of a lot."""

    model_config = example(**CLOSING_EXAMPLE)

    transaction_id: UUID
    kind: Kind
    trade_date: date
    quantity: Quantity
    price: Price | None
    realised_pnl: Money | None = Field(description="null where the price is not known")


LOT_EXAMPLE: dict[str, Any] = {
    "position_id": SOME_ID,
    "opened_by": SOME_ID,
    "symbol": "AAPL",
    "underlying": "AAPL",
    "position_type": "LONG",
    "multiplier": 1,
    "stated_on": "2022-06-01",
    "opened_quantity": 100.0,
    "quantity": 60.0,
    "entry_price": 120.0,
    "entry_date": "2022-06-01",
    "exit_date": None,
    "days_held": 210,
    "cost": 7200.0,
    "closings": [CLOSING_EXAMPLE],
    "realised_pnl": 492.0,
    "valued_on": "2022-12-28",
    "price": 126.04,
    "market_value": 7562.4,
    "unrealised_pnl": 362.4,
    "reason": None,
}


class LotOut(BaseModel):
    """What one transaction opened, what has closed of it, and what is left.

    Quantities and prices are in the shares of the last valuation.
    """

    model_config = example(**LOT_EXAMPLE)

    position_id: UUID = Field(description="of the lot, as in positions")
    opened_by: UUID = Field(description="the transaction that opened it")
    symbol: str
    underlying: str
    position_type: str = Field(description="LONG, SHORT, LC, SC, LP or SP")
    multiplier: int
    stated_on: date
    opened_quantity: Quantity
    quantity: Quantity = Field(description="what is left now; 0 once it is closed")
    entry_price: Price
    entry_date: date
    exit_date: date | None = Field(description="when the last of it was closed")
    days_held: int = Field(description="calendar days from entry to exit or last session")
    cost: Money = Field(description="of what is left")
    closings: list[ClosingOut]
    realised_pnl: Money | None = Field(description="of all closings; null where one is unknown")
    valued_on: date | None
    price: Price | None
    market_value: Money | None
    unrealised_pnl: Money | None
    reason: str | None = Field(description="why there is no unrealised P&L")


class LotTotals(BaseModel):
    """P&L of lots, fees and dividends not included."""

    model_config = example(
        lots=1, realised_pnl=492.0, unrealised_pnl=362.4, total_pnl=854.4, unknown=0
    )

    lots: int
    realised_pnl: Money
    unrealised_pnl: Money
    total_pnl: Money
    unknown: int = Field(description="how many figures are not known, and not in the sums")


class LotPage(Page[LotOut], OfValuedPortfolio):
    """A part of the lots that meet the conditions, by entry; the totals are of all that do."""

    model_config = example(
        portfolio_id=SOME_ID,
        valued_on="2022-12-28",
        totals={
            "lots": 1,
            "realised_pnl": 492.0,
            "unrealised_pnl": 362.4,
            "total_pnl": 854.4,
            "unknown": 0,
        },
        items=[LOT_EXAMPLE],
        total=1,
        limit=100,
        offset=0,
        reason=None,
    )

    totals: LotTotals
    reason: str | None = Field(description="why nothing is valued")


OPTION_EXAMPLE: dict[str, Any] = {
    "position_id": SOME_ID,
    "symbol": "AAPL230120C00120000",
    "underlying": "AAPL",
    "option_type": "C",
    "strike": 120.0,
    "expiry": "2023-01-20",
    "quantity": -2.0,
    "underlying_price": 126.04,
    "price_date": "2022-12-28",
    "in_the_money": True,
    "intrinsic_value": 6.04,
    "outcome": "assigned",
    "shares": -200.0,
    "cash": 24000.0,
    "reason": None,
}


class ExpiringOption(BaseModel):
    """An option lot, and what its expiry would do at the last close of the underlying."""

    model_config = example(**OPTION_EXAMPLE)

    position_id: UUID
    symbol: str
    underlying: str
    option_type: str
    strike: Price
    expiry: date
    quantity: Quantity
    underlying_price: Price | None
    price_date: date | None
    in_the_money: bool | None
    intrinsic_value: Price | None = Field(description="USD per share of contract")
    outcome: Outcome | None
    shares: Quantity | None = Field(description="delivered at the strike: received positive")
    cash: Money | None
    reason: str | None = Field(description="why the outcome is not known")


class Expiry(BaseModel):
    """The options that expire on one day."""

    expiry: date
    last_session: date
    days_left: int = Field(description="calendar days after as_of")
    cash: Money = Field(description="of all of them together")
    options: list[ExpiringOption]


class ExpiryReport(BaseModel):
    """The options held, the next expiry first, as of the last session with market data."""

    model_config = example(
        portfolio_id=SOME_ID,
        as_of="2022-12-28",
        items=[
            {
                "expiry": "2023-01-20",
                "last_session": "2023-01-20",
                "days_left": 23,
                "cash": 24000.0,
                "options": [OPTION_EXAMPLE],
            }
        ],
        unsettled=[],
    )

    portfolio_id: UUID
    as_of: date | None = Field(description="null before any session is known")
    items: list[Expiry]
    unsettled: list[ExpiringOption] = Field(
        description="options past their last session, which no close is known of"
    )
