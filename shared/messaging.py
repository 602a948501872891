"""The only file that knows NATS: streams, durables, permissions, and what happens around a handler.

Around every handler, in this order: decode, open a transaction, call, commit, publish, acknowledge.
A crash between any two redelivers the message; upserts on natural keys and deterministic event ids
make the rerun harmless.

    decodable?   no  -> dead letter, reject
    handled?     Permanent error, or the last attempt -> dead letter + `<service>.failed`, reject
                 any other error -> redelivered after `retry_seconds[attempt]`
    slow?        a heartbeat every third of `acknowledge_seconds` keeps the message ours
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, TypeVar, cast, get_type_hints
from uuid import UUID, uuid5

import structlog
from faststream import AckPolicy
from faststream.exceptions import FastStreamException
from faststream.nats import JStream, NatsBroker, PullSub
from faststream.nats.annotations import NatsMessage
from faststream.nats.opentelemetry import NatsTelemetryMiddleware
from faststream.nats.prometheus import NatsPrometheusMiddleware
from faststream.security import SASLPlaintext
from nats.errors import Error as NatsError
from nats.js import JetStreamContext, api
from nats.js.errors import NotFoundError
from pydantic import BaseModel, ValidationError

from shared.contracts.event import (
    EVENT_NAMESPACE,
    Contract,
    DeadLetter,
    Event,
    Refusal,
    Request,
    ShardEvent,
    WorkFailed,
)
from shared.database import Database, Session
from shared.errors import Misconfigured, Permanent, SigmaSightError
from shared.settings import Settings
from shared.telemetry import Telemetry
from shared.topology import EVENTS, TOPOLOGY, publisher_of

DEAD_STREAM = "DEAD"
MESSAGE_ID = "Nats-Msg-Id"
DAY_SECONDS = 86_400.0
EVENT_RETENTION_SECONDS = 30 * DAY_SECONDS
DUPLICATE_WINDOW_SECONDS = 600.0
PULL_SECONDS = 1.0
CRASHES_TOLERATED = (
    3  # deliveries beyond the last attempt that a killed process may cost before we give up
)

log = structlog.get_logger("sigmasight.messaging")
Handler = Callable[..., Awaitable[Any]]
HandlerKind = TypeVar("HandlerKind", bound=Handler)


# --- what a service declares ---


class ServiceRouter:
    """Collects a service's handlers; every decorated function stays a plain callable."""

    def __init__(self, word: str) -> None:
        self.word = word
        self.wiring = TOPOLOGY[word]
        self.handlers: dict[type[Event], Handler] = {}
        self.emitted: dict[Handler, tuple[type[Event], ...]] = {}
        self.answers_by_request: dict[type[Request], Handler] = {}
        self.dead_letter_keeper: Handler | None = None

    def on(self, *events: type[Event]) -> Callable[[HandlerKind], HandlerKind]:
        """Register `async def handler(event, session)` for the event classes; the topology must
        agree.

        A handler that fetches from outside takes `database: Database` in the session's place and
        opens its own transactions, so that none is open while it waits. What it commits is kept
        when it fails later.
        """
        _agree(self.word, "hear", events, self.wiring.hears)

        def register(handler: HandlerKind) -> HandlerKind:
            self.handlers.update(dict.fromkeys(events, handler))
            return handler

        return register

    def emits(self, *events: type[Event]) -> Callable[[HandlerKind], HandlerKind]:
        """Declare what the handler returns: one event, a sequence of them, or None for nothing to
        tell.
        """
        _agree(self.word, "tell", events, self.wiring.tells)

        def register(handler: HandlerKind) -> HandlerKind:
            self.emitted[handler] = events
            return handler

        return register

    def on_dead_letters(self, handler: HandlerKind) -> HandlerKind:
        """Register `async def handler(letter, session)` for what any service gave up on."""
        if not self.wiring.keeps_dead_letters:
            raise Misconfigured(
                f"{self.word} keeps no dead letters: say so on its line in shared/topology.py"
            )
        self.dead_letter_keeper = handler
        return handler

    def answers(self, request: type[Request]) -> Callable[[HandlerKind], HandlerKind]:
        """Register `async def handler(request, session)` returning the request's reply."""
        _agree(self.word, "answer", (request,), self.wiring.answers)

        def register(handler: HandlerKind) -> HandlerKind:
            self.answers_by_request[request] = handler
            return handler

        return register


