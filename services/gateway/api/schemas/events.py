"""What followers of runs are told."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, Field

from services.gateway.api.schemas.values import SOME_ID, example


class _About(BaseModel):
    run_id: UUID
    as_of: date
    trigger: str = Field(description="what set the run off")
    portfolio_ids: list[UUID] = Field(description="the caller's own, of those it is about")


class TroubleOut(BaseModel):
    """What failed, and why; the sentence is null where it might speak of other people's
    portfolios.
    """

    stage: str
    shard: int
    code: str
    message: str | None


class StageEvent(_About):
    """Event `stage`: a stage succeeded, or was given up, for a shard of portfolios."""

    model_config = example(
        run_id=SOME_ID,
        as_of="2022-12-28",
        trigger="portfolios",
        portfolio_ids=[SOME_ID],
        stage="greeks",
        status="ok",
        shard=0,
        shards=1,
        stages_done=2,
        stages=6,
        occurred_at="2022-12-28T21:00:02Z",
        elapsed_seconds=0.041,
        error=None,
        message=None,
    )

    stage: str = Field(
        description="prices, greeks, factors, snapshots, stress, risk or correlations"
    )
    status: str = Field(description="ok or failed")
    shard: int
    shards: int
    stages_done: int = Field(description="how many of the shard's stages have succeeded")
    stages: int = Field(description="of how many")
    occurred_at: datetime
    elapsed_seconds: float
    error: str | None
    message: str | None


class ResultsEvent(_About):
    """Event `results`: everything about these portfolios can be read, or something of it will not
    come.
    """

    model_config = example(
        run_id=SOME_ID,
        as_of="2022-12-28",
        trigger="portfolios",
        portfolio_ids=[SOME_ID],
        shard=0,
        status="ready",
        problems=[],
    )

    shard: int
    status: str = Field(description="ready or failed")
    problems: list[TroubleOut]


class RunEvent(_About):
    """Event `run`: the run is over, for every portfolio in it."""

    model_config = example(
        run_id=SOME_ID,
        as_of="2022-12-28",
        trigger="portfolios",
        portfolio_ids=[SOME_ID],
        status="completed",
        finished_at="2022-12-28T21:00:03Z",
        problems=[],
    )

    status: str = Field(description="completed, partial or failed")
    finished_at: datetime | None
    problems: list[TroubleOut]


class TicketOut(BaseModel):
    """A permission to open one stream, once, soon."""

    model_config = example(ticket="kQ3v...", expires_at="2022-12-28T21:00:30Z")

    ticket: str
    expires_at: datetime
