"""Events that arrive while a transaction runs share the next one, and fail alone."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import cast
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from shared.contracts.event import Event
from shared.contracts.ingest import PricesUpdated
from shared.database import Database, Session
from shared.messaging import Traced
from shared.messaging.together import MOST, Together
from tests.builders import AS_OF


def an_event(number: int) -> Traced[Event]:
    facts = {"price_run": "1", "shard": number, "shards": number + 1, "portfolio_ids": ()}
    event = PricesUpdated.new(UUID(int=number), AS_OF, part=number, **facts)
    return Traced(event, f"{number:032x}")


def numbers_of(events: Sequence[Traced[Event]]) -> list[int]:
    return [each.event.run_id.int for each in events]


def nothing_happens(numbers: Sequence[int]) -> None:
    return None


@dataclass
class Recorder:
    """A handler and its database: what it was given, and what was committed.

    `happens`: raises where the transaction of these events is to fail. `open`: how many
    transactions are open.
    """

    happens: Callable[[Sequence[int]], None] = nothing_happens
    away: bool = False
    given: list[list[int]] = field(default_factory=list)
    committed: list[int] = field(default_factory=list)
    open: int = 0

    async def record(self, events: Sequence[Traced[Event]], session: Session) -> None:
        numbers = numbers_of(events)
        self.given.append(numbers)
        cast(list[int], session).extend(numbers)
        await asyncio.sleep(0)
        self.happens(numbers)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[list[int]]:
        self.open += 1
        assert self.open == 1
        written: list[int] = []
        try:
            yield written
        finally:
            self.open -= 1
        self.committed += written

    async def reachable(self) -> bool:
        return not self.away

    def together(self) -> Together:
        return Together(self.record, cast(Database, self), (0.0,))


async def handled_at_once(recorder: Recorder, numbers: Sequence[int]) -> list[object]:
    """What becomes of events that arrive in one moment: None, or the error of each."""
    together = recorder.together()
    waiting = (together.handled(an_event(number)) for number in numbers)
    return list(await asyncio.gather(*waiting, return_exceptions=True))


async def test_events_of_one_moment_share_a_transaction() -> None:
    recorder = Recorder()

    assert await handled_at_once(recorder, range(5)) == [None] * 5

    assert recorder.given == [[0, 1, 2, 3, 4]]
    assert recorder.committed == [0, 1, 2, 3, 4]


async def test_those_that_arrive_meanwhile_share_the_next_one() -> None:
    recorder = Recorder()
    together = recorder.together()
    first = asyncio.create_task(together.handled(an_event(0)))
    while not recorder.open:
        await asyncio.sleep(0)

    await asyncio.gather(first, *(together.handled(an_event(number)) for number in (1, 2)))

    assert recorder.given == [[0], [1, 2]]


async def test_no_transaction_grows_without_bounds() -> None:
    recorder = Recorder()

    await handled_at_once(recorder, range(2 * MOST + 1))

    assert [len(each) for each in recorder.given] == [MOST, MOST, 1]
    assert recorder.committed == list(range(2 * MOST + 1))


@given(count=st.integers(1, 30), broken=st.sets(st.integers(0, 29)))
def test_each_event_that_cannot_be_handled_fails_alone_and_the_others_once(
    count: int, broken: set[int]
) -> None:
    def fail(numbers: Sequence[int]) -> None:
        if at_fault := broken.intersection(numbers):
            raise ValueError(min(at_fault))

    recorder = Recorder(fail)
    with capture_logs():
        outcomes = asyncio.run(handled_at_once(recorder, range(count)))

    errors = {number: error for number, error in enumerate(outcomes) if error is not None}
    assert errors.keys() == broken.intersection(range(count))
    assert all(str(error) == str(number) for number, error in errors.items())
    assert sorted(recorder.committed) == sorted(set(range(count)) - broken)


async def test_while_postgres_is_away_the_same_events_are_tried_again() -> None:
    def fail_for_a_while(_: Sequence[int]) -> None:
        recorder.away = len(recorder.given) <= 3
        if recorder.away:
            raise ConnectionError("the database is away")

    recorder = Recorder(fail_for_a_while)

    assert await handled_at_once(recorder, range(3)) == [None] * 3

    assert recorder.given == [[0, 1, 2]] * 4
    assert recorder.committed == [0, 1, 2]


async def test_who_stops_waiting_takes_no_other_event_with_it() -> None:
    recorder = Recorder()
    together = recorder.together()
    tasks = [asyncio.create_task(together.handled(an_event(number))) for number in range(3)]
    while not recorder.open:
        await asyncio.sleep(0)

    tasks[0].cancel()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)

    assert isinstance(outcomes[0], asyncio.CancelledError)
    assert outcomes[1:] == [None, None]
    assert recorder.committed == [0, 1, 2]


async def test_the_end_of_a_process_reaches_everyone_who_waits() -> None:
    class Crash(BaseException):
        pass

    def crash(_: Sequence[int]) -> None:
        raise Crash

    recorder = Recorder(crash)
    together = recorder.together()
    tasks = [asyncio.create_task(together.handled(an_event(number))) for number in range(2)]

    for task in tasks:
        with pytest.raises(Crash):
            await task
    assert (recorder.given, recorder.committed) == ([[0, 1]], [])
