"""The Grafana dashboards: `python -m deploy.observability.dashboards [--check]`.

Each panel is a line here; the JSON that Grafana loads, in `dashboards/`, is generated from them.
`--check` only reports whether it is up to date. Panels take the maximum over the gateway's
processes, because all of them show the same gauges.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

DIRECTORY = Path(__file__).resolve().parent / "dashboards"
WIDTH = 12  # of the 24 columns of a dashboard: two panels in a row
HEIGHT = 8
SOURCE = {"type": "prometheus", "uid": "${source}"}


@dataclass(frozen=True)
class Panel:
    """A graph of one expression: `legend` names each of its lines, `unit` as Grafana names it."""

    title: str
    expression: str
    legend: str = ""
    unit: str = "short"


SYSTEM = (
    Panel(
        "Answers a second, by status",
        "sum by (status) (rate(sigmasight_http_seconds_count[5m]))",
        "{{status}}",
        "reqps",
    ),
    Panel(
        "Seconds to answer, one of twenty takes longer",
        "histogram_quantile(0.95, sum by (le, method) (rate(sigmasight_http_seconds_bucket[5m])))",
        "{{method}}",
        "s",
    ),
    Panel(
        "Messages waiting, by consumer",
        "max by (consumer) (sigmasight_consumer_pending_messages) > 0",
        "{{consumer}}",
    ),
    Panel(
        "Messages in progress, by consumer",
        "max by (consumer) (sigmasight_consumer_unacknowledged_messages) > 0",
        "{{consumer}}",
    ),
    Panel(
        "Messages handled a second, by subject and outcome",
        "sum by (subject, outcome) (rate(sigmasight_messages_total[5m]))",
        "{{subject}} {{outcome}}",
        "ops",
    ),
    Panel(
        "Seconds of a message, one of twenty takes longer",
        "histogram_quantile(0.95, "
        "sum by (le, subject) (rate(sigmasight_handling_seconds_bucket[5m])))",
        "{{subject}}",
        "s",
    ),
    Panel(
        "Events to be published, by lane",
        "max by (work_class) (sigmasight_outbox_waiting)",
        "{{work_class}}",
    ),
    Panel(
        "Age of the oldest of them",
        "max by (work_class) (sigmasight_outbox_oldest_seconds)",
        "{{work_class}}",
        "s",
    ),
    Panel(
        "Memory of each process",
        'process_resident_memory_bytes{job=~"sigmasight.*"}',
        "{{job}} {{instance}}",
        "bytes",
    ),
    Panel(
        "Processor of each process",
        'rate(process_cpu_seconds_total{job=~"sigmasight.*"}[5m])',
        "{{job}} {{instance}}",
        "percentunit",
    ),
)
RISK = (
    Panel(
        "Runs that go on, by lane", "max by (work_class) (sigmasight_open_runs)", "{{work_class}}"
    ),
    Panel(
        "Age of the oldest of them",
        "max by (work_class) (sigmasight_oldest_open_run_seconds)",
        "{{work_class}}",
        "s",
    ),
    Panel(
        "Runs that ended within an hour, by status",
        "max by (status) (sigmasight_runs_ended)",
        "{{status}}",
    ),
    Panel("Dead letters, by service", "max by (service) (sigmasight_dead_letters)", "{{service}}"),
    Panel(
        "Sessions behind the market, by data",
        "max by (data) (sigmasight_sessions_behind)",
        "{{data}}",
    ),
    Panel("Positions, by price", "max by (price) (sigmasight_positions)", "{{price}}"),
    Panel("Closes in quarantine", "max(sigmasight_quarantined_prices)", "closes"),
    Panel("Limits, by state", "max by (state) (sigmasight_limits)", "{{state}}"),
    Panel(
        "Alerts raised an hour, by level",
        "sum by (level) (increase(sigmasight_alerts_raised_total[1h]))",
        "{{level}}",
    ),
    Panel(
        "Messages to users an hour, by outcome",
        "sum by (channel, outcome) (increase(sigmasight_notifications_total[1h]))",
        "{{channel}} {{outcome}}",
    ),
)
DASHBOARDS: Mapping[str, tuple[str, Sequence[Panel]]] = {
    "sigmasight-system": ("SigmaSight: system", SYSTEM),
    "sigmasight-risk": ("SigmaSight: runs and data", RISK),
}


def dashboard_text(name: str) -> str:
    """The JSON of one dashboard."""
    title, panels = DASHBOARDS[name]
    described = {
        "uid": name,
        "title": title,
        "tags": ["sigmasight"],
        "schemaVersion": 41,
        "editable": False,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {
            "list": [
                {"name": "source", "type": "datasource", "query": "prometheus", "label": "Source"}
            ]
        },
        "panels": [_described(place, panel) for place, panel in enumerate(panels)],
    }
    return json.dumps(described, indent=2) + "\n"


def _described(place: int, panel: Panel) -> dict[str, object]:
    row, column = divmod(place, 24 // WIDTH)
    return {
        "id": place + 1,
        "type": "timeseries",
        "title": panel.title,
        "datasource": SOURCE,
        "gridPos": {"x": column * WIDTH, "y": row * HEIGHT, "w": WIDTH, "h": HEIGHT},
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "options": {"legend": {"displayMode": "list", "placement": "bottom"}},
        "targets": [
            {
                "refId": "A",
                "datasource": SOURCE,
                "expr": panel.expression,
                "legendFormat": panel.legend,
            }
        ],
    }


def outdated() -> list[str]:
    """The names of the dashboards whose file is not what is generated."""
    files = {path.stem for path in DIRECTORY.glob("*.json")}
    stale = [
        name
        for name in DASHBOARDS
        if name not in files or _file(name).read_text(encoding="utf-8") != dashboard_text(name)
    ]
    return sorted({*stale, *(files - DASHBOARDS.keys())})


def _file(name: str) -> Path:
    return DIRECTORY / f"{name}.json"


def main() -> None:
    """The command line: exits with an error when `--check` finds an outdated file."""
    if sys.argv[1:] == ["--check"]:
        if stale := outdated():
            sys.exit(f"outdated: {', '.join(stale)}: run `make dashboards`")
        return
    for name in DASHBOARDS:
        _file(name).write_text(dashboard_text(name), encoding="utf-8")


if __name__ == "__main__":
    main()
