"""Models of limits."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from services.gateway.edge.values import SOME_ID, Money, Name, RequestBody, body_example, example
from shared.contracts.event import Day
from shared.contracts.limits import (
    MOST_SESSIONS_IN_A_ROW,
    DirectionWord,
    Number,
    PerWord,
    StateWord,
    UnitWord,
)

_TERMS: Mapping[str, Any] = {
    "name": "Concentration",
    "portfolio_id": None,
    "measure": "market_value",
    "per": "underlying",
    "key": None,
    "unit": "share_of_nav",
    "direction": "outside",
    "warning": 0.08,
    "breach": 0.1,
    "hysteresis": 0.005,
    "sessions": 1,
    "owner": "Risk",
    "note": "",
}
_TEMPLATE = {
    "template": "concentration",
    "title": "Concentration",
    "description": "no underlying is worth more than 10 % of NAV",
    "limit": _TERMS,
}
_STANDING = {
    "portfolio_id": SOME_ID,
    "portfolio_name": "Long/short",
    "as_of": "2022-12-28",
    "state": "breached",
    "level": "breached",
    "since": "2022-12-21",
    "age_sessions": 5,
    "value": 0.113,
    "member": "AAPL",
    "reason": None,
    "warning": 0.08,
    "breach": 0.1,
    "room": -0.013,
    "room_usd": -13_000.0,
    "used": 1.13,
    "until": None,
    "why": None,
    "contributors": [{"name": "AAPL", "value": 113_000.0}],
}
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]


class NewLimit(RequestBody):
    """What a measure may be, evaluated for every session from the last one on.

    Levels are in the measure's unit (`own`) or decimals of NAV (`share_of_nav`): 0.1 is 10 %.
    """

    model_config = body_example(**_TERMS)

    name: Name
    portfolio_id: UUID | None = Field(default=None, description="default: in all of the caller's")
    measure: Annotated[str, StringConstraints(max_length=120, pattern=r"^[a-z0-9_.]+$")] = Field(
        description="as in portfolios/{id}/series; or worst_scenario; per member: exposures, "
        "market_value, unrealised_pnl, daily_pnl, dollar Greeks, component_var_95 (_es_, _99), "
        "scenario.<id>, factor.<id>"
    )
    per: PerWord = Field(
        default="portfolio",
        description="what it is taken of; a position is all that is held of one symbol",
    )
    key: (
        Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
        | None
    ) = Field(
        default=None,
        description="one of them by name: a symbol, a sector, a tag; default: the worst counts",
    )
    unit: UnitWord = "own"
    direction: DirectionWord = Field(
        default="above", description="where it is worse; outside: the absolute value above"
    )
    warning: Number | None = None
    breach: Number
    hysteresis: Number = Field(
        default=0.0,
        description="how far inside a level the value has to be until it is left, in the unit",
    )
    sessions: int = Field(
        default=1,
        ge=1,
        le=MOST_SESSIONS_IN_A_ROW,
        description="on how many measured sessions in a row it is beyond a level until that counts",
    )
    owner: str = Field(default="", max_length=100, description="who looks after it")
    note: str = Field(default="", max_length=1000)


class LimitTemplate(BaseModel):
    """A usual limit, to be set as it is or with other levels."""

    model_config = example(**_TEMPLATE)

    template: str
    title: str = Field(description="what readers call it")
    description: str
    limit: NewLimit


class LimitTemplates(BaseModel):
    """The usual limits."""

    model_config = example(items=[_TEMPLATE])

    items: list[LimitTemplate]


class LimitContributor(BaseModel):
    """A part of a value by name, in the measure's own unit."""

    model_config = example(name="AAPL", value=113_000.0)

    name: str
    value: float


class LimitStanding(BaseModel):
    """A limit in a portfolio on a session."""

    model_config = example(**_STANDING)

    portfolio_id: UUID
    portfolio_name: str
    as_of: date
    state: StateWord = Field(description="not_measured is never within")
    level: str = Field(
        description="ok, warning or breached: what a session without a value does not move"
    )
    since: date | None = Field(description="the session on which the level was reached")
    age_sessions: int | None = Field(description="sessions since then, the last one included")
    value: float | None = Field(description="in the limit's unit; null with the reason")
    member: str | None = Field(description="whose it is; of worst_scenario, the scenario")
    reason: str | None = Field(description="why there is no value, or what it leaves out")
    warning: float | None
    breach: float
    room: float | None = Field(description="left to the breach level, negative beyond it")
    room_usd: Money | None = Field(description="the same in USD, where the measure is in USD")
    used: float | None = Field(
        description="how far the value is on the way to the breach level: 1 at it, more beyond"
    )
    until: date | None = Field(description="the last day of the waiver, of a state waived")
    why: str | None = Field(description="what the user gave as the reason, acknowledged or waived")
    contributors: list[LimitContributor] = Field(
        description="the five largest, where the level is not ok"
    )


