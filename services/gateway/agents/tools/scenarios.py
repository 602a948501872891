"""What if: scenarios, and options priced at once. Nothing is written."""

from services.gateway.agents.calling import Agent, tool
from services.gateway.agents.schemas import PricedOptions, Scenarios, WantedScenario
from services.gateway.agents.shapes import amount
from services.gateway.analytics.endpoints.greeks import calculate_greeks
from services.gateway.analytics.endpoints.stress import WhatIfParts, evaluate_both
from services.gateway.analytics.schemas.greeks import CalculatedGreeks, OptionsToPrice
from services.gateway.analytics.schemas.stress import StressOutcome

SAID = 3


@tool("Run a scenario", "POST risk/stress-testing/comprehensive")
async def run_scenario(agent: Agent, wanted: WantedScenario) -> Scenarios:
    """What a portfolio would gain or lose in scenarios: stored ones by id, or one described here.

    `shocks` are returns of factors ({"market": -0.12}), `underlying_shocks` of single names,
    `rate_shock` a change of yield (0.01 is +100 bp), `volatility_shock` a relative change of
    implied volatility, `days_forward` calendar days that pass. Directly, and with the other
    factors following.
    """
    asking = WhatIfParts(agent.user, agent.database, agent.gateway)
    report = await evaluate_both(wanted, asking)
    said = " ".join(_said(each) for each in report.scenarios[:SAID])
    quote = f"On {report.as_of}: {said}" if said else "No scenario was named or described."
    about = (report.portfolio_id, report.as_of)
    return Scenarios(quote=quote, portfolio_id=about[0], as_of=about[1], report=report)


def _said(outcome: StressOutcome) -> str:
    direct, correlated = (
        amount(each.total_pnl if each else None, "USD")
        for each in (outcome.direct, outcome.correlated)
    )
    return f"{outcome.name}: P&L {direct} directly, {correlated} with the other factors following."


@tool("Price options", "POST risk/greeks/calculate")
async def price_options(agent: Agent, wanted: OptionsToPrice) -> PricedOptions:
    """Value and Greeks per share of any options, held or not, with every input and its source."""
    report = await calculate_greeks(wanted, agent.database, agent.gateway)
    said = " ".join(_priced(each) for each in report.options[:SAID])
    quote = f"At the close of {report.as_of}: {said}"
    return PricedOptions(quote=quote, as_of=report.as_of, report=report)


def _priced(option: CalculatedGreeks) -> str:
    if option.price is None:
        return f"{option.contract} cannot be priced: {option.reason}."
    greeks = f"delta {option.delta:.4g}" if option.delta is not None else "no delta"
    return f"{option.contract} is worth {option.price:,.4f} USD per share ({greeks})."
