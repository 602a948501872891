"""The mathematics: which snapshots to take, what positions and portfolios are worth, and what they
risk.
"""

from services.snapshots.calculations.caveats import Caveat, gathered
from services.snapshots.calculations.chain import Backdrop, ChainLink, carried_forward
from services.snapshots.calculations.chain_metrics import (
    MARKET_EXPOSURE,
    Day,
    MarketSide,
    Standings,
    StandingWork,
    market_exposures,
    standings,
)
from services.snapshots.calculations.columns import (
    attribution_columns,
    carried_prices,
    component_columns,
    metric_columns,
    valuation_columns,
)
from services.snapshots.calculations.concentration import Concentration
from services.snapshots.calculations.layout import Book, Quotes, Split, Terms, Work
from services.snapshots.calculations.metrics import SESSIONS_A_YEAR, USD, Metric
from services.snapshots.calculations.risk import BookRisk, Estimates, Shard, book_risks
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
    "Backdrop",
    "Book",
    "BookRisk",
    "Caveat",
    "ChainLink",
    "Concentration",
    "Day",
    "Estimates",
    "History",
    "MarketSide",
    "Metric",
    "Quotes",
    "Shard",
    "Snapshots",
    "Split",
    "StandingWork",
    "Standings",
    "Take",
    "Terms",
    "Valuations",
    "Work",
    "attribution_columns",
    "book_risks",
    "carried_forward",
    "carried_prices",
    "component_columns",
    "days_needed",
    "gathered",
    "market_exposures",
    "metric_columns",
    "portfolio_snapshots",
    "position_valuations",
    "snapshots_to_take",
    "standings",
    "valuation_columns",
]
