"""Strategies: positions that carry a tag named `strategy:<name>`, added up."""

from services.gateway.books.dependencies import ChosenPortfolio
from services.gateway.books.endpoints.positions import with_status
from services.gateway.books.queries import tags
from services.gateway.books.queries.positions import PositionFilter
from services.gateway.books.reading import book_on, strategy_page
from services.gateway.books.schemas.tags import StrategyPage
from services.gateway.books.shapes import STRATEGY_PREFIX, Status
from services.gateway.edge.dependencies import AsOf, Caller, ChosenPage, OpenSession
from services.gateway.edge.routers import api_router

router = api_router("/strategies", "strategies", 401, 404, 422)


@router.get("")
async def list_strategies(
    page: ChosenPage,
    caller: Caller,
    portfolio: ChosenPortfolio,
    session: OpenSession,
    as_of: AsOf = None,
) -> StrategyPage:
    """The caller's strategies by name, each with what its positions in the portfolio add up to."""
    named, _ = await tags.load_tags(session, caller.user_id, STRATEGY_PREFIX, None, 0)
    book = await book_on(session, portfolio["portfolio_id"], as_of)
    held = await with_status(session, PositionFilter(), Status.OPEN, as_of)
    return await strategy_page(session, book, named, held, page)
