"""Models of the health endpoints."""

from pydantic import BaseModel, Field

from services.gateway.edge.rate_limits import Counted
from services.gateway.edge.values import example


class Alive(BaseModel):
    """The process answers."""

    model_config = example(status="live")

    status: str = "live"


class Readiness(BaseModel):
    """What is and is not ready."""

    model_config = example(
        ready=True,
        bus=True,
        publishing=True,
        database=True,
        durables_missing=[],
        rate_limits="in_process",
    )

    ready: bool
    bus: bool
    publishing: bool = Field(description="whether the bus stored what was last published")
    database: bool
    durables_missing: list[str]
    rate_limits: Counted = Field(
        description=(
            "where requests are counted; store_unreachable: by each process for itself until it is "
            "back"
        )
    )
