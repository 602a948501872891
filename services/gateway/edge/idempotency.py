"""POSTs that create do so once per `Idempotency-Key`: a repetition gets the first answer again.

A router with `route_class=OnceRoute`, such as one of `once_router`, has it on each of its POSTs
that documents 201 or 202; their endpoints do nothing for it. The answer is stored in the endpoint's
own transaction, so the work and the stored answer agree after any crash; an endpoint that queries
another service or reads a file first declares `BEFORE_ASKING` and opens a `LaterTransaction`. Only
successes are stored: after a problem the same key may be tried again. A duplicate that arrives
while the first is in progress waits for it. An answer about a portfolio that another user shares is
given again only while that is shared for as much as the first request needed.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from email.message import Message
from typing import Annotated, Any
from uuid import UUID
from weakref import WeakValueDictionary

from fastapi import APIRouter, Depends, Header, Request, Response
from fastapi.params import Depends as Dependency
from fastapi.routing import APIRoute

from services.gateway.edge import queries
from services.gateway.edge.audit import shared_of
from services.gateway.edge.dependencies import Caller, CallersDatabase, OpenSession, gateway_of
from services.gateway.edge.problems import Problem, not_found
from services.gateway.edge.routers import api_router
from services.gateway.tables import EDITOR, User
from shared.database import Database, Session

HEADER = "Idempotency-Key"
Answer = Callable[[Request], Awaitable[Response]]
_CREATED = frozenset({201, 202})
_under_way: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()


@dataclass
class Attempt:
    """A request that carries a key.

    Its user and transaction are known once it is authenticated.
    """

    fingerprint: str
    user_id: UUID | None = None
    session: Session | None = None

    async def remember(self, key: str, response: Response) -> None:
        """Store the answer for repetitions, in the endpoint's transaction."""
        if self.session is None or self.user_id is None or not response.status_code < 300:
            return
        headers = [
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, value in response.raw_headers
        ]
        answer = {
            "status": response.status_code,
            "headers": {name: value for name, value in headers if name != "content-length"},
            "body": bytes(response.body).decode(),
            "shared": {str(each): role for each, role in shared_of(self.session).items()},
        }
        await queries.save_answer(self.session, self.user_id, key, self.fingerprint, answer)


class AnsweredBefore(Exception):
    """The key's first answer, given again instead of running the endpoint."""

    def __init__(self, answer: Mapping[str, Any]) -> None:
        super().__init__(answer["status"])
        headers = {**answer["headers"], "Idempotency-Replayed": "true"}
        self.response = Response(answer["body"], answer["status"], headers)


