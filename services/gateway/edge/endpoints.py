"""Liveness, readiness and metrics, at the root."""

from typing import Any

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from services.gateway.edge.dependencies import GatewayParts
from services.gateway.edge.schemas import Alive, Readiness

router = APIRouter(tags=["health"])


@router.get("/health/live")
async def live() -> Alive:
    """Whether the process answers."""
    return Alive()


@router.get("/health/ready", response_model=Readiness, responses={503: {"model": Readiness}})
async def ready(gateway: GatewayParts, request: Request, response: Response) -> dict[str, Any]:
    """Whether the database, the bus and the gateway's durables are there: 503 when one is not."""
    state = await gateway.runtime.readiness()
    response.status_code = 200 if state["ready"] else 503
    return {**state, "rate_limits": request.app.state.rate_limits.counted}


@router.get("/metrics", response_class=Response)
async def metrics(gateway: GatewayParts) -> Response:
    """Prometheus metrics."""
    return Response(
        generate_latest(gateway.runtime.telemetry.registry), media_type=CONTENT_TYPE_LATEST
    )
