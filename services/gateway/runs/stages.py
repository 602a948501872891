"""The stages that a run consists of, by its trigger; the topology says which there are."""

from shared.contracts.factors import CorrelationsComputed
from shared.contracts.snapshots import RiskMeasured, SnapshotsCreated
from shared.topology import STAGE_EVENTS, STAGES, stage_of

ALL_STAGES = tuple(dict.fromkeys((*STAGES, *map(stage_of, STAGE_EVENTS))))  # occasional ones last
CORRELATIONS = stage_of(CorrelationsComputed)  # trigger and stage; no other run waits for it
SNAPSHOTS = "snapshots"
RISK_METRICS = "risk_metrics"
MARKET_DATA = "market_data"
_STAGES_BY_TRIGGER = {
    CORRELATIONS: (CORRELATIONS,),
    SNAPSHOTS: (stage_of(SnapshotsCreated),),
    RISK_METRICS: (stage_of(SnapshotsCreated), stage_of(RiskMeasured)),
}  # every other trigger starts a run of all stages


def stages_of(trigger: str) -> tuple[str, ...]:
    """The stages that a run waits for; its other items are reported and decide nothing."""
    return _STAGES_BY_TRIGGER.get(trigger, STAGES)


def triggers_without(stage: str) -> tuple[str, ...]:
    """The triggers of runs that do not have a stage."""
    return tuple(trigger for trigger, stages in _STAGES_BY_TRIGGER.items() if stage not in stages)
