"""What endpoints receive: the gateway's parts, the caller, a transaction of the caller's.

A route takes `OpenSession`: one transaction around it, in which every part of an answer is read. A
route that queries another service takes `CallersDatabase` and opens transactions before and after
the request, never around it. No route takes the gateway's own `database`: a user's transactions see
and write only the user's rows, independent of the statement. Under `/admin` an administrator's
transactions see the rows of all users. All of them know the caller, for `audit.record`.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query
from fastapi import Request as HttpRequest
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import HTTPConnection

from services.gateway.edge import queries
from services.gateway.edge.audit import Actor, act_as, record
from services.gateway.edge.caps import keep_to_caps
from services.gateway.edge.outbox import Relay
from services.gateway.edge.personal import KnownToken, is_personal
from services.gateway.edge.problems import Problem, unauthorised
from services.gateway.edge.queries import Proof
from services.gateway.edge.scopes import RouteNames, role_needed
from services.gateway.edge.shapes import View
from services.gateway.edge.tokens import Bearer, InvalidToken, Passwords, Tokens, token_hash
from services.gateway.edge.workers import Workers
from services.gateway.settings import GatewaySettings
from services.gateway.tables import VIEWER, User
from shared.contracts.event import Day, Reply, Request
from shared.database import Database, Session
from shared.messaging import ask
from shared.service import Runtime

OPERATORS_PATH = "/api/v1/admin/"
# In the scope of a question that the process itself asks again: the log-in that asked it. No
# request from outside has entries of a scope.
RENEWED_FOR = "sigmasight.renewed_for"


@dataclass(frozen=True)
class Gateway:
    """The parts one process works with."""

    runtime: Runtime
    settings: GatewaySettings
    tokens: Tokens
    passwords: Passwords
    relay: Relay
    workers: Workers

    async def ask(self, request: Request[Reply]) -> Reply:
        """Another service's reply; raises `Refused` or `Unanswered`.

        Never in an open transaction: a slow service would hold the database's connections.
        """
        return await ask(self.runtime.broker, request, self.settings.request_seconds)

    @property
    def database(self) -> Database:
        """Transactions in the gateway's own role.

        For logging in, operators and background work, never for a user.
        """
        return self.runtime.database

    def database_for(
        self,
        user_id: UUID,
        network_address: str | None,
        token_id: UUID | None,
        role: str = VIEWER,
    ) -> Database:
        """Transactions of a user's requests. There is no other way to open one.

        `token_id`: the personal token that they come with, for the audit log; None: none. `role`:
        what the user has to be to each portfolio that they are about. Routes take
        `CallersDatabase`, which knows both.
        """
        actor = Actor(user_id, network_address, token_id, role)
        return self.database.beginning_with(partial(_begin_as_user, user_id, actor, self.settings))

    def database_of_operator(self, user_id: UUID, network_address: str | None) -> Database:
        """Transactions of an operator's requests: they see the rows of all users."""
        return self.database.beginning_with(partial(_begin, Actor(user_id, network_address)))


async def _begin_as_user(
    user_id: UUID, actor: Actor, settings: GatewaySettings, session: Session
) -> None:
    act_as(session, actor)
    keep_to_caps(session, settings)
    await queries.become(session, user_id)


async def _begin(actor: Actor, session: Session) -> None:
    act_as(session, actor)


def gateway_of(connection: HTTPConnection) -> Gateway:
    """The parts the application was made of.

    Dependencies call this: the framework builds one that is declared for every route again.
    """
    gateway: Gateway = connection.app.state.gateway
    return gateway


async def the_gateway(connection: HTTPConnection) -> Gateway:
    """The parts the application was made of, for an endpoint."""
    return gateway_of(connection)


async def network_address(connection: HTTPConnection) -> str:
    """The address of the client, as reported by the server in front of the application."""
    return connection.client.host if connection.client else "unknown"


