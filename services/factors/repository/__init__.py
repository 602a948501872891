"""Every SQL statement of factors, one file per subject."""

from services.factors.repository.correlations import (
    CorrelationColumns,
    are_drafts,
    claim_underlyings,
    save_correlations,
)
from services.factors.repository.exposures import FactorColumns, claim_work, save_exposures
from services.factors.repository.factor_returns import claim_factor_returns, save_factor_returns
from services.factors.repository.history import (
    load_closes,
    load_factor_closes,
    load_symbols_history,
)
from services.factors.repository.regressions import load_symbol_history
from services.factors.repository.unchanged import CALCULATIONS

__all__ = [
    "CALCULATIONS",
    "CorrelationColumns",
    "FactorColumns",
    "are_drafts",
    "claim_factor_returns",
    "claim_underlyings",
    "claim_work",
    "load_closes",
    "load_factor_closes",
    "load_symbol_history",
    "load_symbols_history",
    "save_correlations",
    "save_exposures",
    "save_factor_returns",
]
