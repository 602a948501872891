"""What the gateway tells: a book changed, an operator asked for a session to be closed."""

from typing import ClassVar
from uuid import UUID

from shared.contracts.event import Event


class PortfoliosChanged(Event):
    """Books were uploaded or edited; their symbols need prices and their numbers a run."""

    subject: ClassVar[str] = "portfolios.changed"

    portfolio_ids: tuple[UUID, ...]
    reason: str


class MarketCloseRequested(Event):
    """An operator asked for the session `as_of` to be (re)run for every portfolio."""

    subject: ClassVar[str] = "market_close.requested"

    reason: str = "operator"
