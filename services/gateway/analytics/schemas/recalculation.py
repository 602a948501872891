"""Models of requested calculations."""

from datetime import date
from typing import Self
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from services.gateway.analytics.schemas.correlations import Space
from services.gateway.edge.values import SOME_ID, RequestBody, body_example, example
from shared.contracts.event import Day


class WantedSessions(RequestBody):
    """From a session to a session; default: the last one, and until the last one."""

    model_config = body_example(first_session="2022-12-01", last_session="2022-12-28")

    first_session: Day | None = None
    last_session: Day | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.first_session and self.last_session and self.first_session > self.last_session:
            raise ValueError("first_session is after last_session")
        return self


class SessionRun(BaseModel):
    """The run of one session."""

    run_id: UUID
    session_date: date


class SnapshotsStarted(BaseModel):
    """The calculation has started; follow each run by `events`."""

    model_config = example(
        portfolio_id=SOME_ID,
        status="running",
        runs=[{"run_id": SOME_ID, "session_date": "2022-12-28"}],
    )

    portfolio_id: UUID
    status: str
    runs: list[SessionRun] = Field(description="one for each session, oldest first")


class WantedRun(RequestBody):
    """The portfolio and session of the run to start.

    Default: the caller's first portfolio, the last session.
    """

    model_config = body_example(portfolio_id=SOME_ID, session_date="2022-12-28")

    portfolio_id: UUID | None = None
    session_date: Day | None = None


class PortfolioRunStarted(BaseModel):
    """The calculation has started; follow the run by `events`."""

    model_config = example(
        run_id=SOME_ID, portfolio_id=SOME_ID, session_date="2022-12-28", status="running"
    )

    run_id: UUID
    portfolio_id: UUID
    session_date: date
    status: str


class WantedFactorCorrelations(RequestBody):
    """How to correlate the factors; the defaults are those of the stored matrices."""

    model_config = body_example(
        as_of="2022-12-28", space="market_relative", decay=0.97, lookback=126
    )

    as_of: Day | None = Field(default=None, description="a session; default: the last one")
    space: Space = Space.MARKET_RELATIVE
    decay: float = Field(
        default=0.94, gt=0, le=1, description="weight of a day against the next one"
    )
    lookback: int = Field(default=252, ge=60, le=2520, description="daily returns in the window")
