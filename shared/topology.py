"""Who hears and who tells what: one line per service, from which streams, durables and permissions
follow.
"""

from dataclasses import dataclass

from shared.contracts.event import Event, Request, WorkFailed
from shared.contracts.factors import (
    CorrelateFactors,
    CorrelationsComputed,
    FactorsComputed,
    FactorsFailed,
)
from shared.contracts.gateway import (
    CorrelationsRequested,
    MarketCloseRequested,
    PortfoliosChanged,
    RiskRequested,
    SnapshotsRequested,
)
from shared.contracts.greeks import GreeksComputed, GreeksFailed, PriceOptions
from shared.contracts.ingest import (
    IngestFailed,
    MarketClosed,
    PricesUpdated,
    StoreOptionQuotes,
    StorePrices,
    StoreYields,
)
from shared.contracts.snapshots import RiskMeasured, SnapshotsCreated, SnapshotsFailed
from shared.contracts.stress import (
    DeleteScenario,
    EvaluateWhatIf,
    SaveScenario,
    StressComputed,
    StressFailed,
)


@dataclass(frozen=True)
class Wiring:
    """One service on the bus: events heard, events told, requests answered and asked."""

    hears: tuple[type[Event], ...]
    tells: tuple[type[Event], ...]
    answers: tuple[type[Request], ...] = ()
    asks: tuple[type[Request], ...] = ()
    failure: type[WorkFailed] | None = None  # the gateway has none: nobody would hear it but itself
    keeps_dead_letters: bool = False  # and may therefore publish again what any service told

    def everything_told(self) -> tuple[type[Event], ...]:
        """Events published, the failure event included."""
        return self.tells + ((self.failure,) if self.failure else ())


_ADMIN_REQUESTS = (StoreOptionQuotes, StorePrices, StoreYields)
_STRESS_REQUESTS = (SaveScenario, DeleteScenario, EvaluateWhatIf)
_STAGES: tuple[type[Event], ...] = (
    PricesUpdated,
    GreeksComputed,
    FactorsComputed,
    SnapshotsCreated,
    StressComputed,
    RiskMeasured,
)
_FAILURES: tuple[type[Event], ...] = (
    IngestFailed,
    GreeksFailed,
    FactorsFailed,
    SnapshotsFailed,
    StressFailed,
)

TOPOLOGY: dict[str, Wiring] = {
    "ingest": Wiring(
        (MarketCloseRequested, MarketClosed, PortfoliosChanged),
        (MarketClosed, PricesUpdated),
        answers=_ADMIN_REQUESTS,
        failure=IngestFailed,
    ),
    "greeks": Wiring(
        (PricesUpdated,), (GreeksComputed,), answers=(PriceOptions,), failure=GreeksFailed
    ),
    "factors": Wiring(
        (GreeksComputed, FactorsComputed, CorrelationsRequested),
        (FactorsComputed, CorrelationsComputed),
        answers=(CorrelateFactors,),
        failure=FactorsFailed,
    ),
    "snapshots": Wiring(
        (FactorsComputed, StressComputed, SnapshotsRequested, RiskRequested),
        (SnapshotsCreated, RiskMeasured),
        failure=SnapshotsFailed,
    ),
    "stress": Wiring(
        (FactorsComputed,), (StressComputed,), answers=_STRESS_REQUESTS, failure=StressFailed
    ),
    "gateway": Wiring(
        (MarketClosed, *_STAGES, CorrelationsComputed, *_FAILURES),
        (
            PortfoliosChanged,
            MarketCloseRequested,
            CorrelationsRequested,
            SnapshotsRequested,
            RiskRequested,
        ),
        asks=(*_ADMIN_REQUESTS, *_STRESS_REQUESTS, PriceOptions, CorrelateFactors),
        keeps_dead_letters=True,
    ),
}


EVENTS: dict[str, type[Event]] = {
    event.subject: event for wiring in TOPOLOGY.values() for event in wiring.everything_told()
}


def publisher_of(event: type[Event]) -> str:
    """The one service that tells `event`; raises `LookupError` for an event nobody tells."""
    for word, wiring in TOPOLOGY.items():
        if event in wiring.everything_told():
            return word
    raise LookupError(f"no service tells {event.__name__}")
