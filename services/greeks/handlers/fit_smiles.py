"""A user asks: what volatilities do these quotes imply, and which curve goes through them."""

import asyncio

from services.greeks import repository
from services.greeks.calculations.engines import Engine
from services.greeks.calculations.smiles import Fit, ImpliedQuote, Smile, smiles
from services.greeks.inputs import ContractTerms, Quote
from services.greeks.settings import get_settings
from shared.calendar import require_session
from shared.contracts.greeks import (
    FitSmiles,
    FittedSmile,
    QuoteVolatilities,
    SmileFit,
    SmilesFitted,
)
from shared.database import Session
from shared.instruments import parse_occ
from shared.messaging import ServiceRouter

router = ServiceRouter("greeks")


@router.answers(FitSmiles)
async def fit_smiles(request: FitSmiles, session: Session) -> SmilesFitted:
    """Turn the quotes into volatilities and fit each expiry's; write nothing."""
    require_session(request.as_of)
    terms = [ContractTerms.of(parse_occ(each.contract), request.as_of) for each in request.quotes]
    quotes = [Quote(each.bid, each.ask, each.underlying_price) for each in request.quotes]
    settings = get_settings()
    market = await repository.load_market(session, terms, request.as_of, settings.configured_rate)
    found = await asyncio.to_thread(smiles, terms, quotes, market, Engine(settings.engine))
    return SmilesFitted(as_of=request.as_of, expiries=tuple(_smile(each) for each in found))


def _smile(smile: Smile) -> FittedSmile:
    return FittedSmile(
        expiry=smile.expiry,
        years_to_expiry=smile.years_to_expiry,
        forward=smile.forward,
        quotes=tuple(_quote(each) for each in smile.quotes),
        fit=_fit(smile.fit) if smile.fit else None,
        reason=smile.reason,
    )


def _quote(each: ImpliedQuote) -> QuoteVolatilities:
    return QuoteVolatilities(
        contract=each.terms.contract,
        option_type=each.terms.option_type,
        strike=each.terms.strike,
        bid=each.quote.bid,
        ask=each.quote.ask,
        bid_volatility=each.bid_volatility,
        volatility=each.volatility,
        ask_volatility=each.ask_volatility,
        moneyness=each.moneyness,
        fitted=each.fitted,
        reason=each.reason,
    )


def _fit(fit: Fit) -> SmileFit:
    numbers = ("at_the_money", "skew", "curvature", "fit_deviation", "quotes_fitted")
    return SmileFit(
        **{name: getattr(fit, name) for name in numbers},
        strikes=tuple(fit.strikes.tolist()),
        fitted_volatilities=tuple(fit.fitted_volatilities.tolist()),
    )
