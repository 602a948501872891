"""Weekly and requested correlations on plain fakes: what is asked for, saved and published."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID, uuid5

import pytest

from services.factors.handlers import correlate_positions as use_case
from services.factors.inputs import Closes, HeldPortfolio, HeldUnderlying
from services.factors.repository import CorrelationColumns
from shared.contracts.event import EVENT_NAMESPACE
from shared.contracts.factors import CorrelationsComputed, FactorsComputed
from shared.contracts.gateway import CorrelationParameters, CorrelationsRequested
from shared.database import Session
from tests import panel

TUESDAY = date(2022, 12, 27)
WEDNESDAY = date(2022, 12, 28)
PORTFOLIOS = tuple(uuid5(EVENT_NAMESPACE, f"unit/{name}") for name in ("first", "second"))
VALUED = "valued without those positions that have no price or delta"
NO_SESSION: Session = None  # type: ignore[assignment]


def holding(symbol: str, value: float | None, unmeasured: int = 0) -> HeldUnderlying:
    return HeldUnderlying(symbol, value, 1, unmeasured, (), None)


class Repository:
    """Replaces the database: returns what is held and records the visits and what is saved."""

    def __init__(self, *held: HeldPortfolio) -> None:
        self.held = list(held)
        self.visits: list[str] = []
        self.drafts = False

    async def are_drafts(self, session: Session, ids: Sequence[UUID]) -> bool:
        return self.drafts

    async def claim_underlyings(
        self, session: Session, ids: Sequence[UUID], as_of: date
    ) -> list[HeldPortfolio]:
        self.visits.append("claim_underlyings")
        return self.held

    async def load_closes(
        self, session: Session, as_of: date, returns: int, symbols: Sequence[str]
    ) -> Closes:
        self.visits.append("load_closes")
        self.symbols = list(symbols)
        return Closes(symbols, panel.closes(*symbols, last=returns + 1))

    async def save_correlations(
        self, session: Session, ids: Sequence[UUID], as_of: date, columns: CorrelationColumns
    ) -> None:
        self.visits.append("save_correlations")
        self.columns = columns
        self.pairs = [pair for part in columns.pairs for pair in part["symbol_a"]]


def two_portfolios() -> Repository:
    return Repository(
        HeldPortfolio(PORTFOLIOS[0], [holding("XOM", 90_000.0), holding("CVX", -50_000.0, 1)]),
        HeldPortfolio(PORTFOLIOS[1], [holding("AAPL", 20_000.0), holding("MSFT", None, 1)]),
    )


async def weekly(
    repository: Repository, as_of: date, monkeypatch: pytest.MonkeyPatch
) -> CorrelationsComputed | None:
    monkeypatch.setattr(use_case, "repository", repository)
    run_id = uuid5(EVENT_NAMESPACE, "unit/run")
    event = FactorsComputed.new(
        run_id, as_of, price_run="p1", shard=0, shards=1, portfolio_ids=PORTFOLIOS
    )
    return await use_case.correlate_weekly(event, NO_SESSION)


async def on_request(
    repository: Repository, parameters: CorrelationParameters, monkeypatch: pytest.MonkeyPatch
) -> CorrelationsComputed:
    monkeypatch.setattr(use_case, "repository", repository)
    event = CorrelationsRequested.new(
        uuid5(EVENT_NAMESPACE, "unit/run"),
        WEDNESDAY,
        price_run="p1",
        shard=0,
        shards=1,
        portfolio_ids=PORTFOLIOS,
        parameters=parameters,
    )
    return await use_case.correlate_on_request(event, NO_SESSION)


async def test_on_other_days_of_the_week_only_drafts_are_correlated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    repository = two_portfolios()

    assert await weekly(repository, WEDNESDAY, monkeypatch) is None
    assert repository.visits == []

    repository.drafts = True
    assert await weekly(repository, WEDNESDAY, monkeypatch) is not None
    assert repository.visits == ["claim_underlyings", "load_closes", "save_correlations"]


async def test_week_is_correlated_by_portfolio_and_side(monkeypatch: pytest.MonkeyPatch) -> None:
    repository = two_portfolios()

    event = await weekly(repository, TUESDAY, monkeypatch)

    assert repository.visits == ["claim_underlyings", "load_closes", "save_correlations"]
    calculations = repository.columns.calculations
    assert calculations["view"] == ["portfolio", "longs", "shorts"] * 2
    assert calculations["portfolio_id"] == [PORTFOLIOS[0]] * 3 + [PORTFOLIOS[1]] * 3
    assert calculations["price_run"] == ["p1"] * 6
    assert repository.columns.kept["symbol"] == ["XOM", "CVX", "AAPL"]
    assert repository.pairs == ["XOM", "XOM", "CVX", "CVX", "AAPL"]
    assert repository.columns.clusters["members"] == [2]
    assert event is not None
    assert event.counts == {"portfolios": 2, "symbols": 3, "clusters": 1}


async def test_only_symbols_that_are_kept_are_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    repository = two_portfolios()

    await on_request(repository, CorrelationParameters(minimum_value=60_000.0), monkeypatch)

    assert repository.symbols == ["XOM"]


async def test_warnings_name_the_symbols_of_all_portfolios(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    repository = two_portfolios()

    event = await on_request(repository, CorrelationParameters(), monkeypatch)

    assert [(each.code, each.message, each.about) for each in event.warnings] == [
        ("value_incomplete", f"1 symbols {VALUED}", ("CVX",)),
        ("exposure_missing", "1 symbols left out without a price or delta", ("MSFT",)),
    ]
    stored = repository.columns.calculations["warnings"]
    assert stored[3] == [
        {
            "code": "exposure_missing",
            "message": "1 symbols left out without a price or delta",
            "count": 1,
            "about": ["MSFT"],
        }
    ]