class OnceRoute(APIRoute):
    """A route that honours `Idempotency-Key` when it is a POST that creates."""

    def __init__(
        self,
        path: str,
        endpoint: Callable[..., Any],
        *,
        methods: set[str] | list[str] | None = None,
        status_code: int | None = None,
        responses: dict[int | str, dict[str, Any]] | None = None,
        dependencies: Sequence[Dependency] | None = None,
        **options: Any,
    ) -> None:
        creates = not _CREATED.isdisjoint({status_code, *(responses or {})})
        self.creates = creates and "POST" in (methods or ())
        given = list(dependencies or ())
        claims = self.creates and BEFORE_ASKING not in given
        super().__init__(
            path,
            endpoint,
            methods=methods,
            status_code=status_code,
            responses=responses,
            dependencies=[*given, Depends(first_time)] if claims else given,
            **options,
        )

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The endpoint, asked once per key."""
        answer = super().get_route_handler()
        if not self.creates:
            return answer

        async def once(request: Request) -> Response:
            key = request.headers.get(HEADER)
            return await (_answered_once(request, key, answer) if key else answer(request))

        return once


def once_router(prefix: str, tag: str, *problems: int) -> APIRouter:
    """A router of such routes below `prefix`; `problems`: the statuses any of them may answer."""
    return api_router(prefix, tag, *problems, route_class=OnceRoute)


async def _answered_once(request: Request, key: str, answer: Answer) -> Response:
    attempt = Attempt(await _fingerprint(request))
    request.state.attempt = attempt
    async with _one_at_a_time(request, key):
        try:
            response = await answer(request)
        except AnsweredBefore as before:
            return before.response
        await attempt.remember(key, response)
        return response


def _one_at_a_time(request: Request, key: str) -> asyncio.Lock:
    """Duplicates within this process wait here, where they hold no database connection."""
    return _under_way.setdefault(f"{request.headers.get('authorization')}\n{key}", asyncio.Lock())


async def _fingerprint(request: Request) -> str:
    """The hash of path, query and body by which two requests are the same.

    The arbitrary boundary between a form's parts is left out.
    """
    content_type = Message()
    content_type["content-type"] = request.headers.get("content-type", "")
    body = await request.body()
    boundary = content_type.get_boundary()
    if boundary:
        body = body.replace(boundary.encode("latin-1", "replace"), b"")
    digest = hashlib.sha256(f"{request.url.path}\n{request.url.query}\n".encode())
    digest.update(body)
    return digest.hexdigest()


Key = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=200,
        description="any text, new for each thing to create: "
        "the same request with the same key is done once",
    ),
]


async def first_time(
    request: Request, caller: Caller, session: OpenSession, idempotency_key: Key = None
) -> None:
    """Let the request through when its key is new; others with it wait."""
    if idempotency_key is not None:
        await _claim(request.state.attempt, session, caller.user_id, idempotency_key)


async def before_asking(
    request: Request, caller: Caller, database: CallersDatabase, idempotency_key: Key = None
) -> None:
    """Let the request through when its key is new; its endpoint claims the key later.

    Where another process works on the same key, both ask and the second to finish gives the answer
    of the first.
    """
    if idempotency_key is not None:
        async with database.transaction() as session:
            await _claim(request.state.attempt, session, caller.user_id, idempotency_key)
        forget_answer(request)


BEFORE_ASKING = Depends(before_asking)


class Later:
    """The transaction of an endpoint that asks another service first."""

    def __init__(
        self, request: Request, caller: User, database: Database, opened: AsyncExitStack
    ) -> None:
        self._request = request
        self._caller = caller
        self._database = database
        self._opened = opened

    async def open(self) -> Session:
        """The transaction from now on, in which the request's key is claimed as well.

        The key of a request that creates nothing means nothing: repeating it changes nothing more.
        """
        session = await self._opened.enter_async_context(self._database.transaction())
        key = self._request.headers.get(HEADER)
        attempt = getattr(self._request.state, "attempt", None)
        if key is not None and attempt is not None:
            await _claim(attempt, session, self._caller.user_id, key)
        return session


async def later_transaction(
    request: Request, caller: Caller, database: CallersDatabase
) -> AsyncIterator[Later]:
    """A transaction to open after the request to the service; committed before the answer."""
    async with AsyncExitStack() as opened:
        yield Later(request, caller, database, opened)
    gateway_of(request).relay.wake()


LaterTransaction = Annotated[Later, Depends(later_transaction, scope="function")]


async def _claim(attempt: Attempt, session: Session, user_id: UUID, key: str) -> None:
    first = await queries.lock_answer(session, user_id, key)
    if first is None:
        attempt.user_id = user_id
        attempt.session = session
        return
    if first.request_hash != attempt.fingerprint:
        detail = f"this {HEADER} came with a different request before"
        raise Problem(422, "idempotency_key_reused", detail)
    await _refuse_ended(session, user_id, first.answer.get("shared", {}))
    raise AnsweredBefore(first.answer)


async def _refuse_ended(session: Session, user_id: UUID, shared: Mapping[str, str]) -> None:
    """404 or 403 where another user no longer shares, for that, what the answer was about."""
    roles = await queries.load_roles(session, user_id, [UUID(each) for each in shared])
    for portfolio_id, needed in shared.items():
        role = roles.get(UUID(portfolio_id))
        if role is None:
            raise not_found("portfolio", portfolio_id)
        if needed == EDITOR and role != EDITOR:
            detail = f"you may read the portfolio {portfolio_id}, not edit it any more"
            raise Problem(403, "editor_only", f"{detail}: ask its owner to share it as editor")


def forget_answer(request: Request) -> None:
    """Do not store the answer: nothing was created (a dry run, say) and the key stays free."""
    attempt: Attempt | None = getattr(request.state, "attempt", None)
    if attempt is not None:
        attempt.session = None
