"""Factor betas in three models, each capped at +-3 with the raw value kept.

- `market_relative` (default): one joint regression. Raw style ETF returns are nearly the market's
  (condition number 89 on the bundled panel), so each style enters as its return over the market
  (condition number 16); what remains ill-determined is drawn to a prior in proportion to its
  estimation error.
- `joint`: one plain regression on all raw proxy returns.
- `univariate`: one regression per proxy. Each beta holds the whole market move: never add them up.

The prior of `market_relative`: independent normals, market 1 with deviation 0.5, styles 0 with
deviation 0.5. The posterior mean is Theil and Goldberger's mixed estimator (International Economic
Review 2, 1961); with one factor it is Vasicek's beta (Journal of Finance 28, 1973). Chosen by
walk-forward evidence: `docs/decisions/0003-beta-shrinkage.md` and `docs/walk-forward.md`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from services.factors.calculations.columns import joined
from services.factors.calculations.regression import Fit, complete_days, definite, least_squares
from services.factors.calculations.symmetric import product, solutions
from services.factors.inputs import KnownBetas
from shared.arrays import BoolArray, Columns, FloatArray
from shared.conventions import DEFAULT_MODEL, MARKET, MINIMUM_OBSERVATIONS, SESSIONS_PER_YEAR

CAP = 3.0
MARKET_DEVIATION = 0.5
STYLE_DEVIATION = 0.5

Quality = Literal["full_history", "limited_history", "insufficient"]


@dataclass(frozen=True)
class Prior:
    """The prior of K betas before any return is seen: independent normals."""

    means: FloatArray
    deviations: FloatArray


@dataclass(frozen=True)
class SymbolBetas:
    """S symbols by K factors; return per unit of factor return.

    `raw` is least squares (to which errors, t and R2 in `fit` belong); `betas` is the posterior
    mean, or `raw` where there is no prior, capped at +-3, with `capped` saying where. NaN with a
    reason where the quality is `insufficient`.
    """

    betas: FloatArray
    raw: FloatArray
    capped: BoolArray
    fit: Fit
    qualities: tuple[Quality, ...]
    reasons: tuple[str | None, ...]

    def columns(self, symbols: Sequence[str], factors: Sequence[str]) -> Columns:
        """One row per symbol and factor, in the order of the regression's columns."""

        def per_factor(values: Sequence[object]) -> list[object]:
            return [value for value in values for _ in factors]

        return {
            "symbol": per_factor(symbols),
            "factor": list(factors) * len(symbols),
            "beta": self.betas.ravel(),
            "raw_beta": self.raw.ravel(),
            "standard_error": self.fit.standard_errors.ravel(),
            "t_statistic": self.fit.t_statistics.ravel(),
            "capped": self.capped.ravel(),
            "r_squared": np.repeat(self.fit.r_squared, len(factors)),
            "observations": np.repeat(self.fit.observations, len(factors)),
            "condition_number": np.repeat(self.fit.condition_number, len(factors)),
            "quality": per_factor(self.qualities),
            "reason": per_factor(self.reasons),
        }


@dataclass(frozen=True)
class ModelBetas:
    """The betas of one model: one regression on all of its factors, or one for each factor."""

    model: str
    parts: tuple[tuple[tuple[str, ...], SymbolBetas], ...]

    def columns(self, symbols: Sequence[str]) -> Columns:
        """One row per symbol and factor."""
        columns = joined(betas.columns(symbols, factors) for factors, betas in self.parts)
        return {"model": [self.model] * len(columns["symbol"]), **columns}

    def by_symbol(self, symbols: Sequence[str]) -> dict[str, KnownBetas]:
        """Every symbol's betas; quality and reason are those of its first regression."""
        values = np.hstack([betas.betas for _, betas in self.parts])
        capped = np.hstack([betas.capped for _, betas in self.parts])
        _, first = self.parts[0]
        return {
            symbol: KnownBetas(betas, quality, reason, bool(any_capped.any()))
            for symbol, betas, quality, reason, any_capped in zip(
                symbols, values, first.qualities, first.reasons, capped, strict=True
            )
        }


def model_betas(
    returns: FloatArray, proxy_returns: FloatArray, factors: Sequence[str]
) -> tuple[ModelBetas, ...]:
    """Every model: columns of `returns` (T x S) on `proxy_returns` (T x K, named by `factors`)."""
    names = tuple(factors)
    relative = over_market(proxy_returns, factors)
    single = tuple(
        ((factor,), symbol_betas(returns, proxy_returns[:, [index]], None, f"{factor} proxy"))
        for index, factor in enumerate(names)
    )
    return (
        ModelBetas(
            DEFAULT_MODEL, ((names, symbol_betas(returns, relative, market_prior(factors))),)
        ),
        ModelBetas("joint", ((names, symbol_betas(returns, proxy_returns, None)),)),
        ModelBetas("univariate", single),
    )


