"""What the tests of handlers share: a session, a portfolio, and the event that names its shard."""

from datetime import date
from types import ModuleType
from typing import TypeVar
from uuid import uuid5

import pytest

from shared.contracts.event import EVENT_NAMESPACE, ShardEvent
from shared.database import Session

AS_OF = date(2022, 12, 28)
PORTFOLIO = uuid5(EVENT_NAMESPACE, "unit/portfolio")
NO_SESSION: Session = None  # type: ignore[assignment]
Fake = TypeVar("Fake")
Shard = TypeVar("Shard", bound=ShardEvent)


def a_shard(event: type[Shard]) -> Shard:
    """The event of the only shard of a run, with one portfolio."""
    run_id = uuid5(EVENT_NAMESPACE, "unit/run")
    return event.new(
        run_id, AS_OF, shard=0, shards=1, price_run="run-1", portfolio_ids=(PORTFOLIO,)
    )


def in_place_of_the_database(
    fake: Fake, use_case: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> Fake:
    """The fake, which the handler's module now has for its repository."""
    monkeypatch.setattr(use_case, "repository", fake)
    return fake
