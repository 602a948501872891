"""Costly uploads beside the requests of others: who waits for what, without a stop watch."""

import asyncio
import os
import threading
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from services.gateway.edge.dependencies import Gateway
from services.gateway.edge.tokens import Passwords
from services.gateway.edge.workers import WorkerFailed, Workers
from tests.integration.gateway.people import PASSWORD, Person
from tests.integration.gateway.working import ending, failing, process_after

FILE = b"ticker,quantity,entry_price,entry_date\nAAPL,1,100,2022-06-01\n"


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture
async def workers() -> AsyncIterator[Workers]:
    two = Workers(2)
    yield two
    two.close()


async def test_work_never_outnumbers_the_processes(workers: Workers) -> None:
    pids = await asyncio.gather(*(workers.run(process_after, 0.05) for _ in range(8)))

    assert len(set(pids)) == 2
    assert os.getpid() not in pids


async def test_cancelled_work_ends_and_others_go_on(workers: Workers) -> None:
    beside = asyncio.create_task(workers.run(process_after, 1.0))
    given_up = asyncio.create_task(workers.run(time.sleep, 3_600))
    await asyncio.sleep(0.5)
    given_up.cancel()
    with pytest.raises(asyncio.CancelledError):
        await given_up

    first = await beside
    later = await asyncio.gather(*(workers.run(process_after, 0.1) for _ in range(4)))
    assert first in later
    assert len(set(later)) <= 2


async def test_work_that_fails_is_reported_and_its_process_replaced(workers: Workers) -> None:
    with pytest.raises(WorkerFailed, match="the reason"):
        await workers.run(failing)
    with pytest.raises(WorkerFailed, match="ended"):
        await workers.run(ending)

    assert await workers.run(process_after, 0)


async def test_closing_ends_the_processes() -> None:
    workers = Workers(1)
    pid = await workers.run(process_after, 0)
    workers.close()

    assert not alive(pid)


class Held(Workers):
    """Workers that answer when the test lets them; they record what is read at once."""

    def __init__(self) -> None:
        super().__init__(2)
        self.reading = 0
        self.most = 0
        self.let = asyncio.Event()

    async def run(self, work: Any, *arguments: object) -> Any:
        self.reading += 1
        self.most = max(self.most, self.reading)
        await self.let.wait()
        self.reading -= 1
        return work(*arguments)


@asynccontextmanager
async def held(app: FastAPI) -> AsyncIterator[Held]:
    gateway: Gateway = app.state.gateway
    workers = Held()
    app.state.gateway = replace(gateway, workers=workers)
    try:
        yield workers
    finally:
        workers.let.set()
        app.state.gateway = gateway


async def uploaded(person: Person, name: str) -> httpx2.Response:
    return await person.upload(FILE, portfolio_name=name)


async def until_reading(workers: Held, count: int) -> None:
    async with asyncio.timeout(10):
        while workers.reading < count:
            await asyncio.sleep(0.01)


async def test_a_user_reads_one_file_at_a_time_and_others_do_not_wait(
    app: FastAPI, ann: Person, bob: Person
) -> None:
    async with held(app) as workers:
        anns = [asyncio.create_task(uploaded(ann, f"book {number}")) for number in range(3)]
        await until_reading(workers, 1)
        await asyncio.sleep(0.3)
        assert workers.reading == 1

        bobs = asyncio.create_task(uploaded(bob, "book"))
        await until_reading(workers, 2)
        workers.let.set()
        answers = await asyncio.gather(*anns, bobs)

    assert [answer.status_code for answer in answers] == [201] * 4
    assert workers.most == 2


async def test_no_database_connection_is_held_while_files_are_read(
    app: FastAPI, gateway: Gateway, ann: Person, bob: Person
) -> None:
    async with held(app) as workers:
        uploads = [asyncio.create_task(uploaded(person, "book")) for person in (ann, bob)]
        await until_reading(workers, 2)
        pool: Any = gateway.database.engine.pool
        # The gateway's own background work borrows a connection for a moment; the uploads, which
        # are not let go on, would never give one back.
        async with asyncio.timeout(10):
            while pool.checkedout():
                await asyncio.sleep(0.01)
        still_reading = workers.reading
        workers.let.set()
        await asyncio.gather(*uploads)

    assert still_reading == 2


async def test_passwords_are_checked_while_every_other_thread_is_taken() -> None:
    passwords = Passwords(memory_kib=64)
    release = threading.Event()
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(1) as full:
        loop.set_default_executor(full)
        blocked = loop.run_in_executor(None, release.wait)
        try:
            async with asyncio.timeout(10):
                hashed = await passwords.hash(PASSWORD)
                assert await passwords.matches(PASSWORD, hashed)
        finally:
            release.set()
            await blocked
            loop.set_default_executor(ThreadPoolExecutor())


async def test_a_request_that_times_out_ends_its_reading(app: FastAPI, ann: Person) -> None:
    workers = Workers(1)
    gateway: Gateway = app.state.gateway
    pid = await workers.run(process_after, 0)
    app.state.gateway = replace(gateway, workers=workers)
    busy = asyncio.create_task(workers.run(time.sleep, 3_600))
    try:
        upload = asyncio.create_task(uploaded(ann, "book"))
        await asyncio.sleep(0.2)
        busy.cancel()
        answer = await upload
    finally:
        app.state.gateway = gateway
        workers.close()

    assert answer.status_code == 201
    assert not alive(pid)
