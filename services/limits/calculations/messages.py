"""What an alert says, in a sentence for the limit's owner."""

from collections.abc import Mapping

from services.limits.calculations.evaluation import CLEARED, Evaluated
from services.limits.inputs import Level, Limit, ScenarioKey, Source, Unit


def message(alert: Evaluated, scenarios: Mapping[ScenarioKey, str]) -> str:
    """What is the matter: which limit, whose value, how much, and which level.

    The limit has a name that its owner gave it; its measure's is one of the API. `scenarios`: the
    names of those that a limit on the worst of them may be about.
    """
    limit = alert.watched.limit
    amount = written(limit, alert.valued.value or 0.0)
    level = written(limit, alert.threshold)
    member = _member(alert, scenarios)
    what = f"{limit.name}: {member} is {amount}" if member else f"{limit.name}: {amount}"
    if alert.alert_level == CLEARED:
        return f"{what}: no longer {limit.direction} its breach level of {level}"
    name = "warning" if alert.standing.alert is Level.WARNING else "breach"
    return f"{what}, {limit.direction} its {name} level of {level}"


def _member(alert: Evaluated, scenarios: Mapping[ScenarioKey, str]) -> str | None:
    member = alert.valued.member
    limit = alert.watched.limit
    if member is None or limit.measure.source is not Source.WORST:
        return member
    return scenarios.get((limit.user_id, member)) or scenarios.get((None, member), member)


def written(limit: Limit, number: float) -> str:
    """A number in the limit's unit."""
    if limit.unit is Unit.SHARE_OF_NAV:
        return f"{number:.2%} of NAV"
    if limit.is_in_dollars:
        return f"{number:,.2f} {limit.measure_unit}"
    return f"{number:.6g}"
