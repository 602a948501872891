"""Correlations, limits, the data behind the figures, and what the figures mean."""

from services.reports.calculations.blocks import MONEY, SHARE, TEXT, fact, reasons, table
from services.reports.calculations.words import title_of
from services.reports.inputs import Answer, Block, Column, Fact, Facts, Kind, Remark, Value

HEDGES = 10
WITHIN = ("ok", "cleared")


def correlations(found: Answer, *, brief: bool) -> list[Block]:
    """How strongly the positions move together."""
    answer = found["correlations"]
    if answer["reason"]:
        return reasons(answer)
    facts = (
        fact("Overall correlation", answer["overall_correlation"], Kind.RATIO),
        fact("Concentration in clusters", answer["concentration"], SHARE),
        fact("Effective positions", answer["effective_positions"], Kind.RATIO),
        Fact("Calculated on", answer["as_of"].text, TEXT),
    )
    blocks: list[Block] = [Facts(facts)]
    columns = (
        Column("Cluster"),
        Column("Gross value, USD", MONEY),
        Column("Weight", SHARE),
        Column("Mean correlation", Kind.RATIO),
        Column("Members", TEXT, wide=1),
    )
    rows = [
        (
            each["name"].text,
            each["value"].number,
            each["weight"].number,
            each["mean_correlation"].number,
            ", ".join(member["symbol"].text for member in each["members"]),
        )
        for each in answer["clusters"]
    ]
    blocks += table("Clusters", columns, rows, empty="No positions form a cluster.")
    return [*blocks, *_hedges(answer)]


def _hedges(answer: Answer) -> list[Block]:
    columns = (
        Column("Pair", wide=1),
        Column("Value of the first, USD", MONEY),
        Column("Value of the second, USD", MONEY),
        Column("Correlation", Kind.RATIO),
    )
    rows = [
        (
            f"{each['symbol_a'].text} and {each['symbol_b'].text}",
            each["value_a"].number,
            each["value_b"].number,
            each["correlation"].number,
        )
        for each in list(answer["hedges"])[:HEDGES]
    ]
    return table("Pairs that hedge each other", columns, rows)


def limits(found: Answer, *, brief: bool) -> list[Block]:
    """How the portfolio stands against its limits on the session."""
    columns = (
        Column("Limit", wide=1),
        Column("State"),
        Column("Value", Kind.RATIO),
        Column("Of"),
        Column("Warning", Kind.RATIO),
        Column("Breach", Kind.RATIO),
        Column("Room", Kind.RATIO),
        Column("Reason", TEXT),
    )
    every = list(found["limits"])
    listed = [each for each in every if not brief or each["state"].text not in WITHIN]
    rows = [_limit(each) for each in listed]
    kinds = [_limit_kind(each) for each in listed]
    empty = f"All {len(every)} limits are within." if every else "No limit is set."
    return table("Limits", columns, rows, kinds=kinds, empty=empty)


def _limit_kind(each: Answer) -> Kind:
    if each["unit"].text == "share_of_nav":
        return SHARE
    return MONEY if each["measure_unit"].text.startswith("USD") else Kind.RATIO


def _limit(each: Answer) -> tuple[Value, ...]:
    return (
        each["name"].text,
        title_of(each["state"].text),
        each["value"].number,
        title_of(each["member"].text)
        if each["measure"].text == "worst_scenario"
        else each["member"].text,
        each["warning"].number,
        each["breach"].number,
        each["room"].number,
        each["reason"].text,
    )


def quality(found: Answer, *, brief: bool) -> list[Block]:
    """Which data the figures are of, and what is missing in them."""
    report = found["report"]
    blocks: list[Block] = [Remark(report["market_data"]["sentence"].text)]
    columns = (Column("Source of prices", wide=1), Column("Basis"), Column("Prices", Kind.COUNT))
    rows = [
        (title_of(each["source"].text), title_of(each["basis"].text), each["prices"].number)
        for each in report["market_data"]["sources"]
    ]
    blocks += table("Prices of the session", columns, rows)
    unmeasured = (Column("Symbol"), Column("Reason", TEXT, wide=1))
    missing = [(each["symbol"].text, each["reason"].text) for each in report["left_out"]]
    blocks += table(
        "Positions that some exposure does not contain",
        unmeasured,
        missing,
        empty="Every position is in every exposure.",
    )
    return [*blocks, *_incomplete(found["quality"])]


def _incomplete(answer: Answer) -> list[Block]:
    columns = (
        Column("Symbol", wide=1),
        Column("State"),
        Column("Prices", Kind.COUNT),
        Column("Wanted", Kind.COUNT),
        Column("Last session"),
    )
    rows = [
        (
            each["symbol"].text,
            title_of(each["status"].text),
            each["prices"].number,
            answer["sessions"].number,
            each["last_session"].text,
        )
        for each in answer["symbols"]
        if each["status"].text != "complete"
    ]
    return table("Symbols without a full year of prices", columns, rows)


def notes(found: Answer, *, brief: bool) -> list[Block]:
    """What the measures mean, in the words of the API's definitions."""
    columns = (
        Column("Measure", wide=3),
        Column("Meaning", wide=7),
        Column("Unit", wide=3),
        Column("Sign", wide=3),
    )
    rows = [
        (each["title"].text, each["meaning"].text, each["unit"].text, each["sign"].text)
        for each in found["definitions"]
    ]
    return table("What the figures mean", columns, rows)
