"""Why a figure from a provider cannot be right."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from math import isfinite
from typing import Generic, SupportsFloat, TypeVar

from services.ingest.inputs import CorporateAction, OptionQuote, YieldObservation
from shared.caveats import Caveat, CaveatCode
from shared.conventions import HIGHEST_PRICE

MOST_SHARES_FOR_ONE = 10_000.0
LEAST_DIVIDEND = 1e-6  # USD per share
LOWEST_YIELD = -5.0  # percent; the Treasury's have been between 0 and 17 since 1962
HIGHEST_YIELD = 40.0

Figure = TypeVar("Figure")


@dataclass(frozen=True)
class Judged(Generic[Figure]):
    """Figures that can be right, and the reason, by name, why others cannot."""

    accepted: list[Figure]
    problems: dict[str, str]

    def caveats(self, code: CaveatCode, what: str) -> list[Caveat]:
        """That `what` was rejected: one caveat with the first reason, or none."""
        if not self.problems:
            return []
        reason = next(iter(self.problems.values()))
        message = f"{what} were rejected as implausible and not stored: {reason}"
        return [Caveat.naming(code, message, self.problems)]


def judged(
    figures: Iterable[Figure],
    problem: Callable[[Figure], str | None],
    name: Callable[[Figure], str],
) -> Judged[Figure]:
    """The figures without a `problem`, and the problems of the others by their `name`."""
    listed = list(figures)
    problems = {name(each): reason for each in listed if (reason := problem(each)) is not None}
    return Judged([each for each in listed if name(each) not in problems], problems)


def yield_problem(observation: YieldObservation, last: date) -> str | None:
    """Why a Treasury yield cannot be right, or None; `last` is the newest day queried."""
    percent = observation.yield_percent
    day = observation.observation_date
    if not isfinite(percent):
        return "the yield is not a number"
    if not LOWEST_YIELD < percent < HIGHEST_YIELD:
        return f"a yield of {percent:g} % is not one of the Treasury's"
    if day > last:
        return f"dated {day.isoformat()}, but queried up to {last.isoformat()}"
    return None


def quote_problem(quote: OptionQuote, session_date: date) -> str | None:
    """Why an option quote cannot be that of the session's close, or None."""
    if quote.session_date != session_date:
        return (
            f"a quote of {quote.session_date.isoformat()}, "
            f"but that of {session_date.isoformat()} was queried"
        )
    if not _are_prices([quote.bid, quote.ask, quote.last, quote.underlying_price]):
        return "one of its prices is no number from 0 up to what is possible"
    if quote.ask < quote.bid:
        return f"ask {float(quote.ask):g} is below bid {float(quote.bid):g}"
    if quote.ask == 0 or quote.underlying_price == 0:
        return "an ask or an underlying's price of 0 is none"
    return None


def _are_prices(values: Iterable[SupportsFloat | None]) -> bool:
    return all(0 <= float(value) < HIGHEST_PRICE for value in values if value is not None)


def action_problem(action: CorporateAction) -> str | None:
    """Why a split or dividend cannot be right, or None."""
    value = float(action.value)
    is_split = action.kind == "split"
    most = MOST_SHARES_FOR_ONE if is_split else HIGHEST_PRICE
    least = 1 / MOST_SHARES_FOR_ONE if is_split else LEAST_DIVIDEND
    if least <= value <= most:
        return None
    return f"{value:g} is no {'ratio of a split' if is_split else 'dividend per share'}"
