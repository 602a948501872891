"""Market data as it is stored."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, Field

from services.gateway.edge.values import SOME_ID, Page, Price, example

NO_QUOTES = "no quotes of its options are stored on or before that session"


class SecurityOut(BaseModel):
    """What a symbol is."""

    model_config = example(
        symbol="AAPL",
        kind="stock",
        name="Apple Inc.",
        sector="Information Technology",
        industry="Technology Hardware",
        dividend_yield=0.0061,
        source="bundled",
    )

    symbol: str
    kind: str = Field(description="stock, etf, fund or index")
    name: str | None
    sector: str | None
    industry: str | None
    dividend_yield: float | None = Field(description="continuous, decimal per year")
    source: str


class PriceOut(BaseModel):
    """A symbol's close on a session, USD per share."""

    session_date: date
    close: Price = Field(description="raw where `close_basis` is raw")
    adjusted_close: Price = Field(description="adjusted for splits and dividends")
    close_basis: str = Field(description="raw, or adjusted when only that is known")
    source: str


class PriceHistory(Page[PriceOut]):
    """A symbol's daily prices, newest first."""

    model_config = example(
        symbol="AAPL",
        security=None,
        items=[
            {
                "session_date": "2022-12-28",
                "close": 126.04,
                "adjusted_close": 125.11,
                "close_basis": "raw",
                "source": "bundled",
            }
        ],
        total=1,
        limit=100,
        offset=0,
    )

    symbol: str
    security: SecurityOut | None


class OptionQuoteOut(BaseModel):
    """A contract's bid and ask at the close, USD per share of contract."""

    contract: str
    expiry: date
    option_type: str
    strike: Price
    bid: Price
    ask: Price
    mid: Price
    last: Price | None
    underlying_price: Price | None
    source: str


class OptionChain(Page[OptionQuoteOut]):
    """An underlying's quotes on a session, by expiry, type and strike."""

    model_config = example(
        underlying="AAPL", as_of="2022-12-28", items=[], total=0, limit=100, offset=0, reason=None
    )

    underlying: str
    as_of: date | None = Field(description="the session of the quotes; null when there are none")
    reason: str | None


SOME_SYMBOL = {
    "symbol": "AAPL",
    "kind": "stock",
    "name": "Apple Inc.",
    "sector": "Information Technology",
    "held": True,
    "portfolio_ids": [SOME_ID],
}


class SymbolOut(BaseModel):
    """A symbol that may be chosen, and what it is."""

    model_config = example(**SOME_SYMBOL)

    symbol: str = Field(description="a ticker, an option's OCC symbol, or a private holding's name")
    kind: str = Field(description="stock, etf, fund, index, option or private")
    name: str | None
    sector: str | None
    held: bool = Field(description="whether a portfolio of the caller's holds it, or options on it")
    portfolio_ids: list[UUID] = Field(
        description="the caller's portfolios that hold it, or options on it, by name"
    )


class SymbolsFound(BaseModel):
    """The symbols that fit best, and how many fit in all."""

    model_config = example(items=[SOME_SYMBOL], total=1)

    items: list[SymbolOut]
    total: int


SOME_SESSION = {
    "session_date": "2022-11-25",
    "opens": "2022-11-25T14:30:00Z",
    "closes": "2022-11-25T18:00:00Z",
    "half_day": True,
    "announced": True,
}


class CalendarDayOut(BaseModel):
    """A session of the exchange."""

    model_config = example(**SOME_SESSION)

    session_date: date
    opens: datetime
    closes: datetime
    half_day: bool = Field(description="whether it closes before 16:00 in New York")
    announced: bool = Field(
        description="whether its close was announced, so that there may be figures of it"
    )


class Calendar(BaseModel):
    """The sessions from one day to another, both included, ascending."""

    model_config = example(first="2022-11-25", last="2022-11-25", items=[SOME_SESSION], total=1)

    first: date
    last: date
    items: list[CalendarDayOut]
    total: int
