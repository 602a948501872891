"""Factor exposures, rate sensitivities, and the P&L that factors explain."""

from datetime import date
from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel, Field

from services.gateway.analytics.schemas.bases import ABOUT_EXAMPLE, OfPortfolio
from services.gateway.edge.shapes import View
from services.gateway.edge.values import SOME_ID, LeftOut, Money, Page, Quantity, Warned, example


class Model(StrEnum):
    """How betas are estimated.

    Jointly over the market and shrunk, jointly on raw returns, or one by one.
    """

    MARKET_RELATIVE = "market_relative"
    JOINT = "joint"
    UNIVARIATE = "univariate"


_FACTOR = {
    "factor": "market",
    "name": "Market",
    "proxy": "SPY",
    "active": True,
    "dollar_exposure": 640210.5,
    "standard_error": 21480.0,
    "indistinguishable_from_zero": False,
    "beta": 0.6324,
    "coverage": 1.0,
    "positions": 24,
    "positions_left_out": 0,
    "reason": None,
}
_AAPL = {"position_id": SOME_ID, "symbol": "AAPL", "underlying": "AAPL", "quantity": 100.0}
_RATE = {
    "maturity": "10Y",
    "dollars_per_basis_point": -310.25,
    "standard_error": 95.5,
    "indistinguishable_from_zero": False,
    "beta": -3.0647,
    "coverage": 1.0,
    "reason": None,
}


class FactorDefinition(BaseModel):
    """A factor and the ETF that represents it."""

    model_config = example(
        factor="market", name="Market", proxy="SPY", display_order=1, active=True
    )

    factor: str
    name: str = Field(description="as scenarios spell it")
    proxy: str | None = Field(description="null when the factor has no source")
    display_order: int
    active: bool


class FactorDefinitions(BaseModel):
    """Every defined factor in display order."""

    model_config = example(
        items=[
            {
                "factor": "market",
                "name": "Market",
                "proxy": "SPY",
                "display_order": 1,
                "active": True,
            }
        ],
        total=8,
    )

    items: list[FactorDefinition]
    total: int


class FactorOut(BaseModel):
    """A factor's exposure in signed dollars, and as a beta (dollars / NAV of the same session)."""

    model_config = example(**_FACTOR)

    factor: str
    name: str
    proxy: str | None
    active: bool
    dollar_exposure: Money | None
    standard_error: Money | None = Field(
        description="of dollar_exposure, from least squares; estimates of symbols count as "
        "independent, and shrinkage makes the error smaller than this"
    )
    indistinguishable_from_zero: bool | None = Field(
        description="dollar_exposure is within two standard errors of zero"
    )
    beta: float | None
    coverage: float | None
    positions: int | None
    positions_left_out: int | None
    reason: str | None


class RateOut(BaseModel):
    """The effect of +1 basis point on a Treasury yield in signed dollars.

    `beta` is per 1.00 of yield as a share of NAV.
    """

    model_config = example(**_RATE)

    maturity: str
    dollars_per_basis_point: Money | None
    standard_error: Money | None = Field(
        description="of dollars_per_basis_point; estimates of symbols count as independent"
    )
    indistinguishable_from_zero: bool | None = Field(
        description="dollars_per_basis_point is within two standard errors of zero"
    )
    beta: float | None
    coverage: float | None
    reason: str | None


class OfModel(OfPortfolio):
    """Factor exposures in one model, of the portfolio or one side of it."""

    model: Model
    view: View
    note: str | None = Field(description="what to keep in mind when reading this model's betas")


class FactorReport(OfModel):
    """The factor exposures in one model and the rate sensitivities of a portfolio or side."""

    model_config = example(
        **ABOUT_EXAMPLE,
        model="market_relative",
        view="portfolio",
        note=None,
        nav=1012345.67,
        factors=[_FACTOR],
        rates=_RATE,
        rate_sensitivities=[_RATE],
        coverage=1.0,
        left_out=[],
        warnings=[],
        reason=None,
    )

    nav: Money | None = Field(description="of the whole portfolio: every beta is a share of it")
    factors: list[FactorOut]
    rates: RateOut | None = Field(description="the 10-year yield's entry of rate_sensitivities")
    rate_sensitivities: list[RateOut] = Field(
        description="of 3M, 2Y, 10Y and 30Y, each estimated alone with the market: do not add"
    )
    coverage: float | None = Field(
        description="share of gross delta-adjusted exposure that had betas"
    )
    left_out: list[LeftOut]
    warnings: list[Warned]
    reason: str | None


