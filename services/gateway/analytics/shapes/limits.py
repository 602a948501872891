"""How a portfolio stands against its limits, also before and after the trades of a draft."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

NOT_MEASURED = "not_measured"
BREACHED = "breached"
_BADNESS = {"ok": 0, "warning": 1, BREACHED: 2}
_FIRST = (BREACHED, "cured", "worse", "better")


@dataclass(frozen=True)
class LimitState:
    """A limit in a portfolio on a session: value, levels and room in the limit's unit."""

    limit_id: UUID
    name: str
    measure: str
    measure_unit: str
    per: str
    unit: str
    state: str
    level: str
    since: date | None
    value: float | None
    member: str | None
    warning: float | None
    breach: float
    room: float | None
    room_usd: float | None
    reason: str | None


@dataclass(frozen=True)
class LimitTerms:
    """A limit by its terms, those in force on the session."""

    limit_id: UUID
    name: str
    measure: str
    measure_unit: str
    per: str
    key: str | None
    unit: str
    direction: str
    warning: float | None
    breach: float


@dataclass(frozen=True)
class LimitSide:
    """A limit in a portfolio on the session, as it is stored."""

    state: str
    level: str
    value: float | None
    member: str | None
    room: float | None
    room_usd: float | None
    reason: str | None


@dataclass(frozen=True)
class LimitPair:
    """A limit in a draft's base, and in the draft."""

    terms: LimitTerms
    before: LimitSide | None
    after: LimitSide | None


def least_room_first(states: Iterable[LimitState]) -> list[LimitState]:
    """Those beyond a level first, then by what is left as a share of the level."""
    return sorted(states, key=_by_room)


def _by_room(each: LimitState) -> tuple[int, float, str]:
    left = float("inf") if each.room is None else each.room / (abs(each.breach) or 1.0)
    return -_BADNESS[each.level], left, each.name


def limit_impacts(pairs: Sequence[LimitPair], titles: Mapping[str, str]) -> list[dict[str, object]]:
    """Each limit before and after, those that the trades breach or cure first.

    `titles`: what readers call the measures.
    """
    shown = [
        {
            **vars(pair.terms),
            "measure_title": titles[pair.terms.measure],
            "before": _side(pair.before, pair.terms),
            "after": _side(pair.after, pair.terms),
            "change": change(pair.before, pair.after),
        }
        for pair in pairs
    ]
    return sorted(shown, key=_place)


def _side(side: LimitSide | None, terms: LimitTerms) -> dict[str, object] | None:
    if side is None:
        return None
    return {**vars(side), "used": share_used(terms.direction, side.value, terms.breach)}


def share_used(direction: str, value: float | None, breach: float) -> float | None:
    """How far a value is on the way to its breach level: 1 at the level, more beyond it.

    0 on the side of zero where nothing is used. A floor above zero (`below`, such as a NAV) is the
    level over the value. None without a value, or where level and value allow no such share.
    """
    if value is None or not breach:
        return None
    if direction == "outside":
        return abs(value) / breach
    if direction == "below" and breach > 0.0:
        return breach / value if value > 0.0 else None
    if direction == "above" and breach < 0.0:
        return breach / value if value < 0.0 else None
    return max(value / breach, 0.0)


def change(before: LimitSide | None, after: LimitSide | None) -> str | None:
    """What the trades do to a limit; None where a side is not measured."""
    if before is None or after is None or NOT_MEASURED in (before.state, after.state):
        return None
    if before.level == after.level:
        return "unchanged"
    if BREACHED in (before.level, after.level):
        return BREACHED if after.level == BREACHED else "cured"
    return "worse" if _BADNESS[after.level] > _BADNESS[before.level] else "better"


def _place(shown: dict[str, object]) -> tuple[int, str]:
    what = shown["change"]
    place = _FIRST.index(str(what)) if what in _FIRST else len(_FIRST)
    return place, str(shown["name"])
