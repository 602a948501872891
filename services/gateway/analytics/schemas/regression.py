"""The regressions behind a symbol's betas, with their diagnostics."""

from datetime import date

from pydantic import BaseModel, Field

from services.gateway.analytics.schemas.factors import Model
from services.gateway.edge.values import Warned, example

_ESTIMATE = {
    "coefficient": 1.0566,
    "standard_error": 0.0632,
    "t_statistic": 16.71,
    "p_value": 0.0,
    "confidence_low": 0.932,
    "confidence_high": 1.1811,
    "newey_west_error": 0.0679,
    "newey_west_t": 15.56,
    "newey_west_p": 0.0,
    "newey_west_low": 0.9229,
    "newey_west_high": 1.1903,
}
_FACTOR = {
    "factor": "market",
    "name": "Market",
    "proxy": "SPY",
    "beta": 1.0768,
    "raw_beta": 1.0566,
    "standard_error": 0.0632,
    "capped": False,
    "indistinguishable_from_zero": False,
    "prior_mean": 1.0,
    "prior_deviation": 0.5,
    "shrunk": 1.0768,
    "variance_inflation": 2.67,
    "least_squares": _ESTIMATE,
}


class CoefficientEstimate(BaseModel):
    """statsmodels' least squares of one coefficient: two-sided p, 95 % interval.

    Plain, and by Newey and West, who allow for residuals that vary in size and follow each other.
    Null where the residuals are nothing but rounding.
    """

    model_config = example(**_ESTIMATE)

    coefficient: float | None
    standard_error: float | None
    t_statistic: float | None
    p_value: float | None
    confidence_low: float | None
    confidence_high: float | None
    newey_west_error: float | None
    newey_west_t: float | None
    newey_west_p: float | None
    newey_west_low: float | None
    newey_west_high: float | None


class FactorCoefficient(BaseModel):
    """A factor's beta as it is used, and the least squares it was made from.

    beta = shrunk, capped at +-3; shrunk = raw_beta drawn to prior_mean, the more the larger the
    error is next to prior_deviation. In a model without shrinkage beta = raw_beta, capped.
    """

    model_config = example(**_FACTOR)

    factor: str
    name: str
    proxy: str | None
    beta: float | None = Field(description="return per unit of factor return, as stored and used")
    raw_beta: float | None = Field(description="least squares, before shrinkage and cap")
    standard_error: float | None = Field(description="of raw_beta, as stored")
    capped: bool = Field(description="the beta was beyond +-3")
    indistinguishable_from_zero: bool | None = Field(
        description="raw_beta is within two standard errors of zero"
    )
    prior_mean: float | None = Field(description="null in a model without shrinkage")
    prior_deviation: float | None
    shrunk: float | None = Field(
        description="posterior mean before the cap, from statsmodels' least squares"
    )
    variance_inflation: float | None = Field(
        description="1 / (1 - R2 of the factor on the others): above 10 they overlap"
    )
    least_squares: CoefficientEstimate


class Verdict(BaseModel):
    """A test's statistic, and the chance of a larger one where what it tests holds."""

    statistic: float | None
    p_value: float | None


class ResidualTests(BaseModel):
    """What the residuals say about the assumptions of the standard errors."""

    durbin_watson: float | None = Field(description="2: residuals of following days are unrelated")
    jarque_bera: Verdict = Field(description="small p: residuals are not normal")
    skewness: float | None
    kurtosis: float | None = Field(description="3 for a normal distribution")
    breusch_pagan: Verdict = Field(
        description="small p: their size depends on the factors (Koenker's form)"
    )
    cusum: Verdict = Field(
        description="small p: the coefficients changed within the window (least-squares residuals)"
    )
    reason: str | None = Field(description="why there is nothing to test")


class RollingBetas(BaseModel):
    """Least-squares betas of the last `window` days at each session, one list for each factor."""

    window: int
    session_dates: list[date]
    factors: list[str]
    betas: list[list[float | None]]


class InfluentialDay(BaseModel):
    """A day that is far from the others or moves the coefficients; returns are decimals."""

    session_date: date
    observed_return: float
    fitted_return: float
    leverage: float = Field(description="0 to 1: how much of its fitted return the day decides")
    cooks_distance: float | None = Field(description="how far the coefficients move without it")
    studentized_residual: float | None = Field(description="in deviations of a fit without it")


class Influence(BaseModel):
    """Days beyond a threshold by date: the twenty with the largest distances."""

    leverage_threshold: float = Field(description="twice the mean leverage")
    cooks_threshold: float = Field(description="4 / observations")
    found: int = Field(description="how many days are beyond a threshold")
    days: list[InfluentialDay]


class Regression(BaseModel):
    """One regression of the symbol's daily returns; null with a reason with too few of them."""

    factors: list[str]
    quality: str = Field(description="full_history, limited_history or insufficient")
    reason: str | None
    observations: int
    first_day: date | None
    last_day: date | None
    r_squared: float | None
    adjusted_r_squared: float | None
    residual_deviation: float | None = Field(description="of a day's residual, a decimal return")
    degrees_of_freedom: int | None
    condition_number: float | None = Field(
        description="of the regressors scaled to unit variance, as stored"
    )
    design_condition_number: float | None = Field(
        description="statsmodels', of the unscaled regressors with the intercept"
    )
    newey_west_lags: int | None
    intercept: CoefficientEstimate | None
    coefficients: list[FactorCoefficient]
    tests: ResidualTests | None
    rolling: RollingBetas | None
    influence: Influence | None


class RegressionReport(BaseModel):
    """The regressions behind a symbol's betas in one model, by statsmodels.

    One on all factors; in `univariate` one for each factor.
    """

    model_config = example(
        symbol="AAPL",
        as_of="2022-12-28",
        model="market_relative",
        note=None,
        stored=True,
        price_run="5f0c5c0e",
        largest_difference=2.1e-14,
        regressions=[],
        warnings=[],
    )

    symbol: str
    as_of: date
    model: Model
    note: str | None = Field(description="what to keep in mind when reading this model's betas")
    stored: bool = Field(
        description="the betas are the stored ones; false: what a run would store, since no "
        "portfolio held the symbol"
    )
    price_run: str | None = Field(description="the version of the market data they were made from")
    largest_difference: float | None = Field(
        description="between the stored betas, raw and shrunk, and statsmodels'"
    )
    regressions: list[Regression]
    warnings: list[Warned]
