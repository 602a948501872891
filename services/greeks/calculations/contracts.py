"""Values and Greeks of contracts from one session's market, or the reason why there are none."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from datetime import date

import numpy as np

from services.greeks.calculations.dividends import PROJECTED, DividendInput, DividendInputs
from services.greeks.calculations.engines import (
    AMERICAN_COLLOCATION,
    AMERICAN_MODELS,
    INTRINSIC,
    MIBIAN,
    MODELS,
    Engine,
    model_of,
)
from services.greeks.calculations.quotes import quoted_volatilities
from services.greeks.calculations.rates import continuous_rates
from services.greeks.calculations.volatility import (
    FEWEST_RETURNS,
    one_session_returns,
    realised_volatility,
    volatility_window,
)
from services.greeks.inputs import Close, ContractTerms, ContractValuation, Dividend, Market, Quote
from shared.arrays import FloatArray
from shared.quant.american import methods
from shared.quant.black_scholes import CALENDAR_DAYS_PER_YEAR, OptionColumns
from shared.quant.dividends import CashDividends
from shared.quant.implied_volatility import Reason

GIVEN = "given"
IMPLIED = "implied"
IMPLIED_BY_ASK = "implied_by_ask"
RATE_CONFIGURED = "configured"
NO_BID = "there is no bid for the contract: its quote was not used"
AT_ASK = "there is no bid for the contract: it is worth its ask at most, whose volatility was used"
ON_FUTURES = frozenset({"VIX"})  # indices whose options are on the future of their expiry
NO_FUTURE = "no price of the future that it is on is known, and the index itself is no substitute"


@dataclass(frozen=True)
class Given:
    """What a request gives about one contract, used instead of what is stored; None: as stored.

    Units as in `ContractValuation`. `market_price` in USD per share implies a volatility unless one
    is given. `dividends`: in place of a dividend yield and of what is expected.
    """

    underlying_price: float | None = None
    volatility: float | None = None
    rate: float | None = None
    dividend_yield: float | None = None
    market_price: float | None = None
    dividends: tuple[Dividend, ...] = ()


@dataclass(frozen=True)
class Volatility:
    """A decimal per year with its source, or the reason why there is none."""

    value: float | None = None
    source: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class _Case:
    """One contract and what is known of it so far, with what the request gave."""

    terms: ContractTerms
    given: Given
    valuation: ContractValuation
    model: str  # of a contract with time left
    refused: bool = False  # the model cannot value what was given

    @property
    def living(self) -> bool:
        """Whether it has time left and an underlying's price to be valued with."""
        return self.valuation.years_to_expiry > 0.0 and self.valuation.underlying_price is not None


def contract_valuations(
    contracts: Sequence[ContractTerms],
    market: Market,
    engine: Engine,
    given: Sequence[Given] | None = None,
) -> list[ContractValuation]:
    """Value every contract that can be valued, all of one model in one call; in the order given.

    `engine` chooses the model of contracts with time left; expired ones are intrinsic with Greeks
    of 0. `given` has one entry per contract.
    """
    overrides = given if given is not None else [Given()] * len(contracts)
    models = [model_of(engine, terms.european) for terms in contracts]
    inputs = _inputs(contracts, market, overrides, models)
    cases = [_Case(*each) for each in zip(contracts, overrides, inputs, models, strict=True)]
    return _valued(_quoted([_checked(case) for case in cases], market), market.as_of)


# --- what is stored or given ---


def _inputs(
    contracts: Sequence[ContractTerms],
    market: Market,
    given: Sequence[Given],
    models: Sequence[str],
) -> list[ContractValuation]:
    """Every contract with its inputs, or with the reason why they are not known."""
    volatilities = _volatilities(contracts, market)
    known = [
        _input(
            terms,
            market,
            volatilities[terms.underlying, volatility_window(terms.sessions_left)],
            rate,
            statement,
        )
        for terms, rate, statement in zip(contracts, _rates(contracts, market), given, strict=True)
    ]
    dividends = DividendInputs.of(contracts, market)
    return [
        _with_dividends(valuation, terms, statement, dividends, model == AMERICAN_COLLOCATION)
        for valuation, terms, statement, model in zip(known, contracts, given, models, strict=True)
    ]


