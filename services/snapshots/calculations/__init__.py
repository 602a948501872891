"""The mathematics: which snapshots to take, what positions and portfolios are worth, and what they risk."""

from services.snapshots.calculations.book import Book, Quotes, Work
from services.snapshots.calculations.caveats import Caveat, gathered
from services.snapshots.calculations.concentration import Concentration
from services.snapshots.calculations.history import Backdrop, ChainLink, carried_forward
from services.snapshots.calculations.measurement import (
    AttributedDays,
    Day,
    Estimates,
    MeasuredRisk,
    RiskWork,
    measured_risk,
)
from services.snapshots.calculations.metrics import SESSIONS_A_YEAR, USD, Metric
from services.snapshots.calculations.risk import MARKET_EXPOSURE, Shard
from services.snapshots.calculations.schedule import History, Take, days_needed, snapshots_to_take
from services.snapshots.calculations.snapshot import (
    GREEKS,
    MEASURES,
    POSITION_TYPES,
    SIDES,
    Snapshots,
    portfolio_snapshots,
)
from services.snapshots.calculations.tail import TAIL_MEASURES
from services.snapshots.calculations.valuation import Valuations, position_valuations

__all__ = [
    "GREEKS",
    "MARKET_EXPOSURE",
    "MEASURES",
    "POSITION_TYPES",
    "SESSIONS_A_YEAR",
    "SIDES",
    "TAIL_MEASURES",
    "USD",
    "AttributedDays",
    "Backdrop",
    "Book",
    "Caveat",
    "ChainLink",
    "Concentration",
    "Day",
    "Estimates",
    "History",
    "MeasuredRisk",
    "Metric",
    "Quotes",
    "RiskWork",
    "Shard",
    "Snapshots",
    "Take",
    "Valuations",
    "Work",
    "carried_forward",
    "days_needed",
    "gathered",
    "measured_risk",
    "portfolio_snapshots",
    "position_valuations",
    "snapshots_to_take",
]
