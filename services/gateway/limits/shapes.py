"""Limits as answers show them: their levels, how portfolios stand, the usual ones."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from services.gateway.analytics.shapes.limits import share_used


@dataclass(frozen=True)
class Limit:
    """A limit as it is stored; `terms`: its levels, the last of them in force."""

    limit_id: UUID
    user_id: UUID
    portfolio_id: UUID | None
    name: str
    measure: str
    measure_unit: str
    per: str
    member: str | None
    unit: str
    direction: str
    terms: Sequence[Mapping[str, object]]
    owner: str
    note: str
    created_at: datetime


@dataclass(frozen=True)
class Standing:
    """A limit in a portfolio on a session, as it is stored."""

    limit_id: UUID
    portfolio_id: UUID
    portfolio_name: str
    as_of: date
    value: float | None
    member: str | None
    reason: str | None
    warning: float | None
    breach: float
    room: float | None
    room_usd: float | None
    state: str
    level: str
    since: date | None
    contributors: Sequence[Mapping[str, object]] | None
    until: date | None = None
    why: str | None = None


@dataclass(frozen=True)
class Point:
    """A limit's value in a portfolio on one of its last sessions; None where there is none."""

    as_of: date
    value: float | None
    state: str


@dataclass(frozen=True)
class Action:
    """What a user did about a limit in a portfolio, as it is stored."""

    portfolio_id: UUID
    as_of: date
    kind: str
    until: date | None
    reason: str
    recorded_at: datetime


_WORST_FIRST = {"breached": 0, "warning": 1, "ok": 2}
_USUAL = {"per": "portfolio", "unit": "share_of_nav", "direction": "above", "hysteresis": 0.0}
TEMPLATES: tuple[tuple[str, str, str, Mapping[str, object]], ...] = (
    (
        "concentration",
        "Concentration",
        "no underlying, stock and options together, is worth more than 10 % of NAV",
        {
            "name": "Concentration 10 %",
            "measure": "market_value",
            "per": "underlying",
            "direction": "outside",
            "warning": 0.08,
            "breach": 0.1,
        },
    ),
    (
        "gross_exposure",
        "Gross exposure",
        "gross delta-adjusted exposure is at most 200 % of NAV",
        {
            "name": "Gross 200 %",
            "measure": "exposure.delta_adjusted.gross",
            "warning": 1.8,
            "breach": 2.0,
        },
    ),
    (
        "var_99",
        "VaR 99 %",
        "one-day historical VaR at 99 % is at most 2 % of NAV",
        {
            "name": "VaR 99 2 %",
            "measure": "var_99_1d_historical",
            "warning": 0.016,
            "breach": 0.02,
        },
    ),
    (
        "worst_scenario",
        "Worst scenario",
        "no stress scenario loses more than 15 % of NAV",
        {
            "name": "Worst scenario 15 %",
            "measure": "worst_scenario",
            "direction": "below",
            "warning": -0.12,
            "breach": -0.15,
        },
    ),
    (
        "net_delta",
        "Net dollar delta",
        "the dollar delta is at most 100 % of NAV, long or short",
        {
            "name": "Net delta 100 %",
            "measure": "dollar_delta",
            "direction": "outside",
            "warning": 0.8,
            "breach": 1.0,
        },
    ),
    (
        "vega",
        "Vega",
        "a point of implied volatility moves at most 0.5 % of NAV",
        {
            "name": "Vega 0.5 %",
            "measure": "dollar_vega_1pt",
            "direction": "outside",
            "warning": 0.004,
            "breach": 0.005,
        },
    ),
)


def templates() -> list[dict[str, object]]:
    """The usual limits, to be set as they are or with other levels."""
    return [
        {"template": name, "title": title, "description": text, "limit": {**_USUAL, **limit}}
        for name, title, text, limit in TEMPLATES
    ]


def terms_in_force(limit: Limit) -> dict[str, object]:
    """The last levels of a limit, and since when they are in force."""
    last = dict(limit.terms[-1])
    return {"in_force_since": last.pop("since"), **last}


def shown(
    limit: Limit, standings: Sequence[Mapping[str, object]], title: str, recent: Sequence[Point]
) -> dict[str, object]:
    """A limit with how portfolios stand, the worst first; `title`: of its measure."""
    return {
        **vars(limit),
        "measure_title": title,
        "recent": [vars(each) for each in recent],
        "key": limit.member,
        **terms_in_force(limit),
        "states": Counter(str(each["state"]) for each in standings),
        "worst": standings[0] if standings else None,
        "standings": standings,
    }


def shown_standing(
    standing: Standing, direction: str, age_sessions: int | None
) -> dict[str, object]:
    """A standing with how many sessions its level has lasted, and how much of it is used."""
    contributors = standing.contributors or []
    used = share_used(direction, standing.value, standing.breach)
    derived = {"age_sessions": age_sessions, "used": used, "contributors": contributors}
    return {**vars(standing), **derived}


def worst_first(standings: Iterable[Standing]) -> list[Standing]:
    """Those beyond a level first, then by what is left as a share of the level."""
    return sorted(standings, key=_place)


def _place(standing: Standing) -> tuple[int, float, str]:
    left = float("inf") if standing.room is None else standing.room / (abs(standing.breach) or 1)
    return _WORST_FIRST[standing.level], left, standing.portfolio_name
