"""The risk report as tables for a terminal, and the list of what is missing in it."""

from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from deploy.local.replay import Replay

Answer = Mapping[str, Any]
MEASURES = {"dollar": "dollar", "notional": "notional", "delta_adjusted": "delta-adjusted"}
SIDES = ("long", "short", "gross", "net")
GREEKS = {
    "delta": "per 1.00 of the underlying",
    "gamma": "per 1.00 of the underlying",
    "theta": "per calendar day",
    "vega": "per volatility point",
    "rho": "per percentage point of rate",
}
LOSSES = (
    ("var_95", "VaR 95 %"),
    ("es_95", "ES 95 %"),
    ("var_99", "VaR 99 %"),
    ("es_99", "ES 99 %"),
)
METHODS = ("direct", "correlated")
# In the order of GREEKS: delta, gamma per 1 % of the underlying, theta, vega, rho.
DOLLAR_GREEKS = {
    "USD": (
        "dollar_delta",
        "dollar_gamma_1pct",
        "dollar_theta_1d",
        "dollar_vega_1pt",
        "dollar_rho_1pct",
    ),
    "by beta to SPY": (
        "dollar_delta_beta_weighted",
        "dollar_gamma_1pct_beta_weighted",
        None,
        None,
        None,
    ),
}
FACTORS = 7
SCENARIOS = 18
SHOWN = 3
UNKNOWN = "[dim]n/a[/dim]"


def portfolio_panel(owner: str, answer: Answer) -> RenderableType:
    """The whole report of one portfolio in a frame."""
    title = f"{answer['portfolio']['name']} ({owner}) as of {answer['as_of']}"
    snapshot = answer["snapshot"]
    if snapshot is None:
        return Panel(
            f"no snapshot: {answer['reason']}\n{answer['market_data']['sentence']}", title=title
        )
    parts: list[RenderableType] = [
        _value_table(snapshot),
        _exposure_table(snapshot),
        _greek_table(snapshot, answer["metrics"]),
        _factor_table(answer["factors"], answer["attribution"]),
        _loss_table(answer["metrics"]),
        _scenario_table(answer["stress"]),
        _remarks(answer),
    ]
    return Panel(Group(*parts), title=title)


def _value_table(snapshot: Answer) -> Table:
    table = _table(
        "USD", "NAV", "cash", "market value", "daily P&L", "daily return", "cumulative P&L"
    )
    daily_return = (
        UNKNOWN if snapshot["daily_return"] is None else f"{snapshot['daily_return']:+.2%}"
    )
    amounts = [money(snapshot[name]) for name in ("nav", "cash", "market_value", "daily_pnl")]
    table.add_row("", *amounts, daily_return, money(snapshot["cumulative_pnl"]))
    return table


def _exposure_table(snapshot: Answer) -> Table:
    table = _table("exposure, USD", *SIDES)
    for key, name in MEASURES.items():
        measure = (snapshot["exposures"] or {}).get(key) or {}
        table.add_row(name, *(money(measure.get(side)) for side in SIDES))
    return table


def _greek_table(snapshot: Answer, metrics: Answer) -> Table:
    table = _table("Greeks", *GREEKS)
    table.add_row("portfolio", *(number(snapshot["greeks"][name], 2) for name in GREEKS))
    table.add_row("[dim]unit[/dim]", *(f"[dim]{unit}[/dim]" for unit in GREEKS.values()))
    values = metric_values(metrics)
    for label, names in DOLLAR_GREEKS.items():
        table.add_row(label, *(money(values.get(name)) if name else "" for name in names))
    return table


def _factor_table(factors: Answer, attribution: Answer) -> Table:
    """Exposures next to the day's P&L from them; then what they do not explain of it."""
    table = _table("factor", "proxy", "beta", "USD", "daily P&L")
    pnl = {part["name"]: part["pnl"] for part in attribution["factors"]}
    for factor in factors["factors"]:
        if factor["active"]:
            table.add_row(
                factor["name"],
                factor["proxy"],
                number(factor["beta"], 3),
                money(factor["dollar_exposure"]),
                money(pnl.get(factor["name"])),
            )
    for part in ("specific", "trades", "income", "fees"):
        table.add_row(part, "", "", "", money(attribution[part]))
    rates = factors["rates"] or {}
    per_basis_point = rates.get("dollars_per_basis_point")
    dollars = UNKNOWN if per_basis_point is None else f"{money(per_basis_point)} per bp"
    table.add_row("Interest Rate", "10Y", number(rates.get("beta"), 2), dollars, "")
    return table


def _loss_table(metrics: Answer) -> Table:
    table = _table("loss in one day, USD", *(name for _, name in LOSSES))
    values = metric_values(metrics)
    for method in ("historical", "rescaled", "parametric"):
        table.add_row(method, *(money(values.get(f"{loss}_1d_{method}")) for loss, _ in LOSSES))
    return table


def metric_values(metrics: Answer) -> dict[str, float | None]:
    """Every metric's value by its name."""
    return {
        each["metric"]: each["value"] for group in metrics["groups"] for each in group["metrics"]
    }


def _scenario_table(stress: Answer) -> Table:
    table = _table("scenarios, USD", "direct", "P&L", "correlated", "P&L")
    ranked = {method: ranking(stress["scenarios"], method) for method in METHODS}
    for label, places in (("worst", range(SHOWN)), ("best", range(-1, -SHOWN - 1, -1))):
        for row, place in enumerate(places):
            cells = [
                cell for method in METHODS for cell in _ranked_cells(ranked[method], method, place)
            ]
            table.add_row(label if row == 0 else "", *cells)
    return table


