"""The conventions that several services share, each written once."""

from datetime import date, timedelta
from typing import Literal, get_args

Greek = Literal["delta", "gamma", "theta", "vega", "rho"]
GREEKS: tuple[Greek, ...] = get_args(Greek)  # the order of every array and table of Greeks

SESSIONS_PER_YEAR = 252  # also the number of daily returns in a year's window
HIGHEST_PRICE = 1e8  # USD per share, far above every listed one, and below what a row can hold
LEAST_CAPITAL = 0.005  # USD: less than half a cent is rounding
MINIMUM_OBSERVATIONS = 60  # daily returns below which an estimate is null

# Standard normal quantiles of 0.95 and 0.99, by the confidence of a VaR in percent.
NORMAL_QUANTILE = {95: 1.6448536269514722, 99: 2.3263478740408408}

# The factor model whose exposures may be added, and the space of its returns and covariances.
DEFAULT_MODEL = "market_relative"
MARKET = "market"  # the id of the market factor

# Of the returns that end with a session.
PERIODS = ("1d", "1w", "1m", "3m", "ytd", "1y")


def period_start(session: date, period: str) -> date:
    """The day whose value a period's return starts from: so long ago, or last New Year's Eve."""
    match period:
        case "1d":
            return session - timedelta(days=1)
        case "1w":
            return session - timedelta(days=7)
        case "ytd":
            return date(session.year - 1, 12, 31)
        case _:
            return _months_before(session, {"1m": 1, "3m": 3, "1y": 12}[period])


def _months_before(day: date, months: int) -> date:
    """The same day of an earlier month, or that month's last day."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    following_year, following_month = divmod(year * 12 + month + 1, 12)
    last = date(following_year, following_month + 1, 1) - timedelta(days=1)
    return last.replace(day=min(day.day, last.day))
