"""Everything that belongs to symbols or factors, not to positions, from one history of closes."""

from collections.abc import Mapping
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
from services.factors.inputs import FactorCloses, Known, Weighting, Work
from shared.arrays import Columns
from shared.conventions import MARKET
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
    changes = {
        maturity: yield_changes(history.session_days, observed.days, observed.percents)
        for maturity, observed in history.yields.items()
    }
    return SymbolEstimates(
        symbols=symbols,
        factors=factors,
        betas=model_betas(returns, proxy_returns, factors),
        rates=rate_sensitivities(returns, proxy_returns[:, factors.index(MARKET)], changes),
        covariances={
            space: ewma_covariance(factor_returns, weighting.decay, weighting.lookback)
            for space, factor_returns in factor_spaces(proxy_returns, factors).items()
        },
    )


def factor_covariance(proxies: FactorCloses, space: str, weighting: Weighting) -> FactorCovariance:
    """The factors' covariance in one space, from the closes of their proxies."""
    spaces = factor_spaces(simple_returns(proxies.closes), proxies.factors.ids)
    return ewma_covariance(spaces[space], weighting.decay, weighting.lookback)
