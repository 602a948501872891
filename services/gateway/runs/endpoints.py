"""Progress of the caller's runs, as server-sent events or over a WebSocket."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import structlog
from fastapi import Depends, Header, Query, WebSocket, WebSocketDisconnect
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel
from starlette.requests import HTTPConnection

from services.gateway.edge.audit import record
from services.gateway.edge.dependencies import (
    Caller,
    CallersProof,
    Gateway,
    GatewayParts,
    OpenSession,
    authenticated,
)
from services.gateway.edge.problems import (
    Problem,
    documented,
    is_database_outage,
    not_found,
    unauthorised,
)
from services.gateway.edge.queries import Proof, load_ended
from services.gateway.edge.routers import api_router
from services.gateway.edge.tokens import new_refresh_token, token_hash
from services.gateway.identity import queries as identity_queries
from services.gateway.runs.feed import (
    STREAMS_PER_USER,
    Feed,
    Follower,
    FollowerEvent,
    TooManyStreams,
    Wanted,
)
from services.gateway.runs.queries import runs
from services.gateway.runs.schemas import (
    AlertEvent,
    ReportEvent,
    ResultsEvent,
    RunEvent,
    StageEvent,
    TicketOut,
)
from services.gateway.runs.shapes import ALERT, REPORT, RESULTS, RUN, STAGE
from shared.tasks import cancelled

TICKET_SECONDS = 30
LARGEST_MESSAGE = 64 * 1024  # bytes, or characters
log = structlog.get_logger("sigmasight.gateway")
router = api_router("/events", "events", 401)
SHAPES: dict[str, type[BaseModel]] = {
    STAGE: StageEvent,
    RESULTS: ResultsEvent,
    ALERT: AlertEvent,
    REPORT: ReportEvent,
    RUN: RunEvent,
}
EventId = Annotated[int | None, Query(ge=0, le=2**63 - 1, description="only events after this one")]


@router.post("/ticket")
async def create_ticket(caller: Caller, proof: CallersProof, session: OpenSession) -> TicketOut:
    """A ticket for `?ticket=`, for browsers, whose event streams carry no header.

    Valid for 30 seconds, once.
    """
    family = proof.family_id.hex if proof.family_id else ""
    ticket = f"{new_refresh_token()}.{family}"  # stored as a hash of all of it
    expires_at = datetime.now(UTC) + timedelta(seconds=TICKET_SECONDS)
    await identity_queries.save_ticket(session, token_hash(ticket), caller.user_id, expires_at)
    await record(session, "event_ticket.issued", caller.user_id)
    return TicketOut(ticket=ticket, expires_at=expires_at)


async def follower_proof(
    connection: HTTPConnection,
    gateway: GatewayParts,
    ticket: Annotated[
        str | None, Query(max_length=200, description="instead of an access token")
    ] = None,
) -> Proof:
    """The access token or the ticket, and its user; a ticket is used up by this."""
    if ticket is not None:
        return await _ticket_holder(gateway, ticket)
    scheme, _, token = connection.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise unauthorised("missing_token", "send an access token, or a ticket of `events/ticket`")
    await authenticated(gateway, token.strip(), connection)
    proof: Proof = connection.state.proof
    return proof


async def _ticket_holder(gateway: Gateway, ticket: str) -> Proof:
    """The log-in that the ticket was given to, which may be over by now."""
    async with gateway.database.transaction() as session:
        user_id = await identity_queries.take_ticket(session, token_hash(ticket), datetime.now(UTC))
        family = ticket.partition(".")[2]
        proof = Proof(user_id, UUID(family) if family else None) if user_id else None
        ended = proof is None or await load_ended(session, [proof])
    if proof is None or ended:
        raise unauthorised(
            "invalid_ticket", "the ticket is unknown, used or expired: ask for another"
        )
    return proof


async def wanted_events(
    run_id: Annotated[
        UUID | None, Query(description="this run only, from its beginning to its end")
    ] = None,
    after: EventId = None,
    follow: Annotated[bool, Query(description="false: the events so far, then end")] = True,
    last_event_id: Annotated[
        str | None, Header(description="what browsers send on reconnecting")
    ] = None,
) -> Wanted:
    """Which events the caller wants.

    The header takes precedence over the query, which may be older.
    """
    if last_event_id is not None and last_event_id.isdecimal():
        after = int(last_event_id)
    return Wanted(after, run_id, follow)


async def the_feed(connection: HTTPConnection) -> Feed:
    """The feed of this process's streams."""
    feed: Feed = connection.app.state.feed
    return feed


FeedOfProcess = Annotated[Feed, Depends(the_feed)]


