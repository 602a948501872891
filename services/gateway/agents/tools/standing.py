"""How portfolios stand: limits, and the market data that figures are based on."""

from collections.abc import Sequence
from uuid import UUID

from services.gateway.agents.calling import Agent, tool
from services.gateway.agents.schemas import (
    CheckedLimit,
    CheckedLimits,
    Covered,
    UncoveredSymbol,
    WantedCoverage,
    WantedLimits,
)
from services.gateway.agents.shapes import counted, level
from services.gateway.agents.tools.figures import SAID, figures_on
from services.gateway.analytics.reading.measures import measures_named
from services.gateway.analytics.reading.quality import data_quality
from services.gateway.analytics.schemas.market_data import DataQualityReport
from services.gateway.books.dependencies import owned_or_first
from services.gateway.books.reading import book_on
from services.gateway.edge.dependencies import Paging
from services.gateway.limits.endpoints import list_limits
from services.gateway.limits.schemas import LimitOut

MOST_LIMITS = 100
SYMBOLS_SHOWN = 20
COMPLETE = "complete"
COVERAGE = ("price_coverage", "greeks_coverage")


@tool("Check limits", "GET limits")
async def check_limits(agent: Agent, wanted: WantedLimits) -> CheckedLimits:
    """How portfolios stand against the user's limits: state, value, room left to the breach."""
    page = Paging(limit=MOST_LIMITS)
    async with agent.reading.transaction() as session:
        found = await list_limits(
            agent.user, session, page, wanted.portfolio_id, wanted.state, recent=0
        )
    days = [each.worst.as_of for each in found.items if each.worst is not None]
    return CheckedLimits(
        quote=limits_quote(found.total, found.items),
        portfolio_id=wanted.portfolio_id,
        as_of=max(days, default=None),
        total=found.total,
        limits=[CheckedLimit.model_validate(each) for each in found.items],
    )


def limits_quote(total: int, limits: Sequence[LimitOut]) -> str:
    """Which limits are breached, by how much; the first three of them."""
    if not limits:
        return "There is no such limit."
    breached = [each for each in limits if each.states.get("breached")]
    if not breached:
        return f"None of {counted(total, 'limit')} is breached."
    named = "; ".join(_breach(each) for each in breached[:SAID])
    return f"{counted(len(breached), 'limit')} of {total} breached: {named}."


def _breach(limit: LimitOut) -> str:
    """A breached limit with its measure, the value, and the level that it is beyond."""
    worst = limit.worst
    if worst is None or worst.value is None:
        return f"'{limit.name}'"
    value, breach = (
        level(each, limit.unit, limit.measure_unit) for each in (worst.value, worst.breach)
    )
    about = f" ({worst.member})" if worst.member else ""
    return (
        f"'{limit.name}': {limit.measure_title}{about} of '{worst.portfolio_name}' on "
        f"{worst.as_of} is {value}, the breach level {breach}"
    )


@tool(
    "Check coverage",
    "GET market-data/quality/{portfolio_id}",
    "GET portfolios/{portfolio_id}/series",
)
async def check_coverage(agent: Agent, wanted: WantedCoverage) -> Covered:
    """Whether market data suffice for a portfolio's figures: symbols without prices, and why.

    With the share of exposure that has prices and Greeks, and calculations that are not possible.
    """
    async with agent.reading.transaction() as session:
        portfolio = await owned_or_first(session, agent.user, wanted.portfolio_id)
        portfolio_id: UUID = portfolio["portfolio_id"]
        name = str(portfolio["name"])
        found = DataQualityReport.model_validate(
            await data_quality(session, portfolio_id, wanted.as_of)
        )
        day = (await book_on(session, portfolio_id, wanted.as_of)).valuation.day
        measures = await measures_named(session, portfolio["user_id"], COVERAGE)
        figures = await figures_on(session, portfolio_id, name, day, measures) if day else []
    incomplete = [each for each in found.symbols if each.status != COMPLETE]
    total = counted(len(found.symbols), "symbol")
    return Covered(
        quote=f"{found.complete} of {total} of '{name}' have a price of {found.as_of}; "
        f"{found.stale} are stale, {found.missing} have none.",
        portfolio_id=portfolio_id,
        as_of=found.as_of,
        complete=found.complete,
        stale=found.stale,
        missing=found.missing,
        figures=figures,
        symbols=[UncoveredSymbol.model_validate(each) for each in incomplete[:SYMBOLS_SHOWN]],
        infeasible=[each for each in found.calculations if not each.feasible],
        reason=found.reason,
    )
