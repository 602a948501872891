"""Every SQL statement of factors, one file per subject."""

from services.factors.repository.correlations import (
    CorrelationRows,
    load_underlyings,
    save_correlations,
)
from services.factors.repository.estimates import (
    claim_outdated,
    load_betas,
    load_rate_gaps,
    save_betas,
    save_covariances,
    save_rates,
)
from services.factors.repository.exposures import load_book, save_exposures
from services.factors.repository.factor_returns import (
    load_factor_returns,
    lock_factor_returns,
    save_factor_returns,
)
from services.factors.repository.history import load_closes, load_factors, load_history

__all__ = [
    "CorrelationRows",
    "claim_outdated",
    "load_betas",
    "load_book",
    "load_closes",
    "load_factor_returns",
    "load_factors",
    "load_history",
    "load_rate_gaps",
    "load_underlyings",
    "lock_factor_returns",
    "save_betas",
    "save_correlations",
    "save_covariances",
    "save_exposures",
    "save_factor_returns",
    "save_rates",
]