def _input(
    terms: ContractTerms,
    market: Market,
    volatility: Volatility,
    rate: tuple[float, str],
    given: Given,
) -> ContractValuation:
    years = terms.years_left(market.as_of)
    day = terms.priced_on(market.as_of)
    close = market.closes.get((terms.underlying, day))
    if given.underlying_price is not None:
        close = Close(given.underlying_price, market.as_of)
    if close is None:
        missing = f"no price for underlying {terms.underlying} on or before {day.isoformat()}"
        return ContractValuation(terms.contract, years, reason=missing)
    if years == 0.0:
        return ContractValuation(terms.contract, years, close.price, close.session_date)
    if given.volatility is not None:
        volatility = Volatility(given.volatility, GIVEN)
    chosen_rate, rate_source = rate if given.rate is None else (given.rate, GIVEN)
    return ContractValuation(
        terms.contract,
        years,
        close.price,
        close.session_date,
        volatility=volatility.value,
        iv_source=volatility.source,
        rate=chosen_rate,
        rate_source=rate_source,
        reason=volatility.reason,
    )


def _with_dividends(
    valuation: ContractValuation,
    terms: ContractTerms,
    given: Given,
    dividends: DividendInputs,
    discrete: bool,
) -> ContractValuation:
    """With what a living contract is valued with in place of dividends."""
    spot = valuation.underlying_price
    if spot is None or valuation.rate is None:
        return valuation
    paid = _given_dividends(given) or dividends.of_contract(terms, spot, valuation.rate, discrete)
    return replace(
        valuation,
        dividend_yield=paid.dividend_yield,
        dividend_source=paid.source,
        dividends=paid.dividends,
    )


def _given_dividends(given: Given) -> DividendInput | None:
    if given.dividend_yield is None and not given.dividends:
        return None
    return DividendInput(given.dividend_yield or 0.0, GIVEN, given.dividends)


def _checked(case: _Case) -> _Case:
    """With a reason where the model cannot value what is known or was given."""
    if not case.living:
        return case
    valuation = case.valuation
    paid = sum(dividend.amount for dividend in case.given.dividends)
    if case.terms.underlying in ON_FUTURES and case.given.underlying_price is None:
        reason = NO_FUTURE
        valuation = replace(valuation, volatility=None, iv_source=None)
    elif case.given.dividends and case.model == MIBIAN:
        reason = "mibian knows no cash dividends"
    elif case.given.dividends and paid >= (valuation.underlying_price or 0.0):
        reason = "the dividends are worth as much as the underlying or more"
    else:
        return case
    return replace(case, refused=True, valuation=replace(valuation, reason=reason))


def _volatilities(
    contracts: Sequence[ContractTerms], market: Market
) -> dict[tuple[str, int], Volatility]:
    """One estimate per underlying and window, however many contracts share it."""
    wanted = {(terms.underlying, volatility_window(terms.sessions_left)) for terms in contracts}
    nothing = np.empty(0, dtype=np.float64)
    returns = {
        underlying: one_session_returns(market.adjusted_closes.get(underlying, nothing))
        for underlying in {underlying for underlying, _ in wanted}
    }
    return {
        (underlying, window): _volatility(returns[underlying][-window:])
        for underlying, window in wanted
    }


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


# --- what the contract's own price says ---


def _quoted(cases: Sequence[_Case], market: Market) -> list[_Case]:
    """The cases with the market price of those that have one, and the volatility it implies."""
    priced = [_with_price(case, market.quotes.get(case.terms.contract)) for case in cases]
    prices = [_known_price(case, market.quotes.get(case.terms.contract)) for case in priced]
    asked = [i for i, price in enumerate(prices) if price is not None]
    if not asked:
        return priced
    sought = [priced[i] for i in asked]
    spots = [_spot(case, market.quotes.get(case.terms.contract)) for case in sought]
    found = quoted_volatilities(
        replace(
            _columns(sought, volatility=False), underlying_price=np.array(spots, dtype=np.float64)
        ),
        np.array([prices[i] for i in asked], dtype=np.float64),
        np.array([case.model == AMERICAN_COLLOCATION for case in sought], dtype=np.bool_),
        _cash_dividends(sought, market.as_of),
    )
    for i, volatility, code in zip(
        asked, found.volatility.tolist(), found.reason.tolist(), strict=True
    ):
        priced[i] = _with_volatility(priced[i], volatility, Reason(code))
    return priced


def _with_price(case: _Case, quote: Quote | None) -> _Case:
    if not case.living:
        return case
    if case.given.market_price is not None:
        return replace(case, valuation=replace(case.valuation, quote_mid=case.given.market_price))
    if quote is None:
        return case
    note = NO_BID if quote.mid is None else None
    return replace(case, valuation=replace(case.valuation, quote_mid=quote.mid, note=note))


def _known_price(case: _Case, quote: Quote | None) -> float | None:
    """The price whose volatility is sought: the market's, or without a bid the ask."""
    if not case.living or case.refused or case.given.volatility is not None:
        return None
    if case.valuation.quote_mid is None and quote is not None:
        return quote.ask
    return case.valuation.quote_mid


