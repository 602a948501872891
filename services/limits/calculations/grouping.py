"""What messages say: the alerts of one user and run together, in a message of bounded size."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from services.limits.senders.inputs import RaisedAlert, Text

SHOWN = 50  # alerts spelled out in one message
LONGEST_SENTENCE = 300  # characters of one alert's sentence
RUNS_APART = 3  # of a user with more runs ready at once, all alerts are one message
LEVELS = ("breached", "warning", "cleared")  # the most urgent first
_NAMES = {
    "breached": ("breach", "breaches"),
    "warning": ("warning", "warnings"),
    "cleared": ("limit cleared", "limits cleared"),
}


@dataclass(frozen=True)
class Patience:
    """How long alerts wait for others of their run.

    They are ready once no other came for `quiet`, or the first has waited for `longest`.
    """

    quiet: timedelta
    longest: timedelta


def ready_groups(
    alerts: Iterable[RaisedAlert], now: datetime, patience: Patience
) -> list[tuple[RaisedAlert, ...]]:
    """The alerts to send now, each group for one message, in the order in which they were raised.

    A group is what was raised for one user by one run, or withdrawn of it. Where more than
    `RUNS_APART` runs of a user are ready at once, as after a history is calculated, all of them are
    one group.
    """
    groups: dict[tuple[UUID, bool, UUID], list[RaisedAlert]] = {}
    for alert in sorted(alerts, key=lambda each: (each.raised_at, each.alert_id)):
        about = (alert.user_id, alert.withdrawn, alert.group_id)
        groups.setdefault(about, []).append(alert)
    ready: dict[tuple[UUID, bool], list[list[RaisedAlert]]] = {}
    for (user_id, withdrawn, _), group in groups.items():
        if _is_ready(group, now, patience):
            ready.setdefault((user_id, withdrawn), []).append(group)
    return [tuple(group) for found in ready.values() for group in _merged(found)]


def _is_ready(group: Sequence[RaisedAlert], now: datetime, patience: Patience) -> bool:
    is_quiet = now - group[-1].raised_at >= patience.quiet
    return is_quiet or now - group[0].raised_at >= patience.longest


def _merged(groups: list[list[RaisedAlert]]) -> list[list[RaisedAlert]]:
    if len(groups) <= RUNS_APART:
        return groups
    return [[alert for group in groups for alert in group]]


def message_data(alerts: Sequence[RaisedAlert]) -> dict[str, object]:
    """The content of a message about alerts: counts of all, and the `SHOWN` most urgent."""
    shown = _most_urgent(alerts)
    levels = Counter(alert.level for alert in alerts)
    return {
        "total": len(alerts),
        "levels": {level: levels[level] for level in LEVELS},
        "portfolios": len({alert.portfolio_id for alert in alerts}),
        "first_session": min(alert.as_of for alert in alerts).isoformat(),
        "last_session": max(alert.as_of for alert in alerts).isoformat(),
        "alerts": [_entry(alert) for alert in shown],
        "not_shown": len(alerts) - len(shown),
    }


def message_text(alerts: Sequence[RaisedAlert]) -> Text:
    """The same as an e-mail."""
    data = message_data(alerts)
    levels = Counter(alert.level for alert in alerts)
    counts = ", ".join(_counted(level, levels[level]) for level in LEVELS if levels[level])
    withdrawn = alerts[0].withdrawn
    what = f"withdrawn: {counts}" if withdrawn else counts
    because = ["The sessions were measured again, and say otherwise now."] if withdrawn else []
    lines = [
        f"{alert.as_of.isoformat()}  {_named(alert)}  {alert.level.upper()}  {_sentence(alert)}"
        for alert in _most_urgent(alerts)
    ]
    more = (
        [f"... and {data['not_shown']} more: see GET /api/v1/alerts"] if data["not_shown"] else []
    )
    return Text(
        subject=f"SigmaSight: {what} ({data['last_session']})",
        body="\n".join([f"{what} in {_portfolios(alerts)}.", *because, "", *lines, *more, ""]),
    )


def _portfolios(alerts: Sequence[RaisedAlert]) -> str:
    count = len({alert.portfolio_id for alert in alerts})
    return f"{count} portfolio" + ("" if count == 1 else "s")


def _counted(level: str, count: int) -> str:
    one, several = _NAMES[level]
    return f"{count} {one if count == 1 else several}"


def _most_urgent(alerts: Sequence[RaisedAlert]) -> list[RaisedAlert]:
    """Breaches first, the latest sessions first, the largest overshoot first."""
    return sorted(
        alerts,
        key=lambda alert: (
            LEVELS.index(alert.level),
            -alert.as_of.toordinal(),
            -_overshoot(alert),
            alert.alert_id,
        ),
    )[:SHOWN]


def _overshoot(alert: RaisedAlert) -> float:
    """How far the value is from the threshold, as a share of the threshold."""
    if not alert.threshold:
        return 0.0
    return abs(alert.value - alert.threshold) / abs(alert.threshold)


def _named(alert: RaisedAlert) -> str:
    return " ".join((alert.portfolio_name or str(alert.portfolio_id)).split())


def _sentence(alert: RaisedAlert) -> str:
    """The alert's sentence on one line, cut where it is too long."""
    sentence = " ".join(alert.message.split())
    if len(sentence) <= LONGEST_SENTENCE:
        return sentence
    return sentence[: LONGEST_SENTENCE - 3] + "..."


def _entry(alert: RaisedAlert) -> dict[str, object]:
    return {
        "alert_id": str(alert.alert_id),
        "portfolio_id": str(alert.portfolio_id),
        "portfolio_name": alert.portfolio_name,
        "limit_id": str(alert.limit_id),
        "as_of": alert.as_of.isoformat(),
        "level": alert.level,
        "name": alert.name,
        "measure": alert.measure,
        "per": alert.per,
        "member": alert.member,
        "value": alert.value,
        "threshold": alert.threshold,
        "unit": alert.unit,
        "message": _sentence(alert),
    }
