"""States and alerts as columns of their tables."""

from collections.abc import Mapping, Sequence
from uuid import UUID, uuid5

from services.limits.calculations.evaluation import ALERTS, Evaluated
from services.limits.calculations.messages import message
from services.limits.inputs import Contributor, ScenarioKey
from shared.arrays import Columns


def state_columns(evaluated: Sequence[Evaluated]) -> Columns:
    """One row per limit, portfolio and session."""
    valued = [each.valued for each in evaluated]
    after = [each.standing.after for each in evaluated]
    return {
        "limit_id": [each.watched.limit.limit_id for each in evaluated],
        "portfolio_id": [each.watched.portfolio_id for each in evaluated],
        "as_of": [each.session_date for each in valued],
        "value": [each.value for each in valued],
        "member": [each.member for each in valued],
        "reason": [each.reason for each in valued],
        "warning": [each.terms.warning for each in evaluated],
        "breach": [each.terms.breach for each in evaluated],
        "room": [each.room for each in evaluated],
        "usd_per_unit": [each.usd_per_unit for each in valued],
        "state": [each.standing.state.value for each in evaluated],
        "level": [each.level.value for each in after],
        "since": [each.since for each in after],
        "over_warning": [each.over_warning for each in after],
        "over_breach": [each.over_breach for each in after],
        "announced": [each.announced for each in after],
        "acknowledged": [each.acknowledged for each in after],
        "contributors": [_listed(each.contributors) for each in evaluated],
    }


def alert_columns(
    alerts: Mapping[UUID, Evaluated], run_id: UUID, scenarios: Mapping[ScenarioKey, str]
) -> Columns:
    """One row per alert, of a run; `scenarios`: the names of those that messages may be about."""
    found = list(alerts.values())
    limits = [each.watched.limit for each in found]
    return {
        "alert_id": list(alerts),
        "user_id": [limit.user_id for limit in limits],
        "portfolio_id": [each.watched.portfolio_id for each in found],
        "limit_id": [limit.limit_id for limit in limits],
        "as_of": [each.valued.session_date for each in found],
        "level": [each.alert_level for each in found],
        "name": [limit.name for limit in limits],
        "measure": [limit.measure.name for limit in limits],
        "per": [limit.per.value for limit in limits],
        "member": [each.valued.member for each in found],
        "value": [each.valued.value for each in found],
        "threshold": [each.threshold for each in found],
        "unit": [limit.unit.value for limit in limits],
        "message": [message(each, scenarios) for each in found],
        "contributors": [_listed(each.valued.contributors or ()) for each in found],
        "run_id": [run_id] * len(found),
        "group_id": [uuid5(ALERTS, f"{limit.user_id}/{run_id}") for limit in limits],
        "withdrawn": [False] * len(found),
    }


def _listed(
    contributors: Sequence[Contributor] | None,
) -> list[dict[str, object]] | None:
    return None if contributors is None else [vars(each) for each in contributors]
