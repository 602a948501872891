"""Every SQL statement of stress, one file per subject, and the files its scenarios come from."""

from services.stress.repository.candidates import load_held, load_surroundings
from services.stress.repository.holdings import (
    claim_work,
    load_calculated_holdings,
    load_price,
)
from services.stress.repository.results import Tables, save_results
from services.stress.repository.scenarios import (
    claim_ids,
    delete_custom_scenario,
    load_catalogue,
    load_catalogue_for,
    load_definitions,
    load_windows,
    save_custom_scenario,
    save_scenarios,
)
from services.stress.repository.unchanged import CALCULATIONS

__all__ = [
    "CALCULATIONS",
    "Tables",
    "claim_ids",
    "claim_work",
    "delete_custom_scenario",
    "load_calculated_holdings",
    "load_catalogue",
    "load_catalogue_for",
    "load_definitions",
    "load_held",
    "load_price",
    "load_surroundings",
    "load_windows",
    "save_custom_scenario",
    "save_results",
    "save_scenarios",
]
