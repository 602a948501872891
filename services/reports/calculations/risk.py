"""Factors with attribution, value at risk with its backtest, and scenarios."""

from services.reports.calculations.blocks import (
    MONEY,
    SHARE,
    TEXT,
    bars,
    largest,
    reasons,
    table,
    unit_kind,
)
from services.reports.calculations.words import MINUS, title_of
from services.reports.inputs import (
    Answer,
    Block,
    Chart,
    Column,
    Kind,
    Series,
    Shape,
    Value,
)

METRIC_KINDS = (
    "value_at_risk",
    "expected_shortfall",
    "volatility",
    "reward_to_risk",
    "drawdown",
    "market",
    "concentration",
)
PARTS = 15
DRAWN = 12
JUDGED = "var_99_1d_historical"


def factors(found: Answer, *, brief: bool) -> list[Block]:
    """Exposure to each factor, sensitivity to yields, and where the session's P&L came from."""
    report = found["report"]
    answer = report["factors"]
    active = [each for each in answer["factors"] if each["active"].holds]
    columns = (
        Column("Factor"),
        Column("Proxy"),
        Column("Beta", Kind.RATIO),
        Column("Exposure, USD", MONEY),
        Column("Standard error, USD", MONEY),
        Column("Note", TEXT, wide=1),
    )
    rows = [_factor(each) for each in active]
    dollars = [(each["name"].text, each["dollar_exposure"].number) for each in active]
    blocks = reasons(answer)
    blocks += bars("Exposure by factor, USD", dollars, "exposure to each factor")
    blocks += table("Factors", columns, rows, note=answer["note"].text)
    if brief:
        return blocks
    return [*blocks, *_rates(answer), *_attribution(report["attribution"])]


def _factor(each: Answer) -> tuple[Value, ...]:
    near_zero = each["indistinguishable_from_zero"].holds
    return (
        each["name"].text,
        each["proxy"].text,
        each["beta"].number,
        each["dollar_exposure"].number,
        each["standard_error"].number,
        each["reason"].text or ("not distinguishable from zero" if near_zero else ""),
    )


def _rates(answer: Answer) -> list[Block]:
    columns = (
        Column("Treasury yield"),
        Column("USD per basis point", MONEY),
        Column("Standard error, USD", MONEY),
        Column("Note", TEXT, wide=1),
    )
    rows = [
        (
            each["maturity"].text,
            each["dollars_per_basis_point"].number,
            each["standard_error"].number,
            each["reason"].text,
        )
        for each in answer["rate_sensitivities"]
    ]
    note = "Each yield is estimated alone with the market: do not add them."
    return table("Sensitivity to yields", columns, rows, note=note)


def _attribution(answer: Answer) -> list[Block]:
    parts = [(each["name"].text, each["pnl"].number) for each in answer["factors"]]
    parts += [
        (title_of(name), answer[name].number) for name in ("income", "fees", "trades", "specific")
    ]
    if not answer["total"]:
        return reasons(answer)
    columns = (Column("Source", wide=1), Column("P&L, USD", MONEY))
    rows = [*parts, ("Total", answer["total"].number)]
    span = f"{answer['start'].text} to {answer['as_of'].text}"
    chart = bars("Where the P&L came from, USD", parts, "the session's P&L by source")
    return [*chart, *table(f"Attribution of P&L, {span}", columns, rows, totals=1)]


# --- value at risk ---


def value_at_risk(found: Answer, *, brief: bool) -> list[Block]:
    """Every risk metric, VaR by position, and how the VaR held."""
    report = found["report"]
    blocks = [*reasons(report["metrics"]), *_metrics(report["metrics"])]
    if brief:
        return blocks
    return [*blocks, *_components(report["metrics"]), *_backtest(found["backtest"])]


def _metrics(answer: Answer) -> list[Block]:
    columns = (
        Column("Metric", wide=1),
        Column("Value", Kind.RATIO),
        Column("Share of NAV", SHARE),
        Column("Days", Kind.COUNT),
        Column("Coverage", SHARE),
        Column("Reason", TEXT, wide=1),
    )
    listed = [
        each
        for group in answer["groups"]
        if group["kind"].text in METRIC_KINDS
        for each in group["metrics"]
    ]
    rows = [
        (
            title_of(each["metric"].text),
            each["value"].number,
            each["share_of_nav"].number,
            each["observations"].number,
            each["coverage"].number,
            each["reason"].text,
        )
        for each in listed
    ]
    kinds = [unit_kind(each["unit"].text) for each in listed]
    note = "Amounts in USD; a loss is positive in value at risk and shortfall."
    return table("Risk figures", columns, rows, note=note, kinds=kinds)


def _components(answer: Answer) -> list[Block]:
    blocks: list[Block] = []
    for each in answer["component_var"]:
        parts = list(each["positions"])
        rows = [
            (
                part["symbol"].text,
                part["component_var"].number,
                part["component_es"].number,
                part["share"].number,
            )
            for part in parts[:PARTS]
        ]
        columns = (
            Column("Position", wide=1),
            Column("VaR, USD", MONEY),
            Column("Shortfall, USD", MONEY),
            Column("Share of VaR", SHARE),
        )
        if rows:
            total = ("All positions", each["total_var"].number, each["total_es"].number, None)
            title = f"VaR {each['confidence'].text} % by position, smoothed"
            more = len(parts) - PARTS
            note = f"The {PARTS} largest of {len(parts)} positions." if more > 0 else ""
            blocks += table(title, columns, [*rows, total], note=note, totals=1)
    return blocks


