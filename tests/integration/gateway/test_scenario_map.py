"""Every portfolio of a user in every scenario, over REST."""

from datetime import date
from uuid import UUID

import pytest

from services.stress.tables import StressResult
from shared.database import Database, sql_table
from tests.integration.gateway.people import Person
from tests.integration.gateway.seeds import SCENARIO_PNL, StoredBook, a_stored_book
from tests.integration.gateway.test_stress import an_own_scenario

pytestmark = pytest.mark.usefixtures("market")
MAP = "portfolios/scenarios"
CRASH = -3000.0  # AAPL's and the call's losses less what the short MSFT earns


@pytest.fixture
async def book(ann: Person, market: None, admin: Database) -> StoredBook:
    return await a_stored_book(ann, admin)


async def test_every_cell_is_the_stored_result(ann: Person, book: StoredBook) -> None:
    found = (await ann.get(MAP)).json()
    report = (await ann.get(f"risk/stress-testing/results/{book.portfolio_id}")).json()

    (row,) = found["portfolios"]
    results = {each["scenario_id"]: each for each in report["scenarios"]}
    assert [each["scenario_id"] for each in row["cells"]] == ["doom", "crash"]
    for cell in row["cells"]:
        result = results[cell["scenario_id"]]
        assert cell["direct"] == result["direct"]["total_pnl"]
        assert cell["correlated"] == result["correlated"]["total_pnl"]
        assert cell["share_of_nav"] == result["correlated"]["share_of_nav"]
    assert (row["nav"], found["nav"], found["as_of"]) == (50_000, 50_000, "2022-12-28")


async def test_sums_are_of_the_portfolios_of_the_last_session(
    ann: Person, admin: Database, book: StoredBook
) -> None:
    other = await ann.uploaded(portfolio_name="Other")
    older = await ann.uploaded(portfolio_name="Older")
    for portfolio_id, day in ((other, date(2022, 12, 28)), (older, date(2022, 12, 27))):
        await _a_result(admin, portfolio_id, day, -500)

    found = (await ann.get(MAP)).json()
    earlier = (await ann.get(MAP, as_of="2022-12-27")).json()

    (crash,) = [each for each in found["scenarios"] if each["scenario_id"] == "crash"]
    assert (crash["correlated"], crash["portfolios"]) == (CRASH - 500, 2)
    assert crash["share_of_nav"] is None  # the other portfolio has no NAV
    assert [each["name"] for each in found["left_out"]] == ["Older"]
    assert found["left_out"][0]["reason"] == "last evaluated on 2022-12-27"
    shown = {each["name"]: each["cells"] for each in found["portfolios"]}
    assert [each["correlated"] for each in shown["Older"] if each["scenario_id"] == "crash"] == [
        -500
    ]
    assert earlier["as_of"] == "2022-12-27"
    assert [each["as_of"] for each in earlier["portfolios"]].count(None) == 2
    assert len(earlier["left_out"]) == 2


async def _a_result(admin: Database, portfolio_id: str, day: date, pnl: int) -> None:
    values = {
        "portfolio_id": UUID(portfolio_id),
        "as_of": day,
        "scenario_id": "crash",
        "method": "correlated",
        "total_pnl": pnl,
        "factor_impacts": {"market": pnl},
        "nonlinear": 0,
        "effective_shocks": {},
        "option_valuation": "full",
        "coverage": 1.0,
        "warnings": [],
        "left_out": [],
    }
    async with admin.transaction() as session:
        await session.execute(sql_table(StressResult).insert().values(**values))


async def test_an_own_scenario_is_listed_before_it_is_evaluated(
    ann: Person, bob: Person, admin: Database, book: StoredBook
) -> None:
    await an_own_scenario(admin, ann)

    found = (await ann.get(MAP)).json()
    other = (await bob.get(MAP)).json()

    last = found["scenarios"][-1]
    assert (last["scenario_id"], last["custom"], last["portfolios"]) == ("oil", True, 0)
    assert (last["correlated"], last["share_of_nav"]) == (None, None)
    assert "oil" not in [each["scenario_id"] for each in other["scenarios"]]
    assert set(SCENARIO_PNL) <= {each["scenario_id"] for each in found["scenarios"]}


async def test_without_results_the_map_says_so(ann: Person) -> None:
    await ann.post("portfolios", {"name": "A"})

    found = (await ann.get(MAP)).json()

    assert (found["as_of"], found["nav"]) == (None, None)
    assert "no stress results" in found["reason"]
    assert [each["name"] for each in found["left_out"]] == ["A"]
