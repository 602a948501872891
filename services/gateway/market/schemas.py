"""Market data as it is stored."""

from datetime import date

from pydantic import BaseModel, Field

from services.gateway.edge.values import Page, Price, example


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
