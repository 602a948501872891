"""What happens around a handler.

In this order: decode, open a transaction, call the handler, commit, publish, acknowledge. A crash
between any two redelivers the message; upserts on natural keys and deterministic event ids make the
rerun harmless.

    decodable?   no  -> dead letter, reject
    at fault?    some portfolios of the shard -> they are left out and named in the event (see
                 `division`); a dead letter says why
    many?        some handlers take what arrives meanwhile in one transaction (see `together`)
    away?        Postgres, or the bus for what is published -> tried again until it is back, which
                 is no attempt (see `outages`)
    handled?     Permanent error (work on a day that is no session, say), a number too large, or
                 the last attempt -> dead letter + `<service>.failed`, reject
                 any other error -> redelivered after `retry_seconds[attempt]`
    slow?        a heartbeat every third of `acknowledge_seconds` prevents a redelivery
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from time import perf_counter
from typing import get_type_hints

import structlog
from pydantic import ValidationError

from shared.bus import DEAD_STREAM, Durable, dead_subject, durables_of
from shared.contracts.event import (
    Contract,
    DeadLetter,
    Event,
    Request,
    ShardEvent,
    WorkFailed,
)
from shared.database import Database, Session, is_too_large, is_unstorable_text
from shared.errors import (
    MessageTooLarge,
    Misconfigured,
    Permanent,
    PortfoliosFailed,
    UnstorableText,
)
from shared.messaging.acceptance import require_workable
from shared.messaging.broker import Broker, Delivery, publish
from shared.messaging.division import divided, is_portfolios_fault, public_reason
from shared.messaging.heartbeat import heartbeat
from shared.messaging.letters import letter_about, text_for_operators
from shared.messaging.outages import is_bus_away, is_database_away, when_back
from shared.messaging.requests import (
    answer_json,
    invalid_request_json,
    permanent_json,
    refusal_json,
)
from shared.messaging.router import Handler, ServiceRouter
from shared.messaging.together import AT_ONCE, Together, Traced
from shared.settings import Settings
from shared.telemetry import Telemetry, current_trace_id

# Deliveries beyond the last attempt that killed processes may cost before the message is given up.
CRASHES_TOLERATED = 3

log = structlog.get_logger("sigmasight.messaging")


@dataclass
class Consumption:
    """Subscribes one service's handlers, and settles every message they receive."""

    router: ServiceRouter
    broker: Broker
    database: Database
    settings: Settings
    telemetry: Telemetry
    attempts_allowed: int = field(init=False)
    together: dict[Handler, Together] = field(init=False)

    def __post_init__(self) -> None:
        self.together = {
            handler: Together(handler, self.database, self.settings.retry_seconds)
            for handler in self.router.of_many
        }
        self.attempts_allowed = len(self.settings.retry_seconds) + 1

    def attach(self) -> None:
        """Subscribe every handler: `concurrency` pull subscribers on each event's durable.

        More where one transaction takes the events of many.

        Raises `Misconfigured` when the topology names an event that has no handler.
        """
        missing = set(self.router.wiring.subscribes) - set(self.router.handlers)
        if missing:
            names = ", ".join(sorted(event.__name__ for event in missing))
            raise Misconfigured(
                f"{self.router.word} subscribes to {names} but has no handler for it"
            )
        for event, handler in self.router.handlers.items():
            few = self.settings.concurrency
            for _ in range(max(few, AT_ONCE) if handler in self.together else few):
                self._subscribe(event, handler)
        for request, handler in self.router.answers_by_request.items():
            self._serve(request, handler)
        if self.router.dead_letter_keeper is not None:
            self._keep_dead_letters(self.router.dead_letter_keeper)

    def _subscribe(self, kind: type[Event], handler: Handler) -> None:
        async def consume(message: Delivery) -> None:
            async with heartbeat(message, self.settings.acknowledge_seconds / 3):
                await self.settle(kind, handler, message)

        self.broker.consume(self._durable(kind.subject), consume)

    def _keep_dead_letters(self, handler: Handler) -> None:
        async def consume(message: Delivery) -> None:
            await self.keep(handler, message)

        self.broker.consume(self._durable(dead_subject("*")), consume)

    def _durable(self, subject: str) -> Durable:
        return next(each for each in durables_of(self.router.word) if each.subject == subject)

    def _serve(self, kind: type[Request[Contract]], handler: Handler) -> None:
        async def respond(body: bytes) -> bytes:
            return await self.answer(kind, handler, body)

        self.broker.serve(kind.subject, respond)

    async def keep(self, handler: Handler, message: Delivery) -> None:
        """Pass a dead letter to the handler that keeps it.

        One that is invalid, or cannot be stored in the attempts allowed, is logged: it stays in the
        stream as long as the stream keeps messages.
        """
        try:
            letter = DeadLetter.model_validate_json(message.body)
            await self._call(handler, letter)
        except ValidationError as error:
            log.error("invalid dead letter rejected", position=message.position, exc_info=error)
            await message.reject()
        except Exception as error:
            if message.attempt < self.attempts_allowed:
                log.warning("dead letter not stored, will retry", exc_info=error)
                await message.redeliver(self.settings.retry_seconds[message.attempt - 1])
                return
            log.error("dead letter not stored", position=message.position, exc_info=error)
            await message.reject()
        else:
            await message.acknowledge()

    async def settle(self, kind: type[Event], handler: Handler, message: Delivery) -> None:
        """Handle one message, then acknowledge it, have it redelivered, or give it up."""
        try:
            event = kind.model_validate_json(message.body)
        except ValidationError as error:
            await self._give_up(kind, None, message, error)
            return
        with structlog.contextvars.bound_contextvars(
            run_id=str(event.run_id), as_of=str(event.as_of), subject=kind.subject
        ):
            await self._try(kind, handler, event, message)

    async def _try(
        self, kind: type[Event], handler: Handler, event: Event, message: Delivery
    ) -> None:
        if message.attempt > self.attempts_allowed + CRASHES_TOLERATED:
            error = RuntimeError("the process died on every delivery")
            await self._give_up(kind, event, message, error)
            return
        try:
            require_workable(kind, event)
            await self._work(kind, handler, event, message)
        except Exception as error:  # noqa: BLE001 - any error of a handler is settled here
            await self._retry_or_give_up(kind, event, message, error)
        else:
            await message.acknowledge()
            self._count(kind, "handled")

    async def _work(
        self, kind: type[Event], handler: Handler, event: Event, message: Delivery
    ) -> None:
        started = perf_counter()
        try:
            results = await self._call(handler, event)
        except Exception as error:  # noqa: BLE001 - what is no portfolio's fault is raised again
            results = await self._without_failing(handler, event, message, error)
        elapsed = perf_counter() - started
        self.telemetry.seconds.labels(kind.subject).observe(elapsed)
        for result in results:
            self._check_declared(handler, result)
            await self._publish(_stamped(result, elapsed))
        published = [type(result).__name__ for result in results]
        log.info("handled", seconds=round(elapsed, 4), published=published)

    async def _call(self, handler: Handler, event: Contract) -> list[Event]:
        """What the handler returns; its transaction is committed by then."""
        if handler in self.together and isinstance(event, Event):
            await self.together[handler].handled(Traced(event, current_trace_id()))
            return []

        async def attempt() -> list[Event]:
            async with self._resource(handler) as resource:
                return _as_events(await self._result(handler, event, resource))

        is_away = partial(is_database_away, self.database)
        return await when_back(attempt, is_away, self.settings.retry_seconds)

    async def _result(
        self, handler: Handler, event: Contract, resource: Session | Database
    ) -> object:
        """What the handler returns, or returned when it was last given the same."""
        stage = self.router.stages.get(handler)
        if stage is None or not isinstance(event, ShardEvent) or isinstance(resource, Database):
            return await handler(event, resource)
        basis = await stage.basis(resource, event)
        known = await stage.known_result(resource, event, basis)
        if known is not None:
            return known
        result = await handler(event, resource)
        if not isinstance(result, ShardEvent):
            return result
        result = result.model_copy(update={"basis": basis})
        await stage.save(resource, event, result)
        return result

    async def _without_failing(
        self, handler: Handler, event: Event, message: Delivery, error: Exception
    ) -> list[Event]:
        """The results without the portfolios at fault; raises the error when it is of the shard."""
        last = message.attempt >= self.attempts_allowed
        if not (isinstance(event, ShardEvent) and self._is_divisible(handler, event)):
            raise error
        if not is_portfolios_fault(error, last_attempt=last):
            raise error
        log.warning("shard failed, will divide it", exc_info=error)
        results = await divided(partial(self._call, handler), event, error, last_attempt=last)
        failures = [
            (each.portfolio_id, each.error, each.detail) for each in results[0].failed_portfolios
        ]
        if failures:
            log.error("portfolios failed", failures=failures)
            await self._publish_dead_letter(type(event), event, message, PortfoliosFailed(failures))
        return list(results)

    def _is_divisible(self, handler: Handler, event: ShardEvent) -> bool:
        """Whether the handler works on several portfolios in one transaction, shard for shard."""
        emitted = self.router.emitted.get(handler, ())
        of_shards = bool(emitted) and all(issubclass(each, ShardEvent) for each in emitted)
        several = len(event.portfolio_ids) > 1
        return several and of_shards and not _takes_database(handler)

    @asynccontextmanager
    async def _resource(self, handler: Handler) -> AsyncIterator[Session | Database]:
        """The handler's second argument: a session in a transaction, or the database."""
        if _takes_database(handler):
            yield self.database
            return
        async with self.database.transaction() as session:
            yield session

    def _check_declared(self, handler: Handler, event: Event) -> None:
        if type(event) not in self.router.emitted.get(handler, ()):
            name = type(event).__name__
            raise Misconfigured(f"{handler.__name__} returned {name} without @router.emits({name})")

    async def _retry_or_give_up(
        self, kind: type[Event], event: Event, message: Delivery, error: Exception
    ) -> None:
        hopeless = isinstance(error, Permanent | Misconfigured | MessageTooLarge)
        hopeless = hopeless or is_too_large(error) or is_unstorable_text(error)
        if hopeless or message.attempt >= self.attempts_allowed:
            await self._give_up(kind, event, message, error)
            return
        delay = self.settings.retry_seconds[message.attempt - 1]
        log.warning("will retry", attempt=message.attempt, delay_seconds=delay, exc_info=error)
        await message.redeliver(delay)
        self._count(kind, "retried")

    async def _give_up(
        self, kind: type[Event], event: Event | None, message: Delivery, error: Exception
    ) -> None:
        """Publish a dead letter and the failure, and only then take the message off the stream."""
        log.error("gave up", attempt=message.attempt, subject_received=kind.subject, exc_info=error)
        await self._publish_dead_letter(kind, event, message, error)
        failure = self._failure(kind, event, message.attempt, error)
        if failure is not None:
            await self._publish(failure)
        await message.reject()
        self._count(kind, "dead")

    async def _publish(self, event: Event) -> None:
        await when_back(
            partial(publish, self.broker, event), is_bus_away, self.settings.retry_seconds
        )

    async def _publish_dead_letter(
        self, kind: type[Event], event: Event | None, message: Delivery, error: Exception
    ) -> None:
        letter = letter_about(self.router.word, kind, event, message, error)
        send = partial(
            self.broker.send,
            dead_subject(self.router.word),
            letter.model_dump_json().encode(),
            stream=DEAD_STREAM,
            message_id=letter.letter_id,
        )
        await when_back(send, is_bus_away, self.settings.retry_seconds)

    def _failure(
        self, kind: type[Event], event: Event | None, attempt: int, error: Exception
    ) -> WorkFailed | None:
        if event is None or self.router.wiring.failure is None:
            return None
        about = ("shard", "shards", "portfolio_ids")
        shard = {name: getattr(event, name) for name in about if hasattr(event, name)}
        code, reason = public_reason(error)
        return self.router.wiring.failure.new(
            event.run_id,
            event.as_of,
            part=f"{kind.subject}/{shard.get('shard', 0)}",
            heard=kind.subject,
            code=code,
            reason=reason,
            attempts=attempt,
            error=type(error).__name__,
            message=text_for_operators(error),
            **shard,
        )

    async def answer(self, kind: type[Request[Contract]], handler: Handler, body: bytes) -> bytes:
        """Answer one request; returns the answer or the refusal as JSON.

        In one transaction, unless the handler takes the database to open several.
        """
        try:
            request = kind.model_validate_json(body)
            async with self._resource(handler) as resource:
                reply = await handler(request, resource)
            if not isinstance(reply, Contract):
                raise Misconfigured(f"a handler answered with {type(reply).__name__}")
        except ValidationError as error:
            return invalid_request_json(error)
        except Permanent as error:
            return permanent_json(error)
        except Exception as error:
            if is_unstorable_text(error):
                return permanent_json(UnstorableText())
            log.error("request failed", subject_received=kind.subject, exc_info=error)
            cause = type(error).__name__
            return refusal_json("failed", f"{self.router.word} could not do this: {cause}")
        return answer_json(reply)

    def _count(self, kind: type[Event], outcome: str) -> None:
        self.telemetry.handled.labels(kind.subject, outcome).inc()


@cache
def _takes_database(handler: Handler) -> bool:
    return Database in get_type_hints(handler).values()


def _as_events(result: object) -> list[Event]:
    """What a handler returned, as a list: one event, a sequence of events, or None for none."""
    if result is None:
        return []
    found = [result] if isinstance(result, Event) else result
    if not isinstance(found, list | tuple) or not all(isinstance(each, Event) for each in found):
        raise Misconfigured(f"a handler returned {type(result).__name__} instead of events")
    return list(found)


def _stamped(event: Event, elapsed_seconds: float) -> Event:
    return (
        event.model_copy(update={"elapsed_seconds": elapsed_seconds})
        if isinstance(event, ShardEvent)
        else event
    )