def _agree(
    word: str, verb: str, kinds: Iterable[type[BaseModel]], declared: Iterable[type[BaseModel]]
) -> None:
    for kind in kinds:
        if kind not in tuple(declared):
            raise Misconfigured(
                f"{word} does not {verb} {kind.__name__}: add it to its line in shared/topology.py"
            )


# --- names, streams and permissions, all derived from the topology ---


def stream_name(word: str) -> str:
    """The stream that holds everything a service tells."""
    return word.upper()


def durable_name(word: str, event: type[Event]) -> str:
    """`<consumer>-<subject with dashes>`."""
    return f"{word}-{event.subject.replace('.', '-')}"


def dead_subject(word: str) -> str:
    """Where a service's dead letters lie; `*` for everybody's."""
    return f"dead.{word}"


@dataclass(frozen=True)
class Durable:
    """A durable consumer: its name, the stream it reads and the subject it is narrowed to."""

    name: str
    stream: str
    subject: str


def durables_of(word: str) -> list[Durable]:
    """Every durable that a service reads."""
    wiring = TOPOLOGY[word]
    heard = [
        Durable(durable_name(word, event), stream_name(publisher_of(event)), event.subject)
        for event in wiring.hears
    ]
    return heard + (
        [Durable(f"{word}-dead", DEAD_STREAM, dead_subject("*"))]
        if wiring.keeps_dead_letters
        else []
    )


def stream_configs(replicas: int = 1) -> list[api.StreamConfig]:
    """One file-stored stream per telling service, and one for dead letters."""
    told = {
        stream_name(word): [e.subject for e in wiring.everything_told()]
        for word, wiring in TOPOLOGY.items()
    }
    told[DEAD_STREAM] = [dead_subject("*")]
    return [
        api.StreamConfig(
            name=name,
            subjects=sorted(subjects),
            storage=api.StorageType.FILE,
            num_replicas=replicas,
            max_age=EVENT_RETENTION_SECONDS,
            duplicate_window=DUPLICATE_WINDOW_SECONDS,
        )
        for name, subjects in told.items()
    ]


def durable_configs(settings: Settings) -> list[tuple[str, api.ConsumerConfig]]:
    """(stream, durable) of everybody; attempts are counted by us, so the server never gives up."""
    return [
        (
            durable.stream,
            api.ConsumerConfig(
                durable_name=durable.name,
                filter_subject=durable.subject,
                ack_policy=api.AckPolicy.EXPLICIT,
                deliver_policy=api.DeliverPolicy.ALL,
                ack_wait=settings.acknowledge_seconds,
                max_deliver=-1,
                max_ack_pending=1000,
            ),
        )
        for word in TOPOLOGY
        for durable in durables_of(word)
    ]


async def declare_topology(
    jetstream: JetStreamContext, settings: Settings, replicas: int = 1
) -> None:
    """Create or update every stream and durable; run by the bootstrap step only."""
    for stream in stream_configs(replicas):
        try:
            await jetstream.stream_info(cast(str, stream.name))
            await jetstream.update_stream(stream)
        except NotFoundError:
            await jetstream.add_stream(stream)
    for stream_of_durable, durable in durable_configs(settings):
        await jetstream.add_consumer(stream_of_durable, durable)


def nats_authorization(passwords: Mapping[str, str]) -> str:
    """The `authorization` block of a NATS server configuration: each service may do its own work
    and no more.

    `passwords` has one entry per service word and one for `bootstrap`, which may do everything.
    """
    users = [_user("bootstrap", passwords["bootstrap"], [">"], [">"])]
    users += [
        _user(word, passwords[word], _publishable(word), _subscribable(word)) for word in TOPOLOGY
    ]
    return "authorization {\n  users = [\n" + "".join(users) + "  ]\n}\n"


def _user(name: str, password: str, publish: Sequence[str], subscribe: Sequence[str]) -> str:
    may = f"publish: {json.dumps(list(publish))}, subscribe: {json.dumps(list(subscribe))}, allow_responses: true"
    return f"    {{ user: {json.dumps(name)}, password: {json.dumps(password)}, permissions: {{ {may} }} }}\n"


def _publishable(word: str) -> list[str]:
    wiring = TOPOLOGY[word]
    pulls = []
    for durable in durables_of(word):
        place = f"{durable.stream}.{durable.name}"
        pulls += [
            f"$JS.API.CONSUMER.MSG.NEXT.{place}",
            f"$JS.API.CONSUMER.INFO.{place}",
            f"$JS.ACK.{place}.>",
        ]
    told = (
        list(EVENTS)
        if wiring.keeps_dead_letters
        else [event.subject for event in wiring.everything_told()]
    )
    return [*told, dead_subject(word), *(request.subject for request in wiring.asks), *pulls]