class PositionFactor(BaseModel):
    """A position's exposure to one factor and the regression behind it.

    The statistics are those of `raw_beta`. In the joint models all factors of a position share one
    regression; in univariate each has its own.
    """

    factor: str
    name: str
    beta: float | None = Field(description="return per unit of factor return, as used")
    raw_beta: float | None = Field(description="before shrinkage and cap")
    standard_error: float | None
    t_statistic: float | None
    indistinguishable_from_zero: bool | None = Field(
        description="raw_beta is within two standard errors of zero"
    )
    capped: bool | None = Field(description="the beta was beyond +-3")
    factor_exposure: Money | None = Field(description="exposure x beta, signed USD")
    r_squared: float | None
    observations: int | None
    condition_number: float | None = Field(
        description="of the regressors: the larger, the less single betas mean"
    )
    quality: str | None = Field(description="full_history, limited_history or insufficient")
    reason: str | None


class PositionRate(BaseModel):
    """A position's sensitivity to one Treasury yield; `beta` is its return per 1.00 of yield."""

    maturity: str
    dollars_per_basis_point: Money | None
    beta: float | None
    standard_error: float | None = Field(description="Newey-West")
    t_statistic: float | None
    indistinguishable_from_zero: bool | None = Field(
        description="beta is within two standard errors of zero"
    )
    observations: int | None
    quality: str | None
    reason: str | None


class PositionFactors(BaseModel):
    """A position's exposure to every factor and every yield."""

    model_config = example(**_AAPL, option_type=None, exposure=12604.0, factors=[], rates=[])

    position_id: UUID
    symbol: str
    underlying: str
    quantity: Quantity
    option_type: str | None
    exposure: Money | None = Field(description="delta-adjusted, signed USD")
    factors: list[PositionFactor]
    rates: list[PositionRate]


class PositionFactorPage(Page[PositionFactors], OfModel):
    """A page of positions with their factors, by symbol."""

    model_config = example(
        **ABOUT_EXAMPLE,
        model="market_relative",
        view="portfolio",
        note=None,
        items=[],
        total=24,
        limit=100,
        offset=0,
        left_out=[],
        reason=None,
    )

    left_out: list[LeftOut]
    reason: str | None


class FactorPnl(BaseModel):
    """The P&L that came from one factor."""

    factor: str
    name: str
    pnl: Money | None
    share_of_total: float | None = Field(description="null when the total is 0")


class AttributionReport(BaseModel):
    """Where the P&L of a period came from, to the cent.

    factors + income + fees + trades + specific = total.
    """

    model_config = example(
        portfolio_id=SOME_ID,
        start="2022-12-28",
        as_of="2022-12-28",
        sessions=1,
        factors=[{"factor": "market", "name": "Market", "pnl": -7633.2, "share_of_total": 1.81}],
        income=230.0,
        fees=-1.0,
        trades=-12.5,
        specific=3206.6,
        total=-4210.1,
        sessions_left_out=[],
        reason=None,
    )

    portfolio_id: UUID
    start: date | None = Field(description="the first session attributed")
    as_of: date | None = Field(description="the last session attributed")
    sessions: int
    factors: list[FactorPnl]
    income: Money | None = Field(description="dividends, interest and borrow fees")
    fees: Money | None = Field(description="fees, negative")
    trades: Money | None = Field(description="trading away from the close")
    specific: Money | None = Field(
        description="what neither a factor nor a part above explains: the securities' own moves"
    )
    total: Money | None = Field(description="the P&L of the sessions attributed")
    sessions_left_out: list[date] = Field(
        description="sessions of the period whose P&L could not be split"
    )
    reason: str | None
