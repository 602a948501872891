"""Models of attributed P&L over time."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel, Field

from services.gateway.analytics.shapes.attribution import Per
from services.gateway.edge.values import SOME_ID, Money, example

_PERIOD = {"start": "2022-12-01", "end": "2022-12-28", "sessions": 19}
_PART = {"part": "market", "name": "Market", "values": [-7633.2], "total": -7633.2}


class AttributedPeriod(BaseModel):
    """A week or month, as far as it was attributed."""

    model_config = example(**_PERIOD)

    start: date = Field(description="its first session attributed")
    end: date = Field(description="its last session attributed")
    sessions: int


class AttributedPart(BaseModel):
    """One cause of P&L: a factor, income, fees, trades, or what none of them explains."""

    model_config = example(**_PART)

    part: str = Field(description="a factor's id, income, fees, trades or specific")
    name: str
    values: list[Money] = Field(description="one per period, in their order")
    total: Money


class AttributionPeriods(BaseModel):
    """Where the P&L of each period came from, to the cent, oldest period first.

    In each period the parts add up to its P&L, and over periods each part to its total, which is
    that of `factors/attribution` over the same sessions.
    """

    model_config = example(
        portfolio_id=SOME_ID,
        per="month",
        start="2022-12-01",
        as_of="2022-12-28",
        sessions=19,
        periods=[_PERIOD],
        parts=[_PART, {"part": "specific", "name": "Specific", "values": [33.1], "total": 33.1}],
        pnl=[-7600.1],
        total=-7600.1,
        sessions_left_out=[],
        reason=None,
    )

    portfolio_id: UUID
    per: Per
    start: date | None = Field(description="the first session attributed")
    as_of: date | None = Field(description="the last session attributed")
    sessions: int
    periods: list[AttributedPeriod]
    parts: list[AttributedPart]
    pnl: list[Money] = Field(description="of each period: what its parts add up to")
    total: Money | None
    sessions_left_out: list[date] = Field(
        description="sessions of the span whose P&L could not be split"
    )
    reason: str | None