def _subscribable(word: str) -> list[str]:
    return [f"{inbox_prefix(word)}.>"] + [request.subject for request in TOPOLOGY[word].answers]


def inbox_prefix(word: str) -> str:
    """Replies come to a prefix of the service's own, so no service can listen to another's."""
    return f"_INBOX_{word}"


# --- the broker ---


def create_broker(
    word: str, settings: Settings, telemetry: Telemetry, on_closed: Callable[[], None]
) -> NatsBroker:
    """A broker that reconnects for ever; `on_closed` is called when the connection is gone for
    good.
    """

    async def closed() -> None:
        on_closed()

    return NatsBroker(
        settings.nats_url,
        name=f"sigmasight-{word}",
        security=SASLPlaintext(username=word, password=settings.nats_password.get_secret_value()),
        inbox_prefix=inbox_prefix(word).encode(),
        max_reconnect_attempts=-1,
        reconnect_time_wait=1,
        closed_cb=closed,
        graceful_timeout=10.0,
        logger=logging.getLogger("sigmasight.bus"),
        log_level=logging.DEBUG,
        middlewares=(
            NatsTelemetryMiddleware(tracer_provider=telemetry.tracer_provider),
            NatsPrometheusMiddleware(registry=telemetry.registry),
        ),
    )


async def publish(broker: NatsBroker, event: Event, message_id: UUID | None = None) -> None:
    """Publish to the event's stream under its own id, or another when it is told again on purpose.

    Raises when no stream took it.
    """
    await broker.publish(
        event.model_dump_json().encode(),
        subject=event.subject,
        stream=stream_name(publisher_of(type(event))),
        headers={MESSAGE_ID: str(message_id or event.event_id), "content-type": "application/json"},
        timeout=10.0,
    )


