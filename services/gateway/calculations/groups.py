"""Positions put into groups and added up: by type, instrument, strategy, tag, underlying, sector or
class.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Any

from services.gateway.calculations import sides
from services.gateway.calculations.greeks import side_coverage
from services.gateway.calculations.report import GREEKS

Row = Mapping[str, Any]
STRATEGY_PREFIX = "strategy:"
MEASURES = {
    "dollar": "market_value",
    "notional": "notional_exposure",
    "delta_adjusted": "delta_adjusted_exposure",
}
_SUMMED = ("market_value", "unrealised_pnl", "daily_pnl")


class GroupBy(StrEnum):
    """What the positions of a group have in common."""

    TYPE = "type"
    INSTRUMENT = "instrument"
    STRATEGY = "strategy"
    TAG = "tag"
    UNDERLYING = "underlying"
    SECTOR = "sector"
    CLASS = "class"


_COLUMNS = {
    GroupBy.TYPE: "position_type",
    GroupBy.INSTRUMENT: "instrument",
    GroupBy.UNDERLYING: "underlying",
    GroupBy.SECTOR: "sector",
    GroupBy.CLASS: "investment_class",
}
_OTHERS = {
    GroupBy.STRATEGY: "without a strategy",
    GroupBy.TAG: "without a tag",
    GroupBy.SECTOR: "sector unknown",
}


def grouped(rows: Iterable[Row], by: GroupBy) -> list[dict[str, Any]]:
    """Each group with its sums, the largest gross value first.

    A position counts fully in each of its tags and strategies, so those groups may add up to more
    than the portfolio; the group of what has none has the key None.
    """
    groups: dict[str | None, list[Row]] = {}
    for row in rows:
        for key in keys_of(row, by):
            groups.setdefault(key, []).append(row)
    found = [{"key": key, "name": key or _OTHERS[by], **sums(held)} for key, held in groups.items()]
    return sorted(found, key=_largest_first)


def keys_of(row: Row, by: GroupBy) -> list[str | None]:
    """The groups that a position belongs to: one, or as many as it carries tags or strategies."""
    if by is GroupBy.TAG:
        return list(row["tags"]) or [None]
    if by is GroupBy.STRATEGY:
        return [*strategies(row["tags"])] or [None]
    key = row[_COLUMNS[by]]
    return [None if key is None else str(key)]


def strategies(tags: Iterable[str]) -> list[str]:
    """The strategies that tags named `strategy:<name>` stand for."""
    named = [tag[len(STRATEGY_PREFIX) :].strip() for tag in tags if is_strategy(tag)]
    return list(dict.fromkeys(filter(None, named)))


def is_strategy(tag: str) -> bool:
    """Whether a tag names a strategy."""
    return tag.lower().startswith(STRATEGY_PREFIX)


def _largest_first(group: Mapping[str, Any]) -> tuple[Any, ...]:
    exposures = group["exposures"]["dollar"]
    gross = Decimal(-1) if exposures is None else exposures["gross"]
    return group["key"] is None, -gross, group["name"]


def sums(rows: Sequence[Row]) -> dict[str, Any]:
    """What positions add up to, null where none of them has the number.

    `coverage`: the share (0 to 1) of gross notional exposure with a current price, and of the
    options' with Greeks. A position that misses some exposure is named in `left_out`.
    """
    with_greeks = [{**row, "reason": None} for row in rows if row["greeks"]["gamma"] is not None]
    return {
        "positions": len(rows),
        "position_ids": [row["position_id"] for row in rows],
        "cost": sum((row["cost"] for row in rows), Decimal(0)),
        **{name: _sum(rows, name) for name in _SUMMED},
        "weight": _float_sum(row["weight"] for row in rows),
        "exposures": {measure: _exposure(rows, column) for measure, column in MEASURES.items()},
        "greeks": {name: _float_sum(row["greeks"][name] for row in rows) for name in GREEKS},
        "coverage": side_coverage(rows, with_greeks),
        "left_out": sides.left_out(sides.without_exposure(rows)),
    }


def _sum(rows: Iterable[Row], column: str) -> Decimal | None:
    known = [row[column] for row in rows if row[column] is not None]
    return sum(known, Decimal(0)) if known else None


def _float_sum(values: Iterable[float | None]) -> float | None:
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
    """Each strategy's tag with the sums, the types and the symbols of the positions that carry it,
    by name.
    """
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
        **sums(rows),
        "types": {kind: types.count(kind) for kind in sorted(set(types))},
        "symbols": sorted({row["symbol"] for row in rows}),
    }
