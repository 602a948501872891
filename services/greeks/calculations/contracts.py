"""The value and the Greeks of contracts from one session's market, or the reason why there are none."""

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from datetime import date

import numpy as np

from services.greeks.calculations.engines import ENGINES, INTRINSIC
from services.greeks.calculations.rates import TreasuryCurve, continuous_rates
from services.greeks.calculations.volatility import (
    FEWEST_RETURNS,
    one_session_returns,
    realised_volatility,
    volatility_window,
)
from shared.quant.black_scholes import CALENDAR_DAYS_PER_YEAR, FloatArray, OptionColumns

RATE_CONFIGURED = "configured"
DIVIDEND_KNOWN = "securities"
DIVIDEND_UNKNOWN = "unknown_assumed_0"


@dataclass(frozen=True)
class ContractTerms:
    """One listed contract as seen from the session it is valued on.

    `option_type` is "C" or "P", `strike` USD per share. `last_session` is the session at whose close it
    expires: the expiry itself, or the session before it when the exchange is closed that day.
    `sessions_left` counts the sessions after the valuation up to and including it.
    """

    contract: str
    underlying: str
    option_type: str
    strike: float
    expiry: date
    last_session: date
    sessions_left: int

    def priced_on(self, as_of: date) -> date:
        """The day whose close of the underlying counts: an expired contract settles at its last session."""
        return min(as_of, self.last_session)

    def years_left(self, as_of: date) -> float:
        """Calendar days / 365 from the close of `as_of` to the close of the last session; 0 once expired."""
        return max((self.last_session - as_of).days, 0) / CALENDAR_DAYS_PER_YEAR


@dataclass(frozen=True)
class Close:
    """A close in USD per share and the session it is of."""

    price: float
    session: date


@dataclass(frozen=True)
class Market:
    """What contracts are valued with at the close of `as_of`.

    `closes`: by (underlying, day asked for), the last close on or before that day; absent when there is
    none. `adjusted_closes`: by underlying, on consecutive sessions up to `as_of`, NaN where missing.
    `curve` is None when no yield is stored; then `configured_rate` (continuously compounded) counts.
    `dividend_yields`: by underlying, continuous decimals per year; absent when unknown.
    """

    as_of: date
    closes: Mapping[tuple[str, date], Close]
    adjusted_closes: Mapping[str, FloatArray]
    curve: TreasuryCurve | None
    configured_rate: float
    dividend_yields: Mapping[str, float]


@dataclass(frozen=True)
class Volatility:
    """A decimal per year with its source, or the reason why there is none."""

    value: float | None = None
    source: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class ContractValuation:
    """What one contract is worth per share, what that rests on, or `reason` and no numbers.

    Units as published: delta and gamma per 1.00 of the underlying, theta per calendar day, vega per
    volatility point, rho per percentage point of rate. `model` names the engine, None when nothing was
    valued.
    """

    contract: str
    years_to_expiry: float
    underlying_price: float | None = None
    underlying_price_date: date | None = None
    volatility: float | None = None
    iv_source: str | None = None
    rate: float | None = None
    rate_source: str | None = None
    dividend_yield: float | None = None
    dividend_source: str | None = None
    model: str | None = None
    price: float | None = None
    delta: float | None = None
    gamma: float | None = None
    theta: float | None = None
    vega: float | None = None
    rho: float | None = None
    reason: str | None = None


def contract_valuations(
    contracts: Sequence[ContractTerms], market: Market, engine: str
) -> list[ContractValuation]:
    """Value every contract that can be valued, all of one engine in one call; in the order given.

    `engine` (a key of `ENGINES`) values contracts with time left; expired ones are intrinsic with Greeks of
    0.
    """
    inputs = _inputs(contracts, market)
    models = [_model(terms, given, market, engine) for terms, given in zip(contracts, inputs, strict=True)]
    valued = list(inputs)
    for model in sorted({model for model in models if model is not None}):
        chosen = [i for i, other in enumerate(models) if other == model]
        values = astuple(
            ENGINES[model](_columns([contracts[i] for i in chosen], [inputs[i] for i in chosen]))
        )
        for i, numbers in zip(chosen, np.column_stack(values).tolist(), strict=True):
            valued[i] = _valued(inputs[i], model, numbers)
    return valued


