"""Everything that belongs to symbols rather than positions, from one history of closes."""

from collections.abc import Iterator
from dataclasses import dataclass

from services.factors.calculations.betas import MARKET, SymbolBetas, market_prior, over_market, symbol_betas
from services.factors.calculations.covariance import FactorCovariance, ewma_covariance
from services.factors.calculations.rates import RateSensitivities, rate_sensitivities
from services.factors.calculations.records import Record
from shared.quant.returns import FloatArray, simple_returns


@dataclass(frozen=True)
class FactorModel:
    """The factors in display order ("market" among them) and how their covariance is weighted."""

    factors: tuple[str, ...]
    decay: float
    lookback: int


@dataclass(frozen=True)
class SymbolEstimates:
    """Betas and rate sensitivities of S symbols, and the factor covariance in both spaces."""

    betas: SymbolBetas
    rates: RateSensitivities
    relative: FactorCovariance
    absolute: FactorCovariance

    def covariance_records(self, model: FactorModel) -> Iterator[Record]:
        """One record per space and ordered pair of factors."""
        yield from self.relative.records("market_relative", model.factors)
        yield from self.absolute.records("absolute", model.factors)


def symbol_estimates(
    closes: FloatArray, proxy_closes: FloatArray, yield_changes: FloatArray, model: FactorModel
) -> SymbolEstimates:
    """Estimate S symbols (0 or more) against the model's K proxies and a yield, over T+1 sessions.

    `closes` (T+1 x S) and `proxy_closes` (T+1 x K, in the model's order) are adjusted closes, oldest first,
    NaN for gaps; `yield_changes` (T) are decimals.
    """
    returns, proxy_returns = simple_returns(closes), simple_returns(proxy_closes)
    relative_returns = over_market(proxy_returns, model.factors)
    market_returns = proxy_returns[:, model.factors.index(MARKET)]
    return SymbolEstimates(
        betas=symbol_betas(returns, relative_returns, market_prior(model.factors)),
        rates=rate_sensitivities(returns, market_returns, yield_changes),
        relative=ewma_covariance(relative_returns, model.decay, model.lookback),
        absolute=ewma_covariance(proxy_returns, model.decay, model.lookback),
    )
