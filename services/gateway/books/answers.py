"""A cache of answers, each read and laid out once per portfolio, revision and question.

A route whose answer holds nothing but what was stored for one portfolio takes `NamedRevision` or
`ChosenRevision` instead of `NamedPortfolio` or `ChosenPortfolio`; that is all. Its answers then
carry an `ETag` made of the portfolio's revision and are kept, compressed, in this process. Every
repetition by the same user costs one statement, which checks that the token's user may still log in
and still owns the portfolio, and reads its current revision; so an edit or a run that another
process recorded outdates the answers kept here, too.
"""

import asyncio
import gzip
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.gateway.books.dependencies import ChosenPortfolio, NamedPortfolio
from services.gateway.books.queries.revisions import Claim, load_revisions
from services.gateway.edge.conditional import HEADERS, matches, unchanged, weak_tag
from services.gateway.edge.dependencies import RENEWED_FOR, Gateway
from services.gateway.edge.problems import is_database_outage
from services.gateway.edge.queries import Row
from services.gateway.edge.tokens import Bearer, InvalidToken
from services.gateway.tables import OWNER
from shared import __version__
from shared.database import Database

COMPRESSION_LEVEL = 4  # level 9 takes four times as long for a tenth less
SMALLEST_COMPRESSED = 1024
_DRAFT = "sigmasight.draft"
_COMPRESSED = {"Content-Encoding": "gzip", "Vary": f"{HEADERS['Vary']}, Accept-Encoding"}


def etag_of(portfolio_id: UUID, revision: int) -> str:
    """The tag of every answer about a portfolio at a revision, by this version of the program.

    Each URL has its own tag. The tag is weak: compressed or not, it is the same answer.
    """
    return weak_tag(portfolio_id, revision, __version__)


