"""A shard that fails is divided until the portfolios at fault are known."""

from collections.abc import Callable, Sequence
from datetime import date
from uuid import UUID, uuid4

import pytest
from asyncpg.exceptions import (
    DataError,
    DeadlockDetectedError,
    DiskFullError,
    NumericValueOutOfRangeError,
)
from sqlalchemy.exc import DBAPIError, OperationalError

from shared.contracts.event import Event, Notice, ShardEvent
from shared.contracts.greeks import GreeksComputed
from shared.contracts.ingest import PricesUpdated
from shared.errors import BusUnavailable, MarketDataNotReady, NotASession
from shared.messaging.division import divided, is_portfolios_fault, public_reason

AS_OF = date(2022, 12, 28)
FIFTY = tuple(UUID(int=number) for number in range(1, 51))
BOOM = ValueError("SECRET: cannot convert float NaN")


def a_shard(portfolio_ids: Sequence[UUID] = FIFTY) -> PricesUpdated:
    return PricesUpdated.new(
        uuid4(), AS_OF, price_run="p", shard=0, shards=1, portfolio_ids=tuple(portfolio_ids)
    )


class Stage:
    """A stage that fails for some portfolios, and records what it was called with."""

    def __init__(self, bad: Sequence[UUID], error: Exception = BOOM) -> None:
        self.bad = frozenset(bad)
        self.error = error
        self.calls: list[tuple[UUID, ...]] = []

    async def __call__(self, event: ShardEvent) -> list[Event]:
        self.calls.append(event.portfolio_ids)
        if self.bad.intersection(event.portfolio_ids):
            raise self.error
        names = [f"S{portfolio_id.int:02}" for portfolio_id in event.portfolio_ids[:1]]
        notices = [Notice.naming("stale", "carried forward", names)] if names else []
        return [
            GreeksComputed.about(event, warnings=notices, positions=len(event.portfolio_ids)),
        ]


async def found(stage: Callable[[ShardEvent], object], event: ShardEvent) -> ShardEvent:
    [result] = await divided(stage, event, BOOM, last_attempt=False)  # type: ignore[arg-type]
    return result


@pytest.mark.parametrize(
    "bad", [FIFTY[:1], FIFTY[-1:], FIFTY[24:26], FIFTY[::7], FIFTY[1:]], ids=len
)
async def test_all_but_the_failing_portfolios_are_done(bad: Sequence[UUID]) -> None:
    result = await found(Stage(bad), a_shard())

    assert result.portfolio_ids == tuple(each for each in FIFTY if each not in bad)
    assert tuple(each.portfolio_id for each in result.failed_portfolios) == tuple(bad)


async def test_one_failing_portfolio_of_fifty_costs_a_dozen_calls() -> None:
    stage = Stage(FIFTY[30:31])

    await found(stage, a_shard())

    assert len(stage.calls) <= 14


async def test_the_parts_event_is_the_shards() -> None:
    event = a_shard()

    result = await found(Stage(FIFTY[3:4]), event)

    assert result.event_id == GreeksComputed.about(event).event_id
    assert (result.shard, result.shards, result.run_id) == (0, 1, event.run_id)
    assert result.counts == {"positions": 49}
    [notice] = result.warnings
    assert notice.count == len(notice.about) > 1


async def test_a_failure_has_a_reason_for_users_and_a_cause_for_operators() -> None:
    [failure] = (await found(Stage(FIFTY[:1]), a_shard())).failed_portfolios

    assert "SECRET" not in failure.reason + failure.code
    assert (failure.error, failure.detail) == ("ValueError", str(BOOM))


async def test_when_every_portfolio_fails_the_shard_does() -> None:
    with pytest.raises(ValueError, match="SECRET"):
        await found(Stage(FIFTY), a_shard())


async def test_a_fault_of_the_session_is_not_looked_for_in_portfolios() -> None:
    calls = []

    async def always(event: ShardEvent) -> list[Event]:
        calls.append(event.portfolio_ids)
        raise NotASession(AS_OF, AS_OF)

    with pytest.raises(ValueError, match="SECRET"):
        await found(always, a_shard())
    assert calls == [()]


async def test_an_outage_meanwhile_ends_the_division() -> None:
    stage = Stage(FIFTY[:1], ConnectionError("gone"))

    with pytest.raises(ConnectionError):
        await found(stage, a_shard())
    assert len(stage.calls) == 2


def of_the_driver(cause: Exception) -> DBAPIError:
    return DBAPIError("insert into positions values ('SECRET')", {}, cause)


@pytest.mark.parametrize(
    ("error", "at_fault"),
    [
        (ValueError("x"), (True, True)),
        (of_the_driver(NumericValueOutOfRangeError("x")), (True, True)),
        (NumericValueOutOfRangeError("x"), (True, True)),
        (DataError("invalid input for query argument"), (True, True)),
        (MemoryError(), (True, True)),
        (MarketDataNotReady("covariance", AS_OF), (False, True)),
        (ConnectionError("x"), (False, False)),
        (TimeoutError(), (False, False)),
        (BusUnavailable("x"), (False, False)),
        (OperationalError("select 1", {}, Exception("gone")), (False, False)),
        (of_the_driver(DeadlockDetectedError("x")), (False, False)),
        (DiskFullError("x"), (False, False)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_only_what_no_retry_changes_is_a_portfolios_fault(
    error: Exception, at_fault: tuple[bool, bool]
) -> None:
    found = tuple(is_portfolios_fault(error, last_attempt=last) for last in (False, True))

    assert found == at_fault


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (of_the_driver(NumericValueOutOfRangeError("SECRET")), "figure_too_large"),
        (OverflowError("SECRET"), "figure_too_large"),
        (of_the_driver(DataError("SECRET")), "calculation_failed"),
        (MarketDataNotReady("closes of SECRET", AS_OF), "calculation_failed"),
        (NotASession(AS_OF, AS_OF), "not_a_session"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_public_reason_repeats_no_exception_of_others(error: Exception, code: str) -> None:
    found, sentence = public_reason(error)

    assert found == code
    assert "SECRET" not in sentence
    assert "insert" not in sentence
