"""Portfolios and what they hold."""

from services.gateway.agents.calling import Agent, tool
from services.gateway.agents.schemas import (
    HeldPosition,
    Portfolios,
    Positions,
    WantedPortfolios,
    WantedPositions,
)
from services.gateway.agents.shapes import amount, counted
from services.gateway.books.dependencies import owned_or_first
from services.gateway.books.endpoints import portfolios as portfolio_routes
from services.gateway.books.endpoints.positions import with_status
from services.gateway.books.queries.positions import PositionFilter
from services.gateway.books.reading import book_on, position_page
from services.gateway.books.schemas.portfolios import ListedPortfolio
from services.gateway.books.shapes import Status
from services.gateway.edge.dependencies import Paging
from services.gateway.edge.values import Page

LARGEST_FIRST = "-weight"


@tool("List portfolios", "GET portfolios")
async def list_portfolios(agent: Agent, wanted: WantedPortfolios) -> Portfolios:
    """The user's portfolios with their ids, NAV, day's P&L, VaR and worst scenario.

    Call this first: the other tools take a portfolio_id.
    """
    page = Paging(limit=wanted.limit)
    async with agent.reading.transaction() as session:
        found = await portfolio_routes.list_portfolios(
            agent.user, agent.proof, session, page, wanted.search
        )
    listed = Page[ListedPortfolio].model_validate(found)
    first = [f"'{each.name}' ({amount(each.nav, 'USD')})" for each in listed.items[:3]]
    named = f": {', '.join(first)}{' and others' if listed.total > len(first) else ''}"
    quote = f"You have {counted(listed.total, 'portfolio')}{named if first else ''}."
    return Portfolios(quote=quote, total=listed.total, portfolios=listed.items)


@tool("List positions", "GET positions")
async def list_positions(agent: Agent, wanted: WantedPositions) -> Positions:
    """The open positions of a portfolio with value, P&L and delta-adjusted exposure.

    The largest by market value come first.
    """
    among = PositionFilter(underlying=wanted.underlying, sector=wanted.sector)
    async with agent.reading.transaction() as session:
        portfolio = await owned_or_first(session, agent.user, wanted.portfolio_id)
        book = await book_on(session, portfolio["portfolio_id"], wanted.as_of)
        held = await with_status(session, among, Status.OPEN, wanted.as_of)
        page = await position_page(session, book, held, LARGEST_FIRST, Paging(limit=wanted.limit))
    positions = [HeldPosition.model_validate(each) for each in page.items]
    return Positions(
        quote=_quote(str(portfolio["name"]), page.total, positions),
        portfolio_id=page.portfolio_id,
        as_of=page.valued_on,
        total=page.total,
        positions=positions,
        reason=page.reason,
    )


def _quote(name: str, total: int, positions: list[HeldPosition]) -> str:
    found = f"'{name}' holds {counted(total, 'position')}"
    if not positions:
        return f"{found}."
    largest = positions[0]
    return f"{found}; the largest is {largest.symbol} at {amount(largest.market_value, 'USD')}."
