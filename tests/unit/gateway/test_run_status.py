"""The status of a run follows from its rows, in any order of arrival."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

from services.gateway.runs import shapes
from services.gateway.runs.shapes import Item, Outcome, stage_timings
from services.gateway.runs.stages import ALL_STAGES, stages_of
from shared.topology import STAGES

NOON = datetime(2022, 12, 28, 12, tzinfo=UTC)


def an_item(
    stage: str, shard: int = 0, shards: int = 1, succeeded: bool = True, **more: Any
) -> Item:
    later = timedelta(seconds=STAGES.index(stage))
    return Item(stage, shard, shards, succeeded, **({"occurred_at": NOON + later} | more))


def a_shard(shard: int = 0, shards: int = 1) -> list[Item]:
    return [an_item(stage, shard, shards) for stage in STAGES]


def outcome(
    items: Sequence[Item], closed_at: datetime | None = None, stages: Sequence[str] = STAGES
) -> Outcome:
    return shapes.outcome(items, stages, closed_at)


def test_nothing_reported_is_running() -> None:
    assert outcome([]).status == "running"


def test_every_stage_of_every_shard_completes_the_run() -> None:
    result = outcome(a_shard(0, 2) + a_shard(1, 2))

    assert (result.status, result.troubles) == ("completed", ())
    assert result.finished_at == NOON + timedelta(seconds=5)


def test_one_missing_stage_keeps_the_run_open() -> None:
    assert all(
        outcome(a_shard()[:i] + a_shard()[i + 1 :]).status == "running" for i in range(len(STAGES))
    )


def test_an_unreported_shard_keeps_the_run_open() -> None:
    assert outcome(a_shard(0, 2)).status == "running"


def test_a_failed_stage_closes_its_shard_and_the_run_is_partial() -> None:
    failed = an_item(
        "factors", 1, 2, succeeded=False, error="MarketDataNotReady", message="no prices"
    )

    result = outcome([*a_shard(0, 2), *a_shard(1, 2)[:2], failed])

    assert result.status == "partial"
    assert [(t.stage, t.shard, t.code, t.message) for t in result.troubles] == [
        ("factors", 1, "MarketDataNotReady", "no prices")
    ]


def test_every_shard_failed_is_failed() -> None:
    items = [an_item("prices", s, 2) for s in (0, 1)] + [
        an_item("greeks", s, 2, succeeded=False) for s in (0, 1)
    ]

    assert outcome(items).status == "failed"


def test_ingest_failed_is_failed() -> None:
    result = outcome(
        [an_item("prices", succeeded=False, error="DateOutsideData", message="outside")]
    )

    assert (result.status, result.troubles[0].code) == ("failed", "DateOutsideData")


def test_giving_up_names_every_missing_stage() -> None:
    result = outcome([*a_shard(0, 2), *a_shard(1, 2)[:3]], closed_at=NOON + timedelta(minutes=15))

    assert result.status == "partial"
    assert [(t.stage, t.shard, t.code) for t in result.troubles] == [
        ("snapshots", 1, "overdue"),
        ("stress", 1, "overdue"),
        ("risk", 1, "overdue"),
    ]
    assert result.finished_at == NOON + timedelta(minutes=15)


def test_giving_up_on_nothing_is_failed() -> None:
    assert outcome([], closed_at=NOON).status == "failed"


def test_late_success_completes_a_run_given_up() -> None:
    assert outcome(a_shard(), closed_at=NOON).status == "completed"


def test_stages_before_the_failed_one_are_not_missed() -> None:
    failed = an_item("risk", succeeded=False, error="MarketDataNotReady", message="no vectors")

    result = outcome([*a_shard()[:-1], failed])

    assert (result.status, [trouble.stage for trouble in result.troubles]) == ("failed", ["risk"])


def test_order_of_rows_does_not_matter() -> None:
    failed = an_item("snapshots", succeeded=False, error="X", message="x")
    items = [*a_shard()[:3], failed, an_item("stress"), an_item("risk")]

    assert len({outcome(list(order)) for order in permutations(items)}) == 1


def test_stage_timings_add_up_what_ran_side_by_side() -> None:
    first = an_item("greeks", 0, 2, occurred_at=NOON, elapsed_seconds=2.0)
    second = an_item("greeks", 1, 2, occurred_at=NOON + timedelta(seconds=1), elapsed_seconds=2.5)

    (timing,) = stage_timings([first, second], ALL_STAGES)

    assert (timing.first_start, timing.last_end) == (
        NOON - timedelta(seconds=2),
        second.occurred_at,
    )
    assert (timing.busy_seconds, timing.shards_done, timing.shards_failed) == (4.5, 2, 0)


def test_a_correlations_run_consists_of_correlations_only() -> None:
    stages = stages_of("correlations")
    done = [Item("correlations", shard, 2, True, NOON) for shard in (0, 1)]

    assert outcome(done, stages=stages).status == "completed"
    assert outcome(done[:1], stages=stages).status == "running"
    assert outcome(done[:1], NOON, stages).status == "partial"
    assert outcome([], stages=stages).status == "running"


def test_weekly_correlations_decide_nothing_about_a_session() -> None:
    late = Item("correlations", 0, 1, False, NOON + timedelta(hours=1), error="MemoryError")

    result = outcome([*a_shard(), late], stages=stages_of("clock"))

    assert result == outcome(a_shard())
    assert outcome([late]).status == "running"


def test_correlations_are_timed_after_the_stages() -> None:
    timed = stage_timings([Item("correlations", 0, 1, True, NOON), *a_shard()], ALL_STAGES)

    assert [timing.stage for timing in timed] == [*STAGES, "correlations"]


def test_an_incomplete_run_is_partial_and_says_so_once() -> None:
    missing = (
        ("price_quarantined", "closes of polygon were rejected as implausible: XOM 2022-12-28"),
    )
    items = [
        replace(item, shortfalls=missing if item.stage == "prices" else ())
        for item in a_shard(0, 2) + a_shard(1, 2)
    ]

    result = outcome(items)

    assert result.status == "partial"
    assert [(each.stage, each.code) for each in result.troubles] == [
        ("prices", "price_quarantined")
    ]