class Refused(SigmaSightError):
    """The service that was asked said no, and why."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


class Unanswered(SigmaSightError):
    """Nobody answered in time: the service is down or busy."""

    def __init__(self, subject: str) -> None:
        super().__init__(
            f"no answer on {subject}: the service is not running or too busy; try again later"
        )
        self.subject = subject


async def ask(broker: NatsBroker, request: Request, timeout_seconds: float = 30.0) -> Contract:
    """Ask over request-reply; returns the request's reply class, raises `Refused` or
    `Unanswered`.
    """
    try:
        response = await broker.request(
            request.model_dump_json().encode(), request.subject, timeout=timeout_seconds
        )
    except (TimeoutError, NatsError, FastStreamException) as error:
        raise Unanswered(request.subject) from error
    answer = json.loads(response.body)
    if "refusal" in answer:
        raise Refused(Refusal.model_validate(answer["refusal"]))
    return request.reply.model_validate(answer["answer"])


# --- around a handler ---


@dataclass
class Consumption:
    """Everything that stands around one service's handlers."""

    router: ServiceRouter
    broker: NatsBroker
    database: Database
    settings: Settings
    telemetry: Telemetry
    attempts_allowed: int = field(init=False)

    def __post_init__(self) -> None:
        self.attempts_allowed = len(self.settings.retry_seconds) + 1

    def attach(self) -> None:
        """Subscribe every handler: `concurrency` pull subscribers on one durable, requests in one
        queue group.
        """
        missing = set(self.router.wiring.hears) - set(self.router.handlers)
        if missing:
            raise Misconfigured(
                f"{self.router.word} hears {sorted(e.__name__ for e in missing)} but has no handler for it"
            )
        for event, handler in self.router.handlers.items():
            for _ in range(self.settings.concurrency):
                self._subscribe(event, handler)
        for request, handler in self.router.answers_by_request.items():
            self._serve(request, handler)
        if self.router.dead_letter_keeper is not None:
            self._keep_dead_letters(self.router.dead_letter_keeper)

    def _subscribe(self, kind: type[Event], handler: Handler) -> None:
        async def consume(message: NatsMessage) -> None:
            async with heartbeat(message, self.settings.acknowledge_seconds / 3):
                await self.settle(kind, handler, message)

        self._pull(kind.subject, consume)

    def _keep_dead_letters(self, handler: Handler) -> None:
        async def consume(message: NatsMessage) -> None:
            await self.keep(handler, message)

        self._pull(dead_subject("*"), consume)

    def _pull(self, subject: str, consume: Callable[[NatsMessage], Awaitable[None]]) -> None:
        durable = next(each for each in durables_of(self.router.word) if each.subject == subject)
        subscriber = self.broker.subscriber(
            durable.subject,
            durable=durable.name,
            stream=JStream(durable.stream, declare=False),
            pull_sub=PullSub(batch_size=1, timeout=PULL_SECONDS),
            inbox_prefix=f"{inbox_prefix(self.router.word)}.".encode(),
            ack_policy=AckPolicy.MANUAL,
        )
        subscriber(consume)

    def _serve(self, kind: type[Request], handler: Handler) -> None:
        async def serve(message: NatsMessage) -> bytes:
            return await self.answer(kind, handler, message.body)

        self.broker.subscriber(kind.subject, queue=self.router.word)(serve)

    async def keep(self, handler: Handler, message: Any) -> None:
        """Hand a dead letter to its keeper; tried again for as long as that fails, for nothing
        comes after it.
        """
        try:
            letter = DeadLetter.model_validate_json(message.body)
            async with self.database.transaction() as session:
                await handler(letter, session)
        except ValidationError as error:
            log.error("dead letter is not one", exc_info=error)
            await message.reject()
        except Exception as error:
            log.warning("dead letter not kept yet", exc_info=error)
            await message.nack(delay=self.settings.retry_seconds[-1])
        else:
            await message.ack()

    async def settle(self, kind: type[Event], handler: Handler, message: Any) -> None:
        """Handle one message and settle it: acknowledged, redelivered later, or laid among the
        dead.
        """
        attempt = int(message.raw_message.metadata.num_delivered)
        try:
            event = kind.model_validate_json(message.body)
        except ValidationError as error:
            await self._bury(kind, None, message, attempt, error)
            return
        with structlog.contextvars.bound_contextvars(
            run_id=str(event.run_id), as_of=str(event.as_of), subject=kind.subject
        ):
            await self._try(kind, handler, event, message, attempt)

    async def _try(
        self, kind: type[Event], handler: Handler, event: Event, message: Any, attempt: int
    ) -> None:
        if attempt > self.attempts_allowed + CRASHES_TOLERATED:
            await self._bury(
                kind, event, message, attempt, RuntimeError("the process died on every delivery")
            )
            return
        try:
            await self._work(kind, handler, event)
        except Exception as error:  # noqa: BLE001 - whatever a handler raises is settled here, never lost
            await self._retry_or_bury(kind, event, message, attempt, error)
        else:
            await message.ack()
            self._count(kind, "handled")

    async def _work(self, kind: type[Event], handler: Handler, event: Event) -> None:
        started = perf_counter()
        async with self._given(handler) as given:
            told = _as_events(await handler(event, given))
        elapsed = perf_counter() - started
        self.telemetry.seconds.labels(kind.subject).observe(elapsed)
        for result in told:
            self._check_declared(handler, result)
            await publish(self.broker, _stamped(result, elapsed))
        log.info(
            "handled", seconds=round(elapsed, 4), told=[type(result).__name__ for result in told]
        )

    @asynccontextmanager
    async def _given(self, handler: Handler) -> AsyncIterator[Session | Database]:
        """What the handler works with: a session in a transaction of its own, or the database."""
        if Database in get_type_hints(handler).values():
            yield self.database
            return
        async with self.database.transaction() as session:
            yield session

    def _check_declared(self, handler: Handler, event: Event) -> None:
        if type(event) not in self.router.emitted.get(handler, ()):
            raise Misconfigured(
                f"{handler.__name__} returned {type(event).__name__} without @router.emits({type(event).__name__})"
            )

    async def _retry_or_bury(
        self, kind: type[Event], event: Event, message: Any, attempt: int, error: Exception
    ) -> None:
        if isinstance(error, Permanent | Misconfigured) or attempt >= self.attempts_allowed:
            await self._bury(kind, event, message, attempt, error)
            return
        delay = self.settings.retry_seconds[attempt - 1]
        log.warning("will retry", attempt=attempt, delay_seconds=delay, exc_info=error)
        await message.nack(delay=delay)
        self._count(kind, "retried")

    async def _bury(
        self, kind: type[Event], event: Event | None, message: Any, attempt: int, error: Exception
    ) -> None:
        """Lay the message among the dead, tell the failure, and take it off the stream; in that
        order.
        """
        log.error("gave up", attempt=attempt, subject_heard=kind.subject, exc_info=error)
        await self._publish_dead_letter(kind, event, message, attempt, error)
        failure = self._failure(kind, event, attempt, error)
        if failure is not None:
            await publish(self.broker, failure)
        await message.reject()
        self._count(kind, "dead")

    async def _publish_dead_letter(
        self, kind: type[Event], event: Event | None, message: Any, attempt: int, error: Exception
    ) -> None:
        identity = uuid5(
            EVENT_NAMESPACE,
            f"dead/{self.router.word}/{message.raw_message.metadata.stream}/{message.raw_message.metadata.sequence.stream}",
        )
        letter = DeadLetter(
            letter_id=identity,
            service=self.router.word,
            heard=kind.subject,
            run_id=event.run_id if event else None,
            attempts=attempt,
            error=type(error).__name__,
            message=str(error)[:2000],
            payload=message.body.decode("utf-8", errors="replace"),
            headers=dict(message.headers),
        )
        await self.broker.publish(
            letter.model_dump_json().encode(),
            subject=dead_subject(self.router.word),
            stream=DEAD_STREAM,
            headers={MESSAGE_ID: str(identity), "content-type": "application/json"},
            timeout=10.0,
        )

    def _failure(
        self, kind: type[Event], event: Event | None, attempt: int, error: Exception
    ) -> WorkFailed | None:
        if event is None or self.router.wiring.failure is None:
            return None
        shard = (
            {"shard": event.shard, "shards": event.shards, "portfolio_ids": event.portfolio_ids}
            if isinstance(event, ShardEvent)
            else {}
        )
        return self.router.wiring.failure.new(
            event.run_id,
            event.as_of,
            part=f"{kind.subject}/{shard.get('shard', 0)}",
            heard=kind.subject,
            attempts=attempt,
            error=type(error).__name__,
            message=str(error)[:2000],
            **shard,
        )

    async def answer(self, kind: type[Request], handler: Handler, body: bytes) -> bytes:
        """Do what was asked in one transaction and return the answer or the refusal as JSON."""
        try:
            request = kind.model_validate_json(body)
            async with self.database.transaction() as session:
                reply: Contract = await handler(request, session)
        except ValidationError as error:
            return _refusal(
                "invalid_request",
                f"{error.error_count()} invalid value(s) in the request",
                _problems(error),
            )
        except Permanent as error:
            return _refusal(
                getattr(error, "code", "refused"), str(error), getattr(error, "problems", ())
            )
        except Exception as error:
            log.error("request failed", subject_heard=kind.subject, exc_info=error)
            return _refusal(
                "failed", f"{self.router.word} could not do this: {type(error).__name__}"
            )
        return json.dumps({"answer": reply.model_dump(mode="json")}).encode()

    def _count(self, kind: type[Event], outcome: str) -> None:
        self.telemetry.handled.labels(kind.subject, outcome).inc()


