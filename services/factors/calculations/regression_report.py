"""What a full regression reports: coefficients, tests, rolling betas, days that move it."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Estimate:
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


@dataclass(frozen=True)
class FactorEstimate:
    """A factor's coefficient, and what the model makes of it.

    `beta` (shrunk and capped), `raw_beta` and its `raw_error` are those in force. `prior_mean` and
    `prior_deviation` are None in a model without shrinkage; `shrunk` is the posterior mean before
    the cap, from statsmodels' moments.
    """

    factor: str
    estimate: Estimate
    variance_inflation: float | None
    beta: float | None
    raw_beta: float | None
    raw_error: float | None
    capped: bool
    prior_mean: float | None
    prior_deviation: float | None
    shrunk: float | None


@dataclass(frozen=True)
class Verdict:
    """A test's statistic and its p: how likely a larger one is where the assumption holds."""

    statistic: float | None
    p_value: float | None


@dataclass(frozen=True)
class ResidualTests:
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


@dataclass(frozen=True)
class RollingBetas:
    """Raw betas of the last `window` days at each of `session_dates`, one sequence by factor."""

    window: int
    session_dates: tuple[date, ...]
    factors: tuple[str, ...]
    betas: tuple[tuple[float | None, ...], ...]


@dataclass(frozen=True)
class InfluentialDay:
    """A day whose regressors are far from the others' (`leverage`, 0 to 1) or that moves the fit.

    Returns are decimals; `studentized_residual` is in deviations, from a fit without the day.
    """

    session_date: date
    observed_return: float
    fitted_return: float
    leverage: float
    cooks_distance: float | None
    studentized_residual: float | None


@dataclass(frozen=True)
class Influence:
    """Days beyond either threshold, in their order: the `days` with the largest distances.

    `found` counts all of them.
    """

    leverage_threshold: float
    cooks_threshold: float
    found: int
    days: tuple[InfluentialDay, ...]


@dataclass(frozen=True)
class Regression:
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
    intercept: Estimate | None
    coefficients: tuple[FactorEstimate, ...]
    tests: ResidualTests | None
    rolling: RollingBetas | None
    influence: Influence | None


@dataclass(frozen=True)
class Diagnosis:
    """A symbol's regressions in one model: one on all factors, or (univariate) one for each.

    `stored`: the betas in force are the stored ones of `price_run`. `largest_difference`: between
    those and statsmodels', raw and shrunk; None where no regression could be run.
    """

    stored: bool
    price_run: str | None
    largest_difference: float | None
    regressions: tuple[Regression, ...]
