"""Models of what moved a portfolio's figures between two sessions."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel, Field

from services.gateway.edge.values import SOME_ID, Money, Quantity, example


class PartOut(BaseModel):
    """What one position, sector, tag or factor moved a figure by."""

    key: str = Field(
        description="a position's id, a sector, tag or factor; rest: of none of them; others: of "
        "the positions not shown; overlap: takes back what several tags count twice"
    )
    name: str
    difference: Money


class Figure(BaseModel):
    """A figure at both sessions. Each list of parts that is not empty adds up to the difference."""

    measure: str
    title: str
    unit: str
    before: float | None
    after: float | None
    difference: float | None
    by_position: list[PartOut] = Field(default=[], description="the largest first")
    by_sector: list[PartOut] = []
    by_tag: list[PartOut] = Field(default=[], description="by the tags of today")
    by_factor: list[PartOut] = Field(default=[], description="of P&L and scenarios")
    reason: str | None = Field(description="why there is no difference, or no parts of it")


class MovedPosition(BaseModel):
    """A position that is new, gone or of another size."""

    position_id: UUID
    symbol: str
    sector: str | None
    tags: list[str]
    state: str = Field(description="new, closed, opened_and_closed or resized")
    quantity_before: Quantity
    quantity_after: Quantity
    pnl: Money | None = Field(description="over the sessions compared")


_PART = {"key": SOME_ID, "name": "AAPL", "difference": 1210.5}


class ChangesReport(BaseModel):
    """What moved P&L and the other figures since a session."""

    model_config = example(
        portfolio_id=SOME_ID,
        start="2022-12-21",
        end="2022-12-28",
        sessions=4,
        figures=[
            {
                "measure": "cumulative_pnl",
                "title": "Cumulative P&L",
                "unit": "USD",
                "before": 10000.0,
                "after": 11210.5,
                "difference": 1210.5,
                "by_position": [_PART],
                "by_sector": [],
                "by_tag": [],
                "by_factor": [],
                "reason": None,
            }
        ],
        positions=[],
        reason=None,
    )

    portfolio_id: UUID
    start: date | None = Field(description="the session that figures are compared with")
    end: date | None
    sessions: int = Field(description="how many were valued after the first")
    figures: list[Figure] = Field(description="P&L (cumulative_pnl) first")
    positions: list[MovedPosition] = Field(description="new, gone or of another size")
    reason: str | None
