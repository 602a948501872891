"""What a portfolio's returns say: volatility, Sharpe, Sortino, drawdown, beta, performance.

Returns are time-weighted: P&L over the NAV of the snapshot before plus what came in since. A return
counts as *daily* when it spans exactly one session; one that spans a gap moves performance and
drawdown, never a statistic of daily returns. A day without a return (without capital: the NAV
before it plus what came in was not positive) ends the chain of returns, and so does one that loses
all capital; a new chain starts from it, and every metric is of the current chain. Rates are the
3-month Treasury yield of each return's own day, r_f = yield / 252. Sources: Sharpe, Journal of
Portfolio Management 21 (1994); Sortino and Price, Journal of Investing 3 (1994).
"""

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from services.snapshots.calculations.layout import Objects
from services.snapshots.calculations.metrics import (
    DECIMAL,
    DECIMAL_A_YEAR,
    NO_DOWNSIDE,
    NO_VARIATION,
    RATIO,
    Metric,
    measured,
    shortage,
)
from shared.arrays import ArrayColumns, BoolArray, FloatArray, IntArray
from shared.conventions import (
    MINIMUM_OBSERVATIONS,
    PERIODS,
    SESSIONS_PER_YEAR,
    period_start,
)

WINDOWS = (21, 63, SESSIONS_PER_YEAR)


@dataclass(frozen=True)
class Chain(ArrayColumns):
    """One portfolio's snapshots, ascending by session; every column has one entry per snapshot.

    `sessions`: dates. `returns`: decimals since the snapshot before, NaN at the first and where
    there was no capital. `spans`: the sessions a return covers, 0 at the first. `market`: the
    market's return on the session, `rate`: the 3-month Treasury yield known on it as a decimal per
    year; NaN where unknown. `cent`: a cent of P&L as a return on the portfolio's NAV.
    """

    sessions: Objects
    returns: FloatArray
    spans: IntArray
    market: FloatArray
    rate: FloatArray
    cent: FloatArray | None = None

    def until(self, place: int) -> "Chain":
        """The chain as it ended with its snapshot number `place`."""
        return self.take(slice(place + 1))

    def current(self) -> "Chain":
        """The chain since the snapshot that starts it, whose own return is not part of it.

        That is the last one without a return, or that lost all capital before another followed.
        """
        starts = ~np.isfinite(self.returns)
        starts[:-1] |= self.returns[:-1] <= -1.0
        current = self.take(slice(int(np.flatnonzero(starts)[-1]), None))
        returns = np.concatenate([[np.nan], current.returns[1:]])
        return replace(current, returns=returns)

    def noise(self) -> float:
        """The deviation of daily returns that is rounding and no risk: of P&L to the cent."""
        if self.cent is None or not self.cent.size:
            return _ROUNDING
        return max(_ROUNDING, float(np.median(self.cent)))

    def daily(self, window: int = SESSIONS_PER_YEAR) -> "Chain":
        """The last `window` of those whose return spans one session."""
        return self.take(np.flatnonzero((self.spans == 1) & np.isfinite(self.returns))[-window:])


def realised_metrics(chain: Chain, exchange: Sequence[date]) -> tuple[Metric, ...]:
    """Every realised metric at the chain's last session.

    `exchange` holds the exchange's sessions, ascending, over at least the chain's span.
    """
    current = chain.current()
    of_chain = (
        *(_volatility(current.daily(window), window) for window in WINDOWS),
        *_reward_to_risk(current.daily()),
        *_market_relation(current.daily()),
        _max_drawdown(current),
    )
    restart = _restart(chain, current)
    return (
        *(metric.because(restart) if restart else metric for metric in of_chain),
        *_performances(chain, exchange),
    )


def _restart(chain: Chain, current: Chain) -> str | None:
    """Why the metrics are of fewer returns than there are; None when they are of all."""
    earlier = chain.returns[: len(chain.returns) - len(current.returns)]
    if not np.isfinite(earlier).any():
        return None
    return f"the chain of returns starts again on {current.sessions[0]}, a day without capital"


def _volatility(daily: Chain, window: int) -> Metric:
    """Sample deviation (n - 1) times the square root of 252; 60 returns do for long windows."""
    name = f"volatility_{window}d"
    found = len(daily.returns)
    missing = shortage(found, min(window, MINIMUM_OBSERVATIONS))
    if missing:
        return Metric.missing(name, DECIMAL_A_YEAR, missing, observations=found)
    return measured(name, DECIMAL_A_YEAR, annual_volatility(daily.returns), found)


def annual_volatility(returns: FloatArray) -> float:
    """sqrt(252) x the sample standard deviation (n - 1) of daily returns, decimal per year."""
    return float(returns.std(ddof=1)) * math.sqrt(SESSIONS_PER_YEAR)


def _reward_to_risk(daily: Chain) -> Iterator[Metric]:
    known = np.isfinite(daily.rate)
    excess = (daily.returns - daily.rate / SESSIONS_PER_YEAR)[known]
    found = int(known.sum())
    missing = shortage(
        found, MINIMUM_OBSERVATIONS, _returns_with("a 3-month Treasury yield", known)
    )
    # What never moves has no reward for a risk: only the rate's own moves would divide it.
    still = not missing and float(daily.returns[known].std(ddof=1)) <= daily.noise()
    falls_short = still and bool((excess < 0.0).any())
    for name, ratio, unvaried in (
        ("sharpe_252d", sharpe_ratio, NO_VARIATION),
        ("sortino_252d", sortino_ratio, NO_DOWNSIDE),
    ):
        if missing:
            yield Metric.missing(name, RATIO, missing, observations=found)
        else:
            value = math.nan if still else ratio(excess, daily.noise())
            reason = NO_VARIATION if falls_short else unvaried
            yield measured(name, RATIO, value, found, reason)


