"""An outage is waited for and uses up no attempt; everything else is raised at once."""

from collections.abc import Awaitable, Callable
from uuid import uuid4

import pytest
from asyncpg import DeadlockDetectedError, DiskFullError, ReadOnlySQLTransactionError
from sqlalchemy.exc import DBAPIError

from shared.contracts.event import DeadLetter
from shared.database import Database, cannot_write, is_outage
from shared.errors import BusUnavailable, MessageTooLarge
from shared.messaging.broker import LARGEST_BYTES
from shared.messaging.letters import small_enough
from shared.messaging.outages import is_bus_away, is_database_away, when_back


class Reachability(Database):
    """A database that only says whether it can be reached."""

    def __init__(self, *, reachable: bool) -> None:
        self._reachable = reachable

    async def reachable(self) -> bool:
        return self._reachable


def failing(times: int, error: Exception) -> Callable[[], Awaitable[int]]:
    """Work that fails so often, then returns how often it was called."""
    calls = 0

    async def work() -> int:
        nonlocal calls
        calls += 1
        if calls <= times:
            raise error
        return calls

    return work


def a_letter(payload: str, headers: dict[str, str]) -> DeadLetter:
    return DeadLetter(
        letter_id=uuid4(),
        service="greeks",
        heard="prices.updated",
        run_id=None,
        attempts=1,
        error="ValidationError",
        message="unreadable",
        payload=payload,
        headers=headers,
    )


async def test_work_is_done_again_until_what_is_away_is_back() -> None:
    work = failing(7, BusUnavailable("no reply"))

    assert await when_back(work, is_bus_away, (0.001, 0.002)) == 8


async def test_other_errors_are_raised_at_once() -> None:
    work = failing(1, ValueError("wrong"))

    with pytest.raises(ValueError, match="wrong"):
        await when_back(work, is_bus_away, ())


async def test_a_message_that_is_too_large_is_not_waited_for() -> None:
    assert await is_bus_away(BusUnavailable("no reply"))
    assert not await is_bus_away(MessageTooLarge("prices.updated", 2_000_000, 1_000_000))


@pytest.mark.parametrize(
    ("error", "reachable", "away"),
    [
        (ConnectionRefusedError(), False, True),
        (ConnectionRefusedError(), True, False),
        (DeadlockDetectedError(), True, False),
        (DiskFullError(), True, True),
        (ReadOnlySQLTransactionError(), True, True),
        (DBAPIError("copy", None, DiskFullError()), True, True),
        (ValueError(), False, False),
    ],
)
async def test_a_database_is_away_when_it_does_not_answer_or_cannot_write(
    error: Exception, reachable: bool, away: bool
) -> None:
    assert await is_database_away(Reachability(reachable=reachable), error) is away


@pytest.mark.parametrize("error", [DiskFullError(), ReadOnlySQLTransactionError()])
def test_what_cannot_write_is_no_portfolios_fault(error: Exception) -> None:
    assert cannot_write(error)
    assert is_outage(error)


@pytest.mark.parametrize("character", ["x", '"', "\x01", "é", "𝄞"])
def test_a_letter_is_never_larger_than_the_bus_takes(character: str) -> None:
    letter = small_enough(a_letter(character * 1_500_000, {"long": "h" * 300_000}))

    assert len(letter.model_dump_json().encode()) <= LARGEST_BYTES + 2_000  # its message
    assert letter.payload == character * len(letter.payload)
    assert letter.message.startswith("the payload is cut to ")
    assert letter.message.endswith("of 1,500,000 characters: unreadable")


def test_a_small_letter_is_left_as_it_is() -> None:
    letter = a_letter("{}", {"traceparent": "00"})

    assert small_enough(letter) == letter
