"""Positions with what was measured of them, in groups and by strategy."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from services.gateway.edge.shapes import GREEKS, left_out, without_exposure
from shared.instruments import position_type

Row = Mapping[str, Any]
STRATEGY_PREFIX = "strategy:"
MEASURES = {
    "dollar": "market_value",
    "notional": "notional_exposure",
    "delta_adjusted": "delta_adjusted_exposure",
}
_SUMMED = ("market_value", "unrealised_pnl", "realised_pnl", "daily_pnl")


class GroupBy(StrEnum):
    """What the positions of a group have in common."""

    TYPE = "type"
    INSTRUMENT = "instrument"
    STRATEGY = "strategy"
    TAG = "tag"
    UNDERLYING = "underlying"
    SECTOR = "sector"
    EXPIRY = "expiry"
    CLASS = "class"


class Status(StrEnum):
    """Whether positions are open, closed, or either on the day.

    The day is `as_of`, else the last session.
    """

    OPEN = "open"
    CLOSED = "closed"
    ALL = "all"


_COLUMNS = {
    GroupBy.TYPE: "position_type",
    GroupBy.INSTRUMENT: "instrument",
    GroupBy.UNDERLYING: "underlying",
    GroupBy.SECTOR: "sector",
    GroupBy.EXPIRY: "expiry",
    GroupBy.CLASS: "investment_class",
}
_OTHERS = {
    GroupBy.STRATEGY: "without a strategy",
    GroupBy.TAG: "without a tag",
    GroupBy.SECTOR: "sector unknown",
    GroupBy.EXPIRY: "without an expiry",
}


Summing = Callable[[Sequence[Row]], Mapping[str, object]]


def grouped(rows: Iterable[Row], by: GroupBy, add_up: Summing) -> list[dict[str, Any]]:
    """Each group with its sums, the largest gross value first; expiries in their order.

    A position counts fully in each of its tags and strategies, so those groups may add up to more
    than the portfolio; the group of what has none has the key None.
    """
    groups: dict[str | None, list[Row]] = {}
    for row in rows:
        for key in keys_of(row, by):
            groups.setdefault(key, []).append(row)
    found = [
        {
            "key": key,
            "name": key or _OTHERS[by],
            "position_ids": ids_of(held),
            **add_up(held),
        }
        for key, held in groups.items()
    ]
    return sorted(found, key=_next_first if by is GroupBy.EXPIRY else _largest_first)


def keys_of(row: Row, by: GroupBy) -> list[str | None]:
    """The groups that a position belongs to: one, or as many as it carries tags or strategies."""
    if by is GroupBy.TAG:
        return list(row["tags"]) or [None]
    if by is GroupBy.STRATEGY:
        return [*strategies(row["tags"])] or [None]
    key = row[_COLUMNS[by]]
    return [None if key is None else str(key)]


def strategies(tags: Iterable[str]) -> list[str]:
    """The strategies that tags named `strategy:<name>` define."""
    named = [tag[len(STRATEGY_PREFIX) :].strip() for tag in tags if is_strategy(tag)]
    return list(dict.fromkeys(filter(None, named)))


def is_strategy(tag: str) -> bool:
    """Whether a tag names a strategy."""
    return tag.lower().startswith(STRATEGY_PREFIX)


def ids_of(rows: Iterable[Mapping[str, object]]) -> list[object]:
    """Which positions the rows are of."""
    return [row["position_id"] for row in rows]


def _largest_first(group: Mapping[str, Any]) -> tuple[Any, ...]:
    exposures = group["exposures"]["dollar"]
    gross = Decimal(-1) if exposures is None else exposures["gross"]
    return group["key"] is None, -gross, group["name"]


def _next_first(group: Mapping[str, object]) -> tuple[bool, str]:
    return group["key"] is None, str(group["name"])


def sums(rows: Sequence[Row]) -> dict[str, Any]:
    """What positions add up to, null where none of them has the number.

    `coverage`: the share (0 to 1) of gross notional exposure with a current price, and of the
    options' with Greeks. A position that misses some exposure is named in `left_out`.
    """
    with_greeks = [{**row, "reason": None} for row in rows if row["greeks"]["gamma"] is not None]
    return {
        "positions": len(rows),
        "cost": sum((row["cost"] for row in rows), Decimal(0)),
        **{name: known_sum(rows, name) for name in _SUMMED},
        "weight": float_sum(row["weight"] for row in rows),
        "exposures": {measure: _exposure(rows, column) for measure, column in MEASURES.items()},
        "greeks": {name: float_sum(row["greeks"][name] for row in rows) for name in GREEKS},
        "coverage": side_coverage(rows, with_greeks),
        "left_out": left_out(without_exposure(rows)),
    }


def known_sum(rows: Iterable[Row], column: str) -> Decimal | None:
    """The column's sum over the rows that have a value; None where none has."""
    known = [row[column] for row in rows if row[column] is not None]
    return sum(known, Decimal(0)) if known else None


