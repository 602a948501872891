"""The Greeks of one side of a book, added up from its positions."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from services.gateway.calculations.report import GREEKS

Row = Mapping[str, Any]


def side_greeks(valuations: Sequence[Row], options: Sequence[Row]) -> dict[str, float | None]:
    """Sum of position Greeks (unit x quantity x multiplier); a share of stock has delta 1 and
    nothing else.

    Null when there are options and none has Greeks: the snapshot's own rule.
    """
    known = [row for row in options if row["reason"] is None]
    if options and not known:
        return dict.fromkeys(GREEKS)
    sums = {name: float(sum(row[name] for row in known)) for name in GREEKS}
    shares = sum(float(row["quantity"]) for row in valuations if row["symbol"] == row["underlying"])
    return {**sums, "delta": sums["delta"] + shares}


def side_coverage(valuations: Sequence[Row], options: Sequence[Row]) -> dict[str, float]:
    """Share (0 to 1) of gross notional exposure priced on the session itself, and of the options'
    with Greeks.

    A position whose notional is not known weighs with its cost, an option with its strike. 1 when
    there is nothing to cover.
    """
    with_greeks = {row["position_id"] for row in options if row["reason"] is None}
    held_options = [row for row in valuations if row["strike"] is not None]
    current = [row for row in valuations if row["price"] is not None and not row["stale"]]
    covered = [row for row in held_options if row["position_id"] in with_greeks]
    return {"prices": _share(current, valuations), "greeks": _share(covered, held_options)}


def _share(part: Iterable[Row], whole: Iterable[Row]) -> float:
    total = sum(map(_weight, whole))
    return sum(map(_weight, part)) / total if total else 1.0


def _weight(row: Row) -> float:
    if row["notional_exposure"] is not None:
        return abs(float(row["notional_exposure"]))
    stand_in = row["entry_price"] if row["strike"] is None else row["strike"]
    return abs(float(row["quantity"] * row["multiplier"] * stand_in))
