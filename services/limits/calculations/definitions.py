"""What a limit may say: every problem of a definition at once."""

from collections.abc import Iterator, Sequence

from services.limits.calculations.states import turned
from services.limits.inputs import (
    Direction,
    Limit,
    Measure,
    Per,
    Source,
    Terms,
    Unit,
    member_measure,
)

Problem = tuple[str, str]  # the field, and what is wrong with it and how to fix it
_FIXED = ("portfolio_id", "per", "member", "unit", "direction")
_METHODS = ("direct", "correlated")


def problems_of(limit: Limit) -> list[Problem]:
    """What is wrong with a limit, by field; empty when it can be evaluated."""
    return [
        *_problems_of_measure(limit),
        *_problems_of_levels(limit.direction, limit.terms[-1]),
    ]


def _problems_of_measure(limit: Limit) -> Iterator[Problem]:
    name = limit.measure.name
    if limit.per is not Per.PORTFOLIO and member_measure(limit.measure) is None:
        yield "per", f"{name} is not stored of a {limit.per}: set it for the portfolio"
    if limit.per is Per.PORTFOLIO and _is_of_positions_alone(limit.measure):
        yield "per", f"{name} is a part of a portfolio: set it per position, underlying or sector"
    if limit.per is Per.PORTFOLIO and limit.member is not None:
        yield "key", "a portfolio has no members: leave it out, or say per what it is one"
    if limit.unit is Unit.SHARE_OF_NAV and not limit.is_in_dollars:
        unit = limit.measure_unit or "no unit"
        yield "unit", f"{name} ({unit}) is no amount of USD: set its levels in its own unit"
    if limit.measure.source is Source.WORST and limit.measure.key[0] not in _METHODS:
        yield "measure", f"{name}: the methods are {' and '.join(_METHODS)}"


def _is_of_positions_alone(measure: Measure) -> bool:
    return measure.name.startswith("component_")


def _problems_of_levels(direction: Direction, terms: Terms) -> Iterator[Problem]:
    for field, level in (("warning", terms.warning), ("breach", terms.breach)):
        if direction is Direction.OUTSIDE and level is not None and level < 0:
            yield field, "outside compares absolute values: give a level of at least 0"
    if terms.warning is not None and turned(direction, terms.warning) > turned(
        direction, terms.breach
    ):
        order = "at least" if direction is Direction.BELOW else "at most"
        yield "warning", f"the warning comes before the breach: give {order} {terms.breach:g}"
    if terms.hysteresis < 0:
        yield "hysteresis", "it is a distance: give at least 0"
    lowest = terms.breach if terms.warning is None else min(terms.warning, terms.breach)
    if direction is Direction.OUTSIDE and terms.hysteresis > lowest >= 0:
        yield "hysteresis", f"no absolute value is so far inside {lowest:g}: give at most that"


def changes_refused(stored: Limit, wanted: Limit) -> list[Problem]:
    """What may not change of a stored limit: its history would be of something else."""
    fields = [name for name in _FIXED if getattr(stored, name) != getattr(wanted, name)]
    fields += ["measure"] if stored.measure != wanted.measure else []
    return [
        (
            "key" if field == "member" else field,
            "it cannot be changed: set another limit, and delete this",
        )
        for field in fields
    ]


def changed_terms(stored: Sequence[Terms], wanted: Terms) -> tuple[Terms, ...]:
    """The terms with new ones in force from a session on, in place of those of that session on."""
    kept = [each for each in stored if each.since < wanted.since]
    return (*kept, wanted)
