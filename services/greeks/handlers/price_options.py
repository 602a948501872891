"""A user asks: value options that are perhaps in no portfolio."""

import asyncio
from dataclasses import asdict

from services.greeks import repository
from services.greeks.calculations.caveats import caveats
from services.greeks.calculations.contracts import GIVEN, Given, contract_valuations
from services.greeks.calculations.engines import Engine
from services.greeks.calculations.named import contract_named
from services.greeks.inputs import ContractTerms, ContractValuation, Dividend, NamedOption
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
from shared.instruments import OptionContract
from shared.messaging import ServiceRouter

router = ServiceRouter("greeks")


@router.answers(PriceOptions)
async def price_options(request: PriceOptions, session: Session) -> OptionsPriced:
    """Value options from what the request gives and, for the rest, from what is stored."""
    require_session(request.as_of)
    settings = get_settings()
    engine = Engine(settings.engine if request.engine == "default" else request.engine)
    identified = [contract_named(_named(option)) for option in request.options]
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


def _named(option: OptionToPrice) -> NamedOption:
    return NamedOption(
        option.contract, option.underlying, option.strike, option.expiry, option.option_type
    )


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
