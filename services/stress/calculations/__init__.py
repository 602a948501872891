"""Stress mathematics: scenarios become shocks, shocks and books become profit and loss."""

from services.stress.calculations.books import STOCK, Book, Contracts, Floats, Omission, Places
from services.stress.calculations.history import DAYS, historical_pnl, history_reasons
from services.stress.calculations.market_risk import MarketRisk, market_risk
from services.stress.calculations.records import (
    Shard,
    axis_records,
    effective_shocks,
    ladder_records,
    measurements,
    number_or_none,
    pnl_records,
    result_records,
)
from services.stress.calculations.repricing import price_changes
from services.stress.calculations.runs import Plan, Run, plans, runs
from services.stress.calculations.scenarios import (
    FACTOR_NAMES,
    MARKET,
    InvalidScenarios,
    Scenario,
    custom_scenario,
    scenarios,
    valuable,
)
from services.stress.calculations.shocks import (
    Shocks,
    conditional_shocks,
    correlated_shocks,
    direct_shocks,
)
from services.stress.calculations.valuation import (
    OPTION_VALUATION,
    Impacts,
    StressTest,
    stress_test,
    stressed_impacts,
    stressed_underlying_returns,
)
from services.stress.calculations.windows import rate_change, window_return, with_measurements

__all__ = [
    "DAYS",
    "FACTOR_NAMES",
    "MARKET",
    "OPTION_VALUATION",
    "STOCK",
    "Book",
    "Contracts",
    "Floats",
    "Impacts",
    "InvalidScenarios",
    "MarketRisk",
    "Omission",
    "Places",
    "Plan",
    "Run",
    "Scenario",
    "Shard",
    "Shocks",
    "StressTest",
    "axis_records",
    "conditional_shocks",
    "correlated_shocks",
    "custom_scenario",
    "direct_shocks",
    "effective_shocks",
    "historical_pnl",
    "history_reasons",
    "ladder_records",
    "market_risk",
    "measurements",
    "number_or_none",
    "plans",
    "pnl_records",
    "price_changes",
    "rate_change",
    "result_records",
    "runs",
    "scenarios",
    "stress_test",
    "stressed_impacts",
    "stressed_underlying_returns",
    "valuable",
    "window_return",
    "with_measurements",
]
