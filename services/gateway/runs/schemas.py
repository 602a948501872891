"""Models of runs and of the events their followers receive."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, Field

from services.gateway.edge.values import SOME_ID, Warned, example

_RUN = {"run_id": SOME_ID, "as_of": "2022-12-28"}
_COMPLETED_RUN = {**_RUN, "trigger": "clock", "status": "completed"}
_DONE_RUN = {
    **_COMPLETED_RUN,
    "started_at": "2022-12-28T21:00:01Z",
    "finished_at": "2022-12-28T21:00:03Z",
    "problems": [],
}
_ABOUT = {**_RUN, "trigger": "portfolios", "portfolio_ids": [SOME_ID]}


class _About(BaseModel):
    run_id: UUID
    as_of: date
    trigger: str = Field(description="what set the run off")
    portfolio_ids: list[UUID] = Field(description="the caller's own, of those it is about")


class TroubleOut(BaseModel):
    """What failed or was missing for some of the caller's portfolios, and why."""

    stage: str
    shard: int
    code: str
    message: str
    portfolio_ids: list[UUID] = Field(description="the caller's own that it concerns")


class StageEvent(_About):
    """Event `stage`: a stage succeeded, or was given up, for a shard of portfolios."""

    model_config = example(
        **_ABOUT,
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
    """Event `results`: the results of these portfolios are complete, or some will not come."""

    model_config = example(
        **_ABOUT,
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
        **_ABOUT,
        status="completed",
        finished_at="2022-12-28T21:00:03Z",
        problems=[],
    )

    status: str = Field(description="for the caller's portfolios: completed, partial or failed")
    finished_at: datetime | None
    problems: list[TroubleOut]


class AlertEvent(_About):
    """Event `alert`: limits of these portfolios were reached, or are no longer breached."""

    model_config = example(**_ABOUT, alerts=2)

    alerts: int = Field(description="how many alerts are new: `GET alerts` lists them")


class ReportEvent(BaseModel):
    """Event `report`: a report about these portfolios is rendered, or has failed."""

    model_config = example(
        report_id=SOME_ID, as_of="2022-12-28", portfolio_ids=[SOME_ID], state="rendered"
    )

    report_id: UUID
    as_of: date
    portfolio_ids: list[UUID] = Field(description="the caller's own, of those it is about")
    state: str = Field(description="rendered or failed: `GET reports/{report_id}/status` has more")


class TicketOut(BaseModel):
    """A permission to open one stream, once, soon."""

    model_config = example(ticket="kQ3v...", expires_at="2022-12-28T21:00:30Z")

    ticket: str
    expires_at: datetime


class _Run(BaseModel):
    run_id: UUID
    as_of: date
    trigger: str = Field(
        description=(
            "clock, operator, portfolios, restatement (a split or dividend learnt late), or what "
            "was asked for"
        )
    )
    status: str = Field(description="running, completed, partial or failed")
    started_at: datetime
    finished_at: datetime | None


class PortfolioRun(_Run):
    """What a piece of work through the pipeline became for one portfolio."""

    model_config = example(**_DONE_RUN)

    problems: list[TroubleOut] = Field(description="what failed or was missing for this portfolio")


class ProblemDetail(BaseModel):
    """What failed or was missing, with the cause, for operators.

    `fatal`: these portfolios have no results.
    """

    stage: str
    shard: int
    code: str
    message: str
    portfolio_ids: list[UUID] = []
    fatal: bool = True
    detail: str | None = None


class RunOut(_Run):
    """A piece of work through the pipeline."""

    model_config = example(**_DONE_RUN)

    problems: list[ProblemDetail] = Field(description="what failed, never came or was missing")


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
    problems: list[ProblemDetail]
    error: str | None
    message: str | None
    trace_id: str | None


class RunDetail(RunOut):
    """A run with its stages and everything that was reported about it."""

    stages: list[StageOut]
    items: list[ItemOut]


class StageOfPortfolio(BaseModel):
    """What a stage of a run took for the shard that a portfolio is in."""

    stage: str
    status: str = Field(description="ok or failed, for this portfolio")
    after_seconds: float = Field(description="when it began, in seconds after the run did")
    seconds: float = Field(description="of work")
    ended_at: datetime


class RunOfPortfolio(BaseModel):
    """What a run became for one portfolio, stage by stage in the order of the pipeline."""

    portfolio_id: UUID
    name: str
    status: str
    finished_at: datetime | None
    stages: list[StageOfPortfolio]
    problems: list[TroubleOut]


class OwnRunOut(BaseModel):
    """A run of the caller's."""

    model_config = example(
        **{name: value for name, value in _DONE_RUN.items() if name != "problems"},
        requested=False,
        elapsed_seconds=1.84,
        portfolios=[
            {
                "portfolio_id": SOME_ID,
                "name": "Growth",
                "status": "completed",
                "finished_at": "2022-12-28T21:00:03Z",
                "stages": [
                    {
                        "stage": "prices",
                        "status": "ok",
                        "after_seconds": 0.02,
                        "seconds": 0.11,
                        "ended_at": "2022-12-28T21:00:01Z",
                    }
                ],
                "problems": [],
            }
        ],
        portfolios_total=1,
    )

    run_id: UUID
    as_of: date
    trigger: str
    status: str = Field(description="for the caller's portfolios")
    requested: bool = Field(description="whether the caller requested it")
    started_at: datetime
    finished_at: datetime | None
    elapsed_seconds: float | None = Field(description="null while it is running")
    portfolios: list[RunOfPortfolio]
    portfolios_total: int = Field(description="of the caller's in it; the first twenty are listed")
