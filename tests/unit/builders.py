"""What the tests of handlers share: a session, a portfolio, and the event that names its shard."""

import sys
from collections.abc import Awaitable, Callable
from datetime import date
from typing import TypeVar
from uuid import uuid5

import pytest

from shared.contracts.event import EVENT_NAMESPACE, ShardEvent
from shared.database import Session

AS_OF = date(2022, 12, 28)
PORTFOLIO = uuid5(EVENT_NAMESPACE, "unit/portfolio")
NO_SESSION: Session = None  # type: ignore[assignment]
Answer = TypeVar("Answer")
Shard = TypeVar("Shard", bound=ShardEvent)


def a_shard(event: type[Shard]) -> Shard:
    """The event of the only shard of a run, with one portfolio."""
    run_id = uuid5(EVENT_NAMESPACE, "unit/run")
    return event.new(
        run_id, AS_OF, shard=0, shards=1, price_run="run-1", portfolio_ids=(PORTFOLIO,)
    )


async def handled(
    shard: Shard,
    handler: Callable[[Shard, Session], Awaitable[Answer]],
    repository: object,
    monkeypatch: pytest.MonkeyPatch,
) -> Answer:
    """What the handler publishes of a shard, with this for its repository."""
    monkeypatch.setattr(sys.modules[handler.__module__], "repository", repository)
    return await handler(shard, NO_SESSION)
