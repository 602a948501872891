"""The identity of events."""

from collections.abc import Callable
from datetime import date
from uuid import uuid4

import pytest
from pydantic import ValidationError

from shared.contracts.event import Event
from shared.contracts.factors import FactorsComputed
from shared.contracts.greeks import GreeksComputed, GreeksFailed
from shared.contracts.ingest import MarketClosed, PricesUpdated

AS_OF = date(2022, 12, 28)
RUN = uuid4()


def a_shard(shard: int = 0, shards: int = 3) -> PricesUpdated:
    return PricesUpdated.new(
        RUN, AS_OF, part=shard, price_run="p", shard=shard, shards=shards, portfolio_ids=(uuid4(),)
    )


def a_failure(shard: int = 0, shards: int = 3) -> GreeksFailed:
    failed = {"attempts": 5, "error": "ValueError", "message": "no"}
    return GreeksFailed.new(
        RUN, AS_OF, part=shard, heard="prices.updated", shard=shard, shards=shards, **failed
    )


@pytest.mark.parametrize("about", [a_shard, a_failure], ids=["work", "failure"])
@pytest.mark.parametrize(
    ("shard", "shards"), [(3, 3), (-1, 3), (2**40, 1), (0, 20_001), (0, 10**6)]
)
def test_a_shard_is_one_of_a_number_that_can_be_followed(
    about: Callable[[int, int], Event], shard: int, shards: int
) -> None:
    with pytest.raises(ValidationError, match=r"shards are more than|is none of|greater than"):
        about(shard, shards)


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", 1_672_185_600])
def test_a_day_is_one_that_can_be_calculated_with(day: object) -> None:
    with pytest.raises(ValidationError, match="as_of"):
        PricesUpdated.model_validate({**a_shard().model_dump(), "as_of": day})


@pytest.mark.parametrize("event", [a_shard(), a_failure()], ids=["work", "failure"])
def test_a_shard_names_each_portfolio_once(event: Event) -> None:
    twice = {**event.model_dump(), "portfolio_ids": (RUN, RUN)}

    with pytest.raises(ValidationError, match="more than once"):
        type(event).model_validate(twice)


def test_an_event_holds_finite_numbers_alone() -> None:
    odd = a_shard().model_dump_json().replace('"elapsed_seconds":0.0', '"elapsed_seconds":NaN')

    with pytest.raises(ValidationError, match="finite"):
        PricesUpdated.model_validate_json(odd)


def test_same_rerun_gives_the_same_event_id() -> None:
    cause = a_shard()

    assert GreeksComputed.about(cause).event_id == GreeksComputed.about(cause).event_id


def test_ids_differ_by_subject_run_date_and_shard() -> None:
    ids = {
        GreeksComputed.about(a_shard(0)).event_id,
        GreeksComputed.about(a_shard(1)).event_id,
        FactorsComputed.about(a_shard(0)).event_id,
        GreeksComputed.identity(uuid4(), AS_OF, 0),
        GreeksComputed.identity(RUN, date(2022, 12, 27), 0),
    }

    assert len(ids) == 5


def test_next_stage_keeps_the_shard_and_its_portfolios() -> None:
    cause = a_shard(shard=2)

    published = GreeksComputed.about(cause, contracts=7)

    assert (published.run_id, published.as_of, published.price_run) == (
        cause.run_id,
        cause.as_of,
        cause.price_run,
    )
    assert (published.shard, published.shards, published.portfolio_ids) == (
        2,
        3,
        cause.portfolio_ids,
    )
    assert published.counts == {"contracts": 7}


def test_clock_gives_each_session_one_run() -> None:
    assert MarketClosed.clock_run(AS_OF) == MarketClosed.clock_run(AS_OF)
    assert MarketClosed.clock_run(AS_OF) != MarketClosed.clock_run(date(2022, 12, 27))


def test_unknown_fields_of_a_newer_publisher_are_tolerated() -> None:
    newer = a_shard().model_dump(mode="json") | {"colour": "blue"}

    assert PricesUpdated.model_validate(newer).shards == 3


def test_events_are_immutable() -> None:
    with pytest.raises(ValidationError):
        a_shard().shard = 1  # type: ignore[misc]