async def open_stream(
    gateway: GatewayParts,
    feed: FeedOfProcess,
    proof: Annotated[Proof, Depends(follower_proof)],
    wanted: Annotated[Wanted, Depends(wanted_events)],
) -> AsyncIterator[Follower]:
    """The user's queue, for as long as the stream is open."""
    if wanted.run_id is not None:
        await _refuse_foreign_run(gateway, proof, wanted.run_id)
    try:
        with feed.following(proof) as follower:
            yield follower
    except TooManyStreams:
        detail = f"you have {STREAMS_PER_USER} streams open: close one"
        raise Problem(429, "too_many_streams", detail, headers={"Retry-After": "5"}) from None


async def _refuse_foreign_run(gateway: Gateway, proof: Proof, run_id: UUID) -> None:
    database = gateway.database_for(proof.user_id, None, proof.token_id)
    async with database.transaction() as session:
        if not await runs.is_run_of(session, run_id, proof.user_id):
            raise not_found("run", run_id)


Stream = Annotated[Follower, Depends(open_stream)]
WantedEvents = Annotated[Wanted, Depends(wanted_events)]


@router.get(
    "",
    response_class=EventSourceResponse,
    responses={
        **documented(404, 422, 429),
        200: {
            "description": "`stage`, `results`, `alert`, `run` and `report` events",
            "content": {"text/event-stream": {}},
        },
    },
)
async def follow_events(
    gateway: GatewayParts, feed: FeedOfProcess, follower: Stream, wanted: WantedEvents
) -> AsyncIterator[ServerSentEvent]:
    """Progress of the caller's runs, as server-sent events.

    These are the runs of the caller's portfolios and those that the caller requested; and the ends
    of the caller's reports. Without
    `run_id` and `after`: the earlier events of running runs, then every new event. Comments keep
    the connection open. The stream ends when an access token would, and a few seconds after its
    log-in or token is over; reconnect with the id of the last event.
    """
    async for event in _stream(gateway, feed, follower, wanted):
        yield ServerSentEvent(id=str(event.event_id), event=event.kind, data=_shaped(event))


def _shaped(event: FollowerEvent) -> BaseModel:
    return SHAPES[event.kind].model_validate(event.data)


async def _stream(
    gateway: Gateway, feed: Feed, follower: Follower, wanted: Wanted
) -> AsyncIterator[FollowerEvent]:
    """The events; where the database is away the stream ends, to be resumed by its follower."""
    seconds = gateway.settings.access_token_seconds
    try:
        async for event in feed.stream(gateway.database, follower, wanted, seconds):
            yield event
    except Exception as error:
        if not is_database_outage(error):
            raise
        log.warning("stream ended: the database is away", reason=repr(error))


async def refuse_other_pages(connection: HTTPConnection, gateway: GatewayParts) -> None:
    """403 for a page of another origin that the settings do not name; programs send no origin."""
    origin = connection.headers.get("origin")
    host = connection.headers.get("host", "")
    ours = (gateway.settings.public_url, *gateway.settings.cors_origins)
    if origin in (None, f"http://{host}", f"https://{host}", *ours):
        return
    detail = f"pages of {origin} may not follow: name it in SIGMASIGHT_GATEWAY_CORS_ORIGINS"
    raise Problem(403, "origin_not_allowed", detail)


@router.websocket("/ws", dependencies=[Depends(refuse_other_pages)])
async def follow_by_websocket(
    socket: WebSocket,
    gateway: GatewayParts,
    feed: FeedOfProcess,
    follower: Stream,
    wanted: WantedEvents,
) -> None:
    """The same events as `{"id", "event", "data"}`; what the client sends is ignored.

    A message of more than 64 kB ends it (1009).
    """
    await socket.accept()
    sending = asyncio.create_task(_send(socket, _stream(gateway, feed, follower, wanted)))
    waiting = asyncio.create_task(_until_gone(socket))
    try:
        await asyncio.wait({sending, waiting}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await cancelled(sending, waiting)


async def _send(socket: WebSocket, events: AsyncIterator[FollowerEvent]) -> None:
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):
        async for event in events:
            data = _shaped(event).model_dump(mode="json")
            await socket.send_json({"id": event.event_id, "event": event.kind, "data": data})
        await socket.close()


async def _until_gone(socket: WebSocket) -> None:
    message: Any = {}
    while message.get("type") != "websocket.disconnect":
        message = await socket.receive()
        if len(message.get("text") or message.get("bytes") or "") > LARGEST_MESSAGE:
            await socket.close(1009, "a message has at most 64 kB")
            return
