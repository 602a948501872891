"""What scenarios and trades change, as tables."""

from collections.abc import Iterator, Sequence
from typing import Literal, TypedDict

from rich.markup import escape
from rich.table import Table

from deploy.local.report import UNKNOWN, money, number
from deploy.terminal.limit_tables import print_limit_changes
from deploy.terminal.outcome import console, say
from sigmasight_client.models import (
    DraftWithTrades,
    FigureChange,
    ImpactFigures,
    Impacts,
    MetricImpact,
    MoneyChange,
    SidesImpact,
    StressOutcome,
    StressResultOut,
    TradePart,
    WhatIfReport,
)

WORST = 3
KINDS = ("value_at_risk", "expected_shortfall", "market", "dollar_greeks")  # without --all
Method = Literal["direct", "correlated"]
METHODS: tuple[Method, ...] = ("direct", "correlated")


class Row(TypedDict):
    """A measure before and after trades; `unit` USD for amounts."""

    label: str
    unit: str
    before: float | None
    after: float | None
    difference: float | None


def print_trades(draft: DraftWithTrades) -> None:
    """Print what is bought and sold, and at which price."""
    base = draft["base"]
    say(f"'{base['name']}' at the close of {base['session_date']}, with these trades:")
    table = Table(box=None, padding=(0, 2, 0, 0))
    for column in ("trade", "quantity", "symbol", "price", "from", "cash, USD"):
        is_text = column in ("trade", "symbol", "from")
        table.add_column(column, justify="left" if is_text else "right")
    for trade in draft["trades"]:
        for leg in trade["legs"]:
            quantity = f"{leg['quantity']:,.6f}".rstrip("0").rstrip(".")
            kind = leg["kind"].replace("_", " ")
            source = leg["price_source"].replace("_", " ")
            table.add_row(
                *(kind, quantity, leg["symbol"], number(leg["price"], 2), source),
                money(leg["cash"]),
            )
    console.print(table)


def print_impacts(impacts: Impacts, *, everything: bool) -> None:
    """Print measures before and after the trades, and the difference."""
    figures = impacts["impacts"]
    if figures is None:
        say(f"no figures: {impacts['reason']}")
        return
    for title, rows in _sections(figures, everything=everything):
        table = Table(box=None, padding=(0, 2, 0, 0))
        table.add_column(title, style="bold")
        for column in ("before", "after", "difference"):
            table.add_column(column, justify="right")
        for row in rows if everything else filter(_is_known, rows):
            table.add_row(escape(row["label"]), *(_shown(row, row[name]) for name in _COLUMNS))
        console.print(table)
    print_limit_changes(figures.get("limits", []))
    _print_parts_of_trades(figures["trades"])


def _print_parts_of_trades(parts: Sequence[TradePart]) -> None:
    """Print what each of several trades adds to the measures that add up."""
    if len(parts) < 2:
        return
    table = Table("part of trade, USD", box=None, padding=(0, 2, 0, 0))
    for column in ("market value", "notional", "delta-adjusted", "market"):
        table.add_column(column, justify="right")
    for part in parts:
        exposures = (part["notional_exposure"], part["delta_adjusted_exposure"])
        amounts = (part["market_value"], *exposures, part["factors"].get("market"))
        label = f"{part['place']}: {part['action'].replace('_', ' ')}"
        table.add_row(label, *(money(amount) for amount in amounts))
    console.print(table)


def _is_known(row: Row) -> bool:
    return row["before"] is not None or row["after"] is not None


_COLUMNS: tuple[Literal["before", "after", "difference"], ...] = ("before", "after", "difference")


def _shown(row: Row, value: float | None) -> str:
    return money(value) if row["unit"] == "USD" else number(value, 4)


def _sections(figures: ImpactFigures, *, everything: bool) -> Iterator[tuple[str, list[Row]]]:
    nav = figures["nav"]
    yield (
        "USD",
        [
            _money("NAV", nav["nav"]),
            _money("cash", nav["cash"]),
            _money("market value", nav["market_value"]),
            _money("fees", nav["fees"]),
        ],
    )
    yield "exposure, USD", list(_exposures(figures, everything=everything))
    yield (
        "factor, USD",
        [_money(each["name"], each["dollar_exposure"]) for each in figures["factors"]],
    )
    shown = [each for each in figures["metrics"] if everything or each["kind"] in KINDS]
    yield "risk", [_metric(each) for each in shown]
    worst = sorted(figures["scenarios"], key=lambda each: each["direct"]["after"] or 0.0)
    chosen = worst if everything else worst[:WORST]
    title = "scenario, USD" if everything else "worst scenarios, USD"
    yield title, [_money(each["name"], each["direct"]) for each in chosen]
    if everything:
        yield from _details(figures)


