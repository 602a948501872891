"""The handler alone, on plain fakes: what it asks for, what it saves, what it publishes."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID, uuid5

import numpy as np
import pytest

from services.factors.handlers.compute_factors import compute_factors
from services.factors.inputs import (
    MATURITIES,
    MODELS,
    Basis,
    Book,
    Factors,
    History,
    Known,
    KnownBetas,
    ObservedYields,
    Outdated,
    Position,
    ReturnHistory,
    Work,
)
from services.factors.repository import FactorColumns
from shared.arrays import Columns, day_numbers
from shared.contracts.event import EVENT_NAMESPACE
from shared.contracts.factors import FactorsComputed
from shared.contracts.greeks import GreeksComputed
from shared.database import Session
from tests import panel
from tests.unit.builders import AS_OF, PORTFOLIO, a_shard, handled

FACTORS = Factors(panel.FACTORS, panel.PROXIES)
SESSIONS = panel.sessions()[-253:]
NOTHING = Outdated(symbols=(), factors=False)


def a_position(symbol: str, price: float | None = 50.0, reason: str | None = None) -> Position:
    position_id = uuid5(EVENT_NAMESPACE, symbol)
    return Position(position_id, PORTFOLIO, symbol, symbol, 10.0, 1, 1.0, price, reason)


def known_betas(value: float = 1.0, quality: str = "full_history") -> KnownBetas:
    return KnownBetas(np.full(len(FACTORS.ids), value), quality, None, capped=False)


def known(*symbols: str, quality: str = "full_history") -> Known:
    betas = {symbol: known_betas(quality=quality) for symbol in symbols}
    return Known(dict.fromkeys(MODELS, betas), {})


def history(*symbols: str) -> History:
    nothing = ObservedYields(np.array([], dtype=np.int64), np.array([], dtype=np.float64))
    return History(
        day_numbers(SESSIONS),
        panel.closes(*symbols, last=len(SESSIONS)),
        panel.closes(*FACTORS.proxies, last=len(SESSIONS)),
        dict.fromkeys(MATURITIES, nothing),
    )


class Repository:
    """Replaces the database: returns `work` and records the visits and what is saved."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.visits: list[str] = []
        self.returns: Columns = {}

    async def claim_work(self, session: Session, ids: Sequence[UUID], basis: Basis) -> Work:
        self.visits.append("claim_work")
        self.basis = basis
        return self.work

    async def save_exposures(
        self,
        session: Session,
        ids: Sequence[UUID],
        basis: Basis,
        outdated: Outdated,
        columns: FactorColumns,
    ) -> None:
        self.visits.append("save_exposures")
        self.columns = columns

    async def claim_factor_returns(
        self, session: Session, as_of: date, work: Work
    ) -> ReturnHistory:
        self.visits.append("claim_factor_returns")
        closes = panel.closes(*FACTORS.proxies, last=3)
        stored = np.full((2, 2, len(FACTORS.ids)), np.nan)
        return ReturnHistory(FACTORS, SESSIONS[-2:], closes, stored)

    async def save_factor_returns(
        self, session: Session, session_dates: Sequence[date], returns: Columns
    ) -> None:
        self.visits.append("save_factor_returns")
        self.returns = returns


async def handle(work: Work, monkeypatch: pytest.MonkeyPatch) -> tuple[Repository, FactorsComputed]:
    repository, shard = Repository(work), a_shard(GreeksComputed)
    return repository, await handled(shard, compute_factors, repository, monkeypatch)


def work(
    *held: Position, known: Known, outdated: Outdated = NOTHING, history: History | None = None
) -> Work:
    return Work(FACTORS, Book((PORTFOLIO,), held), known, outdated, history)


async def test_current_betas_are_used_and_not_estimated_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shard = work(a_position("AAPL"), known=known("AAPL"))

    repository, event = await handle(shard, monkeypatch)

    assert repository.columns.betas == {}
    assert repository.columns.covariances == {}
    [vector] = np.array(repository.columns.positions["factor_exposures"]).tolist()
    assert vector == [500.0] * len(FACTORS.ids)
    assert event.counts == {"symbols": 1, "positions": 1}
    assert event.warnings == ()


async def test_only_outdated_symbols_are_estimated(monkeypatch: pytest.MonkeyPatch) -> None:
    shard = work(
        a_position("AAPL"),
        a_position("XOM"),
        known=known("AAPL"),
        outdated=Outdated(("XOM",), factors=True),
        history=history("XOM"),
    )

    repository, event = await handle(shard, monkeypatch)

    assert set(repository.columns.betas["symbol"]) == {"XOM"}
    assert set(repository.columns.rates["symbol"]) == {"XOM"}
    assert len(repository.columns.covariances["space"]) == 2 * len(FACTORS.ids) ** 2
    kept, estimated = np.array(repository.columns.positions["betas"])
    assert list(kept) == [1.0] * len(FACTORS.ids)
    assert 0.5 < estimated[0] < 1.5
    (notice,) = event.warnings
    assert (notice.code, notice.about) == ("rate_sensitivity_missing", ("XOM",))


async def test_missing_price_and_betas_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    shard = work(
        a_position("NOPE", None, "no close of NOPE"), known=known("NOPE", quality="insufficient")
    )

    repository, event = await handle(shard, monkeypatch)

    assert set(repository.columns.positions["reason"]) == {"no close of NOPE"}
    assert [(each.code, each.count) for each in event.warnings] == [
        ("exposure_missing", 1),
        ("betas_missing", 1),
    ]


async def test_factor_returns_are_renewed_last(monkeypatch: pytest.MonkeyPatch) -> None:
    repository, _ = await handle(work(known=known()), monkeypatch)

    assert repository.visits == [
        "claim_work",
        "save_exposures",
        "claim_factor_returns",
        "save_factor_returns",
    ]
    assert len(repository.returns["factor_return"]) == 2 * 2 * len(FACTORS.ids)


async def test_basis_names_the_session_and_its_market_data(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    repository, _ = await handle(work(known=known()), monkeypatch)

    assert (repository.basis.as_of, repository.basis.price_run) == (AS_OF, "run-1")
    assert (repository.basis.weighting.decay, repository.basis.weighting.lookback) == (0.94, 252)
