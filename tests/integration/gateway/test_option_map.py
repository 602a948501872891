"""Where options' Greeks are and what their quotes imply, over REST."""

from collections.abc import AsyncIterator
from datetime import date

import pytest
from nats.aio.client import Client

from services.greeks.handlers.fit_smiles import fit_smiles
from services.greeks.tables import ContractGreeks
from shared.contracts.greeks import FitSmiles
from shared.database import Database, sql_table
from tests.builders import AS_OF, a_price, save_prices
from tests.integration.gateway.answering import handling
from tests.integration.gateway.people import Person
from tests.integration.gateway.seeds import CALL, StoredBook, a_stored_book
from tests.integration.gateway.test_market_data import save_quotes
from tests.servers import Role

pytestmark = pytest.mark.usefixtures("market")
SPOT = 130.0


@pytest.fixture
async def book(ann: Person, market: None, admin: Database) -> StoredBook:
    stored = await a_stored_book(ann, admin)
    priced = {"underlying_price": SPOT, "underlying_price_date": AS_OF}
    async with admin.transaction() as session:
        await session.execute(sql_table(ContractGreeks).update().values(**priced))
    return stored


@pytest.fixture
async def greeks(bus: Client, role: Role) -> AsyncIterator[None]:
    async with handling(bus, role("greeks"), FitSmiles, fit_smiles):
        yield


async def test_the_map_of_a_name_is_by_expiry_and_strike(ann: Person, book: StoredBook) -> None:
    path = f"portfolios/{book.portfolio_id}/option-map"

    found = (await ann.get(path, underlying="aapl")).json()

    dollars = {
        "dollar_delta": 100.0 * SPOT,
        "dollar_gamma_1pct": 3.0 * SPOT**2 / 100.0,
        "dollar_theta_1d": -4.0,
        "dollar_vega_1pt": 50.0,
        "dollar_rho_1pct": 20.0,
    }
    (cell,) = found["cells"]
    assert (cell["strike"], cell["expiry"]) == (150.0, "2023-06-16")
    assert cell["position_ids"] == [str(book.positions[CALL])]
    assert (cell["long"], cell["short"], cell["net"]) == (dollars, None, dollars)
    assert [each["net"] for each in (*found["rows"], *found["expiries"])] == [dollars] * 2
    assert (found["rows"][0]["underlying_price"], found["expiries"][0]["days"]) == (SPOT, 170)
    assert (found["options"]["net"], found["stock"]) == (dollars, 13_000.0)
    assert found["total"] == {**dollars, "dollar_delta": 26_000.0}


async def test_the_map_of_all_is_by_underlying_and_with_all_shares(
    ann: Person, book: StoredBook
) -> None:
    found = (await ann.get(f"portfolios/{book.portfolio_id}/option-map")).json()

    (row,) = found["rows"]
    assert (row["underlying"], row["strike"], found["underlyings"]) == ("AAPL", None, ["AAPL"])
    assert found["stock"] == 1_000.0  # AAPL's less MSFT's; XOM has no exposure
    assert found["total"]["dollar_delta"] == 14_000.0


async def test_a_portfolio_without_options_has_its_shares_alone(
    ann: Person, book: StoredBook
) -> None:
    path = f"portfolios/{book.portfolio_id}/option-map"

    found = (await ann.get(path, underlying="MSFT")).json()

    assert (found["cells"], found["rows"], found["expiries"]) == ([], [], [])
    assert (found["options"]["net"], found["total"]["dollar_delta"]) == (None, -12_000.0)


async def test_an_unpriced_option_is_named_and_in_no_sum(
    ann: Person, admin: Database, book: StoredBook
) -> None:
    async with admin.transaction() as session:
        await session.execute(sql_table(ContractGreeks).update().values(underlying_price=None))

    found = (await ann.get(f"portfolios/{book.portfolio_id}/option-map")).json()

    assert (found["options"]["positions"], found["options"]["positions_left_out"]) == (1, 1)
    assert (found["options"]["net"], found["total"]) == (None, None)


async def test_before_the_first_run_the_map_says_why_it_is_empty(ann: Person) -> None:
    made = (await ann.post("portfolios", {"name": "A"})).json()

    found = (await ann.get(f"portfolios/{made['portfolio_id']}/option-map")).json()

    assert (found["as_of"], found["cells"], found["stock"]) == (None, [], None)
    assert found["reason"]


STRIKES = (110, 120, 130, 140, 150)
QUOTED = [f"AAPL230317C{1000 * strike:08d}" for strike in STRIKES]


async def test_quotes_become_volatilities_with_a_curve(
    ann: Person, admin: Database, greeks: None
) -> None:
    await save_prices(admin, a_price("AAPL", AS_OF, 126.0))
    expired = "AAPL221228C00130000"
    await save_quotes(admin, *QUOTED, expired)

    found = (await ann.get("risk/smile/aapl")).json()

    (smile,) = found["expiries"]
    assert (found["underlying"], found["as_of"], found["reason"]) == ("AAPL", str(AS_OF), None)
    assert [each["contract"] for each in smile["quotes"]] == QUOTED
    # a call of 110 at 7.25 is below what exercise pays
    assert [each["fitted"] for each in smile["quotes"]] == [False, True, True, True, True]
    assert smile["quotes"][0]["volatility"] is None
    assert "below" in smile["quotes"][0]["reason"]
    assert (smile["fit"]["quotes_fitted"], smile["reason"]) == (4, None)
    assert smile["fit"]["strikes"][0] == 120.0


async def test_a_later_session_shows_the_last_quotes(
    ann: Person, admin: Database, greeks: None
) -> None:
    before = date(2022, 12, 27)
    await save_prices(admin, a_price("AAPL", before, 126.0))
    await save_quotes(admin, QUOTED[2], day=before)

    found = (await ann.get("risk/smile/AAPL", as_of=str(AS_OF))).json()

    assert (found["as_of"], len(found["expiries"])) == (str(before), 1)


async def test_without_quotes_nothing_is_asked(ann: Person, admin: Database) -> None:
    none = (await ann.get("risk/smile/MSFT")).json()
    await save_quotes(admin, "AAPL221228C00130000")
    expired = (await ann.get("risk/smile/AAPL")).json()

    assert (none["as_of"], none["expiries"]) == (None, [])
    assert "no quotes" in none["reason"]
    assert "expires with it" in expired["reason"]


async def test_the_quotes_of_others_holdings_are_not_shown(
    ann: Person, bob: Person, admin: Database, book: StoredBook, greeks: None
) -> None:
    await save_prices(admin, a_price("AAPL", AS_OF, 126.0))
    await save_quotes(admin, CALL, source="polygon")

    seen = [(await each.get("risk/smile/AAPL")).json() for each in (ann, bob)]

    assert [len(each["expiries"]) for each in seen] == [1, 0]
