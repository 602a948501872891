"""The Greeks of one side of a book, added up from its positions."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from services.gateway.edge.shapes import GREEKS

Row = Mapping[str, Any]
UNKNOWN = "unknown_assumed_0"
CODE = "dividend_yield_unknown"
MESSAGE = "dividends unknown, taken as 0: neither corporate actions nor a yield are known"


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


def dividend_warnings(sources: Iterable[tuple[str, str | None]]) -> list[dict[str, object]]:
    """A warning of the underlyings whose dividends are not known; none when all are.

    `sources`: underlying and `dividend_source` of each option.
    """
    about = sorted({underlying for underlying, source in sources if source == UNKNOWN})
    if not about:
        return []
    return [{"code": CODE, "message": MESSAGE, "count": len(about), "about": about}]
