"""What the factor proxies would have done in windows before their own prices begin.

The monthly factors of Kenneth R. French's data library (market, size, value, momentum; as the
development dependency `linearmodels` ships them) are mapped to each proxy by a regression on the
months that both cover, and the mapping is applied month by month to the window. No data file is
copied: the returns that come out are in `services/stress/scenarios.json`, the mapping in
`docs/scenarios.md`.
"""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import numpy as np
from linearmodels.datasets import french

from services.stress.calculations.windows import DIGITS
from tests.panel import FACTORS, PROXIES, FloatArray, closes, sessions

RESEARCH_FACTORS = ("MktRF", "SMB", "HML", "Mom")
FIRST, LAST = "2014-02", "2017-03"  # the months that both the proxies and the library cover


@dataclass(frozen=True)
class Mapping:
    """One proxy's excess return per unit of each research factor; the intercept is not applied.

    `loadings`: (research factors,). `r_squared` of the regression over `months` months.
    """

    loadings: FloatArray
    r_squared: float
    months: int


@lru_cache
def library() -> tuple[list[str], FloatArray, FloatArray]:
    """(months as YYYY-MM, (months, research factors) returns, (months,) risk-free returns)."""
    found = french.load()
    months = [str(each)[:7] for each in found["dates"]]
    return months, found[list(RESEARCH_FACTORS)].to_numpy(float), found["RF"].to_numpy(float)


@lru_cache
def mappings() -> dict[str, Mapping]:
    """By factor id, its proxy's regression on the research factors."""
    months, factors, risk_free = library()
    first, last = months.index(FIRST), months.index(LAST) + 1
    excess = _monthly_returns() - risk_free[first:last, None]
    regressors = np.column_stack([np.ones(last - first), factors[first:last]])
    loadings = np.linalg.lstsq(regressors, excess, rcond=None)[0]
    unexplained = ((excess - regressors @ loadings) ** 2).sum(axis=0)
    r_squared = 1.0 - unexplained / ((excess - excess.mean(axis=0)) ** 2).sum(axis=0)
    return {
        factor: Mapping(loadings[1:, place].astype(float), float(r_squared[place]), last - first)
        for place, factor in enumerate(FACTORS)
    }


def _monthly_returns() -> FloatArray:
    """(months, proxies) simple returns of the months from `FIRST` to `LAST`."""
    month_ends: dict[str, int] = {f"{day:%Y-%m}": place for place, day in enumerate(sessions())}
    places = [place for month, place in month_ends.items() if "2014-01" <= month <= LAST]
    prices = closes(*PROXIES)[places]
    returns: FloatArray = prices[1:] / prices[:-1] - 1.0
    return returns


def research_returns(start: date, end: date) -> dict[str, float]:
    """By factor id, the decimal return from the month end `start` to the month end `end`."""
    months, factors, risk_free = library()
    first, last = months.index(f"{start:%Y-%m}") + 1, months.index(f"{end:%Y-%m}") + 1
    grown = {
        factor: np.prod(1.0 + factors[first:last] @ each.loadings + risk_free[first:last])
        for factor, each in mappings().items()
    }
    return {factor: round(float(each) - 1.0, DIGITS) for factor, each in grown.items()}
