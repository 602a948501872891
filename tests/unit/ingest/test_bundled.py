"""The bundled files as a provider."""

from datetime import date

from services.ingest.inputs import Bar
from services.ingest.providers.bundled import BundledProvider
from services.ingest.settings import BUNDLED_DATA
from shared.calendar import sessions
from tests.wire.client import yields_of

LAST = date(2022, 12, 28)


def bundled() -> BundledProvider:
    return BundledProvider(BUNDLED_DATA)


async def bars_of(symbol: str, days: list[date]) -> list[Bar]:
    return [bar async for answer in bundled().bars({symbol: days}) for bar in answer.bars]


async def test_panel_covers_every_session_without_gaps() -> None:
    coverage = await bundled().coverage()

    days = sessions(coverage.first, coverage.last)

    bars = await bars_of("SPY", days)

    assert (coverage.first, coverage.last) == (date(2014, 1, 2), LAST)
    assert [bar.session_date for bar in bars] == days
    assert len(bars) == 2264


async def test_adjusted_closes_say_that_they_are() -> None:
    [bar] = await bars_of("SPY", [LAST])

    assert (bar.close_basis, bar.source) == ("adjusted", "bundled")
    assert float(bar.close) == bar.adjusted_close


async def test_unknown_symbols_are_absent() -> None:
    assert await bars_of("NOSUCH", [LAST]) == []


async def test_every_stock_has_a_sector_and_no_fund_has_one() -> None:
    facts = {fact.symbol: fact for fact in await bundled().securities()}

    assert len(facts) == 57
    assert all((fact.sector is not None) == (fact.kind == "stock") for fact in facts.values())
    assert (facts["AAPL"].sector, facts["RRC"].sector, facts["SPY"].kind) == (
        "Information Technology",
        "Energy",
        "etf",
    )


async def test_yields_are_percent_by_maturity() -> None:
    observed = {o.maturity: o.yield_percent for o in await yields_of(bundled(), LAST, LAST)}

    assert observed["10Y"] == 3.88
    assert len(observed) == 10
