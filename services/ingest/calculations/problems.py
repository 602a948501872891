"""Why a figure a provider sent cannot be right."""

from collections.abc import Iterable
from datetime import date
from math import isfinite
from typing import Any, Protocol

HIGHEST_PRICE = 1e8  # USD per share, far above every listed one, and below what a row can hold
MOST_SHARES_FOR_ONE = 10_000.0
LEAST_DIVIDEND = 1e-6  # USD per share
LOWEST_YIELD, HIGHEST_YIELD = -5.0, 40.0  # percent; the Treasury's lie between 0 and 17 since 1962


def yield_problem(percent: float, day: date, last: date) -> str | None:
    """Why a Treasury yield cannot be right, in a sentence; None when it can. `last`: the newest day
    asked for.
    """
    if not isfinite(percent):
        return "the yield is not a number"
    if not LOWEST_YIELD < percent < HIGHEST_YIELD:
        return f"a yield of {percent:g} % is not one of the Treasury's"
    if day > last:
        return f"dated {day.isoformat()}, but asked for up to {last.isoformat()}"
    return None


class Quote(Protocol):
    """One contract's bid and ask on one session, USD per share of contract, and what is known
    beside them.
    """

    @property
    def session_date(self) -> date: ...
    @property
    def bid(self) -> Any: ...
    @property
    def ask(self) -> Any: ...
    @property
    def last(self) -> Any: ...
    @property
    def underlying_price(self) -> Any: ...


def quote_problem(quote: Quote, session: date) -> str | None:
    """Why an option quote cannot be the one of the session's close, in a sentence; None when it
    can.
    """
    if quote.session_date != session:
        return f"a quote of {quote.session_date.isoformat()}, but asked for that of {session.isoformat()}"
    bid, ask = float(quote.bid), float(quote.ask)
    if not _prices([quote.bid, quote.ask, quote.last, quote.underlying_price]):
        return "one of its prices is no number from 0 up to what is possible"
    if ask < bid:
        return f"ask {ask:g} is below bid {bid:g}"
    if ask == 0 or quote.underlying_price == 0:
        return "an ask or an underlying's price of 0 is none"
    return None


def _prices(values: Iterable[Any]) -> bool:
    return all(0 <= float(value) < HIGHEST_PRICE for value in values if value is not None)


class CorporateAction(Protocol):
    """A split (`value`: new shares per old one) or a dividend (USD per share)."""

    @property
    def kind(self) -> str: ...
    @property
    def value(self) -> Any: ...


def action_problem(action: CorporateAction) -> str | None:
    """Why a split or dividend cannot be right, in a sentence; None when it can."""
    value = float(action.value)
    most = MOST_SHARES_FOR_ONE if action.kind == "split" else HIGHEST_PRICE
    least = 1 / MOST_SHARES_FOR_ONE if action.kind == "split" else LEAST_DIVIDEND
    if least <= value <= most:
        return None
    return (
        f"{value:g} is no {'ratio of a split' if action.kind == 'split' else 'dividend per share'}"
    )
