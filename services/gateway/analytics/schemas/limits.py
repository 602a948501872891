"""How a portfolio stands against its limits on a session."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel, Field

from services.gateway.edge.values import SOME_ID, Money, example
from shared.contracts.limits import PerWord, StateWord, UnitWord

LIMIT_EXAMPLE = {
    "limit_id": SOME_ID,
    "name": "Concentration",
    "measure": "market_value",
    "measure_unit": "USD",
    "per": "underlying",
    "unit": "share_of_nav",
    "state": "breached",
    "level": "breached",
    "since": "2022-12-21",
    "value": 0.113,
    "member": "AAPL",
    "warning": 0.08,
    "breach": 0.1,
    "room": -0.013,
    "room_usd": -13_000.0,
    "reason": None,
}


class LimitOnSession(BaseModel):
    """A limit and its value in the portfolio, in the limit's unit."""

    model_config = example(**LIMIT_EXAMPLE)

    limit_id: UUID
    name: str
    measure: str
    measure_unit: str
    per: PerWord
    unit: UnitWord
    state: StateWord = Field(description="not_measured is never within")
    level: str = Field(
        description="ok, warning or breached: what a session without a value does not move"
    )
    since: date | None = Field(description="the session on which the level was reached")
    value: float | None
    member: str | None = Field(description="whose it is; of worst_scenario, the scenario")
    warning: float | None
    breach: float
    room: float | None = Field(description="left to the breach level, negative beyond it")
    room_usd: Money | None = Field(description="the same in USD, where the measure is in USD")
    reason: str | None = Field(description="why there is no value, or what it leaves out")