def _exposures(figures: ImpactFigures, *, everything: bool) -> Iterator[Row]:
    exposures = figures["exposures"]
    measures: Sequence[tuple[str, SidesImpact]] = (
        ("dollar", exposures["dollar"]),
        ("notional", exposures["notional"]),
        ("delta-adjusted", exposures["delta_adjusted"]),
    )
    for name, sides in measures:
        if everything:
            yield _money(f"{name} long", sides["long"])
            yield _money(f"{name} short", sides["short"])
        yield _money(f"{name} gross", sides["gross"])
        yield _money(f"{name} net", sides["net"])


def _details(figures: ImpactFigures) -> Iterator[tuple[str, list[Row]]]:
    """What only `--all` prints."""
    greeks = figures["greeks"]
    yield (
        "Greeks",
        [
            _figure("delta", greeks["delta"]),
            _figure("gamma", greeks["gamma"]),
            _figure("theta", greeks["theta"]),
            _figure("vega", greeks["vega"]),
            _figure("rho", greeks["rho"]),
        ],
    )
    yield (
        "USD per basis point",
        [_money(each["maturity"], each["dollars_per_basis_point"]) for each in figures["rates"]],
    )
    yield (
        "part of VaR, USD",
        [
            _money(f"{each['symbol']} {each['confidence']} %", each["component_var"])
            for each in figures["component_risk"]
        ],
    )
    together = figures["correlations"]
    yield (
        "correlations",
        [
            _figure("overall correlation", together["overall_correlation"]),
            _figure("concentration", together["concentration"]),
            _figure("effective positions", together["effective_positions"]),
        ],
    )


def _money(label: str, change: MoneyChange) -> Row:
    return {"label": label, "unit": "USD", **change}


def _figure(label: str, change: FigureChange) -> Row:
    return {"label": label, "unit": "", **change}


def _metric(metric: MetricImpact) -> Row:
    return Row(
        label=metric["metric"],
        unit=metric["unit"],
        before=metric["before"],
        after=metric["after"],
        difference=metric["difference"],
    )


def print_what_if(name: str, before: WhatIfReport, after: WhatIfReport | None) -> None:
    """Print each scenario's P&L; with trades also that after them, and the difference."""
    say(f"'{name}' as of {before['as_of']}, NAV {_plain(before['nav'])} USD")
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("P&L, USD", style="bold")
    columns = ("P&L", "of NAV") if after is None else ("before", "after", "difference")
    for column in ("", *columns):
        table.add_column(column, justify="right" if column else "left")
    then = {each["scenario_id"]: each for each in after["scenarios"]} if after else {}
    for scenario in before["scenarios"]:
        for method in METHODS:
            label = escape(scenario["name"]) if method == "direct" else ""
            cells = _cells(scenario, then.get(scenario["scenario_id"]), method)
            table.add_row(label, method, *cells)
    console.print(table)
    if len(before["scenarios"]) == 1 and after is None:
        _print_parts(before["scenarios"][0])


def _cells(before: StressOutcome, after: StressOutcome | None, method: Method) -> tuple[str, ...]:
    first = _total(before[method])
    if after is None:
        result = before[method]
        share = result["share_of_nav"] if result else None
        return money(first), UNKNOWN if share is None else f"{share:+.2%}"
    second = _total(after[method])
    difference = None if first is None or second is None else second - first
    return money(first), money(second), money(difference)


def _total(result: StressResultOut | None) -> float | None:
    return result["total_pnl"] if result else None


def _print_parts(scenario: StressOutcome) -> None:
    """Print what makes a scenario's direct P&L: causes that add up to it, the largest positions."""
    result = scenario["direct"]
    if result is None:
        return
    table = Table("direct P&L by cause, USD", "", box=None, padding=(0, 2, 0, 0))
    causes = {**(result["factor_impacts"] or {}), "non-linear": result["nonlinear"]}
    for cause, pnl in causes.items():
        if pnl:
            table.add_row(cause.replace("_", " "), money(pnl))
    table.add_row("all of it", money(result["total_pnl"]))
    for position in result.get("positions") or []:
        table.add_row(f"of it {position['symbol']}", money(position["pnl"]))
    console.print(table)


def _plain(value: float | None) -> str:
    return "unknown" if value is None else f"{value:,.0f}"
