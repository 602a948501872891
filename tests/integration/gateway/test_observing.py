"""What /metrics shows of the whole: it is looked up in the background, and it is what is stored."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from math import isnan
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID, uuid4

import pytest
from httpx2 import AsyncClient
from nats.aio.client import Client
from prometheus_client import CollectorRegistry
from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import create_async_engine

from services.gateway.edge.dependencies import Gateway
from services.gateway.operators.observing import Observer, sessions_behind
from services.gateway.runs.handlers import keep_letter
from services.gateway.tables import BatchRun, OutboxRow
from services.ingest.tables import DailyPrice, QuarantinedPrice
from services.limits.tables import LimitState
from shared.contracts.factors import FactorsFailed
from shared.contracts.gateway import PortfoliosChanged
from shared.contracts.ingest import PricesUpdated
from shared.database import Database, lock, sql_table
from shared.service import Runtime
from tests.builders import AS_OF, save
from tests.integration.gateway.people import Person
from tests.integration.gateway.seeds import a_stored_book
from tests.integration.gateway.test_dead_letters import a_letter
from tests.integration.gateway.test_runs import (
    STAGES,
    a_failure,
    a_stage,
    a_whole_run,
    deliver,
)
from tests.integration.gateway.test_suggestions import a_limit_on_vega
from tests.integration.statements import noted_statements

NOW = datetime(2022, 12, 30, 12, tzinfo=UTC)  # the session of the 29th has closed


class Seen:
    """The gauges of an observer that looked once."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry

    def __call__(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(f"sigmasight_{name}", labels)


async def observed(gateway: Gateway, now: datetime = NOW) -> Seen:
    registry = CollectorRegistry()
    await Observer(registry, 1.0).observe(gateway.runtime, now)
    return Seen(registry)


def a_run(**values: Any) -> dict[str, Any]:
    return {"run_id": uuid4(), "as_of": AS_OF, "trigger": "clock", "started_at": NOW} | values


def an_event(run_id: UUID, created_at: datetime) -> dict[str, Any]:
    return {
        "event_id": uuid4(),
        "run_id": run_id,
        "subject": PortfoliosChanged.subject,
        "payload": {},
        "created_at": created_at,
        "published_at": None,
    }


async def test_open_runs_are_counted_by_lane(gateway: Gateway, admin: Database) -> None:
    hour = NOW - timedelta(hours=1)
    open_runs = [
        a_run(work_class="interactive", started_at=hour),
        a_run(work_class="interactive"),
        a_run(work_class="backfill", status="completed"),
    ]
    await save(
        admin, BatchRun, [{"work_class": "close", "status": "running"} | each for each in open_runs]
    )

    seen = await observed(gateway)

    assert seen("open_runs", work_class="interactive") == 2
    assert seen("oldest_open_run_seconds", work_class="interactive") == 3_600
    assert seen("open_runs", work_class="backfill") == 0
    assert seen("oldest_open_run_seconds", work_class="backfill") == 0


async def test_a_consumer_shows_what_waits_for_it(gateway: Gateway, bus: Client) -> None:
    before = (await observed(gateway))(
        "consumer_pending_messages", service="greeks", consumer="greeks-prices-updated"
    )
    await bus.jetstream().publish(
        PricesUpdated.subject, a_stage(PricesUpdated, uuid4()).model_dump_json().encode()
    )

    seen = await observed(gateway)

    labels = {"service": "greeks", "consumer": "greeks-prices-updated"}
    assert before == 0
    assert seen("consumer_pending_messages", **labels) == 1
    assert seen("consumer_unacknowledged_messages", **labels) == 0
    assert seen("consumers_missing", service="greeks") == 0


async def test_what_the_outbox_holds_is_counted_by_lane(gateway: Gateway, admin: Database) -> None:
    minute = NOW - timedelta(minutes=1)
    close, report = a_run(), uuid4()
    await save(admin, BatchRun, [close])

    async with admin.transaction() as session:
        await lock(session, "gateway", "outbox")  # the relay waits meanwhile
        async with admin.transaction() as other:
            events = [an_event(run_id, minute) for run_id in (close["run_id"], report)]
            await other.execute(insert(sql_table(OutboxRow)).values(events))
        seen = await observed(gateway)
        await session.execute(text("delete from gateway.outbox"))

    for lane in ("close", "other"):
        assert seen("outbox_waiting", work_class=lane) == 1
        assert seen("outbox_oldest_seconds", work_class=lane) == 60
    assert seen("outbox_waiting", work_class="interactive") == 0


async def test_an_incomplete_run_is_counted_and_logged_with_its_cause(
    gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    run_id = uuid4()
    good = [a_stage(kind, run_id, 0) for kind, _ in STAGES]
    bad = [a_stage(PricesUpdated, run_id, 1), a_failure(FactorsFailed, run_id, 1)]
    await deliver(gateway, [*good, *bad, *a_whole_run(uuid4())])

    seen = await observed(gateway)

    assert seen("runs_ended", status="partial") == 1
    assert seen("runs_ended", status="completed") == 1
    assert seen("runs_ended", status="failed") == 0
    [record] = [each for each in caplog.records if str(run_id) in each.getMessage()]
    line = cast(dict[str, Any], record.msg)
    assert (record.levelname, line["event"], line["status"]) == (
        "WARNING",
        "run incomplete",
        "partial",
    )
    assert [(each["stage"], each["detail"], each["times"]) for each in line["causes"]] == [
        ("factors", "MarketDataNotReady: no prices", 1)
    ]


async def test_letters_prices_and_sessions_are_counted(gateway: Gateway, admin: Database) -> None:
    async with gateway.database.transaction() as session:
        await keep_letter(a_letter(), session)
    await save(admin, QuarantinedPrice, [a_rejected_price()])
    await save(admin, DailyPrice, [a_price(AS_OF)])

    seen = await observed(gateway)

    assert seen("dead_letters", service="greeks") == 1
    assert seen("dead_letters", service="stress") == 0
    assert seen("quarantined_prices") == 1
    assert seen("sessions_behind", data="prices") == 1
    assert isnan(seen("sessions_behind", data="results") or 0)
    assert seen("observed_timestamp_seconds", source="database") == NOW.timestamp()
    assert seen("observed_timestamp_seconds", source="bus") == NOW.timestamp()


def a_rejected_price() -> dict[str, Any]:
    key = {"symbol": "AAPL", "session_date": AS_OF, "source": "file"}
    return key | {"close": "0", "reason": "the close is 0: a price is above zero", "seen_at": NOW}


def a_price(day: date) -> dict[str, Any]:
    values = {"close": Decimal(126), "adjusted_close": 126.0, "close_basis": "raw"}
    return {"symbol": "AAPL", "session_date": day, "source": "file", "revision": 1} | values


@pytest.mark.usefixtures("market")
async def test_positions_are_counted_by_their_price(
    ann: Person, gateway: Gateway, admin: Database
) -> None:
    await a_stored_book(ann, admin)
    async with admin.transaction() as session:
        for symbol, change in {"XOM": "price = null", "MSFT": "stale = true"}.items():
            await session.execute(
                text(f"update snapshots.position_valuations set {change} where symbol = :symbol"),
                {"symbol": symbol},
            )

    seen = await observed(gateway)

    assert seen("positions", price="missing") == 1
    assert seen("positions", price="stale") == 1
    assert seen("positions", price="current") == 2


@pytest.mark.usefixtures("market")
async def test_limits_are_counted_by_their_last_state(
    ann: Person, gateway: Gateway, admin: Database
) -> None:
    own = {"limit_id": UUID(await a_limit_on_vega(ann, admin))}
    own["portfolio_id"] = UUID(await ann.uploaded())
    states = {AS_OF: "breached", AS_OF - timedelta(days=1): "ok"}
    await save(admin, LimitState, [a_state(day, state) | own for day, state in states.items()])

    seen = await observed(gateway)

    assert seen("limits", state="breached") == 1
    assert seen("limits", state="ok") == 0


async def test_what_is_many_is_counted_seldom(gateway: Gateway) -> None:
    observer = Observer(CollectorRegistry(), 1.0)
    moments = [NOW + timedelta(minutes=minutes) for minutes in (0, 2, 4, 6)]

    with noted_statements(gateway.database) as noted:
        for moment in moments:
            await observer.observe(gateway.runtime, moment)

    assert sum("position_valuations" in each for each in noted) == 2
    assert sum("outbox" in each and "count(" in each for each in noted) == 4


def a_state(day: date, state: str) -> dict[str, Any]:
    counters = {"over_warning": 0, "over_breach": 0, "announced": False, "acknowledged": False}
    return {"as_of": day, "breach": 400.0, "state": state, "level": state} | counters


@pytest.mark.parametrize(
    ("newest", "behind"),
    [(None, None), (date(2022, 12, 29), 0), (date(2022, 12, 23), 3), (date(2022, 12, 30), 0)],
)
def test_sessions_are_behind_as_the_calendar_counts(
    newest: date | None, behind: int | None
) -> None:
    assert sessions_behind(newest, NOW) == behind


async def test_metrics_are_served_without_a_query(gateway: Gateway, http: AsyncClient) -> None:
    with noted_statements(gateway.database) as noted:
        page = (await http.get("/metrics")).text

    assert "sigmasight_consumer_pending_messages{" in page
    assert noted == []


async def test_a_database_that_is_away_leaves_the_bus_observed(gateway: Gateway) -> None:
    registry = CollectorRegistry()
    observer = Observer(registry, 1.0)
    away = Database(create_async_engine("postgresql+asyncpg://nobody@127.0.0.1:1/none"))
    broken = SimpleNamespace(database=away, broker=gateway.runtime.broker)

    await observer.observe(cast(Runtime, broken), NOW)

    seen = Seen(registry)
    assert seen("observed_timestamp_seconds", source="bus") == NOW.timestamp()
    assert seen("observed_timestamp_seconds", source="database") is None
