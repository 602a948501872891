"""What limits reads, as frozen dataclasses: all that repository and calculations share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from uuid import UUID

from shared.conventions import DEFAULT_MODEL, GREEKS


class Half(StrEnum):
    """One of the two events of a run's shard that its limits follow from."""

    SNAPSHOTS = "snapshots"
    RISK = "risk"


@dataclass(frozen=True)
class Progress:
    """Which halves of a run's shard have been handled, the present one included."""

    handled: frozenset[Half]

    @property
    def is_complete(self) -> bool:
        """Whether nothing more of the shard is to come."""
        return self.handled == frozenset(Half)


class Per(StrEnum):
    """What a measure is taken of: the whole portfolio, or each member of a grouping.

    A position is all that is held of one symbol.
    """

    PORTFOLIO = "portfolio"
    POSITION = "position"
    UNDERLYING = "underlying"
    SECTOR = "sector"
    TAG = "tag"


class Unit(StrEnum):
    """What a limit's value and levels are in: the measure's unit, or shares of NAV."""

    OWN = "own"
    SHARE_OF_NAV = "share_of_nav"


class Direction(StrEnum):
    """Where a value is worse; outside: its absolute value above."""

    ABOVE = "above"
    BELOW = "below"
    OUTSIDE = "outside"


class Level(StrEnum):
    """How far a value went, in the order of how bad it is."""

    OK = "ok"
    WARNING = "warning"
    BREACHED = "breached"


class State(StrEnum):
    """What a reader sees of a limit on a session."""

    OK = "ok"
    WARNING = "warning"
    BREACHED = "breached"
    ACKNOWLEDGED = "acknowledged"
    WAIVED = "waived"
    CLEARED = "cleared"
    NOT_MEASURED = "not_measured"


class Source(StrEnum):
    """The kind of row that a portfolio's measure is read from."""

    SNAPSHOT = "snapshot"
    METRIC = "metric"
    FACTOR = "factor"
    SCENARIO = "scenario"
    WORST = "worst"


@dataclass(frozen=True)
class Measure:
    """A measure by its name, and where it is stored.

    `key`: of a snapshot, the column (and the keys within it); of a metric, name and view; of a
    factor, id and model; of a scenario, id and method; of the worst scenario, the method.
    """

    name: str
    source: Source
    key: tuple[str, ...]


SNAPSHOT_COLUMNS = frozenset(
    (
        *("nav", "cash", "market_value", "daily_pnl", "closed_pnl", "trades_pnl", "income", "fees"),
        *("cumulative_pnl", "net_flow", "inflow", "outflow", "unexplained", "daily_return"),
        *("unrealised_pnl", "price_coverage", "greeks_coverage", *GREEKS),
    )
)
WORST_SCENARIO = "worst_scenario"
DEFAULT_METHOD = "correlated"
SIDES = ("longs", "shorts")
WHOLE = "portfolio"  # the view of a metric without a side


def measure_named(name: str) -> Measure:
    """The measure of a name as `portfolios/{id}/series` has it, or `worst_scenario[.method]`."""
    first, _, rest = name.partition(".")
    if first == WORST_SCENARIO:
        return Measure(name, Source.WORST, (rest or DEFAULT_METHOD,))
    if name in SNAPSHOT_COLUMNS:
        return Measure(name, Source.SNAPSHOT, (name,))
    if first == "exposure":
        return Measure(name, Source.SNAPSHOT, ("exposures", *rest.split(".")))
    if first in (Source.FACTOR, Source.SCENARIO):
        which, _, how = rest.partition(".")
        usual = DEFAULT_MODEL if first == Source.FACTOR else DEFAULT_METHOD
        return Measure(name, Source(first), (which, how or usual))
    if rest in SIDES:
        return Measure(name, Source.METRIC, (first, rest))
    return Measure(name, Source.METRIC, (name, WHOLE))


class MemberSource(StrEnum):
    """The kind of row that a position's part of a measure is read from."""

    VALUATION = "valuation"
    COMPONENT = "component"
    SCENARIO = "scenario"
    GREEK = "greek"
    FACTOR = "factor"


class Side(StrEnum):
    """What of the parts is added up: all, those above or below zero, or their absolute values."""

    NET = "net"
    LONG = "long"
    SHORT = "short"
    GROSS = "gross"


@dataclass(frozen=True)
class MemberMeasure:
    """Where the positions' parts of a measure are stored.

    `key`: the column; of a component, the confidence too; of a scenario, id and method.
    """

    source: MemberSource
    key: tuple[str, ...]
    side: Side = Side.NET


_SIDES = frozenset(each.value for each in Side)
_EXPOSURES = {
    "dollar": "market_value",
    "notional": "notional_exposure",
    "delta_adjusted": "delta_adjusted_exposure",
}
_OF_POSITIONS = {
    **{
        name: MemberMeasure(MemberSource.VALUATION, (name,))
        for name in ("market_value", "unrealised_pnl", "daily_pnl")
    },
    "dollar_delta": MemberMeasure(MemberSource.VALUATION, ("delta_adjusted_exposure",)),
    "dollar_gamma_1pct": MemberMeasure(MemberSource.GREEK, ("gamma",)),
    "dollar_theta_1d": MemberMeasure(MemberSource.GREEK, ("theta",)),
    "dollar_vega_1pt": MemberMeasure(MemberSource.GREEK, ("vega",)),
    "dollar_rho_1pct": MemberMeasure(MemberSource.GREEK, ("rho",)),
    **{
        f"component_{risk}_{confidence}": MemberMeasure(
            MemberSource.COMPONENT, (f"component_{risk}", confidence)
        )
        for risk in ("var", "es")
        for confidence in ("95", "99")
    },
}


