"""What limits publishes, and the requests it answers: limits, and what users do about them."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, ClassVar, Literal, Self
from uuid import UUID

from pydantic import Field

from shared.contracts.event import Contract, Request, ShardEvent, WorkFailed

MOST_SESSIONS_IN_A_ROW = 250
MOST_EPISODES = 50  # of a portfolio, in the answer to a trial
MOST_BEYOND = 100  # sessions of a portfolio, likewise


class LimitsEvaluated(ShardEvent):
    """The limits of the shard's portfolios are evaluated from what is stored.

    Each of the two events that it follows from has one: the first has `more_follow`. `alerts`: by
    portfolio, how many alerts are new; those of the run have its `run_id`.
    """

    subject: ClassVar[str] = "limits.evaluated"

    alerts: dict[UUID, int] = Field(default_factory=dict)

    @classmethod
    def after(
        cls,
        cause: ShardEvent,
        half: str,
        *,
        more_follow: bool,
        alerts: Mapping[UUID, int] | None = None,
        **counts: int,
    ) -> Self:
        """The event for the shard of `cause`, which is one `half` of what limits follow from.

        The halves' events differ in identity, or the bus would discard the second one.
        """
        about = cls.about(cause, warnings=(), **counts)
        return about.model_copy(
            update={
                "event_id": cls.identity(cause.run_id, cause.as_of, f"{half}/{cause.shard}"),
                "more_follow": more_follow,
                "alerts": dict(alerts or {}),
            }
        )


class LimitsFailed(WorkFailed):
    """The limits service gave up on a message."""

    subject: ClassVar[str] = "limits.failed"


PerWord = Literal["portfolio", "position", "underlying", "sector", "tag"]
UnitWord = Literal["own", "share_of_nav"]
DirectionWord = Literal["above", "below", "outside"]
StateWord = Literal[
    "ok", "warning", "breached", "acknowledged", "waived", "cleared", "not_measured"
]
Number = Annotated[float, Field(allow_inf_nan=False, gt=-1e15, lt=1e15)]


class LimitDefinition(Contract):
    """What a limit says: the fields mean what those of `limits.published_limits` mean.

    `warning` and `breach` in the limit's unit; `hysteresis` in the same, how far inside a level the
    value has to be until that is left; `sessions`: on how many in a row it is beyond a level until
    that is reached.
    """

    name: str = Field(min_length=1, max_length=100)
    portfolio_id: UUID | None = None
    measure: str = Field(min_length=1, max_length=120)
    measure_unit: str = Field(max_length=60)
    per: PerWord = "portfolio"
    member: str | None = Field(default=None, min_length=1, max_length=120)
    unit: UnitWord = "own"
    direction: DirectionWord = "above"
    warning: Number | None = None
    breach: Number
    hysteresis: Number = 0.0
    sessions: int = Field(default=1, ge=1, le=MOST_SESSIONS_IN_A_ROW)
    owner: str = Field(default="", max_length=100)
    note: str = Field(default="", max_length=1000)


class LimitSaved(Contract):
    """The limit is stored, and evaluated on the last session; `created` False: it was changed.

    `alerts`: by portfolio, how many alerts of that session are new.
    """

    limit_id: UUID
    created: bool
    alerts: dict[UUID, int] = Field(default_factory=dict)


class SaveLimit(Request[LimitSaved]):
    """Store a limit under an id, or change the one of this id (`is_new` False).

    What a limit is about does not change: of a stored one levels, hysteresis, sessions, name, owner
    and note do; levels from the last session on. Refused with `invalid_limit` and every problem,
    `unknown_limit` or `too_many_limits`.
    """

    subject: ClassVar[str] = "ask.limits.save_limit"

    user_id: UUID
    limit_id: UUID
    is_new: bool
    definition: LimitDefinition


class LimitDeleted(Contract):
    """The limit is gone, with its states, what was done about it, and its alerts."""

    limit_id: UUID


class DeleteLimit(Request[LimitDeleted]):
    """Delete a limit; refused with `unknown_limit` when the user has no such one."""

    subject: ClassVar[str] = "ask.limits.delete_limit"

    user_id: UUID
    limit_id: UUID


class LimitMarked(Contract):
    """The state of the limit in the portfolio, on the last session that is evaluated."""

    limit_id: UUID
    portfolio_id: UUID
    as_of: date
    state: StateWord


class _MarkLimit(Request[LimitMarked]):
    """About a limit in a portfolio, from its last evaluated session on.

    The same `event_id` again changes nothing.
    """

    event_id: UUID
    user_id: UUID
    limit_id: UUID
    portfolio_id: UUID
    reason: str = Field(min_length=1, max_length=1000)


class AcknowledgeLimit(_MarkLimit):
    """Note that the user knows of a breach, until it is over.

    Refused with `unknown_limit`, `not_evaluated` or `not_breached`.
    """

    subject: ClassVar[str] = "ask.limits.acknowledge_limit"


class WaiveLimit(_MarkLimit):
    """Raise no alert of a limit until a day, that day included.

    Refused with `unknown_limit`, `not_evaluated` or `waived_too_early`.
    """

    subject: ClassVar[str] = "ask.limits.waive_limit"

    until: date


class Episode(Contract):
    """A spell of sessions at a level, `last` None: it goes on. `worst`: in the limit's unit."""

    level: Literal["warning", "breached"]
    first: date
    last: date | None
    sessions: int
    worst: float
    worst_on: date
    member: str | None


class TriedSession(Contract):
    """A session on which a limit would have been beyond a level; `value`: in the limit's unit."""

    as_of: date
    level: Literal["warning", "breached"]
    value: float
    member: str | None


class TriedPortfolio(Contract):
    """How a limit would have been on the stored sessions of a portfolio.

    `alerts`: how often it would have fired, warnings and breaches. `episodes`: the last ones of
    `episodes_in_all`. `beyond`: the last sessions beyond a level, the newest first.
    """

    portfolio_id: UUID
    first: date | None
    last: date | None
    sessions: int
    not_measured: int
    sessions_in_warning: int
    sessions_in_breach: int
    warnings: int
    breaches: int
    state: StateWord | None
    episodes: tuple[Episode, ...]
    episodes_in_all: int
    reasons: dict[str, int] = Field(default_factory=dict)
    beyond: tuple[TriedSession, ...] = ()


class LimitTried(Contract):
    """How a limit would have been, by portfolio."""

    portfolios: tuple[TriedPortfolio, ...]


class TryLimit(Request[LimitTried]):
    """Evaluate a limit on the sessions that are stored; nothing is written.

    `limit_id`: one that is stored, by its present levels; else `definition`. Refused with
    `invalid_limit`, `unknown_limit` or `too_many_at_once`.
    """

    subject: ClassVar[str] = "ask.limits.try_limit"

    user_id: UUID
    limit_id: UUID | None = None
    definition: LimitDefinition | None = None
    portfolio_id: UUID | None = None
    first: date | None = None
    last: date | None = None
