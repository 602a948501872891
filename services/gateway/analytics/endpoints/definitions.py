"""What every published name means."""

from typing import Annotated

from fastapi import Path

from services.gateway.analytics.reading.definitions import definitions
from services.gateway.analytics.schemas.definitions import Definition, DefinitionList
from services.gateway.edge.dependencies import Caller
from services.gateway.edge.problems import documented, not_found
from services.gateway.edge.routers import api_router

router = api_router("/definitions", "definitions", 401)


@router.get("")
async def list_meanings(_: Caller) -> DefinitionList:
    """Every published name with its meaning, formula, unit and sign."""
    every = list(definitions().values())
    return DefinitionList(items=every, total=len(every))


@router.get("/{measure}", responses=documented(404, 422))
async def get_meaning(
    _: Caller,
    measure: Annotated[str, Path(min_length=1, max_length=60, description="as answers name it")],
) -> Definition:
    """What a published name means: a metric, an exposure, a Greek, a field of a result."""
    found = definitions().get(measure)
    if found is None:
        raise not_found("definition", measure)
    return found
