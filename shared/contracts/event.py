"""The shape every event shares, and the deterministic identity that makes a rerun harmless."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Any, ClassVar, Generic, Protocol, Self, TypeVar
from uuid import UUID, uuid5

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

EVENT_NAMESPACE = UUID("6f0a1c52-7d0e-5b3c-9a57-5a1b1b5a6d01")
_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")


def utc_now() -> datetime:
    """The wall clock, in UTC: used only to stamp events, never inside a calculation."""
    return datetime.now(UTC)


def _written_out(value: object) -> object:
    if isinstance(value, date) or (isinstance(value, str) and _DAY.fullmatch(value)):
        return value
    raise ValueError(
        "a day is written YYYY-MM-DD"
    )  # pydantic itself would accept seconds since 1970


EARLIEST_DAY = date(1900, 1, 1)
LATEST_DAY = date(2199, 12, 31)


def _within_bounds(day: date) -> date:
    if EARLIEST_DAY <= day <= LATEST_DAY:
        return day
    raise ValueError(f"a day lies between {EARLIEST_DAY} and {LATEST_DAY}")


# A date from outside: between bounds that leave room for calculating with days.
Day = Annotated[date, BeforeValidator(_written_out), AfterValidator(_within_bounds)]


class Contract(BaseModel):
    """Anything on the wire: immutable, and tolerant of fields a newer publisher added."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Caveat(Protocol):
    """What calculations return as a warning: `shared.caveats.Caveat`, which they may import."""

    @property
    def code(self) -> str: ...
    @property
    def message(self) -> str: ...
    @property
    def about(self) -> tuple[str, ...]: ...


class Notice(Contract):
    """A warning for the reader: what happened, to how many, and the first few names."""

    code: str
    message: str
    count: int = 1
    about: tuple[str, ...] = ()

    @classmethod
    def naming(cls, code: str, message: str, names: Sequence[str], shown: int = 20) -> Self:
        """A notice about `names`, of which the first `shown` (sorted) are spelled out."""
        return cls(code=code, message=message, count=len(names), about=tuple(sorted(names)[:shown]))

    @classmethod
    def of(cls, caveat: Caveat) -> Self:
        """A calculation's caveat as it goes over the wire; one without names counts as one."""
        if not caveat.about:
            return cls(code=caveat.code, message=caveat.message)
        return cls.naming(caveat.code, caveat.message, caveat.about)


class Event(Contract):
    """A fact on the bus. Facts and ids only; rows are in Postgres.

    Subclasses set `subject`. `event_id` is uuid5 of (subject, run, date, part), so the same rerun
    publishes the same id and the bus discards the repetition. Every number is finite: facts become
    JSON in Postgres, which has no other.
    """

    model_config = ConfigDict(allow_inf_nan=False)

    subject: ClassVar[str]

    event_id: UUID
    run_id: UUID
    as_of: Day
    occurred_at: AwareDatetime = Field(default_factory=utc_now)
    schema_version: int = 1

    @classmethod
    def identity(cls, run_id: UUID, as_of: date, part: object = 0) -> UUID:
        """The deterministic `event_id` for one part of one run on one session."""
        return uuid5(EVENT_NAMESPACE, f"{cls.subject}/{run_id}/{as_of.isoformat()}/{part}")

    @classmethod
    def new(cls, run_id: UUID, as_of: date, part: object = 0, **facts: Any) -> Self:
        """An event whose identity is derived from `run_id`, `as_of` and `part`."""
        return cls(event_id=cls.identity(run_id, as_of, part), run_id=run_id, as_of=as_of, **facts)


CALCULATION_FAILED = "calculation_failed"
NOT_CALCULATED = "this could not be calculated; the operators have the cause"


class PortfolioFailure(Contract):
    """A portfolio that a stage could not be calculated for.

    `code` and `reason` are for its owner; `error` (a class) and `detail` (its text) for operators.
    """

    portfolio_id: UUID
    code: str = CALCULATION_FAILED
    reason: str
    error: str
    detail: str


MOST_SHARDS = 20_000  # of one run: a million portfolios


