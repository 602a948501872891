"""A position over sessions, and a portfolio's past P&L, from published rows."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

Fields = Mapping[str, object]
CLOSED = "closed"
GREEKS = ("gamma", "theta", "vega", "rho")
# What a position that is gone has not, also where it was never held at the end of a session.
_UNKNOWN: Fields = dict.fromkeys(
    (
        *("symbol", "price", "price_date", "price_source", "stale", "underlying_price"),
        *("market_value", "cost", "unrealised_pnl", "notional_exposure", "delta"),
        *("delta_adjusted_exposure", "dollar_gamma_1pct", "volatility", "iv_source"),
        *("component_var", "component_es", "reason"),
    )
)


def position_points(values: Iterable[Fields], ends: Iterable[Fields]) -> list[dict[str, object]]:
    """Each session that the position was held at the end of, then the one it was closed on.

    Of that session only its P&L is known: the position is worth nothing at the close of it.
    """
    held = [{**row, **_of_stock(row), "state": "held", "greeks": _greeks(row)} for row in values]
    gone = [{**_UNKNOWN, **row, "quantity": 0, "state": CLOSED, "greeks": None} for row in ends]
    return [*held, *gone]


def _of_stock(row: Fields) -> dict[str, object]:
    return {"dollar_gamma_1pct": 0.0} if row["symbol"] == row["underlying"] else {}


def _greeks(row: Fields) -> dict[str, object]:
    """Of the whole position: stock has its quantity as delta and nothing else, by definition."""
    if row["symbol"] == row["underlying"]:
        return {"delta": row["quantity"], **dict.fromkeys(GREEKS, 0.0)}
    return {"delta": row["position_delta"], **{name: row[name] for name in GREEKS}}


@dataclass(frozen=True)
class Vector:
    """One position's P&L by session, USD; None where unknown. `counted`: whether in the total."""

    position_id: UUID
    symbol: str
    values: Sequence[float | None] | None
    counted: bool
    reason: str | None


def known(values: Sequence[float] | None) -> list[float | None] | None:
    """A stored vector with None in place of what is not a number."""
    if values is None:
        return None
    return [None if math.isnan(value) else value for value in values]


def total_of(vectors: Iterable[Vector], sessions: int) -> list[float | None]:
    """What the counted positions made together on each session; null where none is known.

    A position that is unknown on a session counts nothing on it, as in historical VaR.
    """
    counted = [vector.values for vector in vectors if vector.counted and vector.values]
    return [_together(values[place] for values in counted) for place in range(sessions)]


def _together(amounts: Iterable[float | None]) -> float | None:
    found = [amount for amount in amounts if amount is not None]
    return round(math.fsum(found), 2) if found else None