class LimitPoint(BaseModel):
    """A limit's value on a session."""

    model_config = example(as_of="2022-12-28", value=0.113, state="breached")

    as_of: date
    value: float | None = Field(description="in the limit's unit; null when it was not measured")
    state: StateWord


class LimitOut(BaseModel):
    """A limit, and how the caller's portfolios stand on their last session."""

    model_config = example(
        limit_id=SOME_ID,
        **_TERMS,
        measure_title="Market value",
        measure_unit="USD",
        in_force_since="2022-12-28",
        created_at="2022-12-28T21:05:00Z",
        states={"breached": 1, "ok": 2},
        worst=_STANDING,
        recent=[],
    )

    limit_id: UUID
    name: str
    portfolio_id: UUID | None
    measure: str
    measure_title: str = Field(description="the measure's name for readers")
    measure_unit: str
    per: PerWord
    key: str | None
    unit: UnitWord
    direction: DirectionWord
    warning: float | None
    breach: float
    hysteresis: float
    sessions: int
    in_force_since: date = Field(description="the session from which on these levels are in force")
    owner: str
    note: str
    created_at: datetime
    states: dict[str, int] = Field(description="how many portfolios are in each state")
    worst: LimitStanding | None = Field(
        description="the portfolio with the least room left, those beyond a level first"
    )
    recent: list[LimitPoint] = Field(
        description="the last sessions, ascending, as many as a list of one portfolio asks for"
    )


class LimitWithStandings(LimitOut):
    """The same with every portfolio, the worst first."""

    standings: list[LimitStanding]


class Acknowledgement(RequestBody):
    """That the caller knows of a breach, and why it stays."""

    model_config = body_example(portfolio_id=SOME_ID, reason="Reduced over this week")

    portfolio_id: UUID | None = Field(
        default=None, description="needed for a limit in all of the caller's portfolios"
    )
    reason: Reason


class Waiver(Acknowledgement):
    """That a limit raises no alert until a day."""

    model_config = body_example(
        portfolio_id=SOME_ID, until="2023-01-31", reason="Approved by the committee"
    )

    until: Day = Field(description="the last day of it")


class LimitAction(BaseModel):
    """What was done about a limit in a portfolio."""

    model_config = example(
        portfolio_id=SOME_ID,
        as_of="2022-12-28",
        kind="waived",
        until="2023-01-31",
        reason="Approved by the committee",
        recorded_at="2022-12-28T21:05:00Z",
    )

    portfolio_id: UUID
    as_of: date = Field(description="the session from which on it counts")
    kind: str
    until: date | None
    reason: str
    recorded_at: datetime


class LimitHistory(BaseModel):
    """A limit in a portfolio over sessions, newest first, and what was done about it."""

    model_config = example(
        items=[_STANDING], total=1, limit=100, offset=0, actions=[], limit_id=SOME_ID
    )

    limit_id: UUID
    items: list[LimitStanding]
    total: int
    limit: int
    offset: int
    actions: list[LimitAction] = Field(description="newest first")


class LimitEpisode(BaseModel):
    """A spell of sessions at a level."""

    model_config = example(
        level="breached",
        first="2022-12-21",
        last=None,
        sessions=5,
        worst=0.113,
        worst_on="2022-12-28",
        member="AAPL",
    )

    level: str
    first: date
    last: date | None = Field(description="null: it goes on")
    sessions: int
    worst: float = Field(description="in the limit's unit")
    worst_on: date
    member: str | None


class TriedSession(BaseModel):
    """A session on which the limit would have been beyond a level."""

    model_config = example(as_of="2022-12-28", level="breached", value=0.113, member="AAPL")

    as_of: date
    level: str = Field(description="warning or breached")
    value: float = Field(description="in the limit's unit")
    member: str | None


class TriedLimit(BaseModel):
    """A limit on the stored sessions of one portfolio: how often it would have fired."""

    portfolio_id: UUID
    first: date | None
    last: date | None
    sessions: int
    not_measured: int
    sessions_in_warning: int
    sessions_in_breach: int
    warnings: int = Field(description="how often it would have warned")
    breaches: int = Field(description="how often it would have alerted of a breach")
    state: str | None = Field(description="on the last session")
    episodes: list[LimitEpisode] = Field(description="the last 50 of `episodes_in_all`")
    episodes_in_all: int
    reasons: dict[str, int] = Field(description="why sessions have no value, and how many")
    beyond: list[TriedSession] = Field(
        description="the last 100 sessions beyond a level, the newest first"
    )


class LimitTrial(BaseModel):
    """How a limit would have been on stored sessions; nothing is written."""

    model_config = example(portfolios=[])

    portfolios: list[TriedLimit]
