"""Returns over periods: time-weighted as stored, and money-weighted beside them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from shared.conventions import period_start
from shared.quant.money_weighted import money_weighted_return

MONEY_WEIGHTED_PERIODS = ("1m", "3m", "ytd", "1y")
DAYS_A_YEAR = 365
SHORT = "given for periods of a month and longer"


class Basis(StrEnum):
    """What a money-weighted return is a rate of."""

    PER_YEAR = "per_year"
    PERIOD = "period"


@dataclass(frozen=True)
class Point:
    """A session in a portfolio's chain; `outflow` is negative, `unexplained` no performance."""

    as_of: date
    nav: Decimal | None
    inflow: Decimal
    outflow: Decimal
    unexplained: Decimal | None
    large_flow: bool
    daily_return: float | None


@dataclass(frozen=True)
class MoneyWeighted:
    """The return of the money in a portfolio: what each dollar earned while it was there.

    Per year where the time is a year or longer, else of the period.
    """

    money_weighted: float | None
    money_weighted_basis: Basis | None
    money_weighted_reason: str | None
    large_flows: Sequence[date] = ()


@dataclass(frozen=True)
class Span:
    """Both returns from the close of `start` to that of `end`."""

    start: date
    end: date
    value: float | None
    observations: int | None
    reason: str | None
    weighted: MoneyWeighted


def running_drawdowns(returns: Sequence[float | None]) -> list[float]:
    """Each session's fall of the compounded returns from their highest before; 0 at a high.

    `returns`: decimals, oldest first; one that is None begins a new chain at its session, and so
    does what follows a loss of everything. The lowest of a chain is its maximum drawdown.
    """
    wealth = highest = 1.0
    found = []
    for each in returns:
        if each is None or wealth <= 0.0:
            wealth = highest = 1.0
        wealth *= 1.0 + (each or 0.0)
        highest = max(highest, wealth)
        found.append(min(wealth / highest - 1.0, 0.0))
    return found


def money_weighted_periods(
    points: Sequence[Point], day: date, session_on_or_before: Callable[[date], date]
) -> dict[str, MoneyWeighted]:
    """The money-weighted return over each of the longer periods that end with the session."""
    starts = {period: period_start(day, period) for period in MONEY_WEIGHTED_PERIODS}
    return {
        period: _since(points, start, session_on_or_before(start))
        for period, start in starts.items()
    }


def not_money_weighted(period: str) -> MoneyWeighted:
    """For the periods that have none, and where nothing is known."""
    known = period in MONEY_WEIGHTED_PERIODS
    return MoneyWeighted(None, None, "not computed for this session yet" if known else SHORT)


def earliest_start(day: date) -> date:
    """From when on points are needed."""
    return min(period_start(day, period) for period in MONEY_WEIGHTED_PERIODS)


def _since(points: Sequence[Point], start: date, session: date) -> MoneyWeighted:
    before = [point for point in points if point.as_of <= start]
    if not before:
        return MoneyWeighted(None, None, f"no snapshot on or before {start} is stored")
    if before[-1].as_of < session:  # it would be of a longer time than the period
        return MoneyWeighted(None, None, f"no snapshot of {session}")
    return money_weighted([before[-1], *points[len(before) :]])


def span(points: Sequence[Point], start: date) -> Span | None:
    """Both returns of the sessions from `start` on; None where there is no second snapshot.

    From the close of the snapshot before `start`, or else of the first one.
    """
    before = sum(point.as_of < start for point in points)
    held = points[max(before - 1, 0) :]
    if len(held) < 2:
        return None
    returns = [point.daily_return for point in held[1:]]
    value = 1.0
    for each in returns:
        value *= 1.0 + (each or 0.0)
    reason = _broken(held)
    return Span(
        held[0].as_of,
        held[-1].as_of,
        None if reason else value - 1.0,
        None if reason else len(returns),
        reason,
        money_weighted(held),
    )


def _broken(held: Sequence[Point]) -> str | None:
    """Why the returns after the first point cannot be compounded; None when they can.

    The last reason there is, as of the usual periods: the chain of returns begins again with it,
    and nothing is compounded over a loss of everything.
    """
    for point in reversed(held[1:]):
        if point.daily_return is None:
            return f"no return on {point.as_of}: NAV before it was not positive"
        if point.daily_return <= -1.0 and point is not held[-1]:
            return f"all capital was lost on {point.as_of}"
    return None


def money_weighted(points: Sequence[Point]) -> MoneyWeighted:
    """From the close of the first point to that of the last one.

    NAV at the beginning and what came in are paid; what left and NAV at the end are received. The
    difference that a statement makes to NAV is neither earned nor lost: it counts as a flow.
    """
    large = [point.as_of for point in points[1:] if point.large_flow]
    first = points[0]
    last = points[-1]
    if first.nav is None or last.nav is None:
        return MoneyWeighted(None, None, "NAV is not known at both ends", large)
    dated = [(first.as_of, -float(first.nav))]
    for point in points[1:]:
        flows = (point.inflow, point.outflow, point.unexplained or Decimal(0))
        dated += [(point.as_of, -float(flow)) for flow in flows if flow]
    found = money_weighted_return([*dated, (last.as_of, float(last.nav))])
    rate = found.rate
    days = (last.as_of - first.as_of).days
    basis = Basis.PER_YEAR if days >= DAYS_A_YEAR else Basis.PERIOD
    if rate is not None and basis is Basis.PERIOD:
        rate = (1.0 + rate) ** (days / DAYS_A_YEAR) - 1.0
    return MoneyWeighted(rate, None if rate is None else basis, found.reason, large)
