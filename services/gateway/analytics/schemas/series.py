"""Models of measures over sessions."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel, Field

from services.gateway.edge.values import SOME_ID, example

_GAP = {"reason": "12 returns, 60 needed", "count": 1, "start": "2022-12-27", "end": "2022-12-27"}


class Gap(BaseModel):
    """Sessions on which a measure is null, for one reason."""

    model_config = example(**_GAP)

    reason: str
    count: int = Field(description="how many sessions")
    start: date = Field(description="the first of them")
    end: date = Field(description="the last of them")


class Series(BaseModel):
    """One measure on every session of the answer."""

    measure: str
    title: str
    unit: str
    values: list[float | None] = Field(description="in the order of session_dates")
    gaps: list[Gap] = Field(description="why values are null, by reason")


class SeriesReport(BaseModel):
    """Measures over sessions, oldest first: one list of sessions, one of values per measure."""

    model_config = example(
        portfolio_id=SOME_ID,
        start="2022-12-27",
        end="2022-12-28",
        session_dates=["2022-12-27", "2022-12-28"],
        series=[
            {
                "measure": "var_95_1d_historical",
                "title": "Historical VaR, one day, 95 %",
                "unit": "USD",
                "values": [None, 18250.4],
                "gaps": [_GAP],
            }
        ],
        reason=None,
    )

    portfolio_id: UUID
    start: date | None = Field(description="the first session; null when there is none")
    end: date | None = Field(description="the last session")
    session_dates: list[date] = Field(description="with a snapshot or any of the measures")
    series: list[Series] = Field(description="in the order of the request")
    reason: str | None