def _spot(case: _Case, quote: Quote | None) -> float | None:
    """What the underlying cost when the price was made."""
    given = case.given
    if given.market_price is None and given.underlying_price is None and quote is not None:
        return quote.underlying_price or case.valuation.underlying_price
    return case.valuation.underlying_price


def _with_volatility(case: _Case, volatility: float, reason: Reason) -> _Case:
    """The implied volatility replaces the realised one; where there is none, a note says why."""
    known = case.valuation
    if known.quote_mid is None:
        return _at_most_the_ask(case, volatility)
    if reason is Reason.FOUND:
        return replace(
            case, valuation=replace(known, volatility=volatility, iv_source=IMPLIED, reason=None)
        )
    used = "no volatility is known" if known.volatility is None else "realised volatility was used"
    price = f"the market price {known.quote_mid:g}"
    note = f"{price} implies no volatility, since {reason.sentence}: {used}"
    return replace(case, valuation=replace(known, note=note))


def _at_most_the_ask(case: _Case, volatility: float) -> _Case:
    """The ask's volatility (NaN: it implies none) bounds the realised one where there is no bid."""
    known = case.valuation
    if known.volatility is None or not volatility < known.volatility:
        return case
    bounded = replace(known, volatility=volatility, iv_source=IMPLIED_BY_ASK, note=AT_ASK)
    return replace(case, valuation=bounded)


# --- the values ---


def _valued(cases: Sequence[_Case], as_of: date) -> list[ContractValuation]:
    models = [_model(case) for case in cases]
    valued = [case.valuation for case in cases]
    for model in sorted({model for model in models if model is not None}):
        places = [i for i, other in enumerate(models) if other == model]
        for i, valuation in zip(
            places, _by_model(model, [cases[i] for i in places], as_of), strict=True
        ):
            valued[i] = valuation
    return valued


def _model(case: _Case) -> str | None:
    """What values this contract; None where something is missing."""
    if case.valuation.reason is not None:
        return None
    return case.model if case.living else INTRINSIC


def _by_model(model: str, cases: Sequence[_Case], as_of: date) -> list[ContractValuation]:
    columns = _columns(cases)
    dividends = _cash_dividends(cases, as_of)
    values = astuple(MODELS[model](columns, dividends))
    names = np.full(len(cases), model, dtype=object)
    if model == AMERICAN_COLLOCATION:
        names = np.array([AMERICAN_MODELS[each] for each in methods(columns, dividends)])
    return [
        _complete(case.valuation, name, numbers)
        for case, name, numbers in zip(cases, names, np.column_stack(values).tolist(), strict=True)
    ]


def _complete(given: ContractValuation, model: str, numbers: Sequence[float]) -> ContractValuation:
    price, delta, gamma, theta, vega, rho = numbers
    return replace(
        given, model=model, price=price, delta=delta, gamma=gamma, theta=theta, vega=vega, rho=rho
    )


def _columns(cases: Sequence[_Case], volatility: bool = True) -> OptionColumns:
    def column(name: str) -> FloatArray:
        return np.array(
            [getattr(case.valuation, name) for case in cases], dtype=np.float64
        )  # None becomes NaN

    return OptionColumns.of(
        call=[case.terms.option_type == "C" for case in cases],
        underlying_price=column("underlying_price"),
        strike=[case.terms.strike for case in cases],
        years_to_expiry=column("years_to_expiry"),
        volatility=column("volatility") if volatility else 0.0,
        rate=column("rate"),
        dividend_yield=np.where(
            [_replaces_yield(case.valuation) for case in cases], 0.0, column("dividend_yield")
        ),
    )


def _replaces_yield(valuation: ContractValuation) -> bool:
    """Projected dividends are worth the yield; given ones come on top of a yield that is given."""
    return bool(valuation.dividends) and valuation.dividend_source == PROJECTED


def _cash_dividends(cases: Sequence[_Case], as_of: date) -> CashDividends | None:
    """A row per contract, as many slots as the longest schedule; None without any dividend."""
    slots = max((len(case.valuation.dividends) for case in cases), default=0)
    if slots == 0:
        return None
    amount, years = np.zeros((2, len(cases), slots))
    for row, case in enumerate(cases):
        for slot, paid in enumerate(case.valuation.dividends):
            amount[row, slot] = paid.amount
            years[row, slot] = (paid.ex_date - as_of).days / CALENDAR_DAYS_PER_YEAR
    return CashDividends.of(amount, years)
