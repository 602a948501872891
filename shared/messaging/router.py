"""What a service declares: its handlers, what they emit and which requests they answer."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeVar

from pydantic import BaseModel

from shared.contracts.event import (
    Event,
    Request,
)
from shared.errors import Misconfigured
from shared.topology import TOPOLOGY

Handler = Callable[..., Awaitable[Any]]
HandlerKind = TypeVar("HandlerKind", bound=Handler)


class ServiceRouter:
    """Collects a service's handlers; every decorated function stays a plain callable."""

    def __init__(self, word: str) -> None:
        self.word = word
        self.wiring = TOPOLOGY[word]
        self.handlers: dict[type[Event], Handler] = {}
        self.emitted: dict[Handler, tuple[type[Event], ...]] = {}
        self.answers_by_request: dict[type[Request], Handler] = {}
        self.dead_letter_keeper: Handler | None = None

    @classmethod
    def joining(cls, *parts: "ServiceRouter") -> "ServiceRouter":
        """One router of a service whose handlers are in several files."""
        joined = cls(parts[0].word)
        for part in parts:
            joined.handlers |= part.handlers
            joined.emitted |= part.emitted
            joined.answers_by_request |= part.answers_by_request
            joined.dead_letter_keeper = joined.dead_letter_keeper or part.dead_letter_keeper
        return joined

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
