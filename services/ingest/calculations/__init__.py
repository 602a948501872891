"""Ingest's mathematics: which prices are missing, which can be believed, what splits and dividends
do to them.
"""

from services.ingest.calculations.adjusted import Action, adjusted_closes
from services.ingest.calculations.gaps import Asked, missing_sessions
from services.ingest.calculations.problems import action_problem, quote_problem, yield_problem
from services.ingest.calculations.sound import Close, Doubt, Known, sound_bars
from services.ingest.calculations.work import (
    MATURITY_YEARS,
    Shard,
    due_sessions,
    price_run,
    shards,
    window_start,
)

__all__ = [
    "MATURITY_YEARS",
    "Action",
    "Asked",
    "Close",
    "Doubt",
    "Known",
    "Shard",
    "action_problem",
    "adjusted_closes",
    "due_sessions",
    "missing_sessions",
    "price_run",
    "quote_problem",
    "shards",
    "sound_bars",
    "window_start",
    "yield_problem",
]
