"""Strategies: positions that carry a tag named `strategy:<name>`, added up."""

from fastapi import APIRouter

from services.gateway.api.dependencies import (
    AsOf,
    Caller,
    ChosenPortfolio,
    Limit,
    Offset,
    OpenSession,
)
from services.gateway.api.positions import Status, with_status
from services.gateway.api.problems import documented
from services.gateway.api.reading.positions import Part, book_on, strategy_page
from services.gateway.api.schemas import StrategyPage
from services.gateway.calculations.groups import STRATEGY_PREFIX
from services.gateway.repository import tags
from services.gateway.repository.positions import PositionFilter

router = APIRouter(prefix="/strategies", tags=["strategies"], responses=documented(401, 404, 422))


@router.get("")
async def list_strategies(
    caller: Caller,
    portfolio: ChosenPortfolio,
    session: OpenSession,
    as_of: AsOf = None,
    limit: Limit = 100,
    offset: Offset = 0,
) -> StrategyPage:
    """The caller's strategies by name, each with what its positions in the portfolio add up to."""
    named, _ = await tags.load_tags(session, caller.user_id, STRATEGY_PREFIX, None, 0)
    book = await book_on(session, portfolio["portfolio_id"], as_of)
    held = await with_status(session, PositionFilter(), Status.OPEN, as_of)
    return await strategy_page(session, book, named, held, Part(limit, offset))