def _model(terms: ContractTerms, given: ContractValuation, market: Market, engine: str) -> str | None:
    """Which engine values this contract: the seam where one contract may get another engine than the next."""
    if given.reason is not None:
        return None
    return INTRINSIC if terms.last_session <= market.as_of else engine


def _inputs(contracts: Sequence[ContractTerms], market: Market) -> list[ContractValuation]:
    """Every contract with what its valuation rests on, or with the reason why that is not known."""
    volatilities = _volatilities(contracts, market)
    return [
        _input(terms, market, volatilities[terms.underlying, volatility_window(terms.sessions_left)], rate)
        for terms, rate in zip(contracts, _rates(contracts, market), strict=True)
    ]


def _input(
    terms: ContractTerms, market: Market, volatility: Volatility, rate: tuple[float, str]
) -> ContractValuation:
    years, day = terms.years_left(market.as_of), terms.priced_on(market.as_of)
    close = market.closes.get((terms.underlying, day))
    if close is None:
        missing = f"no price for underlying {terms.underlying} on or before {day.isoformat()}"
        return ContractValuation(terms.contract, years, reason=missing)
    settled = ContractValuation(terms.contract, years, close.price, close.session)
    if years == 0.0:
        return settled
    dividend_yield = market.dividend_yields.get(terms.underlying)
    return replace(
        settled,
        volatility=volatility.value,
        iv_source=volatility.source,
        rate=rate[0],
        rate_source=rate[1],
        dividend_yield=dividend_yield or 0.0,
        dividend_source=DIVIDEND_UNKNOWN if dividend_yield is None else DIVIDEND_KNOWN,
        reason=volatility.reason,
    )


def _volatilities(contracts: Sequence[ContractTerms], market: Market) -> dict[tuple[str, int], Volatility]:
    """One estimate per underlying and window, however many contracts share it."""
    wanted = {(terms.underlying, volatility_window(terms.sessions_left)) for terms in contracts}
    nothing = np.empty(0, dtype=np.float64)
    returns = {
        underlying: one_session_returns(market.adjusted_closes.get(underlying, nothing))
        for underlying in {underlying for underlying, _ in wanted}
    }
    return {(underlying, window): _volatility(returns[underlying][-window:]) for underlying, window in wanted}


def _volatility(returns: FloatArray) -> Volatility:
    if returns.size < FEWEST_RETURNS:
        return Volatility(reason=f"only {returns.size} returns, {FEWEST_RETURNS} needed")
    value = realised_volatility(returns)
    if value == 0.0:
        return Volatility(reason=f"the underlying did not move in {returns.size} returns")
    return Volatility(value, source=f"realised_{returns.size}d")


def _rates(contracts: Sequence[ContractTerms], market: Market) -> list[tuple[float, str]]:
    """Each contract's rate and where it is from."""
    if market.curve is None:
        return [(market.configured_rate, RATE_CONFIGURED)] * len(contracts)
    years = np.array([terms.years_left(market.as_of) for terms in contracts], dtype=np.float64)
    source = f"treasury_{market.curve.observation_date.isoformat()}"
    return [(rate, source) for rate in continuous_rates(market.curve, years).tolist()]


def _columns(contracts: Sequence[ContractTerms], inputs: Sequence[ContractValuation]) -> OptionColumns:
    def column(name: str) -> FloatArray:
        return np.array([getattr(given, name) for given in inputs], dtype=np.float64)  # None becomes NaN

    return OptionColumns.of(
        call=[terms.option_type == "C" for terms in contracts],
        underlying_price=column("underlying_price"),
        strike=[terms.strike for terms in contracts],
        years_to_expiry=column("years_to_expiry"),
        volatility=column("volatility"),
        rate=column("rate"),
        dividend_yield=column("dividend_yield"),
    )


def _valued(given: ContractValuation, model: str, numbers: Sequence[float]) -> ContractValuation:
    price, delta, gamma, theta, vega, rho = numbers
    return replace(given, model=model, price=price, delta=delta, gamma=gamma, theta=theta, vega=vega, rho=rho)
