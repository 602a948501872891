"""Which prices of a snapshot are older than its session."""

import numpy as np

from services.snapshots.calculations.valuation import Valuations

CarriedPrice = dict[str, str | None]


def carried_prices(valuations: Valuations) -> list[list[CarriedPrice]]:
    """Per snapshot the symbols whose price, or whose underlying's, is not the session's own.

    As it is stored with the snapshot, which depends on these prices, of what was closed since the
    snapshot before too: it is taken again when a session before it brings a newer or another one.
    Prices are text of six decimals.
    """
    plan = valuations.layout.inputs.plan
    session = valuations.layout.session[valuations.due]
    own = valuations.last_price_day == session
    underlying = valuations.underlying_price_day == session
    found: list[dict[str, CarriedPrice]] = [{} for _ in plan.due]
    for line in np.flatnonzero(~(own & underlying)).tolist():
        symbol = valuations.symbol[line]
        found[valuations.due[line]].setdefault(symbol, _carried_price(valuations, line))
    return [list(by_symbol.values()) for by_symbol in found]


def _carried_price(valuations: Valuations, line: int) -> CarriedPrice:
    return {
        "symbol": valuations.symbol[line],
        "underlying": valuations.layout.positions.underlying[valuations.position[line]],
        "price": _six_decimals(valuations.last_price[line]),
        "price_date": _day(valuations.last_price_day[line]),
        "underlying_price": _six_decimals(valuations.underlying_price[line]),
        "underlying_price_date": _day(valuations.underlying_price_day[line]),
    }


def _six_decimals(price: float) -> str | None:
    """The price as its column stores it."""
    return None if np.isnan(price) else f"{price:.6f}"


def _day(day: np.datetime64) -> str | None:
    return None if np.isnat(day) else str(day)
