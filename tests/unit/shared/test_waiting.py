"""Background tasks that wait to be woken end when they are cancelled."""

import asyncio

import pytest

from shared import tasks
from shared.tasks import cancelled, until_woken


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


async def test_a_task_that_loses_one_cancellation_ends_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tasks, "AGAIN_SECONDS", 0.01)
    lost = 0

    async def forgetful() -> None:
        nonlocal lost
        while True:
            try:
                await asyncio.sleep(60.0)
            except asyncio.CancelledError:
                lost += 1
                if lost > 1:
                    raise

    task = asyncio.create_task(forgetful())
    await asyncio.sleep(0)

    await cancelled(task)

    assert task.cancelled()
    assert lost == 2


async def test_a_task_that_fails_while_it_ends_has_ended() -> None:
    async def failing() -> None:
        try:
            await asyncio.sleep(60.0)
        finally:
            raise ValueError("while cleaning up")

    task = asyncio.create_task(failing())
    await asyncio.sleep(0)

    await cancelled(task)

    assert isinstance(task.exception(), ValueError)
