"""The Greeks of one side of a book, added up from its positions."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.gateway.edge.shapes import GREEKS

Row = Mapping[str, Any]


def side_greeks(valuations: Sequence[Row], options: Sequence[Row]) -> dict[str, float | None]:
    """Sum of position Greeks (unit x quantity x multiplier).

    A share of stock has delta 1 and nothing else. Null when there are options and none has Greeks:
    the snapshot's own rule.
    """
    known = [row for row in options if row["reason"] is None]
    if options and not known:
        return dict.fromkeys(GREEKS)
    sums = {name: float(sum(row[name] for row in known)) for name in GREEKS}
    shares = sum(float(row["quantity"]) for row in valuations if row["symbol"] == row["underlying"])
    return {**sums, "delta": sums["delta"] + shares}
