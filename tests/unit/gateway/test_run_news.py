"""What followers receive, by what was recorded."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest

from services.gateway.runs.shapes import (
    Item,
    News,
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


def an_item(stage: str, shard: int = 0, **more: Any) -> Item:
    return Item(stage, shard, 2, True, NOON, **({"portfolio_ids": (MINE,)} | more))


def a_failure(stage: str, *portfolio_ids: UUID, code: str = "calculation_failed") -> Item:
    """A stage given up for a whole shard."""
    trouble = Trouble(stage, 0, code, "it failed", portfolio_ids or (MINE,), detail="SECRET")
    item = an_item(stage, portfolio_ids=trouble.portfolio_ids, troubles=(trouble,))
    return replace(item, succeeded=False)


def kinds(recorded: Item, others: list[Item]) -> list[str]:
    return [news.kind for news in shard_news(RUN, recorded, [*others, recorded])]


def addressed(news: Sequence[News]) -> list[tuple[str, str, tuple[UUID, ...]]]:
    return [(each.kind, each.data["status"], tuple(each.portfolio_ids)) for each in news]


@pytest.mark.parametrize("last", STAGES)
def test_results_are_reported_with_the_last_stage(last: str) -> None:
    others = [an_item(stage) for stage in STAGES if stage != last]

    *_, results = shard_news(RUN, an_item(last), [*others, an_item(last)])

    assert (results.kind, results.data["status"], results.portfolio_ids) == (
        "results",
        "ready",
        [MINE],
    )


def test_one_shards_results_do_not_wait_for_another() -> None:
    others = [*[an_item(stage) for stage in STAGES[:-1]], an_item("prices", shard=1)]

    assert kinds(an_item("limits"), others) == ["stage", "results"]


def test_a_stage_says_how_far_its_shard_is() -> None:
    elsewhere = [an_item(stage, shard=1) for stage in STAGES]

    (news,) = shard_news(RUN, an_item("greeks"), [an_item("prices"), an_item("greeks"), *elsewhere])

    assert (news.data["stages_done"], news.data["stages"], news.data["stage"]) == (2, 7, "greeks")


def test_results_that_will_not_come_are_reported_once() -> None:
    failed = a_failure("factors", code="figure_too_large")

    first = shard_news(RUN, failed, [an_item("prices"), failed])
    second = kinds(a_failure("stress"), [an_item("prices"), failed])

    assert [(news.kind, news.data["status"]) for news in first] == [
        ("stage", "failed"),
        ("results", "failed"),
    ]
    assert [problem["code"] for problem in first[1].data["problems"]] == ["figure_too_large"]
    assert second == ["stage"]


def test_a_stage_beside_the_run_ends_nothing() -> None:
    others = [an_item(stage) for stage in STAGES]

    assert kinds(an_item("correlations"), others) == ["stage"]


def test_a_run_that_goes_on_is_no_news() -> None:
    assert run_news(RUN, Outcome("running", (), None), [MINE]) == []
    assert [
        news.data["status"] for news in run_news(RUN, Outcome("partial", (), NOON), [MINE])
    ] == ["partial"]


def test_whom_a_stage_failed_for_is_sent_the_failure_and_the_others_success() -> None:
    trouble = Trouble("greeks", 0, "figure_too_large", "too large", (MINE,))
    recorded = an_item("greeks", portfolio_ids=(THEIRS, MINE), troubles=(trouble,))
    both = an_item("prices", portfolio_ids=(MINE, THEIRS))

    news = shard_news(RUN, recorded, [both, recorded])
    rest = [an_item(stage, portfolio_ids=(THEIRS,)) for stage in STAGES[2:]]
    last = shard_news(RUN, rest[-1], [both, recorded, *rest])

    assert addressed(news) == [
        ("stage", "ok", (THEIRS,)),
        ("stage", "failed", (MINE,)),
        ("results", "failed", (MINE,)),
    ]
    assert addressed(last) == [("stage", "ok", (THEIRS,)), ("results", "ready", (THEIRS,))]


def test_a_failure_beside_the_last_stage_leaves_its_results_out_of_those_ready() -> None:
    trouble = Trouble("snapshots", 0, "figure_too_large", "too large", (MINE,))
    items = [an_item(stage, portfolio_ids=(MINE, THEIRS)) for stage in STAGES]
    items = [
        replace(item, troubles=(trouble,)) if item.stage == "snapshots" else item for item in items
    ]

    news = shard_news(RUN, items[-1], items)

    assert ("results", "ready", (THEIRS,)) in addressed(news)


TROUBLES = (
    Trouble("factors", 0, "figure_too_large", "MY figure", (MINE,), detail="SECRET"),
    Trouble("prices", 0, "price_quarantined", "closes: OURS", (MINE, THEIRS), fatal=False),
    Trouble("prices", 0, "price_quarantined", "closes: THEIR symbol", (THEIRS,), fatal=False),
)


def sent(own: set[UUID], status: str = "partial", asked: bool = False) -> dict[str, Any]:
    (news,) = run_news(RUN, Outcome(status, TROUBLES, NOON), [MINE, THEIRS])
    return data_for_follower(news.kind, news.data, news.portfolio_ids, frozenset(own), asked=asked)


def test_followers_see_the_problems_of_their_portfolios_only() -> None:
    mine, theirs = sent({MINE}), sent({THEIRS})

    assert [p["message"] for p in mine["problems"]] == ["MY figure", "closes: OURS"]
    assert [p["message"] for p in theirs["problems"]] == ["closes: OURS", "closes: THEIR symbol"]
    assert {each for p in mine["problems"] for each in p["portfolio_ids"]} == {str(MINE)}
    assert mine["portfolio_ids"] == [MINE]


def test_the_end_of_a_run_has_the_status_that_it_has_for_the_followers_portfolios() -> None:
    assert [sent(own)["status"] for own in ({MINE}, {THEIRS}, {MINE, THEIRS})] == [
        "failed",
        "partial",
        "partial",
    ]
    untouched = data_for_follower(
        "run", {"status": "partial", "problems": []}, [MINE], frozenset({MINE}), asked=False
    )
    assert untouched["status"] == "completed"


def test_who_asked_for_a_run_sees_every_problem_and_no_users_portfolio() -> None:
    asked = sent(set(), asked=True)

    assert (asked["status"], len(asked["problems"]), asked["portfolio_ids"]) == ("partial", 3, [])


@pytest.mark.parametrize("asked", [False, True])
def test_no_follower_reads_what_the_exception_said(asked: bool) -> None:
    failed = a_failure("factors", MINE, THEIRS)
    stage, results = shard_news(RUN, failed, [failed])

    for news in (stage, results):
        data = data_for_follower(
            news.kind, news.data, news.portfolio_ids, frozenset({MINE}), asked=asked
        )
        assert "SECRET" not in str(data)
    assert "SECRET" not in str(sent({MINE}, asked=asked))