GatewayParts = Annotated[Gateway, Depends(the_gateway)]
NetworkAddress = Annotated[str, Depends(network_address)]
_bearer = HTTPBearer(
    auto_error=False,
    bearerFormat="JWT",
    description="the access token of `auth/login`, or a personal token of `me/tokens`",
)


async def current_user(
    connection: HTTPConnection,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> User:
    """The user behind the access token or personal token; 401 without a valid one.

    403 for a personal token whose scopes do not open the route.

    Uses a separate transaction that has ended when the endpoint runs: an endpoint that reads
    concurrently would otherwise hold one connection while it waits for more.
    """
    gateway = gateway_of(connection)
    renewed_for: Bearer | None = connection.scope.get(RENEWED_FOR)
    if renewed_for is not None:
        return await _of_log_in(gateway, renewed_for, connection)
    if credentials is None:
        raise unauthorised("missing_token", "send an access token: Authorization: Bearer <token>")
    return await authenticated(gateway, credentials.credentials, connection)


async def authenticated(gateway: Gateway, token: str, connection: HTTPConnection) -> User:
    """The user behind a token of a connection; 401 when it is invalid, expired or revoked.

    403 for a personal token whose scopes do not open the connection's route.
    """
    if is_personal(token):
        names: RouteNames = connection.app.state.route_names
        route = names.name_of(connection.scope)
        return (
            await held_token(gateway, token, connection, route, lambda it: it.refusal(route))
        ).user
    return await logged_in(gateway, token, connection)


async def logged_in(gateway: Gateway, token: str, connection: HTTPConnection) -> User:
    """The user behind the access token of a log-in; 401 when it is invalid or over."""
    try:
        bearer = gateway.tokens.bearer(token)
    except InvalidToken:
        raise unauthorised(
            "invalid_token", "the access token is expired or not valid: log in again"
        ) from None
    return await _of_log_in(gateway, bearer, connection)


async def _of_log_in(gateway: Gateway, bearer: Bearer, connection: HTTPConnection) -> User:
    async with gateway.database.transaction() as session:
        user = await queries.load_caller(session, bearer.user_id, bearer.family_id)
    if user is None:
        raise unauthorised("invalid_token", "the access token's log-in is over: log in again")
    connection.state.proof = Proof(user.user_id, bearer.family_id)
    return user


@dataclass(frozen=True)
class HeldToken:
    """A personal token that a connection presents, and its user."""

    user: User
    known: KnownToken


async def held_token(
    gateway: Gateway,
    token: str,
    connection: HTTPConnection,
    route: str,
    refusal_of: Callable[[KnownToken], Problem | None],
) -> HeldToken:
    """The personal token of a connection. A refusal is recorded, as is the use of the token."""
    now = datetime.now(UTC)
    async with gateway.database.transaction() as session:
        found = await queries.load_token(session, token_hash(token))
        if found is None:
            raise unauthorised("invalid_token", "there is no such personal token: make another")
        user, stored = found
        known = KnownToken.of(stored, user, now)
        refusal = refusal_of(known)
        if refusal is not None:
            address = await network_address(connection)
            act_as(session, Actor(user.user_id, address, stored.token_id))
            facts = {"reason": refusal.code, "route": route}
            await record(session, "token.refused", stored.token_id, **facts)
        elif known.use_is_due(now):
            await queries.save_token_use(session, stored.token_id, now)
    if refusal is not None:
        raise refusal
    connection.state.proof = Proof(user.user_id, None, stored.token_id, known.scopes)
    return HeldToken(user, known)


Caller = Annotated[User, Depends(current_user)]


async def callers_proof(connection: HTTPConnection, _: Caller) -> Proof:
    """What the caller is authenticated by."""
    proof: Proof = connection.state.proof
    return proof


CallersProof = Annotated[Proof, Depends(callers_proof)]


async def current_admin(caller: Caller) -> User:
    """The caller, who must be an administrator: 403 otherwise."""
    if caller.role != "admin":
        raise Problem(403, "admin_only", "this needs the role admin")
    return caller


Admin = Annotated[User, Depends(current_admin)]


async def recording_database(connection: HTTPConnection, caller: Caller) -> Database:
    """The caller's transactions; an administrator's under `/admin` see the rows of all users."""
    gateway = gateway_of(connection)
    address = await network_address(connection)
    path = connection.scope["path"].removeprefix(connection.scope.get("root_path", ""))
    if caller.role == "admin" and path.startswith(OPERATORS_PATH):
        return gateway.database_of_operator(caller.user_id, address)
    names: RouteNames = connection.app.state.route_names
    role = role_needed(names.name_of(connection.scope))
    proof: Proof = connection.state.proof
    return gateway.database_for(caller.user_id, address, proof.token_id, role)


# For a read that also writes something down; other routes take `CallersDatabase`.
RecordingDatabase = Annotated[Database, Depends(recording_database)]


async def callers_database(connection: HTTPConnection, database: RecordingDatabase) -> Database:
    """The same; reads see one moment.

    Parts of an answer that were calculated at different times would not add up.
    """
    return database.at_one_moment() if connection.scope.get("method") == "GET" else database


CallersDatabase = Annotated[Database, Depends(callers_database)]


async def open_session(request: HttpRequest, database: CallersDatabase) -> AsyncIterator[Session]:
    """One of the caller's transactions around the endpoint, committed before the answer leaves."""
    async with database.transaction() as session:
        yield session
    if request.method != "GET":
        gateway_of(request).relay.wake()


OpenSession = Annotated[Session, Depends(open_session, scope="function")]
AsOf = Annotated[
    Day | None,
    Query(description="the session wanted; default and otherwise: the latest at or before"),
]
ChosenView = Annotated[View, Query(description="positions held long, held short, or both")]
Limit = Annotated[int, Query(ge=1, le=1000, description="how many at most")]
Offset = Annotated[int, Query(ge=0, le=10_000_000, description="how many to leave out first")]


@dataclass(frozen=True)
class Paging:
    """Which part of a list is wanted."""

    limit: Limit = 100
    offset: Offset = 0

    def page(self, items: Sequence[object], total: int) -> dict[str, object]:
        """These items as a `Page`, of `total` in the whole list."""
        return {"items": items, "total": total, "limit": self.limit, "offset": self.offset}

    def of(self, entries: Sequence[object]) -> dict[str, object]:
        """The wanted part of a whole list as a `Page`."""
        return self.page(entries[self.offset : self.offset + self.limit], len(entries))


@dataclass(frozen=True)
class Period:
    """Which sessions are wanted; without a bound, all that there are."""

    start: Annotated[Day | None, Query(description="first session wanted")] = None
    end: Annotated[Day | None, Query(description="last session wanted")] = None


def sessions_between(
    first: Annotated[Day | None, Query(alias="from", description="first session wanted")] = None,
    last: Annotated[Day | None, Query(alias="to", description="last session wanted")] = None,
) -> Period:
    """The sessions from one day to another; 422 for days in the wrong order."""
    refuse_wrong_order(first, last, "session")
    return Period(first, last)


def refuse_wrong_order(first: date | None, last: date | None, what: str) -> None:
    """422 when `from` is after `to`: nothing (`what`) can be between them."""
    if first and last and first > last:
        message = f"from {first} is after to {last}: no {what} is between them"
        errors = [
            {"field": name, "code": "wrong_order", "message": message} for name in ("from", "to")
        ]
        raise Problem(422, "invalid_request", message, errors)


@dataclass(frozen=True)
class Side:
    """Which session and side of a portfolio are wanted, and the transaction to read them in."""

    session: OpenSession
    as_of: AsOf = None
    view: ChosenView = View.PORTFOLIO


ChosenPage = Annotated[Paging, Depends()]
ChosenPeriod = Annotated[Period, Depends()]
SessionsBetween = Annotated[Period, Depends(sessions_between)]
ChosenSide = Annotated[Side, Depends()]
