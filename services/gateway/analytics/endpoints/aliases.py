"""Answers with two addresses, each pair declared once.

The first address takes the portfolio from the query (default: the caller's first), the second from
the path. No other two routes give the same answer.
"""

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import wraps

from pydantic import BaseModel

from services.gateway.analytics.endpoints.factors import get_factors, get_position_factors
from services.gateway.analytics.schemas.factors import FactorReport, PositionFactorPage
from services.gateway.books.answers import NamedRevision
from services.gateway.edge.routers import api_router

Endpoint = Callable[..., Awaitable[object]]


@dataclass(frozen=True)
class Alias:
    """One answer under two addresses; `second_name` names the operation at the second."""

    endpoint: Endpoint
    model: type[BaseModel]
    first: str
    second: str
    second_name: str


ALIASES = (
    Alias(
        get_factors,
        FactorReport,
        "/risk/factors",
        "/factors/exposures/{portfolio_id}",
        "get_exposures",
    ),
    Alias(
        get_position_factors,
        PositionFactorPage,
        "/risk/factors/positions",
        "/factors/exposures/{portfolio_id}/positions",
        "get_position_exposures",
    ),
)


def with_portfolio_of_path(endpoint: Endpoint) -> Endpoint:
    """The same endpoint for the portfolio that the path names."""

    @wraps(endpoint)
    async def answer(**arguments: object) -> object:
        return await endpoint(**arguments)

    signature = inspect.signature(endpoint)
    parameters = dict(signature.parameters)
    parameters["portfolio"] = parameters["portfolio"].replace(annotation=NamedRevision)
    answer.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=list(parameters.values())
    )
    return answer


router = api_router("", None, 401, 404, 422)
for alias in ALIASES:
    router.add_api_route(alias.first, alias.endpoint, response_model=alias.model, tags=["risk"])
    router.add_api_route(
        alias.second,
        with_portfolio_of_path(alias.endpoint),
        response_model=alias.model,
        name=alias.second_name,
        tags=["factors"],
    )
