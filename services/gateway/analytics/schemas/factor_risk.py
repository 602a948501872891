"""How much of a portfolio's risk each factor makes, next to the exposures of every model."""

from pydantic import BaseModel, Field

from services.gateway.analytics.schemas.bases import ABOUT_EXAMPLE, OfView
from services.gateway.analytics.schemas.factors import Model
from services.gateway.edge.values import Money, example

_PART = {"contribution": 5120.4, "share_of_risk": 0.7421}
_EXPOSURE = {
    "model": "market_relative",
    "dollar_exposure": 640210.5,
    "standard_error": 21480.0,
    "indistinguishable_from_zero": False,
    "beta": 0.6324,
    "coverage": 1.0,
    "reason": None,
}
_FACTOR = {
    "factor": "market",
    "name": "Market",
    "proxy": "SPY",
    "active": True,
    "factor_deviation": 0.0142,
    **_PART,
    "models": [_EXPOSURE],
}


class ModelNote(BaseModel):
    """A model, and what to keep in mind when reading its betas."""

    model_config = example(model="market_relative", note=None)

    model: Model
    note: str | None


class ModelExposure(BaseModel):
    """The exposure to a factor in one model; null with a reason."""

    model_config = example(**_EXPOSURE)

    model: Model
    dollar_exposure: Money | None
    standard_error: Money | None
    indistinguishable_from_zero: bool | None = Field(
        description="dollar_exposure is within two standard errors of zero"
    )
    beta: float | None = Field(description="dollar_exposure / NAV")
    coverage: float | None
    reason: str | None


class RiskPartOut(BaseModel):
    """A part of the standard deviation of one day's P&L."""

    model_config = example(**_PART)

    contribution: Money | None = Field(description="parts add up; below zero offsets others")
    share_of_risk: float | None = Field(description="of the variance: shares add up to 1")


class FactorShare(RiskPartOut):
    """A factor's part of the risk, and the exposures to it that the models find."""

    model_config = example(**_FACTOR)

    factor: str
    name: str
    proxy: str | None
    active: bool
    factor_deviation: float | None = Field(
        description="standard deviation of the factor's daily return; decimal"
    )
    models: list[ModelExposure] = Field(description="one entry per model, always in one order")


class FactorRisk(OfView):
    """Which factors a portfolio's risk comes from, and its exposures in the models side by side.

    Shares are of the model `market_relative`, which parametric VaR uses: systematic + specific = 1.
    """

    model_config = example(
        **ABOUT_EXAMPLE,
        view="portfolio",
        nav=1012345.67,
        factors=[_FACTOR],
        systematic=_PART,
        specific={"contribution": 1779.9, "share_of_risk": 0.2579},
        total={"contribution": 6900.3, "share_of_risk": 1.0},
        models=[{"model": "market_relative", "note": None}],
        coverage=1.0,
        reason=None,
    )

    nav: Money | None = Field(description="of the whole portfolio: every beta is a share of it")
    factors: list[FactorShare]
    systematic: RiskPartOut = Field(description="of all factors together")
    specific: RiskPartOut = Field(description="of what no factor explains")
    total: RiskPartOut = Field(
        description="the standard deviation of one day's P&L, parametric VaR 95 % / 1.645"
    )
    models: list[ModelNote]
    coverage: float | None = Field(description="share of gross exposure that parametric VaR knows")
    reason: str | None = Field(description="why there are no shares")
