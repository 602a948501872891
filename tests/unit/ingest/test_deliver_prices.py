"""The work that ingest publishes, on plain fakes: which sessions, which portfolios, which run."""

from collections.abc import Collection, Mapping
from datetime import date
from uuid import UUID, uuid4, uuid5

import pytest

from services.ingest.handlers import cut_shards
from services.ingest.handlers import deliver_prices as use_case
from shared.caveats import Caveat
from shared.contracts.event import EVENT_NAMESPACE
from shared.database import Session

AS_OF = date(2022, 12, 28)
EARLIER = date(2022, 12, 21)
SPLIT_DAY = date(2022, 12, 22)
RUN = uuid5(EVENT_NAMESPACE, "unit/run")
NO_SESSION: Session = None  # type: ignore[assignment]


class Repository:
    """Replaces the database: what changed, and who has a snapshot of which session."""

    def __init__(self, changed: dict[str, date], holders: dict[str, UUID]) -> None:
        self.changed = changed
        self.holders = holders

    async def claim_changes(self, session: Session, run_id: UUID, as_of: date) -> dict[str, date]:
        return self.changed

    async def load_dependent(
        self, session: Session, first_changed: Mapping[str, date]
    ) -> dict[date, list[UUID]]:
        holders = [self.holders[symbol] for symbol in first_changed if symbol in self.holders]
        first = min(first_changed.values(), default=date.max)
        days = [day for day in (EARLIER, SPLIT_DAY, AS_OF) if day >= first]
        return {day: holders for day in days if holders}

    async def load_edits(
        self, session: Session, portfolio_ids: Collection[UUID]
    ) -> dict[UUID, int]:
        return dict.fromkeys(portfolio_ids, 0)

    async def latest_revision(self, session: Session, as_of: date) -> int:
        return 7

    async def load_version(self, session: Session) -> str:
        return "7 2022-12-28 -"

    async def load_positions(
        self, session: Session, portfolio_ids: Collection[UUID], as_of: date
    ) -> dict[UUID, int]:
        return dict.fromkeys(portfolio_ids, 3)


def replace_repository(
    monkeypatch: pytest.MonkeyPatch,
    changed: dict[str, date] | None = None,
    holders: dict[str, UUID] | None = None,
) -> None:
    for module in (use_case, cut_shards):
        monkeypatch.setattr(module, "repository", Repository(changed or {}, holders or {}))


async def test_every_shard_carries_the_price_run_and_all_warnings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    replace_repository(monkeypatch)
    ids = [uuid4() for _ in range(51)]
    caveats = [Caveat.naming("price_missing", "no price", ["XOM"]), Caveat("not_in_plan", "none")]

    shards = await cut_shards.shards_of(NO_SESSION, RUN, AS_OF, dict.fromkeys(ids, 0), caveats)

    assert [(each.shard, each.shards, len(each.portfolio_ids)) for each in shards] == [
        (0, 2, 50),
        (1, 2, 1),
    ]
    assert {each.price_run for each in shards} == {"2022-12-28.r00000007"}
    assert [[notice.count for notice in each.warnings] for each in shards] == [[1, 1]] * 2


async def test_without_late_actions_no_session_is_restated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    replace_repository(monkeypatch)

    assert await use_case.restated_shards(NO_SESSION, RUN, AS_OF) == []


async def test_a_late_split_restates_later_sessions_but_not_the_runs_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    holder = uuid4()
    replace_repository(monkeypatch, {"AAPL": SPLIT_DAY}, {"AAPL": holder})

    [restated] = await use_case.restated_shards(NO_SESSION, RUN, AS_OF)
    [again] = await use_case.restated_shards(NO_SESSION, RUN, AS_OF)

    assert (restated.as_of, restated.portfolio_ids) == (SPLIT_DAY, (holder,))
    assert (restated.trigger, restated.run_id != RUN) == ("restatement", True)
    assert restated.event_id == again.event_id


async def test_a_late_split_that_no_portfolio_holds_restates_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    replace_repository(monkeypatch, {"AAPL": EARLIER})

    assert await use_case.restated_shards(NO_SESSION, RUN, AS_OF) == []
