"""A user asks: which trades bring a portfolio's measures to targets."""

import asyncio
from dataclasses import asdict
from datetime import date
from math import inf, nan

from services.stress import repository
from services.stress.calculations.program import Effort
from services.stress.calculations.suggested import (
    NotMeasured,
    Question,
    WantedMeasure,
    suggested,
)
from services.stress.handlers.manage_scenarios import stored_scenarios
from services.stress.inputs import Candidate, PricedContract, Scenario, Surroundings
from services.stress.settings import get_settings
from shared.arrays import FloatArray
from shared.contracts.event import Notice
from shared.contracts.greeks import PricedOption
from shared.contracts.stress import Candidate as Offered
from shared.contracts.stress import (
    InTheWay,
    MeasureAfter,
    SuggestTrades,
    TradesSuggested,
)
from shared.database import Session
from shared.errors import Unanswerable
from shared.messaging import ServiceRouter
from shared.quant.black_scholes import CALENDAR_DAYS_PER_YEAR

SCENARIO = "scenario"
_PER_SHARE = (
    *("underlying_price", "years_to_expiry", "volatility", "rate", "dividend_yield"),
    *("delta", "gamma", "theta", "vega", "rho"),
)

router = ServiceRouter("stress")


@router.answers(SuggestTrades)
async def suggest_trades(request: SuggestTrades, session: Session) -> TradesSuggested:
    """Search trades with the fewest dollars, from what is stored of the portfolio; write nothing.

    Candidates are valued as holdings of one are.
    """
    held = await repository.load_held(session, request.portfolio_id, request.as_of)
    if held is None:
        message = f"no stress tests of the portfolio are stored for {request.as_of}"
        raise Unanswerable("not_calculated", f"{message}: run the session first")
    underlyings = [_underlying(each) for each in request.candidates]
    catalogue = await repository.load_catalogue_for(session, request.user_id, request.portfolio_id)
    around = await repository.load_surroundings(session, catalogue, request.as_of, underlyings)
    parts = [each.measure.split(".") for each in request.targets]
    wanted = [each[1] for each in parts if each[0] == SCENARIO]
    scenarios = stored_scenarios(around.catalogue, request.portfolio_id, wanted)
    return await asyncio.to_thread(_suggested, request, held, around, scenarios)


def _underlying(offered: Offered) -> str:
    option = offered.option
    return offered.symbol if option is None or option.underlying is None else option.underlying


def _suggested(
    request: SuggestTrades, held: FloatArray, around: Surroundings, scenarios: list[Scenario]
) -> TradesSuggested:
    wanted = [WantedMeasure(**each.model_dump()) for each in request.targets]
    candidates = [_candidate(each, around, request.as_of) for each in request.candidates]
    bounds = (request.most_dollars or inf, Effort(request.seconds, request.gap))
    try:
        found = suggested(
            Question(candidates, around, held, scenarios, wanted, request.before, *bounds)
        )
    except NotMeasured as error:
        raise Unanswerable("not_measured", str(error)) from error
    return TradesSuggested(
        trades=None if found.trades is None else dict(found.trades),
        traded=found.traded,
        least=found.least,
        gap=found.gap,
        measures=tuple(MeasureAfter(**asdict(each)) for each in found.measures),
        in_the_way=tuple(InTheWay(**asdict(each)) for each in found.reasons),
        left_out=tuple(Notice.of(each) for each in found.left_out),
    )


def _candidate(offered: Offered, around: Surroundings, as_of: date) -> Candidate:
    betas = offered.betas
    return Candidate(
        symbol=offered.symbol,
        underlying=_underlying(offered),
        price=offered.price,
        lowest=offered.lowest,
        highest=offered.highest,
        betas=tuple(_number(betas.betas.get(factor)) for factor in around.factors.ids),
        rate_beta=_number(betas.rate_betas.get(get_settings().rate_maturity)),
        option=None if offered.option is None else _contract(offered.option, as_of),
    )


def _contract(option: PricedOption, as_of: date) -> PricedContract:
    return PricedContract(
        symbol=option.contract or "",
        call=option.option_type == "C",
        american=option.exercise == "american",
        strike=_number(None if option.strike is None else float(option.strike)),
        dividends=tuple(
            (each.amount, (each.ex_date - as_of).days / CALENDAR_DAYS_PER_YEAR)
            for each in option.dividends
        ),
        quoted=_number(option.market_price),
        **{name: _number(getattr(option, name)) for name in _PER_SHARE},
    )


def _number(value: float | None) -> float:
    return nan if value is None else value
