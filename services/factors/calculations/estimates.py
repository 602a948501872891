"""Everything that belongs to symbols or to factors rather than to positions, from one history of
closes.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from services.factors.calculations.betas import MARKET, ModelBetas, model_betas, over_market
from services.factors.calculations.covariance import FactorCovariance, ewma_covariance
from services.factors.calculations.rates import RateSensitivities, rate_sensitivities
from services.factors.calculations.records import Record
from shared.quant.returns import FloatArray, simple_returns

SPACES = ("market_relative", "absolute")


@dataclass(frozen=True)
class FactorModel:
    """The factors in display order ("market" among them) and how their covariance is weighted."""

    factors: tuple[str, ...]
    decay: float
    lookback: int


@dataclass(frozen=True)
class SymbolEstimates:
    """Betas of S symbols in every model, their sensitivities to every maturity, and both factor
    covariances.
    """

    betas: tuple[ModelBetas, ...]
    rates: tuple[RateSensitivities, ...]
    covariances: Mapping[str, FactorCovariance]

    def beta_records(self, symbols: Sequence[str]) -> Iterator[Record]:
        """One record per model, symbol and factor."""
        for model in self.betas:
            yield from model.records(symbols)

    def rate_records(self, symbols: Sequence[str]) -> Iterator[Record]:
        """One record per maturity and symbol."""
        for maturity in self.rates:
            yield from maturity.records(symbols)

    def covariance_records(self, factors: Sequence[str]) -> Iterator[Record]:
        """One record per space and ordered pair of factors."""
        for space, covariance in self.covariances.items():
            yield from covariance.records(space, factors)


def symbol_estimates(
    closes: FloatArray,
    proxy_closes: FloatArray,
    yield_changes: Mapping[str, FloatArray],
    model: FactorModel,
) -> SymbolEstimates:
    """Estimate S symbols (0 or more) against the model's K proxies and yields, over T+1 sessions.

    `closes` (T+1 x S) and `proxy_closes` (T+1 x K, in the model's order) are adjusted closes,
    oldest first, NaN for gaps; `yield_changes` (T each, by maturity) are decimals.
    """
    returns, proxy_returns = simple_returns(closes), simple_returns(proxy_closes)
    spaces = factor_spaces(proxy_returns, model.factors)
    market_returns = proxy_returns[:, model.factors.index(MARKET)]
    return SymbolEstimates(
        betas=model_betas(returns, proxy_returns, model.factors),
        rates=rate_sensitivities(returns, market_returns, yield_changes),
        covariances={
            space: ewma_covariance(factor_returns, model.decay, model.lookback)
            for space, factor_returns in spaces.items()
        },
    )


def factor_spaces(proxy_returns: FloatArray, factors: Sequence[str]) -> dict[str, FloatArray]:
    """The factors' returns (T x K) by space: styles over the market, and the proxies' own."""
    return {"market_relative": over_market(proxy_returns, factors), "absolute": proxy_returns}


def factor_covariance(proxy_closes: FloatArray, space: str, model: FactorModel) -> FactorCovariance:
    """The factors' covariance in one space, from the closes of their proxies (T+1 x K), oldest
    first.
    """
    spaces = factor_spaces(simple_returns(proxy_closes), model.factors)
    return ewma_covariance(spaces[space], model.decay, model.lookback)


def factor_returns(proxy_closes: FloatArray, factors: Sequence[str]) -> FloatArray:
    """Factor returns (spaces x T x K) from adjusted closes of the proxies (T+1 x K); NaN where not
    known.
    """
    spaces = factor_spaces(simple_returns(proxy_closes), factors)
    known: FloatArray = np.stack([spaces[space] for space in SPACES])
    known[~np.isfinite(known)] = np.nan
    return known


def sessions_that_differ(returns: FloatArray, stored: FloatArray) -> list[int]:
    """The places on the middle axis at which two sets of factor returns (spaces x T x K) are not
    the same.
    """
    same = (returns == stored) | (np.isnan(returns) & np.isnan(stored))
    places: list[int] = np.flatnonzero(~same.all(axis=(0, 2))).tolist()
    return places


def factor_return_records(
    sessions: Sequence[object], returns: FloatArray, factors: Sequence[str]
) -> Iterator[Record]:
    """One record per session, space and factor with a return; `returns` is spaces x sessions x
    factors.
    """
    for space, day, factor in np.argwhere(np.isfinite(returns)).tolist():
        yield {
            "session_date": sessions[day],
            "space": SPACES[space],
            "factor": factors[factor],
            "factor_return": float(returns[space, day, factor]),
        }