def over_market(proxy_returns: FloatArray, factors: Sequence[str]) -> FloatArray:
    """The model's factor space: each proxy's return (T x K) minus the market's, and the market's.

    Raises `ValueError` when "market" is not among `factors`.
    """
    market = list(factors).index(MARKET)
    relative = proxy_returns - proxy_returns[:, [market]]
    relative[:, market] = proxy_returns[:, market]
    return relative


def market_prior(
    factors: Sequence[str],
    market_deviation: float = MARKET_DEVIATION,
    style_deviation: float = STYLE_DEVIATION,
) -> Prior:
    """Market beta around 1, style betas around 0 (`docs/decisions/0003-beta-shrinkage.md`)."""
    is_market = np.array([factor == MARKET for factor in factors])
    return Prior(
        is_market.astype(np.float64), np.where(is_market, market_deviation, style_deviation)
    )


def symbol_betas(
    returns: FloatArray,
    factor_returns: FloatArray,
    prior: Prior | None,
    regressors: str = "factor proxies",
) -> SymbolBetas:
    """Betas of every column of `returns` (T x S) on `factor_returns` (T x K).

    The factors are in the model's factor space. Only the last 252 days count. All symbols are
    solved together; see `regression.least_squares`. Reasons call the factors `regressors`.
    """
    returns = returns[-SESSIONS_PER_YEAR:]
    factor_returns = factor_returns[-SESSIONS_PER_YEAR:]
    fit = least_squares(returns, factor_returns)
    posterior = fit.coefficients if prior is None else shrunk_coefficients(fit, prior)
    common = int(complete_days(factor_returns).sum())
    return SymbolBetas(
        betas=np.clip(posterior, -CAP, CAP),
        raw=fit.coefficients,
        capped=np.abs(posterior) > CAP,
        fit=fit,
        qualities=history_qualities(fit),
        reasons=missing_reasons(fit, common, regressors),
    )


def shrunk_coefficients(fit: Fit, prior: Prior) -> FloatArray:
    """Posterior means (S x K) of the coefficients under `prior` and normal residuals.

    b = m + (X'X + s2 P)^-1 X'X (b_ols - m) with P the prior precision (Theil and Goldberger 1961):
    as the residual variance s2 goes to 0 the data speak alone, as it grows the prior does. Nothing
    is divided by s2, so a noiseless asset is exact.
    """
    if len(fit.determined) == 1:
        return shrunk_coefficients(fit.of([0, 0]), prior)[:1]
    precision = np.diag(prior.deviations**-2.0)[:, :, None]
    moments = definite(fit.moments, fit.determined)
    coefficients = np.ascontiguousarray(fit.coefficients.T)  # the layout decides the order of sums
    surprise = np.where(fit.determined, coefficients - prior.means[:, None], np.nan)
    penalised = moments + np.nan_to_num(fit.residual_variance) * precision
    return (prior.means[:, None] + solutions(penalised, product(moments, surprise))).T


def history_qualities(fit: Fit) -> tuple[Quality, ...]:
    """On how much history each symbol's coefficients are based."""
    return tuple(map(_quality, fit.observations.tolist(), fit.determined.tolist()))


def _quality(observations: int, determined: bool) -> Quality:
    if not determined:
        return "insufficient"
    return "full_history" if observations >= SESSIONS_PER_YEAR else "limited_history"


def missing_reasons(fit: Fit, common_days: int, regressors: str) -> tuple[str | None, ...]:
    """Why a symbol has no coefficients, in a sentence; None where it has them.

    `common_days` is how many days all `regressors` (named for the sentence) have together.
    """
    if common_days < MINIMUM_OBSERVATIONS:
        shortage = (
            f"{common_days} common returns of the {regressors}; {MINIMUM_OBSERVATIONS} are needed"
        )
        return (shortage,) * len(fit.observations)
    return tuple(
        None if determined else _missing_reason(days, regressors)
        for days, determined in zip(fit.observations.tolist(), fit.determined.tolist(), strict=True)
    )


def _missing_reason(days: int, regressors: str) -> str:
    if days < MINIMUM_OBSERVATIONS:
        return f"{days} returns in the window; {MINIMUM_OBSERVATIONS} are needed"
    return f"collinear or unmoving {regressors} on the symbol's {days} days"
