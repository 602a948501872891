"""A portfolio at a glance, what moved since the session before, and its performance."""

from collections.abc import Sequence

from services.reports.calculations.blocks import (
    MONEY,
    SHARE,
    TEXT,
    bars,
    fact,
    largest,
    reasons,
    table,
    unit_kind,
)
from services.reports.calculations.words import shown, title_of
from services.reports.inputs import (
    Answer,
    Block,
    Chart,
    Column,
    Fact,
    Facts,
    Kind,
    Series,
    Shape,
)

MOVERS = 10
BRIEF_MOVERS = 5
_HEADLINE = ("nav", "daily_pnl", "market_value", "exposure.delta_adjusted.net", "beta")

_STATES = {
    "acknowledged": "acknowledged",
    "warning": "in warning",
    "waived": "waived",
    "not_measured": "not measured",
}


def summary(found: Answer, *, brief: bool) -> list[Block]:
    """NAV, P&L, exposures, risk and what a reader has to know about them."""
    report = found["report"]
    snapshot = report["snapshot"]
    if not snapshot:
        return reasons(report)
    facts = (*_standing(report), *_risk(report), *_alarms(report))
    blocks: list[Block] = [Facts(facts)]
    blocks += nav_chart(report, small=brief)
    if not brief:
        blocks += _warnings(report)
    return blocks


def _standing(report: Answer) -> list[Fact]:
    snapshot = report["snapshot"]
    net = snapshot["exposures"]["delta_adjusted"]
    return [
        fact("NAV", snapshot["nav"]),
        fact("P&L of the session", snapshot["daily_pnl"]),
        fact("Return of the session", snapshot["daily_return"], SHARE),
        fact("Cumulative P&L", snapshot["cumulative_pnl"]),
        fact("Market value", snapshot["market_value"]),
        fact("Cash", snapshot["cash"]),
        fact("Gross exposure, delta-adjusted", net["gross"]),
        fact("Net exposure, delta-adjusted", net["net"]),
    ]


def _risk(report: Answer) -> list[Fact]:
    metrics = metrics_by_name(report)
    wanted = (
        ("VaR 95 %, 1 day", "var_95_1d_historical", MONEY),
        ("VaR 99 %, 1 day", "var_99_1d_historical", MONEY),
        ("Expected shortfall 95 %", "es_95_1d_historical", MONEY),
        ("Beta to SPY", "beta", Kind.RATIO),
    )
    return [
        fact(label, metrics.get(name, Answer())["value"], kind, metric_reason(metrics, name))
        for label, name, kind in wanted
    ]


def metric_reason(metrics: dict[str, Answer], name: str) -> str:
    """Why a metric has no value."""
    return metrics[name]["reason"].text if name in metrics else "not measured for this session"


def metrics_by_name(report: Answer) -> dict[str, Answer]:
    """The metrics of the whole portfolio."""
    return {
        each["metric"].text: each
        for group in report["metrics"]["groups"]
        for each in group["metrics"]
    }


def _alarms(report: Answer) -> list[Fact]:
    worst = report["stress"]["correlated"]["worst"] or report["stress"]["direct"]["worst"]
    name = worst["name"].text
    return [
        fact(f"Worst scenario: {name}" if name else "Worst scenario", worst["total_pnl"]),
        Fact("Limits", _limits_in_words(report), TEXT),
        Fact("Positions", sum(each.number or 0 for _, each in _counts(report)), Kind.COUNT),
        fact("Share of exposure with a price", report["coverage"]["prices"], SHARE),
    ]


def _limits_in_words(report: Answer) -> str:
    """How many limits are breached, and how many are in any other state than within."""
    counts = {state: int(each.number or 0) for state, each in report["limits"].named}
    if not sum(counts.values()):
        return "none in force"
    breached = f"{counts.get('breached', 0)} breached"
    others = [f"{counts[state]} {words}" for state, words in _STATES.items() if counts.get(state)]
    return ", ".join([breached, *others])


def _counts(report: Answer) -> list[tuple[str, Answer]]:
    return report["snapshot"]["counts"].named


def nav_chart(report: Answer, *, small: bool = False) -> list[Block]:
    """NAV over the sessions that are stored."""
    points = [point for point in report["history"] if point["nav"]]
    if len(points) < 2:
        return []
    values = tuple(point["nav"].number for point in points)
    days = tuple(point["as_of"].text for point in points)
    says = (
        f"NAV from {shown(values[0], MONEY)} USD on {days[0]} "
        f"to {shown(values[-1], MONEY)} USD on {days[-1]}"
    )
    line = (Series("NAV", values),)
    return [Chart("NAV, USD", Shape.LINES, days, line, MONEY, says, small)]


