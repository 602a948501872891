"""What an alert says, in a sentence for the limit's owner."""

from services.limits.calculations.evaluation import CLEARED, Evaluated
from services.limits.inputs import Level, Limit, Unit


def message(alert: Evaluated) -> str:
    """What is the matter: which limit, of what, how much, and which level."""
    limit = alert.watched.limit
    value = alert.valued.value or 0.0
    of = f" of {alert.valued.member}" if alert.valued.member else ""
    amount = written(limit, value)
    level = written(limit, alert.threshold)
    what = f"{limit.name}: {limit.measure.name}{of} is {amount}"
    if alert.alert_level == CLEARED:
        return f"{what}: no longer {limit.direction} its breach level of {level}"
    name = "warning" if alert.standing.alert is Level.WARNING else "breach"
    return f"{what}, {limit.direction} its {name} level of {level}"


def written(limit: Limit, number: float) -> str:
    """A number in the limit's unit."""
    if limit.unit is Unit.SHARE_OF_NAV:
        return f"{number:.2%} of NAV"
    if limit.is_in_dollars:
        return f"{number:,.2f} {limit.measure_unit}"
    return f"{number:.6g}"
