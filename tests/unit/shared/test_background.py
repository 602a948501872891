"""Repeated work goes on through outages, and no error of ours is hidden."""

import asyncio

import pytest
from sqlalchemy.exc import InterfaceError

from shared.background import repeat
from shared.errors import BusUnavailable


class Step:
    """Fails with the errors that are given, and then ends the repetition."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.done = asyncio.Event()

    async def __call__(self) -> None:
        if self.errors:
            raise self.errors.pop(0)
        self.done.set()


@pytest.mark.parametrize(
    "error",
    [BusUnavailable("no reply"), OSError("refused"), InterfaceError("", None, Exception("gone"))],
    ids=["bus", "connection", "database"],
)
async def test_what_is_away_is_left_for_the_next_time(error: Exception) -> None:
    step = Step(error, error)
    task = asyncio.create_task(repeat(step, 0.0, "work"))

    async with asyncio.timeout(5):
        await step.done.wait()

    assert not task.done()
    task.cancel()


async def test_any_other_error_is_raised() -> None:
    with pytest.raises(ValueError, match="ours"):
        async with asyncio.timeout(5):
            await repeat(Step(ValueError("ours")), 0.0, "work")
