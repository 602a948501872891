"""Rows of limits with sensible defaults."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

from services.limits.senders.inputs import RaisedAlert

NOON = datetime(2022, 12, 28, 12, tzinfo=UTC)


def a_raised_alert(**more: Any) -> RaisedAlert:
    """A breach of a limit of 10 % on one position, of a new user and run."""
    alert = RaisedAlert(
        alert_id=uuid4(),
        user_id=uuid4(),
        group_id=uuid4(),
        portfolio_id=uuid4(),
        limit_id=uuid4(),
        as_of=date(2022, 12, 28),
        level="breached",
        name="Concentration",
        measure="exposure.delta_adjusted.gross",
        per="position",
        member="AAPL",
        value=0.134,
        threshold=0.1,
        unit="share_of_nav",
        message="AAPL is 13.4 % of NAV: more than 10 %",
        raised_at=NOON,
        portfolio_name="Growth",
    )
    return replace(alert, **more)
