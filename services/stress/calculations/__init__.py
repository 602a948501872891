"""Stress mathematics: scenarios become shocks, shocks and books become profit and loss."""

from services.stress.calculations.books import Book, Floats, Omission
from services.stress.calculations.market_risk import MarketRisk, market_risk
from services.stress.calculations.scenarios import (
    FACTOR_NAMES,
    MARKET,
    InvalidScenarios,
    Scenario,
    scenarios,
    valuable,
)
from services.stress.calculations.shocks import Shocks, conditional_shocks, correlated_shocks, direct_shocks
from services.stress.calculations.valuation import (
    OPTION_VALUATION,
    Impacts,
    StressTest,
    stress_test,
    stressed_impacts,
    stressed_underlying_returns,
)

__all__ = [
    "FACTOR_NAMES",
    "MARKET",
    "OPTION_VALUATION",
    "Book",
    "Floats",
    "Impacts",
    "InvalidScenarios",
    "MarketRisk",
    "Omission",
    "Scenario",
    "Shocks",
    "StressTest",
    "conditional_shocks",
    "correlated_shocks",
    "direct_shocks",
    "market_risk",
    "scenarios",
    "stress_test",
    "stressed_impacts",
    "stressed_underlying_returns",
    "valuable",
]
