"""The handlers alone, on plain fakes: what they ask for, what they save, what they publish."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import numpy as np
import pytest

from services.snapshots.handlers import measure_risk, take_snapshots
from services.snapshots.inputs import (
    ChainInputs,
    DueSnapshot,
    Estimates,
    History,
    MarketHistory,
    MarketSides,
    Plan,
    RiskInputs,
    RiskPosition,
    SnapshotInputs,
)
from shared.arrays import Columns
from shared.contracts.factors import FactorsComputed
from shared.contracts.snapshots import RiskMeasured, SnapshotsCreated
from shared.contracts.stress import StressComputed
from shared.database import Session
from tests.unit.snapshots.builders import (
    SESSIONS,
    TUESDAY,
    WEDNESDAY,
    Holding,
    Market,
    an_id,
    closes,
    positions,
    quotes,
)

PORTFOLIOS = (an_id(0),)
EVENT = {"price_run": "run-1", "shard": 0, "shards": 1, "portfolio_ids": PORTFOLIOS}
NO_SESSION: Session = None  # type: ignore[assignment]


class SnapshotRepository:
    """Replaces the database: `stored` sessions, holdings and closes; records what is saved."""

    def __init__(self, holdings: Sequence[Holding], *stored: date) -> None:
        self.holdings = holdings
        self.history = History(PORTFOLIOS, (stored,))
        self.market = Market(closes(tuesday=100, wednesday=103))
        self.snapshots: Columns = {}
        self.valuations: Columns = {}
        self.metrics: Columns = {}

    async def claim_history(self, session: Session, ids: Sequence[UUID], as_of: date) -> History:
        return self.history

    async def load_snapshot_inputs(self, session: Session, plan: Plan) -> SnapshotInputs:
        self.plan = plan
        known = quotes(self.market, self.holdings, plan.days)
        return SnapshotInputs(plan, positions(self.holdings), known, sessions=SESSIONS)

    async def save_snapshots(
        self, session: Session, plan: Plan, snapshots: Columns, valuations: Columns
    ) -> None:
        self.snapshots = snapshots
        self.valuations = valuations

    async def load_chain(self, session: Session, plan: Plan, as_of: date) -> ChainInputs:
        return ChainInputs(
            portfolios=plan.portfolios,
            as_of=as_of,
            chains=[[] for _ in plan.portfolios],
            market=MarketHistory([], ("market",), np.empty((0, 1)), []),
            market_sides=[MarketSides() for _ in plan.portfolios],
            stored_exposures={},
            factor_exposures={},
        )

    async def save_measurements(
        self,
        session: Session,
        portfolios: Sequence[UUID],
        metrics: Columns,
        attributions: Columns,
    ) -> None:
        self.metrics = metrics


async def take(
    repository: SnapshotRepository, as_of: date, monkeypatch: pytest.MonkeyPatch
) -> SnapshotsCreated:
    monkeypatch.setattr(take_snapshots, "repository", repository)
    event = FactorsComputed.new(an_id(9), as_of, **EVENT)
    return await take_snapshots.take_snapshots(event, NO_SESSION)


async def test_session_before_a_stored_one_takes_that_one_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    repository = SnapshotRepository([Holding()], WEDNESDAY)

    event = await take(repository, TUESDAY, monkeypatch)

    assert repository.plan.due == (
        DueSnapshot(0, TUESDAY, None),
        DueSnapshot(0, WEDNESDAY, TUESDAY),
    )
    assert event.counts == {"snapshots": 1, "positions": 1, "restated": 1}
    assert list(repository.snapshots["as_of"]) == [TUESDAY, WEDNESDAY]
    assert list(repository.valuations["market_value"]) == [10_000.0, 10_300.0]


async def test_snapshot_stores_the_warnings_that_its_event_publishes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    repository = SnapshotRepository([Holding("NEW")])

    event = await take(repository, WEDNESDAY, monkeypatch)

    (stored,) = repository.snapshots["warnings"]
    assert stored == [warning.model_dump(mode="json") for warning in event.warnings]
    assert ("price_missing", ("NEW",)) in [(each.code, each.about) for each in event.warnings]


async def test_stored_exposures_are_to_the_cent(monkeypatch: pytest.MonkeyPatch) -> None:
    repository = SnapshotRepository([Holding(quantity=1 / 3)])

    await take(repository, WEDNESDAY, monkeypatch)

    (exposures,) = repository.snapshots["exposures"]
    assert isinstance(exposures, dict)
    assert exposures["notional"] == exposures["dollar"] == {
        "long": 34.33, "short": 0.0, "gross": 34.33, "net": 34.33,
    }  # fmt: skip


async def test_concentration_is_measured_of_the_snapshots_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    repository = SnapshotRepository([Holding()])

    await take(repository, WEDNESDAY, monkeypatch)

    assert set(repository.metrics["metric"]) == {"hhi", "top_3_weight", "top_10_weight"}


class RiskRepository:
    """Replaces the database: one position without P&L or estimates; records what is saved."""

    async def claim_risk_inputs(
        self, session: Session, ids: Sequence[UUID], as_of: date
    ) -> RiskInputs:
        held = RiskPosition(
            position_id=an_id(1),
            portfolio_id=an_id(0),
            symbol="NEW",
            underlying="NEW",
            quantity=10.0,
            weight=500.0,
            exposure=None,
            dollar_gamma=0.0,
            theta=0.0,
            vega=0.0,
            rho=0.0,
            pnl=None,
            reason="no history",
        )
        unknown = Estimates(
            betas=np.full((1, 1), np.nan),
            market_betas=np.full(1, np.nan),
            covariance=np.full((1, 1), np.nan),
            closes=np.full((253, 1), np.nan),
            factor_returns=np.full((252, 1), np.nan),
            decay=1.0,
            lookback=0,
            observations=0,
        )
        return RiskInputs(PORTFOLIOS, as_of, [held], ["NEW"], unknown, [])

    async def save_risk(
        self, session: Session, inputs: RiskInputs, metrics: Columns, components: Columns
    ) -> None:
        self.metrics = metrics
        self.components = components


async def test_position_without_inputs_is_saved_and_published_with_its_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    repository = RiskRepository()
    monkeypatch.setattr(measure_risk, "repository", repository)

    event: RiskMeasured = await measure_risk.measure_risk(
        StressComputed.new(an_id(9), WEDNESDAY, **EVENT), NO_SESSION
    )

    assert event.counts == {"portfolios": 1, "positions": 1}
    assert [(warning.code, warning.about) for warning in event.warnings] == [
        ("historical_pnl_missing", ("NEW",)),
        ("factor_model_missing", ("NEW",)),
    ]
    assert repository.components["reason"] == ["no history"]
    (var,) = repository.components["var_95"]
    assert str(var) == "nan"
    found = zip(repository.metrics["metric"], repository.metrics["value"], strict=True)
    assert {value for name, value in found if not name.startswith("dollar_")} == {None}
