"""A user asks: value options that are perhaps in no portfolio."""

import asyncio
from dataclasses import asdict

from services.greeks import repository
from services.greeks.calculations.caveats import caveats
from services.greeks.calculations.contracts import GIVEN, Given, contract_valuations
from services.greeks.calculations.engines import Engine
from services.greeks.inputs import ContractTerms, ContractValuation, Dividend
from services.greeks.settings import get_settings
from shared.calendar import require_session
from shared.contracts.event import Notice
from shared.contracts.greeks import (
    CashDividend,
    OptionsPriced,
    OptionToPrice,
    PricedOption,
    PriceOptions,
)
from shared.database import Session
from shared.instruments import (
    LARGEST_STRIKE,
    OCC_YEARS,
    InvalidSymbol,
    OptionContract,
    option_root,
    parse_occ,
    parse_ticker,
)
from shared.messaging import ServiceRouter

router = ServiceRouter("greeks")


@router.answers(PriceOptions)
async def price_options(request: PriceOptions, session: Session) -> OptionsPriced:
    """Value options from what the request gives and, for the rest, from what is stored."""
    require_session(request.as_of)
    settings = get_settings()
    engine = Engine(settings.engine if request.engine == "default" else request.engine)
    identified = [_identified(option) for option in request.options]
    known = [contract for contract in identified if isinstance(contract, OptionContract)]
    given = [
        _given(option)
        for option, contract in zip(request.options, identified, strict=True)
        if isinstance(contract, OptionContract)
    ]
    terms = [ContractTerms.of(contract, request.as_of) for contract in known]
    market = await repository.load_market(session, terms, request.as_of, settings.configured_rate)
    valuations = await asyncio.to_thread(contract_valuations, terms, market, engine, given)
    remaining = iter(valuations)
    priced = [
        PricedOption(contract=option.contract, reason=contract)
        if isinstance(contract, str)
        else _priced(option, contract, next(remaining))
        for option, contract in zip(request.options, identified, strict=True)
    ]
    underlyings = {each.contract: each.underlying for each in terms}
    found = caveats(valuations, underlyings, request.as_of)
    return OptionsPriced(
        as_of=request.as_of,
        engine=engine,
        options=tuple(priced),
        warnings=tuple(Notice.of(caveat) for caveat in found),
    )


def _identified(option: OptionToPrice) -> OptionContract | str:
    """The contract that is meant, or a sentence that says why none is."""
    try:
        if option.contract is not None:
            return _agreeing(parse_occ(option.contract), option)
        if option.underlying is None:
            return "neither an OCC symbol nor an underlying is given"
        root = option_root(parse_ticker(option.underlying))
    except InvalidSymbol as error:
        return str(error)
    if option.strike is None or option.expiry is None or option.option_type is None:
        return "without an OCC symbol, strike, expiry and option_type are needed"
    if option.expiry.year not in OCC_YEARS or option.strike > LARGEST_STRIKE:
        return (
            f"no OCC symbol can say an expiry of {option.expiry} and a strike of {option.strike}: "
            f"years are {OCC_YEARS[0]} to {OCC_YEARS[-1]}, and {LARGEST_STRIKE:,} is the highest "
            "strike"
        )
    return OptionContract(root, option.expiry, option.option_type, option.strike)


def _agreeing(contract: OptionContract, option: OptionToPrice) -> OptionContract | str:
    """The contract of a symbol, unless terms that are given beside it are not its own."""
    underlying = None if option.underlying is None else parse_ticker(option.underlying)
    given = (underlying, option.strike, option.expiry, option.option_type)
    own = (contract.underlying, contract.strike, contract.expiry, contract.option_type)
    if all(term in (None, mine) for term, mine in zip(given, own, strict=True)):
        return contract
    return f"the terms given are not those of {contract.symbol}: leave the symbol or them out"


def _given(option: OptionToPrice) -> Given:
    return Given(
        underlying_price=option.underlying_price,
        volatility=option.volatility,
        rate=option.rate,
        dividend_yield=option.dividend_yield,
        market_price=option.market_price,
        dividends=tuple(Dividend(each.ex_date, each.amount) for each in option.dividends),
    )


def _priced(
    option: OptionToPrice, contract: OptionContract, valuation: ContractValuation
) -> PricedOption:
    found = asdict(valuation)
    price_date = found.pop("underlying_price_date")
    market_price = found.pop("quote_mid")
    dividends = found.pop("dividends")
    spot_source = None if price_date is None else f"close_{price_date.isoformat()}"
    price_source = None if market_price is None else "quote_mid"
    return PricedOption(
        **found,
        underlying=contract.underlying,
        option_type=contract.option_type,
        strike=contract.strike,
        expiry=contract.expiry,
        exercise="european" if contract.is_european else "american",
        underlying_price_source=spot_source if option.underlying_price is None else GIVEN,
        dividends=tuple(CashDividend(**each) for each in dividends),
        market_price=market_price,
        market_price_source=price_source if option.market_price is None else GIVEN,
    )
