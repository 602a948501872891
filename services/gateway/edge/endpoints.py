"""Liveness, readiness and metrics, at the root."""

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from services.gateway.edge.dependencies import GatewayParts
from services.gateway.edge.problems import documented, unauthorised
from services.gateway.edge.routers import EVERYWHERE
from services.gateway.edge.schemas import Alive, Readiness
from shared.service import State
from shared.telemetry import may_scrape

router = APIRouter(tags=["health"], dependencies=EVERYWHERE)


@router.get("/health/live")
async def live() -> Alive:
    """Whether the process answers."""
    return Alive()


@router.get("/health/ready", response_model=Readiness, responses={503: {"model": Readiness}})
async def ready(gateway: GatewayParts, request: Request, response: Response) -> State:
    """Whether the database, the bus and the gateway's durables are there: 503 when one is not.

    As it was up to two seconds ago.
    """
    state = await gateway.runtime.readiness()
    response.status_code = 200 if state["ready"] else 503
    return {**state, "rate_limits": request.app.state.rate_limits.counted}


@router.get("/metrics", response_class=Response, responses=documented(401))
async def metrics(gateway: GatewayParts, request: Request) -> Response:
    """Prometheus metrics; where `SIGMASIGHT_METRICS_TOKEN` is set, for who sends it."""
    given = request.headers.get("authorization", "")
    if not may_scrape(gateway.runtime.settings, given):
        raise unauthorised("invalid_token", "send Authorization: Bearer <metrics token>")
    return Response(
        generate_latest(gateway.runtime.telemetry.registry), media_type=CONTENT_TYPE_LATEST
    )