def _as_events(result: Any) -> list[Event]:
    if result is None:
        return []
    return [result] if isinstance(result, Event) else list(result)


def _stamped(event: Event, elapsed_seconds: float) -> Event:
    return (
        event.model_copy(update={"elapsed_seconds": elapsed_seconds})
        if isinstance(event, ShardEvent)
        else event
    )


def _refusal(code: str, message: str, problems: Sequence[Mapping[str, Any]] = ()) -> bytes:
    refusal = Refusal(
        code=code, message=message, problems=tuple(dict(problem) for problem in problems)
    )
    return json.dumps({"refusal": refusal.model_dump(mode="json")}).encode()


def _problems(error: ValidationError) -> list[dict[str, Any]]:
    return [
        {"field": ".".join(str(part) for part in e["loc"]), "message": e["msg"]}
        for e in error.errors()
    ]


@asynccontextmanager
async def heartbeat(message: Any, every_seconds: float) -> AsyncIterator[None]:
    """Tell the server that the message is still being worked on, until the block ends."""

    async def beat() -> None:
        while True:
            await asyncio.sleep(every_seconds)
            with suppress(NatsError):  # a lost connection: the next beat, or redelivery, follows
                await message.in_progress()

    task = asyncio.create_task(beat())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def durables_missing(broker: NatsBroker, word: str) -> list[str]:
    """Durables the service needs and the server does not have: a pull subscriber on one stalls
    silently.
    """
    jetstream = broker.config.broker_config.connection_state.stream
    missing = []
    for durable in durables_of(word):
        try:
            await jetstream.consumer_info(durable.stream, durable.name)
        except (NatsError, TimeoutError):
            missing.append(durable.name)
    return missing
