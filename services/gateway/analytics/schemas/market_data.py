"""Models of a portfolio's market data: current prices, quality and progress."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, Field

from services.gateway.edge.values import SOME_ID, Price, example

CURRENT = {
    "symbol": "AAPL",
    "price": 126.04,
    "session_date": "2022-12-28",
    "stale": False,
    "previous_close": 130.03,
    "change": -3.99,
    "change_percent": -3.0685,
    "source": "bundled",
    "reason": None,
}


class CurrentPrice(BaseModel):
    """A symbol's last price at or before a session; null with a reason when there is none."""

    model_config = example(**CURRENT)

    symbol: str
    price: Price | None
    session_date: date | None = Field(description="the price's own session")
    stale: bool | None = Field(description="whether it is older than the requested session")
    previous_close: Price | None = Field(
        description="in the same shares as the price: splits are applied"
    )
    change: Price | None
    change_percent: float | None
    source: str | None
    reason: str | None


class CurrentPrices(BaseModel):
    """The last prices at or before a session."""

    model_config = example(as_of="2022-12-28", items=[CURRENT], total=1)

    as_of: date
    items: list[CurrentPrice]
    total: int


class FactorEtf(CurrentPrice):
    """The fund that represents a factor, with its last price."""

    model_config = example(factor="market", name="Market", **CURRENT | {"symbol": "SPY"})

    factor: str
    name: str


class FactorEtfs(BaseModel):
    """The active factors' funds, in display order."""

    model_config = example(as_of="2022-12-28", items=[], total=0)

    as_of: date
    items: list[FactorEtf]
    total: int


class ProviderAnswer(BaseModel):
    """A provider that has no further closes of a symbol, or does not know it."""

    provider: str
    known: bool = Field(description="whether it knows the symbol at all")
    asked_at: datetime


class RejectedCloseOut(BaseModel):
    """A close that was rejected as implausible, and why; it is in no calculation."""

    session_date: date
    close: str = Field(description="USD per share, as it was sent")
    source: str
    reason: str


class SymbolQuality(BaseModel):
    """What is known of a symbol that the portfolio needs prices of."""

    symbol: str
    status: str = Field(
        description="complete, stale (not of the session), missing, or private (no market data)"
    )
    last_session: date | None
    prices: int = Field(description="in the window")
    missing: int = Field(description="sessions of the window without a price")
    quarantined: int = Field(description="closes in the window that were rejected as implausible")
    age_sessions: int | None = Field(
        default=None, description="sessions since the last close; null without any"
    )
    rejected: list[RejectedCloseOut] = Field(
        default=[], description="the last five of those, newest first"
    )
    sources: list[str] = Field(description="of the closes in the window")
    state: str = Field(
        description=(
            "complete (every session of the window is stored), fetching, waiting (to be queried), "
            "settled (no provider has further closes), or private"
        )
    )
    answered: list[ProviderAnswer] = Field(
        description="live providers without further closes of it"
    )
    reason: str | None = Field(
        description="why sessions are missing, in words; null while it is complete or fetched"
    )


class AskedProvider(BaseModel):
    """A provider of a kind of data."""

    name: str
    live: bool = Field(description="queried over the network; otherwise files are read")


class FetchTotals(BaseModel):
    """How much of a window of closes is stored, and how many symbols are in which state."""

    sessions_wanted: int = Field(description="symbols times sessions of the window")
    sessions_stored: int
    complete: int
    fetching: int
    waiting: int
    settled: int


class MaturityStored(BaseModel):
    """What the window holds of a Treasury yield."""

    maturity: str
    stored: int = Field(description="days with a yield")
    last_observation: date | None
    sources: list[str]


SOME_SYMBOL = {
    "symbol": "AAPL",
    "status": "complete",
    "last_session": "2022-12-28",
    "prices": 253,
    "missing": 0,
    "quarantined": 0,
    "age_sessions": 0,
    "rejected": [],
    "sources": ["polygon"],
    "state": "complete",
    "answered": [],
    "reason": None,
}
SOME_TOTALS = {
    "sessions_wanted": 6072,
    "sessions_stored": 5940,
    "complete": 22,
    "fetching": 1,
    "waiting": 0,
    "settled": 1,
}
SOME_YIELD = {
    "maturity": "10Y",
    "stored": 250,
    "last_observation": "2022-12-27",
    "sources": ["fred"],
}
_PROVIDERS = {"prices": [{"name": "polygon", "live": True}, {"name": "bundled", "live": False}]}


class HistoryProgress(BaseModel):
    """What is stored of the year of closes of all holdings, and what is still to come."""

    model_config = example(
        as_of="2022-12-28",
        window_start="2021-12-27",
        sessions=253,
        progress=SOME_TOTALS,
        symbols=[SOME_SYMBOL],
        yields=[SOME_YIELD],
        providers=_PROVIDERS,
        reason=None,
    )

    as_of: date | None
    window_start: date | None = Field(
        description="first of the sessions that a year of returns takes"
    )
    sessions: int = Field(description="that a year of returns takes, of each symbol")
    progress: FetchTotals
    symbols: list[SymbolQuality]
    yields: list[MaturityStored] = Field(description="the ten maturities, the shortest first")
    providers: dict[str, list[AskedProvider]] = Field(
        description="by kind of data, in the order they are queried"
    )
    reason: str | None


class Feasibility(BaseModel):
    """Whether a calculation has what it needs, symbol by symbol."""

    calculation: str
    needs: str
    feasible: bool = Field(description="for every symbol that it concerns")
    lacking: list[str] = Field(description="the symbols without what it needs")


class DataQualityReport(HistoryProgress):
    """What is stored for a portfolio's calculations on a session.

    Also what is still to come, and which calculations the data allow.
    """

    model_config = example(
        portfolio_id=SOME_ID,
        as_of="2022-12-28",
        window_start="2021-12-27",
        complete=23,
        stale=1,
        missing=0,
        sessions=253,
        progress=SOME_TOTALS,
        symbols=[SOME_SYMBOL],
        yields=[SOME_YIELD],
        providers=_PROVIDERS,
        calculations=[
            {
                "calculation": "valuation",
                "needs": "one price on or before the session",
                "feasible": True,
                "lacking": [],
            }
        ],
        reason=None,
    )

    portfolio_id: UUID
    complete: int = Field(description="symbols with a price of the session itself")
    stale: int
    missing: int
    calculations: list[Feasibility]
