"""The services on the bus: one line per service, from which everything else is derived.

Streams, durables, permissions, passwords, networks, the compose file, and the stages of a run
follow from `TOPOLOGY`. A service that calculates is added with one line: what it subscribes to and
what it publishes.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.contracts.event import Contract, Event, Request, ShardEvent, WorkFailed
from shared.contracts.factors import (
    CorrelateFactors,
    CorrelationsComputed,
    EstimateBetas,
    FactorsComputed,
    FactorsFailed,
    RegressSymbol,
)
from shared.contracts.gateway import (
    CorrelationsRequested,
    MarketCloseRequested,
    PortfoliosChanged,
    ReportsRequested,
    RiskRequested,
    SnapshotsRequested,
)
from shared.contracts.greeks import FitSmiles, GreeksComputed, GreeksFailed, PriceOptions
from shared.contracts.ingest import (
    FetchSymbols,
    IngestFailed,
    MarketClosed,
    PricesUpdated,
    StoreOptionQuotes,
    StorePrices,
    StoreYields,
)
from shared.contracts.limits import (
    AcknowledgeLimit,
    DeleteLimit,
    LimitsEvaluated,
    LimitsFailed,
    SaveLimit,
    TryLimit,
    WaiveLimit,
)
from shared.contracts.notifications import (
    AddChannel,
    ChangeChannel,
    ConfirmChannel,
    DeleteChannel,
    RepeatNotification,
    ReplaceSecret,
    SendCode,
    SendTest,
)
from shared.contracts.reports import ReportsFailed, ReportsRendered
from shared.contracts.snapshots import RiskMeasured, SnapshotsCreated, SnapshotsFailed
from shared.contracts.stress import (
    DeleteScenario,
    EvaluateCurve,
    EvaluateGrid,
    EvaluateWhatIf,
    SaveScenario,
    StressComputed,
    StressFailed,
    SuggestTrades,
)

HTTPS = (443,)
MAIL = (25, 465, 587)


@dataclass(frozen=True)
class Wiring:
    """One service on the bus.

    `subscribes`: each event it subscribes to, and the event that it publishes after handling it
    (None for no event). `starts`: events that it publishes without such a cause, on a user's
    request. `occasional`: results that only some runs have, so no run waits for them. `reaches`:
    ports of servers outside, to which its network has a way out.
    """

    subscribes: Mapping[type[Event], type[Event] | None]
    starts: tuple[type[Event], ...] = ()
    answers: tuple[type[Request[Contract]], ...] = ()
    requests: tuple[type[Request[Contract]], ...] = ()
    failure: type[WorkFailed] | None = None  # the gateway has none: no other service subscribes
    occasional: tuple[type[Event], ...] = ()
    keeps_dead_letters: bool = False  # and may replay them: publish any event of any service
    observes: bool = False  # how far every consumer of every service is behind
    reaches: tuple[int, ...] = ()

    @property
    def results(self) -> tuple[type[Event], ...]:
        """Events published after handling one, each once, in the order of `subscribes`."""
        return tuple(dict.fromkeys(event for event in self.subscribes.values() if event))

    @property
    def publishes(self) -> tuple[type[Event], ...]:
        """Every event published, the failure event last."""
        failure = (self.failure,) if self.failure else ()
        return (*self.results, *self.starts, *failure)


_CALCULATORS: dict[str, Wiring] = {
    "ingest": Wiring(
        {
            MarketCloseRequested: MarketClosed,
            MarketClosed: PricesUpdated,
            PortfoliosChanged: PricesUpdated,
        },
        answers=(FetchSymbols, StoreOptionQuotes, StorePrices, StoreYields),
        failure=IngestFailed,
        reaches=HTTPS,  # providers of data
    ),
    "greeks": Wiring(
        {PricesUpdated: GreeksComputed}, answers=(PriceOptions, FitSmiles), failure=GreeksFailed
    ),
    "factors": Wiring(
        {
            GreeksComputed: FactorsComputed,
            FactorsComputed: CorrelationsComputed,
            CorrelationsRequested: CorrelationsComputed,
        },
        answers=(CorrelateFactors, RegressSymbol, EstimateBetas),
        failure=FactorsFailed,
        occasional=(CorrelationsComputed,),
    ),
    "snapshots": Wiring(
        {
            FactorsComputed: SnapshotsCreated,
            SnapshotsRequested: SnapshotsCreated,
            StressComputed: RiskMeasured,
            RiskRequested: RiskMeasured,
        },
        failure=SnapshotsFailed,
    ),
    "stress": Wiring(
        {FactorsComputed: StressComputed},
        answers=(
            SaveScenario,
            DeleteScenario,
            EvaluateWhatIf,
            EvaluateGrid,
            EvaluateCurve,
            SuggestTrades,
        ),
        failure=StressFailed,
    ),
    "limits": Wiring(
        {SnapshotsCreated: LimitsEvaluated, RiskMeasured: LimitsEvaluated},
        answers=(
            *(SaveLimit, DeleteLimit, AcknowledgeLimit, WaiveLimit, TryLimit),
            *(AddChannel, ChangeChannel, DeleteChannel, ReplaceSecret, ConfirmChannel, SendCode),
            *(SendTest, RepeatNotification),
        ),
        failure=LimitsFailed,
        reaches=(*HTTPS, *MAIL),  # receivers of alerts
    ),
    # No stage of a run: a report is rendered of figures that are stored.
    "reports": Wiring({ReportsRequested: ReportsRendered}, failure=ReportsFailed),
}

_GATEWAY = Wiring(
    # It records every event of every other service, and may send every request.
    dict.fromkeys(event for wiring in _CALCULATORS.values() for event in wiring.publishes),
    starts=(
        PortfoliosChanged,
        MarketCloseRequested,
        CorrelationsRequested,
        SnapshotsRequested,
        RiskRequested,
        ReportsRequested,
    ),
    requests=tuple(request for wiring in _CALCULATORS.values() for request in wiring.answers),
    keeps_dead_letters=True,
    observes=True,
    reaches=HTTPS,  # single sign-on
)

TOPOLOGY: dict[str, Wiring] = {**_CALCULATORS, "gateway": _GATEWAY}

EVENTS: dict[str, type[Event]] = {
    event.subject: event for wiring in TOPOLOGY.values() for event in wiring.publishes
}


def publisher_of(event: type[Event]) -> str:
    """The one service that publishes `event`; raises `LookupError` when no service does."""
    for word, wiring in TOPOLOGY.items():
        if event in wiring.publishes:
            return word
    raise LookupError(f"no service publishes {event.__name__}")


def stage_of(event: type[Event]) -> str:
    """The stage of a run that ends with `event`: the noun of its subject."""
    return event.subject.partition(".")[0]


def failed_stage(failure: type[WorkFailed], received: str) -> str:
    """The stage that failed when the service of `failure` gave up on an event.

    `received` is the subject of that event. A subject that the service does not subscribe to, as
    an older version may have, counts as its first stage.
    """
    wiring = TOPOLOGY[publisher_of(failure)]
    result = next(
        (result for event, result in wiring.subscribes.items() if event.subject == received), None
    )
    while result is not None and not issubclass(result, ShardEvent):
        result = wiring.subscribes.get(result)
    return stage_of(result or _shard_results(wiring)[0])


def _shard_results(wiring: Wiring) -> list[type[ShardEvent]]:
    return [event for event in wiring.results if issubclass(event, ShardEvent)]


def _pipeline() -> list[type[Event]]:
    """What a run consists of, breadth first from the stored prices."""
    found: list[type[Event]] = [PricesUpdated]
    for event in found:  # grows while it is walked
        for wiring in _CALCULATORS.values():
            result = wiring.subscribes.get(event)
            if result is None or result in wiring.occasional:
                continue
            if result in found:  # it comes after the last of its causes
                found.remove(result)
            found.append(result)
    return found


STAGES: tuple[str, ...] = tuple(stage_of(event) for event in _pipeline())  # of every run, in order
STAGE_EVENTS: tuple[type[ShardEvent], ...] = tuple(
    event for wiring in _CALCULATORS.values() for event in _shard_results(wiring)
)  # occasional stages included
FAILURES: tuple[type[WorkFailed], ...] = tuple(
    wiring.failure for wiring in _CALCULATORS.values() if wiring.failure and _shard_results(wiring)
)  # of a stage
