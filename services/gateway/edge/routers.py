"""Routers of the API, whose routes have all that they need when they are made.

`include_router` makes each route again, below its prefix and with further dependencies, and most of
the application's start was that: routers begin with the prefix here, and `joined` takes their
routes as they are.
"""

from fastapi import APIRouter, Depends
from fastapi.routing import APIRoute

from services.gateway.edge.parameters import refuse_unknown
from services.gateway.edge.problems import documented

PREFIX = "/api/v1"
EVERYWHERE = (Depends(refuse_unknown),)


def api_router(
    prefix: str = "",
    tag: str | None = None,
    *problems: int,
    route_class: type[APIRoute] = APIRoute,
) -> APIRouter:
    """A router below `/api/v1` and `prefix`; `problems`: the statuses any route may answer."""
    return APIRouter(
        prefix=PREFIX + prefix,
        tags=[tag] if tag else None,
        responses=documented(*problems),
        dependencies=EVERYWHERE,
        route_class=route_class,
    )


def joined(*routers: APIRouter) -> APIRouter:
    """A router with the routes of all, in this order."""
    router = APIRouter()
    router.routes.extend(route for each in routers for route in each.routes)
    return router
