"""All positions in one answer, and the sums over any of them."""

from services.gateway.analytics.reading.table import positions_table, summed_positions
from services.gateway.analytics.schemas.table import PositionsTable, SummedPositions, WantedSums
from services.gateway.books.answers import ChosenRevision
from services.gateway.books.dependencies import owned_or_first
from services.gateway.books.endpoints.positions import ChosenStatus, with_status
from services.gateway.books.queries.positions import PositionFilter
from services.gateway.books.shapes import Status
from services.gateway.edge.dependencies import AsOf, Caller, OpenSession
from services.gateway.edge.idempotency import once_router

router = once_router("/positions", "positions", 401, 404, 422)


@router.get("/table")
async def get_positions_table(
    portfolio: ChosenRevision,
    session: OpenSession,
    status: ChosenStatus = Status.OPEN,
    as_of: AsOf = None,
) -> PositionsTable:
    """Every position by column, with price, value, P&L, Greeks and part of VaR, and their sums."""
    wanted = await with_status(session, PositionFilter(), status, as_of)
    owner = (portfolio["user_id"], portfolio["portfolio_id"])
    return await positions_table(session, owner, as_of, wanted, status)


@router.post("/sums")
async def sum_positions(
    wanted: WantedSums, caller: Caller, session: OpenSession
) -> SummedPositions:
    """What any of a portfolio's positions add up to, all together and in groups."""
    portfolio = await owned_or_first(session, caller, wanted.portfolio_id)
    among = PositionFilter(among=wanted.position_ids)
    held = await with_status(session, among, wanted.status, wanted.as_of)
    return await summed_positions(session, portfolio["portfolio_id"], wanted.as_of, held, wanted.by)
