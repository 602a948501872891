"""How a limit would have been on stored sessions: how often it fires, and for how long."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.limits.calculations.evaluation import valued
from services.limits.calculations.states import Standing, standings, turned
from services.limits.inputs import Before, Level, Limit, Readings, State, Valued


@dataclass(frozen=True)
class Episode:
    """A spell of sessions at a level; `last` None: it goes on. `worst`: in the limit's unit."""

    level: Level
    first: date
    last: date | None
    sessions: int
    worst: float
    worst_on: date
    member: str | None


@dataclass(frozen=True)
class Beyond:
    """A session on which the limit is beyond a level; `value`: in the limit's unit."""

    as_of: date
    level: Level
    value: float
    member: str | None


@dataclass(frozen=True)
class Tried:
    """A limit on the stored sessions of a portfolio.

    `warnings` and `breaches`: how often each would have been alerted of. `reasons`: why sessions
    have no value, and how many. `beyond`: every session beyond a level, ascending.
    """

    portfolio_id: UUID
    first: date | None
    last: date | None
    sessions: int
    not_measured: int
    sessions_in_warning: int
    sessions_in_breach: int
    warnings: int
    breaches: int
    state: State | None
    episodes: tuple[Episode, ...]
    reasons: Mapping[str, int]
    beyond: tuple[Beyond, ...] = ()


def tried(limit: Limit, days: Mapping[UUID, Sequence[date]], readings: Readings) -> list[Tried]:
    """The limit in every portfolio on its sessions, ascending."""
    return [_of_one(limit, each, own, readings) for each, own in days.items()]


def _of_one(limit: Limit, portfolio_id: UUID, days: Sequence[date], readings: Readings) -> Tried:
    values = [valued(limit, (portfolio_id, day), readings) for day in days]
    found = list(standings(Before(), values, limit.direction, limit.terms, ()))
    levels = Counter(each.after.level for each in found if each.state is not State.NOT_MEASURED)
    alerts = Counter(each.alert for each in found)
    missing = Counter(each.reason or "" for each in values if each.value is None)
    return Tried(
        portfolio_id=portfolio_id,
        first=days[0] if days else None,
        last=days[-1] if days else None,
        sessions=len(days),
        not_measured=missing.total(),
        sessions_in_warning=levels[Level.WARNING],
        sessions_in_breach=levels[Level.BREACHED],
        warnings=alerts[Level.WARNING],
        breaches=alerts[Level.BREACHED],
        state=found[-1].state if found else None,
        episodes=tuple(_episodes(limit, values, found)),
        reasons=missing,
        beyond=tuple(_beyond(values, found)),
    )


def _beyond(values: Sequence[Valued], found: Sequence[Standing]) -> Iterator[Beyond]:
    for value, standing in zip(values, found, strict=True):
        level = standing.after.level
        if value.value is not None and level is not Level.OK:
            yield Beyond(value.session_date, level, value.value, value.member)


def _episodes(
    limit: Limit, values: Sequence[Valued], found: Sequence[Standing]
) -> Iterator[Episode]:
    """Spells of one level that is not ok; sessions without a value do not end them."""
    spell: list[tuple[Valued, Level]] = []
    for value, standing in zip(values, found, strict=True):
        if value.value is None:
            continue
        if spell and spell[-1][1] is not standing.after.level:
            yield from _episode(limit, spell, ended=True)
            spell = []
        spell.append((value, standing.after.level))
    yield from _episode(limit, spell, ended=False)


def _episode(
    limit: Limit, spell: Sequence[tuple[Valued, Level]], *, ended: bool
) -> Iterator[Episode]:
    if not spell or spell[0][1] is Level.OK:
        return
    worst = max((each for each, _ in spell), key=lambda each: _badness(limit, each))
    yield Episode(
        level=spell[0][1],
        first=spell[0][0].session_date,
        last=spell[-1][0].session_date if ended else None,
        sessions=len(spell),
        worst=worst.value or 0.0,
        worst_on=worst.session_date,
        member=worst.member,
    )


def _badness(limit: Limit, valued: Valued) -> float:
    return turned(limit.direction, valued.value or 0.0)
