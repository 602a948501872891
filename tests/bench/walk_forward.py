"""What shrinkage is worth out of sample, on the bundled panel.

The tables of `docs/walk-forward.md`.

`python -m tests.bench.walk_forward` prints them. Nothing is fitted to the days it is judged by:
betas and covariances come from the days before, the judged returns from the days after.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from services.factors.calculations.betas import (
    CAP,
    Prior,
    market_prior,
    over_market,
    shrunk_coefficients,
)
from services.factors.calculations.covariance import ewma_covariance
from services.factors.calculations.regression import Fit, least_squares
from services.stress.calculations.shocks import conditional_shocks
from shared.arrays import FloatArray
from shared.quant.returns import simple_returns
from tests import panel

WINDOW = 252
MONTH = 21
DECAY = 0.94
BIG_DAYS = 0.1  # the share of days on which the shocked factors moved most

# The factors that a scenario of section 6 states, by scenario.
SHOCKED = {
    "market_crash_35": ("market",),
    "value_rotation_20": ("value", "growth"),
    "growth_rally_15": ("growth", "momentum"),
    "small_cap_outperformance_10": ("size",),
    "quality_flight_12": ("market", "quality"),
    "vix_spike_150": ("market", "low_volatility"),
    "liquidity_crisis": ("market", "quality", "size", "low_volatility"),
    "financial_crisis_2008": ("market", "value", "quality", "size", "low_volatility"),
    "covid_crash_2020": ("market", "value", "growth", "quality", "size"),
    "dotcom_crash_2000": ("market", "value", "growth", "momentum", "quality"),
}

Betas = Callable[[Fit], FloatArray]
PRIOR = market_prior(panel.FACTORS)
ESTIMATES: Mapping[str, Betas] = {
    "least squares": lambda fit: fit.coefficients,
    "least squares, capped at ±3": lambda fit: np.clip(fit.coefficients, -CAP, CAP),
    "prior alone (market 1, styles 0)": lambda fit: np.tile(
        PRIOR.means, (len(fit.coefficients), 1)
    ),
    "shrunk and capped (stored)": lambda fit: np.clip(shrunk_coefficients(fit, PRIOR), -CAP, CAP),
}


@dataclass(frozen=True)
class Forecast:
    """Predicted and realised returns over the following month, every stock and month in one
    line.
    """

    predicted: FloatArray
    realised: FloatArray

    @property
    def unexplained(self) -> float:
        """Squared errors over squared realised returns."""
        return float(((self.realised - self.predicted) ** 2).sum() / (self.realised**2).sum())

    @property
    def error(self) -> float:
        """Root mean squared error, as a return."""
        return float(np.sqrt(((self.realised - self.predicted) ** 2).mean()))

    @property
    def correlation(self) -> float:
        """Of predicted with realised."""
        return float(np.corrcoef(self.predicted, self.realised)[0, 1])

    @property
    def slope(self) -> float:
        """Of realised on predicted: 1 is calibrated, less means that predictions are too bold."""
        return float(self.predicted @ self.realised / (self.predicted @ self.predicted))


def factor_returns() -> FloatArray:
    """The panel's daily factor returns, styles over the market."""
    return over_market(simple_returns(panel.closes(*panel.PROXIES)), panel.FACTORS)


def stocks() -> tuple[str, ...]:
    """The panel's symbols that are no proxies."""
    return tuple(symbol for symbol in panel.symbols() if symbol not in panel.PROXIES)


def monthly_forecasts(
    names: Sequence[str], window: int, estimates: Mapping[str, Betas] = ESTIMATES
) -> dict[str, Forecast]:
    """Betas of `window` days times what the factors then did in 21 sessions, month after month."""
    closes, proxies = panel.closes(*names), panel.closes(*panel.PROXIES)
    returns = simple_returns(closes)
    factors = factor_returns()
    found: dict[str, list[tuple[FloatArray, FloatArray]]] = {name: [] for name in estimates}
    for start in range(WINDOW, len(returns) - MONTH + 1, MONTH):
        fit = least_squares(returns[start - window : start], factors[start - window : start])
        realised = closes[start + MONTH] / closes[start] - 1.0
        moves = over_market(
            (proxies[start + MONTH] / proxies[start] - 1.0)[None, :], panel.FACTORS
        )[0]
        for name, betas in estimates.items():
            found[name].append((betas(fit) @ moves, realised))
    return {
        name: Forecast(*(np.concatenate(side) for side in zip(*pairs, strict=True)))
        for name, pairs in found.items()
    }


def beta_table(windows: Iterable[int] = (252, 60)) -> str:
    """Predicted against realised next-month returns."""
    lines = [
        "| betas from | estimate | unexplained | RMSE | correlation | slope |",
        "|---|---|---|---|---|---|",
    ]
    for window in windows:
        for name, forecast in monthly_forecasts(stocks(), window).items():
            numbers = (forecast.unexplained, forecast.error, forecast.correlation, forecast.slope)
            cells = " | ".join(f"{number:.4f}" for number in numbers)
            lines.append(f"| {window} days | {name} | {cells} |")
    return "\n".join(lines)


