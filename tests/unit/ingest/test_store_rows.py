"""An administrator's rows, on plain fakes: all of them are saved, or none."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from decimal import Decimal

import pytest

from services.ingest.handlers import store_rows as use_case
from services.ingest.inputs import (
    Bar,
    CorporateAction,
    OptionQuote,
    StoredCloses,
    YieldObservation,
)
from shared.contracts.ingest import (
    OptionQuoteRow,
    PriceRow,
    StoreOptionQuotes,
    StorePrices,
    StoreYields,
    YieldRow,
)
from shared.database import Session
from shared.errors import InvalidRows

SESSION_DATE = date(2022, 12, 28)
SATURDAY = date(2022, 12, 24)
VETERANS_DAY = date(2022, 11, 11)  # the exchange is open, the bond market is not
NO_SESSION: Session = None  # type: ignore[assignment]


class Repository:
    """Replaces the database: records what is saved and reports one change per call."""

    def __init__(self) -> None:
        self.bars: Sequence[Bar] = []
        self.unlisted: set[str] = set()
        self.private: set[str] = set()
        self.effective: Mapping[date, date] = {}
        self.quotes: Sequence[OptionQuote] = []

    async def load_actions(
        self, session: Session, symbols: Collection[str]
    ) -> dict[str, list[CorporateAction]]:
        return {}

    async def load_private_names(self, session: Session, names: Collection[str]) -> set[str]:
        return self.private & set(names)

    async def load_stored_closes(
        self,
        session: Session,
        bars: Sequence[Bar],
        actions: Mapping[str, Sequence[CorporateAction]],
        provider: str,
    ) -> StoredCloses:
        return StoredCloses({}, actions, {})

    async def save_prices(self, session: Session, bars: Sequence[Bar]) -> int:
        self.bars = bars
        return 1

    async def save_unlisted_securities(
        self, session: Session, symbols: Collection[str], source: str
    ) -> None:
        self.unlisted = set(symbols)

    async def save_yields(
        self,
        session: Session,
        observations: Sequence[YieldObservation],
        effective: Mapping[date, date],
    ) -> int:
        self.effective = effective
        return 1

    async def save_option_quotes(self, session: Session, quotes: Sequence[OptionQuote]) -> int:
        self.quotes = quotes
        return 1


@pytest.fixture
def repository(monkeypatch: pytest.MonkeyPatch) -> Repository:
    fake = Repository()
    monkeypatch.setattr(use_case, "repository", fake)
    return fake


async def test_a_close_without_adjusted_close_is_saved_as_both(repository: Repository) -> None:
    row = PriceRow(symbol="brk.b", session_date=SESSION_DATE, close=Decimal("310.25"))

    stored = await use_case.store_prices(StorePrices(rows=(row,)), NO_SESSION)

    [bar] = repository.bars
    assert (bar.close, bar.adjusted_close, bar.close_basis) == (Decimal("310.25"), 310.25, "raw")
    assert repository.unlisted == {bar.symbol}
    assert (stored.received, stored.changed, stored.first_session) == (1, 1, SESSION_DATE)


async def test_a_private_holdings_price_makes_its_name_no_listed_symbol(
    repository: Repository,
) -> None:
    repository.private = {"FUND_ONE.2", "SECRETCO-A"}
    rows = tuple(
        PriceRow(symbol=symbol, session_date=SESSION_DATE, close=Decimal(13))
        for symbol in ("fund_one.2", "SECRETCO-A", "XOM")
    )

    await use_case.store_prices(StorePrices(rows=rows), NO_SESSION)

    assert [bar.symbol for bar in repository.bars] == ["FUND_ONE.2", "SECRETCO-A", "XOM"]
    assert repository.unlisted == {"XOM"}


async def test_one_price_on_a_closed_exchange_saves_none(repository: Repository) -> None:
    rows = tuple(
        PriceRow(symbol="XOM", session_date=day, close=Decimal(110))
        for day in (SESSION_DATE, SATURDAY)
    )

    with pytest.raises(InvalidRows) as refused:
        await use_case.store_prices(StorePrices(rows=rows), NO_SESSION)

    assert [problem["row"] for problem in refused.value.problems] == [1]
    assert repository.bars == []


async def test_a_yield_of_a_weekend_counts_from_the_next_session(repository: Repository) -> None:
    rows = tuple(
        YieldRow(maturity="10Y", observation_date=day, yield_percent=Decimal("3.8"))
        for day in (SATURDAY, VETERANS_DAY)
    )

    await use_case.store_yields(StoreYields(rows=rows), NO_SESSION)

    assert repository.effective == {SATURDAY: date(2022, 12, 27), VETERANS_DAY: VETERANS_DAY}


async def test_a_crossed_quote_is_refused_with_both_prices(repository: Repository) -> None:
    row = OptionQuoteRow(
        contract="AAPL230120C00130000",
        session_date=SESSION_DATE,
        bid=Decimal("5.3"),
        ask=Decimal("5.1"),
    )

    with pytest.raises(InvalidRows) as refused:
        await use_case.store_option_quotes(StoreOptionQuotes(rows=(row,)), NO_SESSION)

    [problem] = refused.value.problems
    assert "5.1 is below bid 5.3" in str(problem["message"])
    assert repository.quotes == []
