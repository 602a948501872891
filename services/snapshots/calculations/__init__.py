"""The mathematics: which snapshots to take, what positions are worth, what portfolios add up to."""

from services.snapshots.calculations.book import Book, Quotes, Work
from services.snapshots.calculations.caveats import Caveat, gathered
from services.snapshots.calculations.concentration import Concentration
from services.snapshots.calculations.schedule import History, Take, days_needed, snapshots_to_take
from services.snapshots.calculations.snapshot import (
    GREEKS,
    MEASURES,
    POSITION_TYPES,
    SIDES,
    Snapshots,
    portfolio_snapshots,
)
from services.snapshots.calculations.valuation import Valuations, position_valuations

__all__ = [
    "GREEKS",
    "MEASURES",
    "POSITION_TYPES",
    "SIDES",
    "Book",
    "Caveat",
    "Concentration",
    "History",
    "Quotes",
    "Snapshots",
    "Take",
    "Valuations",
    "Work",
    "days_needed",
    "gathered",
    "portfolio_snapshots",
    "position_valuations",
    "snapshots_to_take",
]