class Unchanged(Exception):
    """Ends a request whose caller has the answer already."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


async def answer_unchanged(_: Request, error: Exception) -> Response:
    """304 without a body."""
    assert isinstance(error, Unchanged)
    return error.response


@dataclass(frozen=True)
class Question:
    """A user's request; its answer stays the same until the portfolio's revision is raised.

    `family_id`: the log-in that asked first, no part of the question.
    """

    user_id: UUID
    path: str
    query: bytes
    family_id: UUID | None = field(default=None, compare=False)


@dataclass(frozen=True)
class KeptAnswer:
    """An answer in the cache, with its portfolio and revision.

    `route`: for metrics; `body`: compressed when that pays.
    """

    portfolio_id: UUID
    revision: int
    route: Any
    content_type: str
    body: bytes
    compressed: bool

    @property
    def etag(self) -> str:
        """The tag that differs from those of its older and newer versions."""
        return etag_of(self.portfolio_id, self.revision)

    def response(self, headers: Headers) -> Response:
        """The answer for a caller with these request headers."""
        own = {**HEADERS, "ETag": self.etag}
        if matches(headers.get("if-none-match"), self.etag):
            return Response(status_code=304, headers=own)
        if not self.compressed:
            return Response(self.body, headers=own, media_type=self.content_type)
        if _takes_gzip(headers.get("accept-encoding", "")):
            return Response(self.body, headers={**own, **_COMPRESSED}, media_type=self.content_type)
        return Response(gzip.decompress(self.body), headers=own, media_type=self.content_type)


def keep_of(
    portfolio_id: UUID, revision: int, route: Any, content_type: str, body: bytes
) -> KeptAnswer:
    """The answer as it is kept."""
    pays = len(body) >= SMALLEST_COMPRESSED
    stored = gzip.compress(body, COMPRESSION_LEVEL, mtime=0) if pays else body
    return KeptAnswer(portfolio_id, revision, route, content_type, stored, compressed=pays)


def _takes_gzip(accepted: str) -> bool:
    weights = dict(_weighted(each) for each in accepted.lower().split(","))
    return weights.get("gzip", weights.get("*", 0.0)) > 0


def _weighted(coding: str) -> tuple[str, float]:
    name, _, weight = coding.replace(" ", "").partition(";q=")
    try:
        return name, float(weight or 1)
    except ValueError:
        return name, 0.0


async def _not_served(_: Question) -> None:
    """Before the application has answered a request, there is nothing to renew."""


class Answers:
    """The answers kept in memory; the least recently used are removed first.

    `renew`: how one is given again, as long as its log-in is good; set by what serves them.
    """

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes = most_bytes
        self.bytes = 0
        self._kept: OrderedDict[Question, KeptAnswer] = OrderedDict()
        self._wanted: set[Question] = set()  # asked for since `take_wanted`
        self.renew: Callable[[Question], Awaitable[None]] = _not_served

    def __contains__(self, question: Question) -> bool:
        return question in self._kept

    def find(self, question: Question) -> KeptAnswer | None:
        """The last answer given to the question, however old."""
        kept = self._kept.get(question)
        if kept is not None:
            self._kept.move_to_end(question)
            self._wanted.add(question)
        return kept

    @property
    def has_wanted(self) -> bool:
        """Whether `take_wanted` returns any."""
        return bool(self._wanted)

    def take_wanted(self) -> list[tuple[Question, KeptAnswer]]:
        """The answers that were asked for since this was last called; the latest first."""
        wanted = [each for each in reversed(self._kept.items()) if each[0] in self._wanted]
        self._wanted.clear()
        return wanted

    def keep(self, question: Question, answer: KeptAnswer, *, wanted: bool = True) -> None:
        """Keep the answer in place of an older one, unless it is larger than the whole cache."""
        wanted = wanted or question in self._wanted
        self._forget(question)
        if len(answer.body) > self.most_bytes:
            return
        self._wanted |= {question} if wanted else set()
        self._kept[question] = answer
        self.bytes += len(answer.body)
        while self.bytes > self.most_bytes:
            self._forget(next(iter(self._kept)))

    def _forget(self, question: Question) -> None:
        gone = self._kept.pop(question, None)
        self._wanted.discard(question)
        self.bytes -= len(gone.body) if gone else 0


class Draft:
    """The portfolio and revision that a route read before all else, for the answer it makes."""

    def __init__(self) -> None:
        self.portfolio_id: UUID | None = None
        self.revision = 0
        self.route: Any = None


async def named_revision(request: Request, portfolio: NamedPortfolio) -> Row:
    """The portfolio of the path, for an answer that is kept until its revision is raised."""
    return _drafted(request, portfolio)


async def chosen_revision(request: Request, portfolio: ChosenPortfolio) -> Row:
    """The portfolio of the query or the caller's first, for an answer that is kept.

    Not where that is another's, which the next one of the caller's own comes before.
    """
    if portfolio["access"] != OWNER and "portfolio_id" not in request.query_params:
        return portfolio
    return _drafted(request, portfolio)


def _drafted(request: Request, portfolio: Row) -> Row:
    known = unchanged(request, etag_of(portfolio["portfolio_id"], portfolio["revision"]))
    if known is not None:
        raise Unchanged(known)
    draft: Draft | None = request.scope.get(_DRAFT)
    if draft is not None:
        draft.portfolio_id = portfolio["portfolio_id"]
        draft.revision = portfolio["revision"]
        draft.route = request.scope.get("route")
    return portfolio


NamedRevision = Annotated[Row, Depends(named_revision)]
ChosenRevision = Annotated[Row, Depends(chosen_revision)]


class Revisions:
    """Reads revisions; requests that arrive during a statement share the next one."""

    def __init__(self) -> None:
        self._waiting: dict[Claim, asyncio.Future[int | None]] = {}
        self._asking: asyncio.Task[None] | None = None

    async def current(self, database: Database, claim: Claim) -> int | None:
        """The portfolio's revision from now on; None when the claim does not hold."""
        asked = self._waiting.setdefault(claim, asyncio.get_running_loop().create_future())
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask(database))
        return await asyncio.shield(asked)  # others may wait for the same revision

    async def _ask(self, database: Database) -> None:
        try:
            while self._waiting:
                await self._answer(database)
        finally:
            self._asking = None

    async def _answer(self, database: Database) -> None:
        asked = self._waiting
        self._waiting = {}
        try:
            async with database.transaction() as session:
                found = await load_revisions(session, asked)
        except Exception as error:  # noqa: BLE001 - every waiting request gets it
            for future in asked.values():
                future.set_exception(error)
        else:
            for claim, future in asked.items():
                future.set_result(found.get(claim))


