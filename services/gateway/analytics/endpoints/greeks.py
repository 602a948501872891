"""Greeks of options held or not, which the greeks service computes on request."""

from datetime import date

from services.gateway.analytics.schemas.greeks import GreeksCalculated, OptionsToPrice
from services.gateway.edge.dependencies import CallersDatabase, GatewayParts
from services.gateway.edge.idempotency import once_router
from services.gateway.edge.problems import Problem, documented
from services.gateway.market import queries as market_queries
from shared.contracts.greeks import PriceOptions
from shared.database import Database

router = once_router("/risk/greeks", "risk", 401, 422)


@router.post("/calculate", responses=documented(503))
async def calculate_greeks(
    wanted: OptionsToPrice, database: CallersDatabase, gateway: GatewayParts
) -> GreeksCalculated:
    """Value any options, held or not, as held options are valued; nothing is stored."""
    request = PriceOptions(
        as_of=wanted.as_of or await _latest_session(database),
        engine=wanted.engine,
        options=tuple(wanted.options),
    )
    answer = await gateway.ask(request)
    return GreeksCalculated.model_validate(answer.model_dump())


async def _latest_session(database: Database) -> date:
    async with database.transaction() as session:
        latest = await market_queries.latest_session(session)
    if latest is None:
        raise Problem(422, "no_market_data", "no session is known yet: say as_of")
    return latest
