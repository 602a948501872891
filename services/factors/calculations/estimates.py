"""Everything that belongs to symbols or factors, not to positions, from one history of closes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from services.factors.calculations.betas import ModelBetas, model_betas
from services.factors.calculations.columns import joined
from services.factors.calculations.covariance import FactorCovariance, ewma_covariance
from services.factors.calculations.factor_returns import factor_spaces
from services.factors.calculations.rates import (
    RateSensitivities,
    rate_sensitivities,
    yield_changes,
)
from services.factors.inputs import FactorCloses, Factors, History, Known, Weighting, Work
from shared.arrays import Columns, FloatArray
from shared.conventions import DEFAULT_MODEL, MARKET
from shared.quant.returns import simple_returns


@dataclass(frozen=True)
class SymbolEstimates:
    """Betas of symbols in every model, sensitivities to every maturity, and factor covariances."""

    symbols: tuple[str, ...]
    factors: tuple[str, ...]
    betas: tuple[ModelBetas, ...]
    rates: tuple[RateSensitivities, ...]
    covariances: Mapping[str, FactorCovariance]  # by space

    def beta_columns(self) -> Columns:
        """One row per model, symbol and factor."""
        return joined(model.columns(self.symbols) for model in self.betas)

    def rate_columns(self) -> Columns:
        """One row per maturity and symbol."""
        return joined(maturity.columns(self.symbols) for maturity in self.rates)

    def covariance_columns(self) -> Columns:
        """One row per space and ordered pair of factors."""
        return joined(
            covariance.columns(space, self.factors)
            for space, covariance in self.covariances.items()
        )

    def added_to(self, known: Known) -> Known:
        """The `known` estimates of other symbols, and these."""
        estimated = {model.model: model.by_symbol(self.symbols) for model in self.betas}
        betas = {
            model: {**by_symbol, **estimated.get(model, {})}
            for model, by_symbol in known.betas.items()
        }
        return Known(betas, {**known.rate_gaps, **self._rate_gaps()})

    def _rate_gaps(self) -> dict[str, list[str]]:
        gaps: dict[str, list[str]] = {}
        for rates in self.rates:
            for symbol, beta in zip(self.symbols, rates.betas, strict=True):
                if not np.isfinite(beta):
                    gaps.setdefault(symbol, []).append(rates.maturity)
        return gaps


def symbol_estimates(work: Work, weighting: Weighting) -> SymbolEstimates:
    """Estimate what is outdated in one vectorised step; nothing where there is no history."""
    symbols = work.outdated.symbols
    factors = work.factors.ids
    history = work.history
    if history is None:
        return SymbolEstimates(symbols, factors, (), (), {})
    returns = simple_returns(history.closes)
    proxy_returns = simple_returns(history.proxy_closes)
    return SymbolEstimates(
        symbols=symbols,
        factors=factors,
        betas=model_betas(returns, proxy_returns, factors),
        rates=_rates(history, returns, proxy_returns[:, factors.index(MARKET)]),
        covariances={
            space: ewma_covariance(factor_returns, weighting.decay, weighting.lookback)
            for space, factor_returns in factor_spaces(proxy_returns, factors).items()
        },
    )


def _rates(
    history: History, returns: FloatArray, market_returns: FloatArray
) -> tuple[RateSensitivities, ...]:
    changes = {
        maturity: yield_changes(history.session_days, observed.days, observed.percents)
        for maturity, observed in history.yields.items()
    }
    return rate_sensitivities(returns, market_returns, changes)


@dataclass(frozen=True)
class EstimatedBetas:
    """One symbol's betas by factor in the default model, and its rate sensitivities by maturity.

    NaN where not known; `reason`: why there are no betas.
    """

    betas: dict[str, float]
    rate_betas: dict[str, float]
    reason: str | None


def estimated_betas(
    history: History, symbols: Sequence[str], factors: Factors
) -> dict[str, EstimatedBetas]:
    """What a run would estimate of these symbols, by symbol."""
    returns = simple_returns(history.closes)
    proxy_returns = simple_returns(history.proxy_closes)
    models = {each.model: each for each in model_betas(returns, proxy_returns, factors.ids)}
    known = models[DEFAULT_MODEL].by_symbol(symbols)
    rates = _rates(history, returns, proxy_returns[:, factors.ids.index(MARKET)])
    return {
        symbol: EstimatedBetas(
            dict(zip(factors.ids, known[symbol].values.tolist(), strict=True)),
            {each.maturity: float(each.betas[place]) for each in rates},
            known[symbol].reason,
        )
        for place, symbol in enumerate(symbols)
    }


def factor_covariance(proxies: FactorCloses, space: str, weighting: Weighting) -> FactorCovariance:
    """The factors' covariance in one space, from the closes of their proxies."""
    spaces = factor_spaces(simple_returns(proxies.closes), proxies.factors.ids)
    return ewma_covariance(spaces[space], weighting.decay, weighting.lookback)