def member_measure(measure: Measure) -> MemberMeasure | None:
    """Where the positions' parts of a measure are stored; None for one that has none."""
    if measure.name in _OF_POSITIONS:
        return _OF_POSITIONS[measure.name]
    match measure.source, measure.key:
        case Source.SNAPSHOT, ("exposures", kind, side) if kind in _EXPOSURES and side in _SIDES:
            return MemberMeasure(MemberSource.VALUATION, (_EXPOSURES[kind],), Side(side))
        case Source.SCENARIO, key:
            return MemberMeasure(MemberSource.SCENARIO, key)
        case Source.FACTOR, (factor, model) if model == DEFAULT_MODEL:
            return MemberMeasure(MemberSource.FACTOR, (factor,))
        case _:
            return None


@dataclass(frozen=True)
class Terms:
    """Levels in the limit's unit, in force from the session `since` on.

    `sessions`: on how many measured sessions in a row a value is beyond a level until the level is
    reached. `hysteresis`: how far inside it the value has to be until it is left.
    """

    since: date
    breach: float
    warning: float | None = None
    hysteresis: float = 0.0
    sessions: int = 1


@dataclass(frozen=True)
class Limit:
    """What a user allows a measure to be; `portfolio_id` None: in all of the user's portfolios."""

    limit_id: UUID
    user_id: UUID
    portfolio_id: UUID | None
    name: str
    measure: Measure
    measure_unit: str
    per: Per
    member: str | None
    unit: Unit
    direction: Direction
    terms: tuple[Terms, ...]

    @property
    def is_in_dollars(self) -> bool:
        """Whether the measure is an amount of USD, of which there are shares of NAV."""
        return self.measure_unit.startswith("USD")


class ActionKind(StrEnum):
    """What a user may do about a limit that is breached."""

    ACKNOWLEDGED = "acknowledged"
    WAIVED = "waived"


@dataclass(frozen=True)
class Action:
    """What a user did about a limit in a portfolio, on the session `as_of`."""

    kind: ActionKind
    as_of: date
    until: date | None = None

    def waives(self, session_date: date) -> bool:
        """Whether the limit is waived on the session."""
        return self.until is not None and self.as_of <= session_date <= self.until


@dataclass(frozen=True)
class Before:
    """What a session's state follows from, apart from its value.

    `level`, reached on `since`; on how many measured sessions in a row the value was beyond each;
    `announced`: the breach was alerted of; `acknowledged`: the user knows of it.
    """

    level: Level = Level.OK
    since: date | None = None
    over_warning: int = 0
    over_breach: int = 0
    announced: bool = False
    acknowledged: bool = False


@dataclass(frozen=True)
class Contributor:
    """A part of a value by name, in the measure's own unit."""

    name: str
    value: float


@dataclass(frozen=True)
class Valued:
    """A session's value in the limit's unit; None, with the reason, where it was not measured.

    `usd_per_unit`: what one of the limit's unit is in USD, None where it is no amount.
    `contributors`: None where they were not read.
    """

    session_date: date
    value: float | None
    member: str | None = None
    reason: str | None = None
    usd_per_unit: float | None = None
    contributors: tuple[Contributor, ...] | None = None


@dataclass(frozen=True)
class Reading:
    """What a measure is on a session, in its own unit; None with the reason.

    `member`: whose it is, for the worst of several. `reason` of an amount that is known: what it
    leaves out.
    """

    amount: float | None
    member: str | None = None
    reason: str | None = None
    contributors: tuple[Contributor, ...] = ()


Day = tuple[UUID, date]  # a portfolio and a session
ScenarioKey = tuple[UUID | None, str]  # the user who saved it, None for the house, and its id


@dataclass(frozen=True)
class Question:
    """What is to be read of a portfolio on a session: the same for all limits that need it.

    `direction` and `member` decide only where `per` is not the portfolio.
    """

    measure: Measure
    per: Per = Per.PORTFOLIO
    direction: Direction = Direction.ABOVE
    member: str | None = None

    @classmethod
    def of(cls, limit: Limit) -> "Question":
        """What the limit needs."""
        if limit.per is Per.PORTFOLIO:
            return cls(limit.measure)
        return cls(limit.measure, limit.per, limit.direction, limit.member)


@dataclass(frozen=True)
class Readings:
    """What was found: NAV by portfolio and session where there is a snapshot, and the answers.

    `scenarios`: the names of scenarios, where an answer may be the worst of them.
    """

    navs: Mapping[Day, float | None]
    answers: Mapping[tuple[Question, Day], Reading]
    scenarios: Mapping[ScenarioKey, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Watched:
    """A limit in a portfolio. `history_of`: whose sessions come before, for drafts their base's."""

    limit: Limit
    portfolio_id: UUID
    history_of: UUID

    @property
    def is_draft(self) -> bool:
        """Whether it is a draft: evaluated, and that is all."""
        return self.history_of != self.portfolio_id


@dataclass(frozen=True)
class Stored:
    """What is stored of a limit in a portfolio, and what a user did about it.

    `before`: what came before the first session that is evaluated; `values`: of the sessions from
    that one on, ascending.
    """

    before: Before = Before()
    values: tuple[Valued, ...] = ()
    actions: tuple[Action, ...] = ()


@dataclass(frozen=True)
class Work:
    """Everything that evaluating the limits of some portfolios needs.

    `days`: the sessions that are read again, by portfolio. `stored`: by place in `watched`.
    """

    watched: Sequence[Watched]
    days: Mapping[UUID, Sequence[date]]
    stored: Sequence[Stored]
    readings: Readings
