"""Background tasks that wait to be woken end when they are cancelled."""

import asyncio

import pytest

from shared.service import until_woken


async def test_being_woken_ends_the_wait_and_is_forgotten() -> None:
    woken = asyncio.Event()
    waiting = asyncio.create_task(until_woken(woken, 60.0))
    await asyncio.sleep(0)
    woken.set()

    await waiting

    assert not woken.is_set()


async def test_nothing_that_wakes_ends_the_wait_in_time() -> None:
    await until_woken(asyncio.Event(), 0.01)


async def test_a_wait_that_is_woken_and_cancelled_at_the_same_moment_is_cancelled() -> None:
    woken = asyncio.Event()
    waiting = asyncio.create_task(until_woken(woken, 60.0))
    await asyncio.sleep(0)
    woken.set()
    waiting.cancel()

    with pytest.raises(asyncio.CancelledError):
        await waiting
