"""Every SQL statement of the stress service, one file per subject, and the files its scenarios come
from.
"""

from services.stress.repository.books import (
    Factors,
    load_calculated,
    load_contracts,
    load_covariance,
    load_daily_returns,
    load_factors,
    load_owners,
    load_positions,
    lock_portfolios,
)
from services.stress.repository.results import save_market_risk, save_pnl, save_results
from services.stress.repository.scenarios import (
    delete_custom_scenario,
    load_custom_scenarios,
    load_definitions,
    load_scenarios,
    load_window,
    lock_user,
    save_custom_scenario,
    save_scenarios,
)

__all__ = [
    "Factors",
    "delete_custom_scenario",
    "load_calculated",
    "load_contracts",
    "load_covariance",
    "load_custom_scenarios",
    "load_daily_returns",
    "load_definitions",
    "load_factors",
    "load_owners",
    "load_positions",
    "load_scenarios",
    "load_window",
    "lock_portfolios",
    "lock_user",
    "save_custom_scenario",
    "save_market_risk",
    "save_pnl",
    "save_results",
    "save_scenarios",
]
