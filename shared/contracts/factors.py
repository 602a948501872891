"""What factors publishes, and the requests it answers."""

from datetime import date
from typing import ClassVar, Literal

from pydantic import Field

from shared.contracts.event import Contract, Request, ShardEvent, WorkFailed

MOST_SYMBOLS = 500  # whose betas are estimated in one request


class FactorsComputed(ShardEvent):
    """Betas, exposures, rate sensitivities and the factor covariance of a shard are stored."""

    subject: ClassVar[str] = "factors.computed"


class CorrelationsComputed(ShardEvent):
    """The position correlations of a shard are stored: once a week, and on request."""

    subject: ClassVar[str] = "correlations.computed"


class FactorsFailed(WorkFailed):
    """The factors service gave up on a message."""

    subject: ClassVar[str] = "factors.failed"


class FactorCorrelations(Contract):
    """K x K daily covariances and correlations in the order of `factors`.

    null where there are too few observations. `shrunk_covariances`: everything off the diagonal of
    `covariances` times (1 - `shrinkage`), the estimated intensity from 0 to 1.
    """

    factors: tuple[str, ...]
    covariances: tuple[tuple[float | None, ...], ...]
    correlations: tuple[tuple[float | None, ...], ...]
    observations: int
    shrinkage: float | None = None
    shrunk_covariances: tuple[tuple[float | None, ...], ...] = ()


class CorrelateFactors(Request[FactorCorrelations]):
    """Measure the factors' covariance over the last `lookback` returns up to `as_of`.

    Weighted as requested; the result is not stored.
    """

    subject: ClassVar[str] = "ask.factors.correlate_factors"

    as_of: date
    space: Literal["market_relative", "absolute"] = "market_relative"
    decay: float = Field(default=0.94, gt=0, le=1)
    lookback: int = Field(default=252, ge=60, le=2520)


class CoefficientEstimate(Contract):
    """A least-squares coefficient with errors, two-sided p and 95 % interval: plain, Newey-West.

    Everything but the coefficient is None where residuals are rounding.
    """

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


class FactorEstimate(Contract):
    """A factor's coefficient, and what the model makes of it.

    `beta` (shrunk and capped), `raw_beta` and its `raw_error` are those in force. `prior_mean` and
    `prior_deviation` are None in a model without shrinkage; `shrunk` is the posterior mean before
    the cap, from statsmodels' moments.
    """

    factor: str
    estimate: CoefficientEstimate
    variance_inflation: float | None
    beta: float | None
    raw_beta: float | None
    raw_error: float | None
    capped: bool
    prior_mean: float | None
    prior_deviation: float | None
    shrunk: float | None


class Verdict(Contract):
    """A test's statistic and its p: how likely a larger one is where the assumption holds."""

    statistic: float | None
    p_value: float | None


class ResidualTests(Contract):
    """What the residuals say about the assumptions of least squares; None with the `reason`.

    Breusch-Pagan is Koenker's form of it (no normality assumed); CUSUM is that of least-squares
    residuals (Ploberger and Kramer 1992): stable coefficients.
    """

    durbin_watson: float | None
    jarque_bera: Verdict
    skewness: float | None
    kurtosis: float | None
    breusch_pagan: Verdict
    cusum: Verdict
    reason: str | None


class RollingBetas(Contract):
    """Raw betas of the last `window` days at each of `session_dates`, one sequence by factor."""

    window: int
    session_dates: tuple[date, ...]
    factors: tuple[str, ...]
    betas: tuple[tuple[float | None, ...], ...]


class InfluentialDay(Contract):
    """A day whose regressors are far from the others' (`leverage`, 0 to 1) or that moves the fit.

    Returns are decimals; `studentized_residual` is in deviations, from a fit without the day.
    """

    session_date: date
    observed_return: float
    fitted_return: float
    leverage: float
    cooks_distance: float | None
    studentized_residual: float | None


class Influence(Contract):
    """Days beyond either threshold, in their order: the `days` with the largest distances.

    `found` counts all of them.
    """

    leverage_threshold: float
    cooks_threshold: float
    found: int
    days: tuple[InfluentialDay, ...]


class Regression(Contract):
    """One least-squares regression; what depends on the fit is None with a `reason`."""

    factors: tuple[str, ...]
    quality: str
    reason: str | None
    observations: int
    first_day: date | None
    last_day: date | None
    r_squared: float | None
    adjusted_r_squared: float | None
    residual_deviation: float | None
    degrees_of_freedom: int | None
    condition_number: float | None
    design_condition_number: float | None
    newey_west_lags: int | None
    intercept: CoefficientEstimate | None
    coefficients: tuple[FactorEstimate, ...]
    tests: ResidualTests | None
    rolling: RollingBetas | None
    influence: Influence | None


class SymbolRegressions(Contract):
    """A symbol's regressions in one model: one on all factors, or (univariate) one for each.

    `stored`: the betas in force are the stored ones of `price_run`. `largest_difference`: between
    those and statsmodels', raw and shrunk; None where no regression could be run.
    """

    stored: bool
    price_run: str | None
    largest_difference: float | None
    regressions: tuple[Regression, ...]


class RegressSymbol(Request[SymbolRegressions]):
    """Run the regressions behind a symbol's betas on a session, with every diagnostic.

    Nothing is stored. A symbol without betas of that session gets those that a run would store.
    """

    subject: ClassVar[str] = "ask.factors.regress_symbol"

    symbol: str = Field(min_length=1, max_length=24)
    as_of: date
    model: Literal["market_relative", "joint", "univariate"] = "market_relative"


class SymbolBetas(Contract):
    """A symbol's betas by factor, market-relative, and returns per 1.00 of yield by maturity.

    None where not known; `reason`: why it has no betas.
    """

    symbol: str
    betas: dict[str, float | None]
    rate_betas: dict[str, float | None]
    reason: str | None


class BetasEstimated(Contract):
    """The symbols in the order of the request."""

    symbols: tuple[SymbolBetas, ...]


class EstimateBetas(Request[BetasEstimated]):
    """Estimate the betas of symbols on a session as a run does; nothing is stored."""

    subject: ClassVar[str] = "ask.factors.estimate_betas"

    symbols: tuple[str, ...] = Field(min_length=1, max_length=MOST_SYMBOLS)
    as_of: date