def float_sum(values: Iterable[float | None]) -> float | None:
    """The sum of the known values; None where there is none."""
    known = [value for value in values if value is not None]
    return float(sum(known)) if known else None


def _exposure(rows: Iterable[Row], column: str) -> dict[str, Decimal] | None:
    known = [row[column] for row in rows if row[column] is not None]
    if not known:
        return None
    long = sum((each for each in known if each > 0), Decimal(0))
    short = sum((each for each in known if each < 0), Decimal(0))
    return {"long": long, "short": short, "gross": long - short, "net": long + short}


def by_tag(rows: Sequence[Row], tags: Iterable[Row]) -> list[dict[str, Any]]:
    """Each strategy's tag, by name, with the sums, types and symbols of its positions."""
    strategy = [(tag, name) for tag in tags for name in strategies([tag["name"]])]
    return [
        _strategy(tag, name, [row for row in rows if tag["name"] in row["tags"]])
        for tag, name in strategy
    ]


def _strategy(tag: Row, name: str, rows: Sequence[Row]) -> dict[str, Any]:
    types = [str(row["position_type"]) for row in rows]
    return {
        "key": name,
        "name": name,
        "tag_id": tag["tag_id"],
        "colour": tag["colour"],
        "position_ids": ids_of(rows),
        **sums(rows),
        "types": {kind: types.count(kind) for kind in sorted(set(types))},
        "symbols": sorted({row["symbol"] for row in rows}),
    }


NO_SNAPSHOT = "no snapshot of this portfolio exists at or before that date"
NOT_VALUED_SINCE = "not valued since it was entered or its terms changed"


def explained(fact: str, standing: str | None) -> str:
    """What is missing, and how the run stands that should have made it."""
    return f"{fact}: {standing}" if standing else fact


def valued(
    row: Row,
    valued_on: date | None,
    gross_value: Decimal | None,
    standing: str | None = None,
) -> dict[str, Any]:
    """The position with type, weight, return and Greeks, and a `reason` where one of them is null.

    `weight`: share (0 to 1) of the gross value. `unrealised_return`: P&L per dollar of cost.
    `standing`: how the portfolio's last run stands, where it did not end well.
    """
    return {
        **row,
        "position_type": position_type(row["option_type"], row["quantity"]),
        "weight": _weight_of(row["market_value"], gross_value),
        "unrealised_return": _ratio(row["unrealised_pnl"], row["cost"]),
        "greeks": _greeks(row),
        "reason": _reason(row, valued_on, standing),
    }


def active_on(row: Row, day: date) -> bool:
    """Whether the position is held at the end of the day."""
    return bool(row["entry_date"] <= day and (row["exit_date"] is None or row["exit_date"] > day))


def _weight_of(market_value: Decimal | None, gross_value: Decimal | None) -> float | None:
    return (
        None if market_value is None or not gross_value else float(abs(market_value) / gross_value)
    )


def _ratio(pnl: Decimal | None, cost: Decimal) -> float | None:
    return None if pnl is None or not cost else float(pnl / abs(cost))


def _greeks(row: Row) -> dict[str, float | None]:
    """Of the whole position: a share of stock has delta 1 and nothing else, by definition."""
    if row["valued_on"] is None:
        return dict.fromkeys(GREEKS)
    if row["option_type"] is None:
        return {**dict.fromkeys(GREEKS, 0.0), "delta": float(row["quantity"])}
    return {name: row[f"position_{name}"] for name in GREEKS}


def _reason(row: Row, valued_on: date | None, standing: str | None) -> str | None:
    if row["valued_on"] is not None:
        return _joined(row["reason"], row["greeks_reason"])
    if valued_on is None:
        return explained(NO_SNAPSHOT, standing)
    if row["entry_date"] > valued_on:
        return f"entered after {valued_on}, the last session valued"
    if not active_on(row, valued_on):
        return f"closed on {row['exit_date']}"
    return explained(NOT_VALUED_SINCE, standing)


def _joined(*reasons: str | None) -> str | None:
    return "; ".join(dict.fromkeys(filter(None, reasons))) or None


def side_coverage(valuations: Sequence[Row], options: Sequence[Row]) -> dict[str, float]:
    """Shares (0 to 1) of gross notional exposure that have prices and Greeks.

    `prices`: priced on the session itself; `greeks`: of the options. A position whose notional is
    not known weighs with its cost, an option with its strike. 1 when there is nothing to cover.
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
