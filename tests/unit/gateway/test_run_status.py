"""The status of a run follows from its rows, in any order of arrival."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from time import process_time
from typing import Any
from uuid import UUID

import pytest

from services.gateway.runs import shapes
from services.gateway.runs.shapes import (
    NOT_ENDED,
    Item,
    LastRun,
    Outcome,
    Trouble,
    portfolio_outcome,
    standing,
)
from services.gateway.runs.stages import ALL_STAGES, stages_of
from services.gateway.runs.timeline import stage_timings
from shared.topology import STAGES

NOON = datetime(2022, 12, 28, 12, tzinfo=UTC)
ONE, OTHER = UUID(int=1), UUID(int=2)


def an_item(stage: str, shard: int = 0, shards: int = 1, **more: Any) -> Item:
    later = timedelta(seconds=STAGES.index(stage))
    facts: dict[str, Any] = {"occurred_at": NOON + later, "portfolio_ids": (ONE, OTHER)} | more
    return Item(stage, shard, shards, True, **facts)


def a_failure(stage: str, shard: int = 0, shards: int = 1, **more: Any) -> Item:
    """A stage given up for the whole shard."""
    trouble = Trouble(stage, shard, "calculation_failed", "it failed", (ONE, OTHER))
    return replace(an_item(stage, shard, shards), succeeded=False, troubles=(trouble,), **more)


def without(stage: str, *portfolio_ids: UUID) -> Item:
    """A stage that failed for some portfolios alone."""
    troubles = [Trouble(stage, 0, "figure_too_large", "too large", (p,)) for p in portfolio_ids]
    return an_item(stage, troubles=tuple(troubles))


def short_of(*portfolio_ids: UUID, shard: int = 0, shards: int = 1) -> Item:
    """Prices without everything that some portfolios need."""
    sentence = "closes were rejected as implausible: XOM 2022-12-28"
    trouble = Trouble("prices", shard, "price_quarantined", sentence, portfolio_ids, fatal=False)
    return an_item("prices", shard, shards, troubles=(trouble,))


def a_shard(shard: int = 0, shards: int = 1) -> list[Item]:
    return [an_item(stage, shard, shards) for stage in STAGES]


def outcome(
    items: Sequence[Item], closed_at: datetime | None = None, stages: Sequence[str] = STAGES
) -> Outcome:
    return shapes.outcome(items, stages, closed_at)


def test_nothing_reported_is_running() -> None:
    assert outcome([]).status == "running"


def test_a_run_of_very_many_shards_is_judged_at_once() -> None:
    million = 1_000_000
    items = [*a_shard(0, million), *a_shard(million - 1, million)]
    started = process_time()

    going_on = outcome(items)
    closed = outcome(items, closed_at=NOON)

    assert process_time() - started < 1
    assert (going_on.status, closed.status) == ("running", "partial")
    assert {trouble.shard for trouble in closed.troubles} == set(range(1, 51))


def test_every_stage_of_every_shard_completes_the_run() -> None:
    result = outcome(a_shard(0, 2) + a_shard(1, 2))

    assert (result.status, result.troubles) == ("completed", ())
    assert result.finished_at == NOON + timedelta(seconds=len(STAGES) - 1)


def test_one_missing_stage_keeps_the_run_open() -> None:
    assert all(
        outcome(a_shard()[:i] + a_shard()[i + 1 :]).status == "running" for i in range(len(STAGES))
    )


def test_an_unreported_shard_keeps_the_run_open() -> None:
    assert outcome(a_shard(0, 2)).status == "running"


def test_a_failed_stage_closes_its_shard_and_the_run_is_partial() -> None:
    result = outcome([*a_shard(0, 2), *a_shard(1, 2)[:2], a_failure("factors", 1, 2)])

    assert result.status == "partial"
    assert [(t.stage, t.shard, t.code) for t in result.troubles] == [
        ("factors", 1, "calculation_failed")
    ]


def test_every_shard_failed_is_failed() -> None:
    items = [an_item("prices", s, 2) for s in (0, 1)] + [a_failure("greeks", s, 2) for s in (0, 1)]

    assert outcome(items).status == "failed"


def test_ingest_failed_is_failed() -> None:
    result = outcome([a_failure("prices")])

    assert (result.status, result.troubles[0].code) == ("failed", "calculation_failed")


def test_giving_up_names_every_missing_stage() -> None:
    result = outcome([*a_shard(0, 2), *a_shard(1, 2)[:3]], closed_at=NOON + timedelta(minutes=15))

    assert result.status == "partial"
    assert [(t.stage, t.shard, t.code) for t in result.troubles] == [
        ("snapshots", 1, "overdue"),
        ("stress", 1, "overdue"),
        ("risk", 1, "overdue"),
        ("limits", 1, "overdue"),
    ]
    assert result.finished_at == NOON + timedelta(minutes=15)


def test_giving_up_on_nothing_is_failed() -> None:
    assert outcome([], closed_at=NOON).status == "failed"


def test_late_success_completes_a_run_given_up() -> None:
    assert outcome(a_shard(), closed_at=NOON).status == "completed"


def test_stages_before_the_failed_one_are_not_missed() -> None:
    result = outcome([*a_shard()[:-2], a_failure("risk")])

    assert (result.status, [trouble.stage for trouble in result.troubles]) == ("failed", ["risk"])


def test_order_of_rows_does_not_matter() -> None:
    items = [*a_shard()[:3], a_failure("snapshots"), an_item("stress"), an_item("risk")]

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
    late = Item("correlations", 0, 1, False, NOON + timedelta(hours=1))

    result = outcome([*a_shard(), late], stages=stages_of("clock"))

    assert result == outcome(a_shard())
    assert outcome([late]).status == "running"


def test_correlations_are_timed_after_the_stages() -> None:
    timed = stage_timings([Item("correlations", 0, 1, True, NOON), *a_shard()], ALL_STAGES)

    assert [timing.stage for timing in timed] == [*STAGES, "correlations"]


def test_an_incomplete_run_is_partial_and_says_so_once() -> None:
    items = [short_of(ONE, shards=2), short_of(OTHER, shard=1, shards=2)]

    result = outcome([*a_shard(0, 2)[1:], *a_shard(1, 2)[1:], *items])

    assert result.status == "partial"
    assert [(each.stage, each.code, each.portfolio_ids) for each in result.troubles] == [
        ("prices", "price_quarantined", (ONE, OTHER))
    ]


def test_a_portfolio_that_fails_alone_makes_the_run_partial_and_is_named() -> None:
    rest = [an_item(stage, portfolio_ids=(OTHER,)) for stage in STAGES[2:]]

    result = outcome([an_item("prices"), without("greeks", ONE), *rest])

    assert result.status == "partial"
    assert [(t.stage, t.code, t.portfolio_ids) for t in result.troubles] == [
        ("greeks", "figure_too_large", (ONE,))
    ]


def test_a_run_is_failed_for_the_portfolio_that_failed_and_completed_for_the_others() -> None:
    rest = [an_item(stage, portfolio_ids=(OTHER,)) for stage in STAGES[2:]]
    items = [an_item("prices"), without("greeks", ONE), *rest]

    failed = portfolio_outcome(ONE, items, STAGES)
    done = portfolio_outcome(OTHER, items, STAGES)

    assert (failed.status, [t.message for t in failed.troubles]) == ("failed", ["too large"])
    assert (done.status, done.troubles) == ("completed", ())
    assert done.finished_at == NOON + timedelta(seconds=len(STAGES) - 1)


def test_what_is_missing_for_one_portfolio_leaves_the_others_complete() -> None:
    items = [short_of(ONE), *a_shard()[1:]]

    assert portfolio_outcome(ONE, items, STAGES).status == "partial"
    assert portfolio_outcome(OTHER, items, STAGES).status == "completed"


def test_another_shard_decides_nothing_about_a_portfolio() -> None:
    elsewhere = replace(a_failure("greeks", 1, 2), portfolio_ids=(UUID(int=9),))

    assert portfolio_outcome(ONE, [*a_shard(0, 2), elsewhere], STAGES).status == "completed"
    assert portfolio_outcome(ONE, a_shard(0, 2)[:4], STAGES).status == "running"


@pytest.mark.parametrize(("closed_at", "status"), [(None, "running"), (NOON, "failed")])
def test_a_portfolio_waits_until_its_run_is_given_up(
    closed_at: datetime | None, status: str
) -> None:
    result = portfolio_outcome(ONE, a_shard()[:-1], STAGES, closed_at)

    assert (result.status, result.finished_at) == (status, closed_at)
    assert [t.code for t in result.troubles] == ([] if closed_at is None else ["overdue"])


def test_a_run_that_failed_is_not_said_to_go_on() -> None:
    outcomes = {
        "running": portfolio_outcome(ONE, a_shard()[:4], STAGES),
        "failed": portfolio_outcome(ONE, [an_item("prices"), a_failure("greeks")], STAGES),
        "partial": portfolio_outcome(ONE, [short_of(ONE), *a_shard()[1:]], STAGES),
        "completed": portfolio_outcome(ONE, a_shard(), STAGES),
    }
    runs = {
        status: LastRun(UUID(int=7), NOON.date(), "clock", NOON, each)
        for status, each in outcomes.items()
    }

    found = {status: standing(run, waiting=False) for status, run in runs.items()}

    assert found == {
        "running": NOT_ENDED,
        "failed": "its run of 2022-12-28 failed (greeks): it failed",
        "partial": None,
        "completed": None,
    }
    assert standing(runs["failed"], waiting=True) == NOT_ENDED
    assert standing(None, waiting=False) == "no run of it has begun"
