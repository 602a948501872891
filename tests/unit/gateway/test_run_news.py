"""What followers receive, by what was recorded."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest

from services.gateway.runs.shapes import (
    Item,
    Outcome,
    Run,
    Trouble,
    data_for_follower,
    run_news,
    shard_news,
)
from shared.topology import STAGES

NOON = datetime(2022, 12, 28, 12, tzinfo=UTC)
RUN = Run(UUID(int=7), date(2022, 12, 28), "clock", STAGES)
MINE, THEIRS = UUID(int=1), UUID(int=2)


def an_item(stage: str, shard: int = 0, succeeded: bool = True, **more: Any) -> Item:
    return Item(stage, shard, 2, succeeded, NOON, **more)


def kinds(recorded: Item, others: list[Item]) -> list[str]:
    return [news.kind for news in shard_news(RUN, recorded, [*others, recorded], [MINE])]


@pytest.mark.parametrize("last", STAGES)
def test_results_are_reported_with_the_last_stage(last: str) -> None:
    others = [an_item(stage) for stage in STAGES if stage != last]

    *_, results = shard_news(RUN, an_item(last), [*others, an_item(last)], [MINE])

    assert (results.kind, results.data["status"], results.portfolio_ids) == (
        "results",
        "ready",
        [MINE],
    )


def test_one_shards_results_do_not_wait_for_another() -> None:
    others = [*[an_item(stage) for stage in STAGES[:-1]], an_item("prices", shard=1)]

    assert kinds(an_item("risk"), others) == ["stage", "results"]


def test_a_stage_says_how_far_its_shard_is() -> None:
    elsewhere = [an_item(stage, shard=1) for stage in STAGES]

    (news,) = shard_news(
        RUN, an_item("greeks"), [an_item("prices"), an_item("greeks"), *elsewhere], [MINE]
    )

    assert (news.data["stages_done"], news.data["stages"], news.data["stage"]) == (2, 6, "greeks")


def test_results_that_will_not_come_are_reported_once() -> None:
    failed = an_item("factors", succeeded=False, error="MarketDataNotReady", message="no prices")

    first = shard_news(RUN, failed, [an_item("prices"), failed], [MINE])
    second = kinds(an_item("stress", succeeded=False), [an_item("prices"), failed])

    assert [(news.kind, news.data["status"]) for news in first] == [
        ("stage", "failed"),
        ("results", "failed"),
    ]
    assert [problem["code"] for problem in first[1].data["problems"]] == ["MarketDataNotReady"]
    assert second == ["stage"]


def test_a_stage_beside_the_run_ends_nothing() -> None:
    others = [an_item(stage) for stage in STAGES]

    assert kinds(an_item("correlations"), others) == ["stage"]


def test_a_run_that_goes_on_is_no_news() -> None:
    assert run_news(RUN, Outcome("running", (), None), [MINE]) == []
    assert [
        news.data["status"] for news in run_news(RUN, Outcome("partial", (), NOON), [MINE])
    ] == ["partial"]


def test_sentences_about_shared_work_stay_with_who_asked() -> None:
    data = {"message": "no price of THEIRS"}

    shared = data_for_follower("stage", data, [MINE, THEIRS], frozenset({MINE}), asked=False)
    asked = data_for_follower("stage", data, [MINE, THEIRS], frozenset({MINE}), asked=True)
    alone = data_for_follower("stage", data, [MINE], frozenset({MINE}), asked=False)

    assert (shared["message"], asked["message"], alone["message"]) == (
        None,
        data["message"],
        data["message"],
    )
    assert shared["portfolio_ids"] == [MINE]


def test_problems_of_shared_work_keep_their_code_only() -> None:
    troubles = (Trouble("factors", 0, "MarketDataNotReady", "no price of THEIRS"),)
    (news,) = run_news(RUN, Outcome("failed", troubles, NOON), [MINE, THEIRS])

    sent = data_for_follower(
        news.kind, news.data, news.portfolio_ids, frozenset({MINE}), asked=False
    )

    assert [(p["code"], p["message"]) for p in sent["problems"]] == [("MarketDataNotReady", None)]