# A deviation of daily returns below it is rounding, not risk, however large the portfolio.
_ROUNDING = 1e-9


def sharpe_ratio(excess: FloatArray, noise: float = _ROUNDING) -> float:
    """sqrt(252) x mean / sample deviation of daily returns over the rate.

    NaN where the deviation is not above `noise`.
    """
    deviation = float(excess.std(ddof=1))
    return _divided(math.sqrt(SESSIONS_PER_YEAR) * float(excess.mean()), deviation, noise)


def sortino_ratio(excess: FloatArray, noise: float = _ROUNDING) -> float:
    """sqrt(252) x mean / downside deviation of daily returns over the rate.

    The downside deviation is the root mean square of min(excess, 0) over all days; NaN where it is
    not above `noise`.
    """
    downside = math.sqrt(float(np.mean(np.minimum(excess, 0.0) ** 2)))
    return _divided(math.sqrt(SESSIONS_PER_YEAR) * float(excess.mean()), downside, noise)


def _divided(numerator: float, denominator: float, noise: float) -> float:
    return numerator / denominator if denominator > noise else math.nan


def _market_relation(daily: Chain) -> Iterator[Metric]:
    """Slope and correlation of the portfolio's daily returns against the market's."""
    known = np.isfinite(daily.market)
    own = daily.returns[known]
    market = daily.market[known]
    found = int(known.sum())
    missing = shortage(found, MINIMUM_OBSERVATIONS, _returns_with("a market return", known))
    noise = daily.noise()
    for name, relation in (("beta_realised_252d", realised_beta), ("correlation_spy", correlation)):
        if missing:
            yield Metric.missing(name, RATIO, missing, observations=found)
        else:
            yield measured(name, RATIO, relation(own, market, noise), found)


def realised_beta(own: FloatArray, market: FloatArray, noise: float = _ROUNDING) -> float:
    """cov(own, market) / var(market) of daily returns; NaN when the market does not move.

    0 where the portfolio does not: its deviation is not above `noise`.
    """
    if float(own.std()) <= noise:
        own = np.zeros_like(own)
    centred = market - market.mean()
    variance = float(np.mean(centred**2))
    covariance = float(np.mean(centred * (own - own.mean())))
    return covariance / variance if math.sqrt(variance) > _ROUNDING else math.nan


def correlation(own: FloatArray, market: FloatArray, noise: float = _ROUNDING) -> float:
    """Pearson correlation of daily returns; NaN when one of them does not vary.

    The portfolio's do not where their deviation is not above `noise`.
    """
    if float(own.std()) <= noise or float(market.std()) <= _ROUNDING:
        return math.nan
    covariance = float(np.mean((own - own.mean()) * (market - market.mean())))
    return covariance / (float(own.std()) * float(market.std()))


def _returns_with(what: str, known: BoolArray) -> str:
    return "returns" if known.all() else f"returns with {what}"


def _max_drawdown(chain: Chain) -> Metric:
    """The largest fall of the compounded returns from an earlier high; not positive."""
    name = "max_drawdown"
    returns = chain.returns[1:]
    problem = shortage(len(returns), 1)
    if problem:
        return Metric.missing(name, DECIMAL, problem, observations=len(returns))
    return measured(name, DECIMAL, max_drawdown(returns), len(returns))


def max_drawdown(returns: FloatArray) -> float:
    """min over t of W_t / max(1, W_1..W_t) - 1 with W the compounded returns; 0 without a fall."""
    wealth = np.concatenate(([1.0], np.cumprod(1.0 + returns)))
    return float(np.min(wealth / np.maximum.accumulate(wealth))) - 1.0


def _performances(chain: Chain, exchange: Sequence[date]) -> Iterator[Metric]:
    """The compounded returns since the session that ended the period before."""
    for period in PERIODS:
        name = f"performance_{period}"
        start = period_start(chain.sessions[-1], period)
        problem, first = _start(chain, start, exchange)
        problem = problem or _unknown_return(chain, first)
        since = chain.returns[first + 1 :]
        if problem:
            yield Metric.missing(name, DECIMAL, problem)
        else:
            yield measured(name, DECIMAL, float(np.prod(1.0 + since)) - 1.0, len(since))


def _start(chain: Chain, day: date, exchange: Sequence[date]) -> tuple[str | None, int]:
    """The place of the snapshot of the last session on or before `day`, or why there is none."""
    if day < chain.sessions[0]:
        first = chain.sessions[0].isoformat()
        return f"the first snapshot is of {first}, one of {day.isoformat()} is needed", 0
    session = exchange[bisect_right(exchange, day) - 1]
    place = bisect_right(chain.sessions, session) - 1
    if chain.sessions[place] != session:
        return f"no snapshot of {session.isoformat()}", 0
    return None, place


def _unknown_return(chain: Chain, after: int) -> str | None:
    """Why the returns after a place cannot be compounded; None when they can."""
    current = chain.current()
    restart = current.sessions[0]
    if restart <= chain.sessions[after]:
        return None
    if np.isfinite(chain.returns[len(chain.returns) - len(current.returns)]):
        return f"all capital was lost on {restart}"
    return f"no return on {restart}: NAV before it was not positive"
