"""How well a value at risk held: exceptions, their share, whether they cluster, Basel's zones.

A day is an exception when its loss is larger than the VaR of the evening before. Tests compare
what was found with what a correct VaR gives: Kupiec the share of exceptions (Journal of Derivatives
3, 1995), Christoffersen whether an exception makes the next day's likelier (International Economic
Review 39, 1998), both together his conditional coverage. Likelihood ratios are chi-squared.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

BASEL_CONFIDENCE = 0.99
BASEL_DAYS = 250
YELLOW_FROM = 0.95  # chance of so many exceptions or fewer, if the VaR is right
RED_FROM = 0.9999


def exceptions(pnl: Iterable[float], value_at_risk: Iterable[float]) -> list[bool]:
    """The days that lost more than the VaR of the evening before (USD, losses positive)."""
    return [-made > allowed for made, allowed in zip(pnl, value_at_risk, strict=True)]


@dataclass(frozen=True)
class LikelihoodTest:
    """A likelihood ratio, and the chance of one so large if the VaR is right."""

    likelihood_ratio: float
    p_value: float


def kupiec_test(exceptions: int, days: int, confidence: float) -> LikelihoodTest:
    """LR = 2 ln[L(x/T) / L(1 - c)] with L(p) = p^x (1 - p)^(T - x), one degree of freedom.

    Source: Kupiec, Journal of Derivatives 3 (1995), 73-84: proportion of failures.
    """
    quiet = days - exceptions
    found = _log_likelihood(quiet, exceptions, exceptions / days)
    return _one_degree(2.0 * (found - _log_likelihood(quiet, exceptions, 1.0 - confidence)))


def christoffersen_test(exceeded: Sequence[bool]) -> LikelihoodTest:
    """Whether exceptions are independent: LR against a first-order Markov chain, one degree.

    LR = 2 ln[L(p01, p11) / L(p)] over the days after the first, p01 and p11 the share of exceptions
    after a day without and with one, p that of all. Source: Christoffersen, International Economic
    Review 39 (1998), 841-862. 0 where no day or every day is one.
    """
    after_quiet = [after for before, after in pairwise(exceeded) if not before]
    after_loud = [after for before, after in pairwise(exceeded) if before]
    alone = _best_fit(after_quiet + after_loud)
    return _one_degree(2.0 * (_best_fit(after_quiet) + _best_fit(after_loud) - alone))


def _best_fit(exceeded: Sequence[bool]) -> float:
    """The log-likelihood of days under the share of exceptions among them; 0 without days."""
    loud = sum(exceeded)
    quiet = len(exceeded) - loud
    return _log_likelihood(quiet, loud, loud / len(exceeded)) if exceeded else 0.0


def conditional_coverage(share: LikelihoodTest, independence: LikelihoodTest) -> LikelihoodTest:
    """Both tests at once: the ratios add up, with two degrees of freedom (Christoffersen 1998)."""
    ratio = share.likelihood_ratio + independence.likelihood_ratio
    return LikelihoodTest(ratio, math.exp(-ratio / 2.0))


def _log_likelihood(quiet: int, loud: int, probability: float) -> float:
    return _times_log(quiet, 1.0 - probability) + _times_log(loud, probability)


def _times_log(count: int, probability: float) -> float:
    return count * math.log(probability) if count else 0.0


def _one_degree(ratio: float) -> LikelihoodTest:
    """The upper tail of chi-squared with one degree of freedom is erfc(sqrt(x / 2))."""
    positive = max(ratio, 0.0)
    return LikelihoodTest(positive, math.erfc(math.sqrt(positive / 2.0)))


class Zone(StrEnum):
    """Basel's traffic lights for a 99 % one-day VaR."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"


def basel_zone(exceptions: int, days: int = BASEL_DAYS) -> Zone:
    """The zone of so many exceptions in so many days.

    By the chance of that many or fewer if the VaR is right: yellow from 95 %, red from 99.99 %. In
    250 days that is green to 4, yellow 5 to 9, red from 10. Source: Basel Committee, Supervisory
    framework for the use of "backtesting", January 1996.
    """
    chance = _binomial_cdf(exceptions, days, 1.0 - BASEL_CONFIDENCE)
    if chance >= RED_FROM:
        return Zone.RED
    return Zone.YELLOW if chance >= YELLOW_FROM else Zone.GREEN


def _binomial_cdf(found: int, days: int, probability: float) -> float:
    logs = [
        math.lgamma(days + 1)
        - math.lgamma(count + 1)
        - math.lgamma(days - count + 1)
        + _log_likelihood(days - count, count, probability)
        for count in range(min(found, days) + 1)
    ]
    return math.fsum(math.exp(each) for each in logs)
