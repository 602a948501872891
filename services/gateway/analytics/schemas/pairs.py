"""Models of two underlyings' correlation over sessions."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel, Field

from services.gateway.edge.values import SOME_ID, example

_POINT = {
    "as_of": "2022-12-27",
    "correlation": 0.8612,
    "measured_correlation": 0.8612,
    "observations": 90,
    "lookback": 90,
    "quality": "full_history",
    "reason": None,
}


class PairPoint(BaseModel):
    """The correlation that was calculated on one session; null with a reason."""

    model_config = example(**_POINT)

    as_of: date
    correlation: float | None
    measured_correlation: float | None = Field(description="before the matrix was made definite")
    observations: int = Field(description="common returns")
    lookback: int = Field(description="how many returns the calculation looked back on")
    quality: str = Field(description="full_history, limited_history or insufficient")
    reason: str | None


class PairHistory(BaseModel):
    """How the correlation of two underlyings of a portfolio went, oldest calculation first."""

    model_config = example(
        portfolio_id=SOME_ID, symbol_a="CVX", symbol_b="XOM", items=[_POINT], total=1, reason=None
    )

    portfolio_id: UUID
    symbol_a: str
    symbol_b: str
    items: list[PairPoint]
    total: int
    reason: str | None