class ShardEvent(Event):
    """The work unit: some portfolios on one session, priced from one version of market data.

    `price_run` names the version of the session's market data; `elapsed_seconds` is how long the
    publishing stage worked on this shard (stamped by the messaging layer); `counts` is the number
    of rows written, by kind. `failed_portfolios`: those that the publishing stage failed for; they
    are no longer among the `portfolio_ids`, so the stages after it leave them out. `edits`: by
    portfolio, how many edits it had had before the run read anything of it
    (`gateway.portfolio_edits`); one that is missing is not compared. `more_follow`: the stage is
    not done with the shard, another event of it comes. `basis`: a hash of what the publishing
    stage calculated the shard from (`shared.unchanged`); without one, it is calculated in any case.
    """

    price_run: str
    shard: int = Field(ge=0)
    shards: int = Field(ge=1)
    portfolio_ids: tuple[UUID, ...]
    failed_portfolios: tuple[PortfolioFailure, ...] = ()
    edits: dict[UUID, int] = {}
    counts: dict[str, int] = {}
    warnings: tuple[Notice, ...] = ()
    elapsed_seconds: float = 0.0
    more_follow: bool = False
    basis: str | None = None

    @model_validator(mode="after")
    def _is_work_that_can_be_done(self) -> Self:
        _require_shard(self.shard, self.shards, self.portfolio_ids)
        return self

    def of_portfolios(self, portfolio_ids: Sequence[UUID]) -> Self:
        """The same event about these of its portfolios only."""
        return self.model_copy(update={"portfolio_ids": tuple(portfolio_ids)})

    @classmethod
    def about(cls, cause: "ShardEvent", *, warnings: Sequence[Notice] = (), **counts: int) -> Self:
        """The next stage's event for the shard of `cause`: shard maps to shard, always."""
        return cls.new(
            cause.run_id,
            cause.as_of,
            part=cause.shard,
            price_run=cause.price_run,
            shard=cause.shard,
            shards=cause.shards,
            portfolio_ids=cause.portfolio_ids,
            edits=cause.edits,
            warnings=tuple(warnings),
            counts=counts,
        )


class WorkFailed(Event):
    """A service gave up on a message: a dead letter on `dead.<service>` holds it and its cause.

    `heard`: the subject of the message. `code` and `reason` are for the portfolios' owners; `error`
    (a class) and `message` (its text) for operators.
    """

    heard: str
    code: str = CALCULATION_FAILED
    reason: str = NOT_CALCULATED
    shard: int = 0
    shards: int = 1
    portfolio_ids: tuple[UUID, ...] = ()
    attempts: int
    error: str
    message: str

    @model_validator(mode="after")
    def _is_of_a_shard_that_there_is(self) -> Self:
        _require_shard(self.shard, self.shards, self.portfolio_ids)
        return self


def _require_shard(shard: int, shards: int, portfolio_ids: Sequence[UUID]) -> None:
    if shards > MOST_SHARDS:
        raise ValueError(f"{shards} shards are more than {MOST_SHARDS}")
    if not 0 <= shard < shards:
        raise ValueError(f"shard {shard} is none of {shards}, counted from 0")
    if len(set(portfolio_ids)) < len(portfolio_ids):
        raise ValueError("a portfolio is named more than once: it would be calculated so often")


class DeadLetter(Contract):
    """A message that a service gave up on, and why.

    `heard`: its subject; `payload`: its text, valid or not. `of_outage`: Postgres or the bus failed
    and not the work, so the message is replayed once they are back.
    """

    letter_id: UUID
    service: str
    heard: str
    run_id: UUID | None
    attempts: int
    error: str
    message: str
    payload: str
    headers: dict[str, str] = {}
    buried_at: AwareDatetime = Field(default_factory=utc_now)
    of_outage: bool = False


Reply = TypeVar("Reply", bound=Contract, covariant=True)


class Request(Contract, Generic[Reply]):
    """A question to one service: `class PriceOptions(Request[OptionsPriced])`.

    Subclasses set `subject`, `ask.<service>.<what>`. `reply` is the class of the answer, taken
    from the brackets.
    """

    subject: ClassVar[str]
    reply: ClassVar[type[Contract]]

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        for base in cls.__bases__:
            if issubclass(base, BaseModel) and base.__pydantic_generic_metadata__["args"]:
                [cls.reply] = base.__pydantic_generic_metadata__["args"]


class Refusal(Contract):
    """The reply to a refused request: a stable code, a sentence, and the invalid rows."""

    code: str
    message: str
    problems: tuple[dict[str, Any], ...] = ()
