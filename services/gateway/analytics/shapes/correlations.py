"""Correlations laid out for an answer: matrices, clusters with members, what is left out."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]
QUALITIES = ("full_history", "limited_history", "insufficient")


def matrix(
    rows: Iterable[Row], order: Sequence[str], column: str, keys: tuple[str, str]
) -> list[list[Any]]:
    """The values of `column` as a square in the given order; None where there is no row."""
    values = {(row[keys[0]], row[keys[1]]): row[column] for row in rows}
    return [[values.get((one, other)) for other in order] for one in order]


def off_diagonal(square: Sequence[Sequence[float | None]]) -> dict[str, float | None]:
    """Mean, least and greatest of a symmetric matrix's known values beside the diagonal."""
    values = [
        value for index, row in enumerate(square) for value in row[index + 1 :] if value is not None
    ]
    if not values:
        return dict.fromkeys(("mean", "min", "max"))
    return {"mean": sum(values) / len(values), "min": min(values), "max": max(values)}


def qualities(counts: Mapping[str, int]) -> dict[str, int]:
    """How many pairs have each data quality, 0 included."""
    return {quality: counts.get(quality, 0) for quality in QUALITIES}


def with_members(clusters: Iterable[Row], members: Iterable[Row]) -> list[dict[str, Any]]:
    """Each cluster with its members, in their order."""
    found: dict[int, list[Row]] = {}
    for member in members:
        found.setdefault(member["cluster"], []).append(member)
    return [{**cluster, "members": found.get(cluster["cluster"], [])} for cluster in clusters]


def left_out(
    exposed: Iterable[Row], out: Iterable[Row], kept: Iterable[Row]
) -> list[dict[str, Any]]:
    """The positions that the figures do not contain.

    Their underlying is left out, or they have no exposure.
    """
    whole = {symbol["symbol"]: symbol for symbol in out}
    some = {symbol["symbol"] for symbol in kept}
    found = [
        _left_out(position, whole.get(position["underlying"]))
        for position in exposed
        if position["underlying"] in whole
        or (position["underlying"] in some and position["exposure"] is None)
    ]
    return sorted(found, key=lambda entry: (entry["symbol"], str(entry["position_id"])))


def _left_out(position: Row, underlying: Row | None) -> dict[str, Any]:
    named = {name: position[name] for name in ("position_id", "symbol", "underlying")}
    if position["exposure"] is None or underlying is None:
        reason = position["reason"] or "it has no price or delta"
        return {**named, "code": "no_exposure", "reason": reason}
    return {
        **named,
        "code": underlying["code"],
        "reason": f"{underlying['symbol']}: {underlying['message']}",
    }
