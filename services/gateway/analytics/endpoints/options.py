"""Where the Greeks of a portfolio's options are."""

from typing import Annotated

from fastapi import Query

from services.gateway.analytics.reading.options import option_map
from services.gateway.analytics.schemas.options import OptionMap
from services.gateway.books.answers import NamedRevision
from services.gateway.edge.dependencies import AsOf, OpenSession
from services.gateway.edge.routers import api_router
from services.gateway.market.dependencies import ticker_of

router = api_router("/portfolios", "portfolios", 401, 404, 422)


@router.get("/{portfolio_id}/option-map")
async def get_option_map(
    portfolio: NamedRevision,
    session: OpenSession,
    underlying: Annotated[
        str | None,
        Query(
            min_length=1,
            max_length=24,
            description="by its strikes; default: all options, by underlying",
        ),
    ] = None,
    as_of: AsOf = None,
) -> OptionMap:
    """The options' Greeks in dollars by expiry and strike (or underlying), long, short and net."""
    ticker = None if underlying is None else ticker_of(underlying)
    return await option_map(session, portfolio["portfolio_id"], as_of, ticker)
