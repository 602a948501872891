"""What happens around a handler.

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
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, get_type_hints
from uuid import uuid5

import structlog
from faststream import AckPolicy
from faststream.nats import JStream, NatsBroker, PullSub
from faststream.nats.annotations import NatsMessage
from nats.errors import Error as NatsError
from pydantic import ValidationError

from shared.contracts.event import (
    EVENT_NAMESPACE,
    Contract,
    DeadLetter,
    Event,
    Request,
    ShardEvent,
    WorkFailed,
)
from shared.database import Database, Session
from shared.errors import Misconfigured, Permanent
from shared.messaging.broker import MESSAGE_ID, publish
from shared.messaging.requests import problems_of, refusal_json
from shared.messaging.router import Handler, ServiceRouter
from shared.messaging.streams import DEAD_STREAM, dead_subject, durables_of, inbox_prefix
from shared.settings import Settings
from shared.telemetry import Telemetry

PULL_SECONDS = 1.0
CRASHES_TOLERATED = (
    3  # deliveries beyond the last attempt that a killed process may cost before we give up
)

log = structlog.get_logger("sigmasight.messaging")


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
            return refusal_json(
                "invalid_request",
                f"{error.error_count()} invalid value(s) in the request",
                problems_of(error),
            )
        except Permanent as error:
            return refusal_json(
                getattr(error, "code", "refused"), str(error), getattr(error, "problems", ())
            )
        except Exception as error:
            log.error("request failed", subject_heard=kind.subject, exc_info=error)
            return refusal_json(
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