def prior_table() -> str:
    """The share left unexplained by priors around the chosen one, 252 days."""
    deviations = (0.1, 0.25, 0.5, 1.0, 2.0)
    estimates = {
        f"{market}/{style}": _shrunk(market_prior(panel.FACTORS, market, style))
        for market in deviations
        for style in deviations
    }
    found = monthly_forecasts(stocks(), WINDOW, estimates)
    head = "".join(f" styles {style} |" for style in deviations)
    lines = [f"| deviation of |{head}", "|---|" + "---|" * len(deviations)]
    for market in deviations:
        cells = " | ".join(f"{found[f'{market}/{style}'].unexplained:.4f}" for style in deviations)
        lines.append(f"| market {market} | {cells} |")
    return "\n".join(lines)


def _shrunk(prior: Prior) -> Betas:
    return lambda fit: np.clip(shrunk_coefficients(fit, prior), -CAP, CAP)


def covariance_errors(
    horizon: int, shocked: Mapping[str, Sequence[str]] = SHOCKED
) -> dict[str, FloatArray]:
    """Mean squared errors of conditional expectations on days of large shocks, by scenario.

    For each scenario: as measured, shrunk, no covariance at all (the direct method). Every error is
    in units of the variance foreseen for its factor over `horizon` sessions, so 1 is what a normal
    surprise would be.
    """
    returns = factor_returns()
    errors: dict[str, list[FloatArray]] = {name: [] for name in shocked}
    sizes: dict[str, list[float]] = {name: [] for name in shocked}
    for start in range(WINDOW, len(returns) - horizon + 1, max(1, horizon // 4)):
        past = ewma_covariance(returns[start - WINDOW : start], DECAY, WINDOW)
        deviations = np.sqrt(horizon * np.diag(past.covariance))
        move = returns[start : start + horizon].sum(axis=0)
        matrices = (past.covariance, past.shrunk, np.diag(np.diag(past.covariance)))
        for name, factors in shocked.items():
            known = np.isin(panel.FACTORS, factors)
            given = np.where(known, move, np.nan)
            found = [(conditional_shocks(matrix, given) - move) / deviations for matrix in matrices]
            errors[name].append(np.array([(error[~known] ** 2).mean() for error in found]))
            sizes[name].append(float(((move / deviations)[known] ** 2).mean()))
    return {name: _on_big_days(np.array(errors[name]), np.array(sizes[name])) for name in shocked}


def _on_big_days(errors: FloatArray, sizes: FloatArray) -> FloatArray:
    return np.asarray(errors[sizes >= np.quantile(sizes, 1.0 - BIG_DAYS)].mean(axis=0))


def covariance_table(horizons: Sequence[int] = (1, 5, 21)) -> str:
    """Conditional expectations with and without shrinkage, by the scenario's factors."""
    found = {horizon: covariance_errors(horizon) for horizon in horizons}
    head = "".join(f" {horizon} d measured | shrunk | none |" for horizon in horizons)
    lines = [f"| shocked factors (scenario) |{head}", "|---|" + "---|" * (3 * len(horizons))]
    for name, factors in SHOCKED.items():
        cells = " | ".join(f"{error:.3f}" for horizon in horizons for error in found[horizon][name])
        lines.append(f"| {', '.join(factors)} ({name}) | {cells} |")
    means = [np.mean(list(found[horizon].values()), axis=0) for horizon in horizons]
    lines.append(
        f"| **mean** | {' | '.join(f'**{error:.3f}**' for mean in means for error in mean)} |"
    )
    return "\n".join(lines)


def intensities() -> FloatArray:
    """The estimated shrinkage intensity of every session of the panel with a year behind it."""
    returns = factor_returns()
    ends = range(WINDOW, len(returns) + 1)
    return np.array(
        [ewma_covariance(returns[end - WINDOW : end], DECAY, WINDOW).shrinkage for end in ends]
    )


def intensity_table() -> str:
    """How strongly the covariance was shrunk over the years."""
    found = intensities()
    quantiles = np.quantile(found, [0.0, 0.05, 0.5, 0.95, 1.0])
    return "\n".join(
        [
            "| lowest | 5 % | median | 95 % | highest | last session |",
            "|---|---|---|---|---|---|",
            f"| {' | '.join(f'{value:.3f}' for value in (*quantiles, found[-1]))} |",
        ]
    )


def tables() -> Iterator[tuple[str, str]]:
    """Every table of the document under its name."""
    yield "betas", beta_table()
    yield "priors", prior_table()
    yield "covariance", covariance_table()
    yield "intensity", intensity_table()


if __name__ == "__main__":
    for title, table in tables():
        print(f"{title}\n\n{table}\n")