def _warnings(report: Answer) -> list[Block]:
    columns = (
        Column("What to know"),
        Column("How many", Kind.COUNT),
        Column("Of", TEXT, wide=1),
    )
    rows = [
        (each["message"].text, each["count"].number, ", ".join(name.text for name in each["about"]))
        for each in report["warnings"]
    ]
    return table("What to know about these figures", columns, rows)


# --- since the session before ---


def changes(found: Answer, *, brief: bool) -> list[Block]:
    """What moved P&L and the other figures since the session before."""
    answer = found["changes"]
    if answer["reason"]:
        return reasons(answer)
    figures = list(answer["figures"])
    since = f"since the close of {answer['start'].text}"
    blocks: list[Block] = []
    moved = figures[0]["by_position"] if figures else Answer()
    parts = [(part["name"].text, part["difference"].number) for part in moved]
    blocks += bars(
        f"P&L by position {since}, USD",
        largest(parts, BRIEF_MOVERS if brief else MOVERS),
        "the positions that made and lost most since the session before",
    )
    wanted = [each for each in figures if not brief or each["measure"].text in _HEADLINE]
    blocks += _figures_table(wanted, since)
    return blocks if brief else [*blocks, *_moved_positions(answer)]


def _figures_table(figures: Sequence[Answer], since: str) -> list[Block]:
    columns = (
        Column("Figure", wide=1),
        *(Column(name, MONEY) for name in ("Before", "After", "Change")),
    )
    rows = [
        (
            _title(each),
            *(each[name].number for name in ("before", "after", "difference")),
        )
        for each in figures
    ]
    kinds = [unit_kind(each["unit"].text) for each in figures]
    return table(f"Figures {since}", columns, rows, kinds=kinds)


def _title(figure: Answer) -> str:
    """The figure's title; where several share one, its name says which it is."""
    measure = figure["measure"].text
    own = measure.startswith(("var_", "es_", "exposure.", "volatility_"))
    return title_of(measure) if own else figure["title"].text


def _moved_positions(answer: Answer) -> list[Block]:
    columns = (
        Column("Symbol"),
        Column("What happened"),
        Column("Quantity before", Kind.QUANTITY),
        Column("Quantity after", Kind.QUANTITY),
        Column("P&L, USD", MONEY),
    )
    rows = [
        (
            each["symbol"].text,
            title_of(each["state"].text),
            each["quantity_before"].number,
            each["quantity_after"].number,
            each["pnl"].number,
        )
        for each in answer["positions"]
    ]
    return table(
        "Positions that are new, gone or of another size",
        columns,
        rows,
        empty="No position was opened, closed or resized.",
    )


# --- performance ---


def performance(found: Answer, *, brief: bool) -> list[Block]:
    """Returns over the usual periods, NAV and drawdown."""
    report = found["report"]
    columns = (
        Column("Period"),
        Column("Time-weighted", SHARE),
        Column("Money-weighted", SHARE),
        Column("Sessions", Kind.COUNT),
        Column("Reason", TEXT, wide=1),
    )
    rows = [
        (
            title_of(each["period"].text),
            each["value"].number,
            each["money_weighted"].number,
            each["observations"].number,
            each["reason"].text,
        )
        for each in report["performance"]
    ]
    blocks = table("Returns", columns, rows, empty="No returns are stored yet.")
    pictures = [*nav_chart(report), *_drawdown_chart(report)]
    return [*blocks, *pictures[1:]] if brief else [*blocks, *pictures]


def _drawdown_chart(report: Answer) -> list[Block]:
    """How far the chained daily returns are below the highest point of their whole chain.

    That may be older than the sessions shown.
    """
    points = [point for point in report["history"] if point["drawdown"]]
    if len(points) < 2:
        return []
    days = tuple(point["as_of"].text for point in points)
    depths = tuple(point["drawdown"].number for point in points)
    deepest = min(depth for depth in depths if depth is not None)
    says = f"at its lowest {shown(deepest, SHARE)} below the highest point before"
    lines = (Series("Drawdown", depths, "second"),)
    return [Chart("Drawdown", Shape.LINES, days, lines, SHARE, says)]
