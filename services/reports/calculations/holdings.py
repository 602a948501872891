"""Exposures, positions and Greeks."""

from services.reports.calculations.blocks import MONEY, SHARE, TEXT, bars, largest, reasons, table
from services.reports.calculations.words import title_of
from services.reports.inputs import Answer, Block, Column, Kind, Value

SIDES = ("long", "short", "gross", "net")
MEASURES = {"dollar": "Dollar", "notional": "Notional", "delta_adjusted": "Delta-adjusted"}
GREEK_UNITS = {
    "delta": "shares of the underlyings",
    "gamma": "delta per 1.00 of the underlying",
    "theta": "USD per calendar day",
    "vega": "USD per volatility point",
    "rho": "USD per percentage point of rate",
}
SECTORS = 12


def exposures(found: Answer, *, brief: bool) -> list[Block]:
    """The three measures by side, and by sector."""
    snapshot = found["report"]["snapshot"]
    if not snapshot["exposures"]:
        return reasons(found["report"])
    nav = snapshot["nav"].number
    columns = (
        Column("Measure", wide=1),
        *(Column(f"{side.capitalize()}, USD", MONEY) for side in SIDES),
        Column("Gross / NAV", SHARE),
        Column("Net / NAV", SHARE),
    )
    rows = [
        (
            title,
            *(snapshot["exposures"][measure][side].number for side in SIDES),
            _share(snapshot["exposures"][measure]["gross"].number, nav),
            _share(snapshot["exposures"][measure]["net"].number, nav),
        )
        for measure, title in MEASURES.items()
    ]
    blocks = table("Exposures", columns, rows)
    return blocks if brief else [*blocks, *_by_sector(found)]


def _share(amount: float | None, nav: float | None) -> float | None:
    return amount / nav if amount is not None and nav and nav > 0 else None


def _by_sector(found: Answer) -> list[Block]:
    groups = list(found["sectors"]["items"])
    nets = [(_group(each), each["exposures"]["delta_adjusted"]["net"].number) for each in groups]
    columns = (
        Column("Sector", wide=1),
        Column("Positions", Kind.COUNT),
        *(Column(f"{side.capitalize()}, USD", MONEY) for side in SIDES),
        Column("P&L of the session", MONEY),
    )
    rows = [
        (
            _group(each),
            each["positions"].number,
            *(each["exposures"]["delta_adjusted"][side].number for side in SIDES),
            each["daily_pnl"].number,
        )
        for each in groups
    ]
    chart = bars(
        "Net delta-adjusted exposure by sector, USD",
        largest(nets, SECTORS),
        "the sectors with the largest net exposure",
    )
    return [*chart, *table("Delta-adjusted exposure by sector", columns, rows)]


def _group(group: Answer) -> str:
    return group["name"].text or "unknown"


def positions(found: Answer, *, brief: bool) -> list[Block]:
    """Every position held, with value, P&L and exposure."""
    columns = (
        Column("Symbol", wide=1),
        Column("Type"),
        Column("Quantity", Kind.QUANTITY),
        Column("Cost, USD", MONEY),
        Column("Price", Kind.PRICE),
        Column("Market value, USD", MONEY),
        Column("Weight", SHARE),
        Column("P&L of the session", MONEY),
        Column("Unrealised P&L", MONEY),
        Column("Delta-adjusted, USD", MONEY),
    )
    held = list(found["positions"]["items"])
    rows = [
        (
            each["symbol"].text,
            each["position_type"].text,
            each["quantity"].number,
            each["cost"].number,
            each["price"].number,
            each["market_value"].number,
            each["weight"].number,
            each["daily_pnl"].number,
            each["unrealised_pnl"].number,
            each["delta_adjusted_exposure"].number,
        )
        for each in held
    ]
    blocks = table("Positions", columns, rows, empty="The portfolio holds no position.")
    return [*blocks, *_unvalued(held)]


def _unvalued(held: list[Answer]) -> list[Block]:
    """Why figures of positions are missing, and which prices are of an earlier day."""
    columns = (Column("Symbol"), Column("Price of"), Column("Reason", TEXT, wide=1))
    rows = [
        (
            each["symbol"].text,
            each["price_date"].text,
            each["reason"].text or "the last known price was carried forward",
        )
        for each in held
        if each["reason"] or each["stale"].holds
    ]
    return table("Positions that are not measured, or not by a price of the session", columns, rows)


def greeks(found: Answer, *, brief: bool) -> list[Block]:
    """The portfolio's Greeks, in dollars too, and each option's."""
    report = found["report"]
    answer = report["greeks"]
    blocks = reasons(answer)
    columns = (Column("Greek"), Column("Portfolio", Kind.GREEK), Column("Unit", TEXT, wide=1))
    rows = [
        (name.capitalize(), answer["portfolio"][name].number, unit)
        for name, unit in GREEK_UNITS.items()
        if answer["portfolio"]
    ]
    blocks += table("Greeks of the portfolio", columns, rows)
    blocks += _dollar_greeks(report)
    return blocks if brief else [*blocks, *_options(answer)]


def _dollar_greeks(report: Answer) -> list[Block]:
    columns = (Column("In dollars", wide=1), Column("USD", MONEY), Column("Reason", TEXT))
    rows = [
        (title_of(each["metric"].text), each["value"].number, each["reason"].text)
        for group in report["metrics"]["groups"]
        if group["kind"].text == "dollar_greeks"
        for each in group["metrics"]
    ]
    return table("Greeks in dollars", columns, rows)


def _options(answer: Answer) -> list[Block]:
    columns = (
        Column("Contract", wide=1),
        Column("Quantity", Kind.QUANTITY),
        *(Column(name.capitalize(), Kind.GREEK) for name in GREEK_UNITS),
        Column("Volatility", SHARE),
        Column("From"),
    )
    rows = [_option(each) for each in answer["positions"]]
    return table("Options", columns, rows, note="Of the whole position, in the units above.")


def _option(each: Answer) -> tuple[Value, ...]:
    return (
        each["contract"].text,
        each["quantity"].number,
        *(each[name].number for name in GREEK_UNITS),
        each["volatility"].number,
        title_of(each["iv_source"].text) if each["iv_source"] else each["reason"].text,
    )
