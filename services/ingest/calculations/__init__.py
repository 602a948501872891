"""Ingest's mathematics: which prices are missing, which are plausible, what adjusts them."""

from services.ingest.calculations.adjusted import adjusted_closes, readjusted_bars
from services.ingest.calculations.gaps import missing_sessions
from services.ingest.calculations.problems import (
    action_problem,
    judged,
    quote_problem,
    yield_problem,
)
from services.ingest.calculations.sound import ADMINISTRATOR, OWN_FILE, judged_bars
from services.ingest.calculations.work import (
    Shard,
    due_sessions,
    effective_sessions,
    named_symbols,
    price_run,
    shards,
    window_start,
)

__all__ = [
    "ADMINISTRATOR",
    "OWN_FILE",
    "Shard",
    "action_problem",
    "adjusted_closes",
    "due_sessions",
    "effective_sessions",
    "judged",
    "judged_bars",
    "missing_sessions",
    "named_symbols",
    "price_run",
    "quote_problem",
    "readjusted_bars",
    "shards",
    "window_start",
    "yield_problem",
]
