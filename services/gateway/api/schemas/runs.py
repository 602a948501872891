"""Pieces of work through the pipeline."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from services.gateway.api.schemas.values import SOME_ID, Warned, example


class RunOut(BaseModel):
    """A piece of work through the pipeline."""

    model_config = example(
        run_id=SOME_ID,
        as_of="2022-12-28",
        trigger="clock",
        status="completed",
        started_at="2022-12-28T21:00:01Z",
        finished_at="2022-12-28T21:00:03Z",
        problems=[],
    )

    run_id: UUID
    as_of: date
    trigger: str = Field(
        description="clock, operator, portfolios, restatement (a split or dividend learnt late), or what was asked for"
    )
    status: str = Field(description="running, completed, partial or failed")
    started_at: datetime
    finished_at: datetime | None
    problems: list[dict[str, Any]] = Field(
        description="what failed or never came: stage, shard, code, message"
    )


class StageOut(BaseModel):
    """How long a stage took over all shards; `busy_seconds` adds up what ran side by side."""

    stage: str
    first_start: datetime
    last_end: datetime
    busy_seconds: float
    shards_done: int
    shards_failed: int


class ItemOut(BaseModel):
    """One stage of one shard."""

    stage: str
    shard: int
    shards: int
    status: str
    occurred_at: datetime
    elapsed_seconds: float
    portfolio_ids: list[UUID]
    counts: dict[str, int]
    warnings: list[Warned]
    error: str | None
    message: str | None
    trace_id: str | None


class RunDetail(RunOut):
    """A run with its stages and everything that was reported about it."""

    stages: list[StageOut]
    items: list[ItemOut]
