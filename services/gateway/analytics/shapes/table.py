"""All that is known of positions in one row each, and what such rows add up to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple, cast
from uuid import UUID

from services.gateway.books.shapes import GroupBy, float_sum, grouped, known_sum, sums

Fields = Mapping[str, object]
OF_GREEKS = ("gamma", "theta", "vega", "rho")


class OptionMeasures(NamedTuple):
    """An option position's volatility, a decimal per year, and dollar gamma, USD per 1 %.

    `dollar_gamma_1pct`: what a rise of the underlying by 1 % adds to its dollar delta. None where
    the session has none; `iv_source` and `model` say how the volatility and the value were found.
    """

    position_id: UUID
    volatility: float | None
    iv_source: str | None
    model: str | None
    dollar_gamma_1pct: float | None


@dataclass(frozen=True)
class Measured:
    """What was measured of a portfolio's positions on a session, beside their values.

    `options` and `parts` (of the 95 % VaR, in whole USD cents) by position; `ages`: sessions from
    the day of a price to the session.
    """

    day: date | None
    options: Mapping[UUID, OptionMeasures]
    parts: Mapping[UUID, Decimal]
    ages: Mapping[date, int]


def table_rows(positions: Sequence[Fields], found: Measured) -> list[dict[str, object]]:
    """Each position with its Greeks, its part of VaR, and the age of its price.

    What was measured is null for a position whose terms changed since.
    """
    return [
        {
            **row,
            **_greeks(row),
            **(_of_session(row, found) if row["valued_on"] else _UNMEASURED),
            "days_to_expiry": _days_to_expiry(row, found.day),
        }
        for row in positions
    ]


_OF_OPTIONS = ("volatility", "iv_source", "model", "dollar_gamma_1pct")
_UNMEASURED: Fields = dict.fromkeys((*_OF_OPTIONS, "component_var", "price_age"))


def _greeks(row: Fields) -> dict[str, object]:
    known = cast(Fields, row["greeks"])
    return {name: known[name] for name in OF_GREEKS}


def _of_session(row: Fields, found: Measured) -> dict[str, object]:
    position_id = cast(UUID, row["position_id"])
    option = found.options.get(position_id)
    of_option = {name: option and getattr(option, name) for name in _OF_OPTIONS}
    if row["option_type"] is None:
        of_option["dollar_gamma_1pct"] = 0.0
    price_date = cast(date | None, row["price_date"])
    return {
        **of_option,
        "component_var": found.parts.get(position_id),
        "price_age": found.ages.get(price_date) if price_date else None,
    }


def _days_to_expiry(row: Fields, day: date | None) -> int | None:
    expiry = cast(date | None, row["expiry"])
    return (expiry - day).days if expiry and day else None


def table_sums(rows: Sequence[Fields]) -> dict[str, object]:
    """What the rows add up to, null where none of them has the number.

    Parts of VaR add up to the group's part of the portfolio's VaR, which is not the group's own.
    """
    gammas = [cast(float | None, row["dollar_gamma_1pct"]) for row in rows]
    return {
        **sums(rows),
        "component_var": known_sum(rows, "component_var"),
        "dollar_gamma_1pct": float_sum(gammas),
    }


def table_groups(rows: Sequence[Fields], by: GroupBy) -> list[dict[str, object]]:
    """The groups of the rows with their sums, in the order of `grouped`."""
    return grouped(rows, by, table_sums)
