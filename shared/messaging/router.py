"""What a service declares: its handlers, the events they publish and the requests they answer."""

from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from shared.contracts.event import Contract, Event, Request, ShardEvent
from shared.errors import Misconfigured
from shared.settings import ServiceSettings
from shared.topology import TOPOLOGY
from shared.unchanged import Calculations, Stage

Handler = Callable[..., Awaitable[object]]
HandlerKind = TypeVar("HandlerKind", bound=Handler)


class ServiceRouter:
    """Collects a service's handlers; every decorated function stays a plain callable.

    Each decorator raises `Misconfigured` when the topology does not agree.
    """

    def __init__(self, word: str) -> None:
        self.word = word
        self.wiring = TOPOLOGY[word]
        self.handlers: dict[type[Event], Handler] = {}
        self.of_many: set[Handler] = set()
        self.emitted: dict[Handler, tuple[type[Event], ...]] = {}
        self.stages: dict[Handler, Stage] = {}
        self.answers_by_request: dict[type[Request[Contract]], Handler] = {}
        self.dead_letter_keeper: Handler | None = None

    @classmethod
    def joining(cls, *parts: "ServiceRouter") -> "ServiceRouter":
        """One router of a service whose handlers are in several files."""
        joined = cls(parts[0].word)
        for part in parts:
            joined.handlers |= part.handlers
            joined.of_many |= part.of_many
            joined.emitted |= part.emitted
            joined.stages |= part.stages
            joined.answers_by_request |= part.answers_by_request
            joined.dead_letter_keeper = joined.dead_letter_keeper or part.dead_letter_keeper
        return joined

    def on(self, *events: type[Event]) -> Callable[[HandlerKind], HandlerKind]:
        """Register `async def handler(event, session)` for the event classes.

        A handler that fetches from outside takes `database: Database` instead of the session and
        opens its own transactions, so that none is open while it waits. What it commits stays
        committed when it fails later.
        """
        _agree(self.word, "subscribe to", events, self.wiring.subscribes)

        def register(handler: HandlerKind) -> HandlerKind:
            self.handlers.update(dict.fromkeys(events, handler))
            return handler

        return register

    def on_many(self, *events: type[Event]) -> Callable[[HandlerKind], HandlerKind]:
        """Register `async def handler(traced, session)` for many events of the classes at once.

        `traced`: a sequence of `Traced` events, in any order, which share a transaction. It returns
        nothing. Where it raises, it is called again with each of them alone (see `together`).
        """

        def register(handler: HandlerKind) -> HandlerKind:
            self.of_many.add(handler)
            return self.on(*events)(handler)

        return register

    def emits(self, *events: type[Event]) -> Callable[[HandlerKind], HandlerKind]:
        """Declare what the handler returns: one event, a sequence of them, or None for none."""
        _agree(self.word, "publish", events, self.wiring.publishes)

        def register(handler: HandlerKind) -> HandlerKind:
            self.emitted[handler] = events
            return handler

        return register

    def unless_unchanged(
        self,
        result: type[ShardEvent],
        calculations: Calculations,
        settings: Callable[[], ServiceSettings],
    ) -> Callable[[HandlerKind], HandlerKind]:
        """Leave out the handler, which publishes `result`, for a shard whose inputs are the same.

        The event of the last time is published again. `settings`: those that the handler reads.
        """

        def register(handler: HandlerKind) -> HandlerKind:
            self.stages[handler] = Stage(self.word, result, calculations, settings)
            return handler

        return register

    def on_dead_letters(self, handler: HandlerKind) -> HandlerKind:
        """Register `async def handler(letter, session)` for the dead letters of every service."""
        if not self.wiring.keeps_dead_letters:
            raise Misconfigured(
                f"{self.word} does not keep dead letters: set keeps_dead_letters=True on its line "
                "in shared/topology.py"
            )
        self.dead_letter_keeper = handler
        return handler

    def answers(self, request: type[Request[Contract]]) -> Callable[[HandlerKind], HandlerKind]:
        """Register `async def handler(request, session)` returning the request's reply."""
        _agree(self.word, "answer", (request,), self.wiring.answers)

        def register(handler: HandlerKind) -> HandlerKind:
            self.answers_by_request[request] = handler
            return handler

        return register


def _agree(
    word: str, verb: str, kinds: Iterable[type[Contract]], declared: Iterable[type[Contract]]
) -> None:
    missing = set(kinds) - set(declared)
    if missing:
        names = ", ".join(sorted(kind.__name__ for kind in missing))
        raise Misconfigured(
            f"{word} does not {verb} {names}: add it to its line in shared/topology.py"
        )