class KeptAnswers:
    """Gives the answers that are kept, and keeps those that routes draft.

    Doubtful requests (an invalid token, a database that is down) are left to the application.
    """

    def __init__(self, app: ASGIApp, answers: Answers, served_by: Starlette) -> None:
        self.app = app
        self.answers = answers
        self.served_by = served_by
        answers.renew = self.renew
        self.revisions = Revisions()
        self._renewing: dict[Question, asyncio.Event] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        gateway: Gateway = scope["app"].state.gateway
        bearer = _bearer(gateway, headers)
        if bearer is None:
            await self.app(scope, receive, send)
            return
        question = Question(bearer.user_id, scope["path"], scope["query_string"], bearer.family_id)
        kept = await self._current(gateway, bearer, question)
        if kept:
            scope["route"] = kept.route
            await kept.response(headers)(scope, receive, send)
        else:
            await self._answer(question, scope, receive, send)

    async def renew(self, question: Question) -> None:
        """Let the application answer a question again, as far as its log-in is still good."""
        assert question.family_id is not None
        scope: Scope = {
            **{"type": "http", "http_version": "1.1", "scheme": "http", "root_path": ""},
            **{"method": "GET", "path": question.path, "query_string": question.query},
            **{"headers": [], "client": None, "server": None, "state": {}, "app": self.served_by},
            RENEWED_FOR: Bearer(question.user_id, question.family_id),
        }
        await self._answer(question, scope, _no_body, _discard)

    async def _current(
        self, gateway: Gateway, bearer: Bearer, question: Question
    ) -> KeptAnswer | None:
        """The answer kept for the question, if it still holds.

        Or once another request has renewed it.
        """
        kept = self.answers.find(question)
        while kept and not await self._still_holds(gateway, bearer, kept):
            if question not in self._renewing:
                return None
            await self._renewing[question].wait()
            before = kept
            kept = self.answers.find(question)
            if kept is before:
                return None
        return kept

    async def _still_holds(self, gateway: Gateway, bearer: Bearer, kept: KeptAnswer) -> bool:
        claim = Claim(bearer.user_id, bearer.family_id, kept.portfolio_id)
        try:
            now = await self.revisions.current(gateway.database, claim)
        except Exception as error:
            if is_database_outage(error):
                return False
            raise
        return now == kept.revision

    async def _answer(self, question: Question, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the application answer, keep what it drafted, and send that."""
        collected = _Collected(scope, send)
        renewed = (
            self._renewing.setdefault(question, asyncio.Event())
            if question in self.answers
            else None
        )
        try:
            await self.app(scope, receive, collected.take)
            if collected.answer is not None:
                wanted = RENEWED_FOR not in scope
                self.answers.keep(question, collected.answer, wanted=wanted)
        finally:
            if renewed is not None:
                self._renewing.pop(question, None)
                renewed.set()
        if collected.answer is not None:
            await collected.answer.response(Headers(scope=scope))(scope, receive, send)


async def _no_body() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _discard(_: Message) -> None:
    """No caller waits for the answer."""


class _Collected:
    """Holds back the answer that a route drafted until it is whole; passes on any other."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self.draft = scope[_DRAFT] = Draft()
        self.send = send
        self.answer: KeptAnswer | None = None
        self._content_type: str | None = None
        self._body: list[bytes] = []

    async def take(self, message: Message) -> None:
        """The next part of the answer."""
        if (
            message["type"] == "http.response.start"
            and self.draft.portfolio_id
            and message["status"] == 200
        ):
            self._content_type = Headers(raw=list(message["headers"])).get(
                "content-type", "application/json"
            )
        elif self._content_type is None or self.draft.portfolio_id is None:
            await self.send(message)
        else:
            self._body.append(message.get("body", b""))
            if not message.get("more_body", False):
                about = (self.draft.portfolio_id, self.draft.revision, self.draft.route)
                self.answer = keep_of(*about, self._content_type, b"".join(self._body))


def _bearer(gateway: Gateway, headers: Headers) -> Bearer | None:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return None
    try:
        return gateway.tokens.bearer(token)
    except InvalidToken:
        return None
