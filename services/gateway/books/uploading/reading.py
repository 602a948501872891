"""Reading of an uploaded file: in a separate process, and one file of a user at a time."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict
from uuid import UUID
from weakref import WeakValueDictionary

from fastapi import Depends

from services.gateway.books import files
from services.gateway.books.files import Problem as FileProblem
from services.gateway.books.files import Sheet
from services.gateway.books.files.mapping import Profile, Use
from services.gateway.edge.collecting import uncollected
from services.gateway.edge.dependencies import Caller
from services.gateway.edge.problems import Problem
from services.gateway.edge.workers import Workers

_under_way: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()


async def one_upload(caller: Caller) -> AsyncIterator[None]:
    """Let a user's uploads through one after the other; those that wait hold no connection."""
    async with _under_way.setdefault(caller.user_id, asyncio.Lock()):
        with uncollected():
            yield


ONE_UPLOAD = Depends(one_upload, scope="function")


async def read_sheet(
    workers: Workers, data: bytes, profiles: Sequence[Profile] = (), use: Use | None = None
) -> Sheet:
    """The file's cells, read in another process, which ends with the request."""
    found = await workers.run(files.sheet_or_problem, data, profiles, use)
    if isinstance(found, Sheet):
        return found
    raise unreadable(found)


def unreadable(found: FileProblem) -> Problem:
    """Why a file cannot be read, as the end of a request."""
    status = 413 if found.code in ("too_large", "too_many_rows") else 422
    return Problem(status, found.code, found.message, [asdict(found)])
