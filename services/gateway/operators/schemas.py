"""Models of the routes for operators."""

from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel, Field

from services.gateway.analytics.schemas.recalculation import SessionRun
from services.gateway.books.schemas.portfolios import EquityBalance, PortfolioName
from services.gateway.edge.values import SOME_ID, RequestBody, body_example, example
from shared.calendar import sessions
from shared.contracts.event import Day
from shared.contracts.ingest import OptionQuoteRow, PriceRow, PricesUpdated, YieldRow
from shared.topology import TOPOLOGY

ROWS_PER_REQUEST = 4_000  # keeps a request well below the bus's one megabyte
MAX_ROWS = 50_000
_AAPL = {"symbol": "AAPL", "session_date": "2022-12-28"}
_TEN_YEARS = {"maturity": "10Y", "observation_date": "2022-12-28", "yield_percent": 3.88}
_OPTION = {"contract": "AAPL230317C00130000", "session_date": "2022-12-28"}


class MarketClose(RequestBody):
    """The session to run for every portfolio."""

    model_config = body_example(session_date="2022-12-28")

    session_date: Day


class RunStarted(BaseModel):
    """Work was taken on: follow it under `batch/runs/{run_id}`."""

    model_config = example(run_id=SOME_ID, session_date="2022-12-28", status="running")

    run_id: UUID
    session_date: date
    status: str


class PriceIn(RequestBody, PriceRow):
    """One daily price; an unknown field is refused."""

    model_config = body_example(**_AAPL, close=126.04, adjusted_close=125.11)


class YieldIn(RequestBody, YieldRow):
    """One Treasury yield in percent; an unknown field is refused."""

    model_config = body_example(**_TEN_YEARS)


class OptionQuoteIn(RequestBody, OptionQuoteRow):
    """One contract's quote at a session's close; an unknown field is refused."""

    model_config = body_example(**_OPTION, bid=7.1, ask=7.3)


class Prices(RequestBody):
    """Daily prices, USD. `adjusted_close` defaults to `close`."""

    model_config = body_example(rows=[{**_AAPL, "close": 126.04, "adjusted_close": 125.11}])

    rows: list[PriceIn] = Field(min_length=1, max_length=MAX_ROWS)


class Yields(RequestBody):
    """Treasury yields in percent: 3.88 means 3.88 %."""

    model_config = body_example(rows=[_TEN_YEARS])

    rows: list[YieldIn] = Field(min_length=1, max_length=MAX_ROWS)


class OptionQuotes(RequestBody):
    """Option quotes at the close, USD per share of contract, by OCC symbol."""

    model_config = body_example(rows=[{**_OPTION, "bid": 7.1, "ask": 7.3}])

    rows: list[OptionQuoteIn] = Field(min_length=1, max_length=MAX_ROWS)


class QuarantinedClose(BaseModel):
    """A close that a source sent and that was rejected as implausible; nothing is based on it."""

    model_config = example(
        symbol="AAPL",
        session_date="2022-12-28",
        source="yahoo",
        close="1260.4",
        reason="moved by 899 % from the close before",
        seen_at="2022-12-28T21:05:00Z",
    )

    symbol: str
    session_date: date
    source: str
    close: str = Field(description="as it was sent")
    reason: str
    seen_at: datetime


class WantedSession(RequestBody):
    """Which session; default: the last one."""

    model_config = body_example(session_date="2022-12-28")

    session_date: Day | None = None


class BatchStarted(RunStarted):
    """Work was taken on for every portfolio: follow it under `batch/runs/{run_id}`."""

    model_config = example(
        run_id=SOME_ID, session_date="2022-12-28", status="running", portfolios=3
    )

    portfolios: int = Field(description="how many the work is about")


Service = StrEnum("Service", list(TOPOLOGY))  # type: ignore[misc]


class DeadLetterOut(BaseModel):
    """A message that a service gave up on."""

    model_config = example(
        letter_id=SOME_ID,
        service="greeks",
        heard=PricesUpdated.subject,
        run_id=SOME_ID,
        attempts=5,
        error="MarketDataNotReady",
        message="close of AAPL not stored yet for 2022-12-28",
        payload='{"event_id": "..."}',
        buried_at="2022-12-28T21:00:45Z",
        of_outage=False,
        replayed_at=None,
        replayed_by=None,
    )

    letter_id: UUID
    service: str = Field(description="which service gave up")
    heard: str = Field(description="the message's subject")
    run_id: UUID | None = Field(description="null when the message could not be read")
    attempts: int
    error: str
    message: str
    payload: str = Field(description="the message as it was")
    buried_at: datetime
    of_outage: bool = Field(
        description="Postgres or the bus failed, and not the work: it is replayed by itself"
    )
    replayed_at: datetime | None = Field(
        description="when it was published again; null when it was not"
    )
    replayed_by: UUID | None = Field(
        description="the operator who replayed it; null when none did, or it was replayed by itself"
    )


class DemoBook(BaseModel):
    """Owner, name and file of a demo portfolio, as the manifest has it."""

    email: str
    portfolio: PortfolioName
    equity_balance: EquityBalance
    file: str


class Demo(BaseModel):
    """The manifest: the portfolios, and the sessions that the demo shows."""

    last_session: Day
    sessions: int = Field(ge=1)
    books: list[DemoBook]

    def days(self) -> list[date]:
        """The sessions, oldest first.

        Two calendar days a session, and two weeks, always hold enough sessions.
        """
        first = self.last_session - timedelta(days=2 * self.sessions + 14)
        return sessions(first, self.last_session)[-self.sessions :]


class BookBack(BaseModel):
    """A portfolio as it was at first."""

    email: str
    portfolio_id: UUID
    name: str


class DemoReset(BaseModel):
    """The demo portfolios are restored; their figures follow with the runs."""

    model_config = example(
        books=[{"email": "individual@example.com", "portfolio_id": SOME_ID, "name": "Savings"}],
        runs=[{"run_id": SOME_ID, "session_date": "2022-12-28"}],
        status="running",
    )

    books: list[BookBack]
    runs: list[SessionRun] = Field(
        description="one for each session that the demo shows, the last one first"
    )
    status: str
