"""The state machine of a limit: one state per session, from values, levels and what users did.

A value is beyond a level when it is more than it in the limit's direction. A level is reached once
the value was beyond it on so many measured sessions in a row as the terms say, and left as soon as
the value is back inside it by the hysteresis. A session without a value moves nothing: it neither
clears a breach nor counts. So the states of any sessions follow from the values alone, in whichever
order these came.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from services.limits.inputs import (
    Action,
    ActionKind,
    Before,
    Direction,
    Level,
    State,
    Terms,
    Valued,
)


@dataclass(frozen=True)
class Standing:
    """A session's state, what the next session follows from, and the alert that it raises."""

    session_date: date
    state: State
    after: Before
    alert: Level | None = None


def standings(
    before: Before,
    values: Sequence[Valued],
    direction: Direction,
    terms: Sequence[Terms],
    actions: Sequence[Action],
) -> Iterator[Standing]:
    """The standing of each of the sessions, ascending; `before`: what came before the first."""
    for valued in values:
        in_force = terms_on(terms, valued.session_date)
        standing = _next(before, valued, direction, in_force, actions)
        yield standing
        before = standing.after


def terms_on(terms: Sequence[Terms], session_date: date) -> Terms:
    """The last terms that are in force on the session, or the first ones before any are."""
    if len(terms) == 1:
        return terms[0]
    in_force = [each for each in terms if each.since <= session_date]
    return (in_force or terms[:1])[-1]


def turned(direction: Direction, number: float) -> float:
    """The number such that more of it is worse: of a value and of a level alike."""
    match direction:
        case Direction.ABOVE:
            return number
        case Direction.BELOW:
            return -number
        case Direction.OUTSIDE:
            return abs(number)


def room(direction: Direction, value: float, breach: float) -> float:
    """What is left to the breach level, in the limit's unit; negative beyond it."""
    return turned(direction, breach) - turned(direction, value)


def _next(
    before: Before,
    valued: Valued,
    direction: Direction,
    terms: Terms,
    actions: Sequence[Action],
) -> Standing:
    day = valued.session_date
    known = before.acknowledged or any(
        each.kind is ActionKind.ACKNOWLEDGED and each.as_of == day for each in actions
    )
    if valued.value is None:
        after = replace(before, acknowledged=known and before.level is Level.BREACHED)
        return Standing(day, State.NOT_MEASURED, after)
    level, over_warning, over_breach = _reached(
        before, turned(direction, valued.value), direction, terms
    )
    quiet = any(each.waives(day) and each.as_of < day for each in actions)
    alert = None if quiet else _alert(before, level)
    announced = alert is Level.BREACHED or (before.announced and not quiet)
    is_breached = level is Level.BREACHED
    after = Before(
        level,
        None if level is Level.OK else before.since if level is before.level else day,
        over_warning,
        over_breach,
        announced=announced and is_breached,
        acknowledged=known and is_breached,
    )
    waived = any(each.waives(day) for each in actions)
    return Standing(day, _state(before, after, waived=waived), after, alert)


def _reached(
    before: Before, worse: float, direction: Direction, terms: Terms
) -> tuple[Level, int, int]:
    """The level after a measured session, and how often it was beyond warning and breach."""
    breach = turned(direction, terms.breach)
    warning = None if terms.warning is None else turned(direction, terms.warning)
    over_breach = before.over_breach + 1 if worse > breach else 0
    over_warning = before.over_warning + 1 if warning is not None and worse > warning else 0
    stays_breached = before.level is Level.BREACHED and worse > breach - terms.hysteresis
    level = Level.OK
    if stays_breached or over_breach >= terms.sessions:
        level = Level.BREACHED
    elif warning is not None:
        stays = before.level is not Level.OK and worse > warning - terms.hysteresis
        level = Level.WARNING if stays or over_warning >= terms.sessions else Level.OK
    return level, over_warning, over_breach


def _alert(before: Before, level: Level) -> Level | None:
    """What a user is alerted of; level ok: the breach that was alerted of is over."""
    was_breached = before.level is Level.BREACHED
    if level is Level.BREACHED:
        known = was_breached and (before.announced or before.acknowledged)
        return None if known else Level.BREACHED
    if was_breached:
        return Level.OK if before.announced else None
    return Level.WARNING if level is Level.WARNING and before.level is Level.OK else None


def _state(before: Before, after: Before, *, waived: bool) -> State:
    if after.level is Level.OK:
        return State.CLEARED if before.level is Level.BREACHED else State.OK
    if waived:
        return State.WAIVED
    if after.level is Level.WARNING:
        return State.WARNING
    return State.ACKNOWLEDGED if after.acknowledged else State.BREACHED
