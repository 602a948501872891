"""The plain ladders: what moves of the market, or of the yield, do to each portfolio."""

from dataclasses import dataclass

import numpy as np

from services.stress.inputs import ShardBook
from shared.arrays import BoolArray, FloatArray

MARKET_SHOCKS = (-0.20, -0.10, -0.05, 0.05, 0.10, 0.20)
RATE_SHOCKS = (-0.02, -0.01, 0.01, 0.02)


@dataclass(frozen=True)
class MarketRisk:
    """One ladder: profit and loss is exposure x shock, linear, so options count by delta.

    `shocks`: (steps,) decimals. `exposure`: (portfolios,) dollars gained per shock of 1.00.
    `coverage`: (portfolios,) share of gross exposure with a sensitivity. `measured`: (portfolios,)
    False where positions exist but none has a sensitivity.
    """

    kind: str
    shocks: FloatArray
    exposure: FloatArray
    coverage: FloatArray
    measured: BoolArray

    @property
    def pnl(self) -> FloatArray:
        """(portfolios, steps) dollars."""
        return self.exposure[:, None] * self.shocks[None, :]


def market_risk(book: ShardBook, market_factor: int) -> tuple[MarketRisk, MarketRisk]:
    """(market ladder over beta column `market_factor`, rates ladder over rate sensitivities)."""
    return (
        _ladder("market", MARKET_SHOCKS, book, book.betas[:, market_factor]),
        _ladder("rates", RATE_SHOCKS, book, book.rate_beta),
    )


def _ladder(
    kind: str, shocks: tuple[float, ...], book: ShardBook, sensitivity: FloatArray
) -> MarketRisk:
    exposure = book.exposure * sensitivity
    known = ~np.isnan(exposure)
    gross = book.by_portfolio(np.abs(book.exposure))
    with np.errstate(invalid="ignore"):
        coverage = book.by_portfolio(np.abs(book.exposure) * known) / gross
    positions = book.by_portfolio(np.ones(len(book.exposure)))
    measured = (positions == 0) | (book.by_portfolio(known.astype(np.float64)) > 0)
    return MarketRisk(kind, np.array(shocks), book.by_portfolio(exposure), coverage, measured)
