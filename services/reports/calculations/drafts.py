"""What a draft changes: every measure before and after its trades."""

from collections.abc import Iterable

from services.reports.calculations.blocks import MONEY, TEXT, table, unit_kind
from services.reports.calculations.words import title_of
from services.reports.inputs import Answer, Block, Column, Kind, Remark, Value

CHANGE = ("before", "after", "difference")
GREEKS = ("delta", "gamma", "theta", "vega", "rho")
SIDES = ("long", "short", "gross", "net")


def draft(found: Answer, *, brief: bool) -> list[Block]:
    """The figures of a draft next to those of its base."""
    answer = found["impacts"]
    blocks: list[Block] = [Remark(each["message"].text, "warning") for each in answer["warnings"]]
    figures = answer["impacts"]
    if not figures:
        return [*blocks, Remark(answer["reason"].text, "warning")]
    return [
        *blocks,
        *_trades(figures),
        *_money("NAV and its parts", figures["nav"].named),
        *_exposures(figures["exposures"]),
        *_greeks(figures["greeks"]),
        *_metrics(figures),
        *_factors(figures),
        *_scenarios(figures),
        *_limits(figures),
    ]


def _changed(kind: Kind) -> tuple[Column, ...]:
    return (Column("Before", kind), Column("After", kind), Column("Difference", kind))


def _values(change: Answer) -> tuple[Value, ...]:
    return tuple(change[name].number for name in CHANGE)


def _money(title: str, entries: Iterable[tuple[str, Answer]]) -> list[Block]:
    rows = [(title_of(name), *_values(change)) for name, change in entries]
    return table(title, (Column("USD", wide=1), *_changed(MONEY)), rows)


def _exposures(figures: Answer) -> list[Block]:
    entries = [
        (f"{title_of(measure)}, {side}", sides[side])
        for measure, sides in figures.named
        for side in SIDES
    ]
    return _money("Exposures", entries)


def _greeks(figures: Answer) -> list[Block]:
    rows = [(name.capitalize(), *_values(figures[name])) for name in GREEKS]
    return table("Greeks", (Column("Greek", wide=1), *_changed(Kind.GREEK)), rows)


def _metrics(figures: Answer) -> list[Block]:
    listed = list(figures["metrics"])
    columns = (Column("Metric", wide=1), *_changed(Kind.RATIO), Column("Reason", TEXT))
    rows = [(title_of(each["metric"].text), *_values(each), each["reason"].text) for each in listed]
    kinds = [unit_kind(each["unit"].text) for each in listed]
    return table("Risk", columns, rows, kinds=kinds)


def _factors(figures: Answer) -> list[Block]:
    entries = [(each["name"].text, each["dollar_exposure"]) for each in figures["factors"]]
    return _money("Exposure by factor", entries)


def _scenarios(figures: Answer) -> list[Block]:
    entries = [(each["name"].text, each["correlated"]) for each in figures["scenarios"]]
    return _money("Scenarios, the other factors following", entries)


def _limits(figures: Answer) -> list[Block]:
    columns = (
        Column("Limit", wide=1),
        Column("State before"),
        Column("State after"),
        Column("What becomes of it"),
    )
    rows = [
        (
            each["name"].text,
            title_of(each["before"]["state"].text),
            title_of(each["after"]["state"].text),
            title_of(each["change"].text),
        )
        for each in figures["limits"]
    ]
    return table("Limits", columns, rows)


def _trades(figures: Answer) -> list[Block]:
    columns = (
        Column("Trade", Kind.COUNT),
        Column("Action", TEXT, wide=1),
        Column("Market value, USD", MONEY),
        Column("Notional, USD", MONEY),
        Column("Delta-adjusted, USD", MONEY),
    )
    rows = [
        (
            each["place"].number,
            title_of(each["action"].text),
            each["market_value"].number,
            each["notional_exposure"].number,
            each["delta_adjusted_exposure"].number,
        )
        for each in figures["trades"]
    ]
    return table("Trades", columns, rows, empty="The draft has no trades.")
