"""Factor exposures and rate sensitivities."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel, Field

from services.gateway.api.schemas.values import SOME_ID, Money, Warned, example

_FACTOR = {
    "factor": "market",
    "name": "Market",
    "proxy": "SPY",
    "active": True,
    "dollar_exposure": 640210.5,
    "beta": 0.6324,
    "coverage": 1.0,
    "positions": 24,
    "positions_left_out": 0,
    "reason": None,
}
_RATE = {
    "maturity": "10Y",
    "dollars_per_basis_point": -310.25,
    "beta": -3.0647,
    "coverage": 1.0,
    "reason": None,
}


class FactorOut(BaseModel):
    """A factor's exposure in signed dollars, and as a beta (dollars / NAV of the same session)."""

    model_config = example(**_FACTOR)

    factor: str
    name: str
    proxy: str | None
    active: bool
    dollar_exposure: Money | None
    beta: float | None
    coverage: float | None
    positions: int | None
    positions_left_out: int | None
    reason: str | None


class RateOut(BaseModel):
    """What +1 basis point on a Treasury yield does: signed dollars; beta is per 1.00 of yield as a share of NAV."""

    model_config = example(**_RATE)

    maturity: str
    dollars_per_basis_point: Money | None
    beta: float | None
    coverage: float | None
    reason: str | None


class FactorReport(BaseModel):
    """The portfolio's factor exposures in the default model, and its rate sensitivity."""

    model_config = example(
        portfolio_id=SOME_ID,
        as_of="2022-12-28",
        model="market_relative",
        nav=1012345.67,
        factors=[_FACTOR],
        rates=_RATE,
        coverage=1.0,
        warnings=[],
        reason=None,
    )

    portfolio_id: UUID
    as_of: date | None
    model: str
    nav: Money | None
    factors: list[FactorOut]
    rates: RateOut | None
    coverage: float | None = Field(description="share of gross delta-adjusted exposure that had betas")
    warnings: list[Warned]
    reason: str | None