def ranking(scenarios: Iterable[Answer], method: str) -> list[Answer]:
    """Scenarios with a result under a method, lowest P&L first."""
    known = [each for each in scenarios if each[method] and each[method]["total_pnl"] is not None]
    return sorted(known, key=lambda each: (each[method]["total_pnl"], each["scenario_id"]))


def _ranked_cells(ranked: Sequence[Answer], method: str, place: int) -> tuple[str, str]:
    if len(ranked) < SHOWN:
        return UNKNOWN, UNKNOWN
    scenario = ranked[place]
    result = scenario[method]
    beyond = " [red]beyond NAV[/red]" if result["loss_exceeds_nav"] else ""
    measured = ", measured" if result["headline"] == "measured" else ""
    return scenario["name"] + measured, money(result["total_pnl"]) + beyond


def _remarks(answer: Answer) -> Text:
    """The data it is based on, the coverage of every part, and every warning once."""
    coverage = answer["snapshot"]["coverage"]
    shares = {
        "prices": coverage["prices"],
        "Greeks": coverage["greeks"],
        "betas": answer["factors"]["coverage"],
        "scenarios": answer["stress"]["coverage"],
    }
    lines = [answer["market_data"]["sentence"]]
    lines += ["coverage: " + ", ".join(f"{name} {share(value)}" for name, value in shares.items())]
    warnings = {
        w["code"]: w
        for part in (answer, answer["factors"], answer["stress"])
        for w in part["warnings"]
    }
    lines += [f"note ({warning['count']}x): {warning['message']}" for warning in warnings.values()]
    return Text("\n".join(lines), style="dim")


def timing_table(replay: Replay) -> Table:
    """Seconds per stage over all runs of a replay; stages of different runs overlap."""
    sessions = len(replay.runs)
    table = _table(
        f"{sessions} runs in {replay.seconds:.1f} s",
        "busy seconds",
        "median per run",
        "longest run",
    )
    for stage in stages_of(replay):
        busy = busy_seconds(replay, stage)
        table.add_row(stage, f"{sum(busy):.2f}", f"{median(busy):.3f}", f"{max(busy):.3f}")
    return table


def stages_of(replay: Replay) -> list[str]:
    """The stages of the runs, in the order of the pipeline."""
    return list(dict.fromkeys(stage["stage"] for run in replay.runs for stage in run.stages))


def busy_seconds(replay: Replay, stage: str) -> list[float]:
    """The seconds each run spent in a stage."""
    return [
        float(s["busy_seconds"]) for run in replay.runs for s in run.stages if s["stage"] == stage
    ]


def missing_parts(answer: Answer, snapshots: int, wanted_snapshots: int) -> list[str]:
    """A line for everything that a complete report has and this one does not."""
    name = answer["portfolio"]["name"]
    if answer["snapshot"] is None:
        return [f"{name}: no snapshot"]
    absent = [f"null {part}" for part in ("nav", "exposures") if answer["snapshot"][part] is None]
    absent += [
        f"null {greek}" for greek, value in answer["snapshot"]["greeks"].items() if value is None
    ]
    absent += _missing_betas(answer["factors"]["factors"]) + _missing_scenarios(
        answer["stress"]["scenarios"]
    )
    absent += _missing_losses(answer["metrics"])
    if snapshots < wanted_snapshots:
        absent.append(f"{snapshots} of {wanted_snapshots} snapshots")
    run = answer["last_run"]
    if run is None or run["status"] != "completed":
        absent.append(f"its last run is {run['status'] if run else 'unknown'}, not completed")
    return [f"{name}: {line}" for line in absent]


def _missing_betas(factors: Sequence[Answer]) -> list[str]:
    active = [factor for factor in factors if factor["active"]]
    absent = [f"null beta to {f['name']}: {f['reason']}" for f in active if f["beta"] is None]
    return absent + ([f"{len(active)} of {FACTORS} factors"] if len(active) < FACTORS else [])


def _missing_scenarios(scenarios: Sequence[Answer]) -> list[str]:
    counts = {method: len(ranking(scenarios, method)) for method in METHODS}
    return [
        f"{count} of {SCENARIOS} {method} scenarios"
        for method, count in counts.items()
        if count < SCENARIOS
    ]


def _missing_losses(metrics: Answer) -> list[str]:
    values = metric_values(metrics)
    named = ((f"{loss}_1d_historical", name) for loss, name in LOSSES)
    return [f"null historical {name}" for metric, name in named if values.get(metric) is None]


def print_unfinished(console: Console, replay: Replay) -> None:
    """Print the runs that did not complete, and why."""
    for run in replay.unfinished():
        causes = (
            "; ".join(f"{p['stage']}: {p['message']}" for p in run.problems)
            or "no reason was given"
        )
        console.print(f"{run.session_date}: {run.status}: {causes}", style="red", markup=False)


def money(value: float | None) -> str:
    """Whole dollars with separators; negative amounts in red."""
    if value is None:
        return UNKNOWN
    return f"[red]{value:,.0f}[/red]" if value < 0 else f"{value:,.0f}"


def number(value: float | None, decimals: int) -> str:
    """A statistic with a fixed number of decimals."""
    return UNKNOWN if value is None else f"{value:,.{decimals}f}"


def share(value: float | None) -> str:
    """A share of 0 to 1 as a percentage."""
    return "n/a" if value is None else f"{value:.0%}"


def _table(first: str, *columns: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False)
    table.add_column(first, style="bold")
    for column in columns:
        table.add_column(column, justify="left" if column in METHODS else "right")
    return table