def _backtest(answer: Answer) -> list[Block]:
    judged = list(answer["judged"])
    columns = (
        Column("VaR", wide=1),
        Column("Days", Kind.COUNT),
        Column("Exceptions", Kind.COUNT),
        Column("Expected", Kind.RATIO),
        Column("Kupiec p", Kind.RATIO),
        Column("Christoffersen p", Kind.RATIO),
        Column("Basel zone"),
        Column("Reason", TEXT, wide=1),
    )
    rows = [
        (
            title_of(each["measure"].text),
            each["days"].number,
            each["exceptions"].number,
            each["expected_exceptions"].number,
            each["kupiec"]["p_value"].number,
            each["christoffersen"]["p_value"].number,
            each["zone"].text,
            each["reason"].text,
        )
        for each in judged
    ]
    chosen = [each for each in judged if each["measure"].text == JUDGED]
    note = "A p-value below 0.05 rejects the VaR."
    pictures = [block for each in chosen for block in _judged_chart(each)]
    return [*reasons(answer), *pictures, *table("Backtest of VaR", columns, rows, note=note)]


def _judged_chart(each: Answer) -> list[Block]:
    days = tuple(day.text for day in each["session_dates"])
    if len(days) < 2:
        return []
    losses = tuple(-(value.number or 0.0) for value in each["values"])
    series = (
        Series("P&L of what was held", tuple(value.number for value in each["hypothetical_pnl"])),
        Series("VaR 99 % of the evening before, as a loss", losses, "limit"),
    )
    count = each["exceptions"].text
    says = f"{count} of {len(days)} sessions lost more than the VaR of the evening before"
    return [Chart("P&L against VaR 99 %, USD", Shape.COLUMNS, days, series, MONEY, says)]


# --- scenarios ---


def scenarios(found: Answer, *, brief: bool) -> list[Block]:
    """What each scenario would make: directly, with the other factors following, as given."""
    answer = found["report"]["stress"]
    outcomes = list(answer["scenarios"])
    headline = [(each["name"].text, _headline(each)) for each in outcomes]
    columns = (
        Column("Scenario", wide=1),
        Column("Severity"),
        Column("By"),
        Column("Direct, USD", MONEY),
        Column("Correlated, USD", MONEY),
        Column("Share of NAV", SHARE),
        Column("By its given shocks, USD", MONEY),
    )
    ordered = sorted(outcomes, key=lambda each: _headline(each) or 0.0)
    shown_ones = ordered[:5] if brief else ordered
    title = "The five worst scenarios" if brief else "Scenarios, the worst first"
    note = (
        "Direct: only the shocked factors move. Correlated: the others follow. Measured: by the "
        "moves of the scenario's window, next to what its given shocks make."
    )
    blocks = reasons(answer)
    if not brief:
        says = "what each scenario would make, correlated where it was measured"
        blocks += bars("Scenarios, USD", largest(headline, DRAWN), says)
    rows = [_scenario(each) for each in shown_ones]
    blocks += table(title, columns, rows, note="" if brief else note)
    return blocks if brief else [*blocks, *_left_out(answer), *_market_moves(answer)]


def _headline(each: Answer) -> float | None:
    result = each["correlated"]["total_pnl"] or each["direct"]["total_pnl"]
    return result.number


def _scenario(each: Answer) -> tuple[Value, ...]:
    shares = each["correlated"]["share_of_nav"] or each["direct"]["share_of_nav"]
    best = each["correlated"] or each["direct"]
    return (
        each["name"].text,
        title_of(each["severity"].text),
        title_of(best["headline"].text),
        each["direct"]["total_pnl"].number,
        each["correlated"]["total_pnl"].number,
        shares.number,
        best["stated"]["total_pnl"].number,
    )


def _left_out(answer: Answer) -> list[Block]:
    columns = (Column("Left out of every scenario"), Column("Reason", TEXT, wide=1))
    rows = [(each["symbol"].text, each["reason"].text) for each in answer["left_out"]]
    return table("Positions without a part in scenarios", columns, rows)


def _market_moves(answer: Answer) -> list[Block]:
    columns = (
        Column("Move", wide=1),
        Column("P&L, USD", MONEY),
        Column("Coverage", SHARE),
        Column("Reason", TEXT),
    )
    rows = [
        (_move(each), each["pnl"].number, each["coverage"].number, each["reason"].text)
        for each in answer["market_scenarios"]
    ]
    return table("Plain moves of the market and of yields", columns, rows)


def _move(each: Answer) -> str:
    shock = each["shock"].number or 0.0
    if each["kind"].text == "market":
        return f"Market {shock * 100:+g} %".replace("-", MINUS)
    return f"Yields {shock * 10_000:+.0f} basis points".replace("-", MINUS)
