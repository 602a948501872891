"""Which of the expected sessions have a close: read only where there are gaps."""

from datetime import date

import pytest

from services.ingest import repository
from shared.database import Database
from tests.builders import a_price, save_prices
from tests.servers import Role

WEEK = [date(2022, 12, day) for day in (19, 20, 21, 22, 23)]


@pytest.mark.parametrize(
    "stored",
    [WEEK[:3], WEEK[2:], WEEK[1:4], [WEEK[0], WEEK[2]], [WEEK[0], WEEK[4]], []],
    ids=["first days", "last days", "days within", "a gap", "first and last", "none"],
)
async def test_held_sessions_are_those_with_a_close(
    admin: Database, role: Role, stored: list[date]
) -> None:
    others = [date(2022, 12, 16), date(2022, 12, 27)]  # outside of those expected
    await save_prices(admin, *(a_price("AAPL", day, 100.0) for day in [*stored, *others]))

    async with role("ingest").transaction() as session:
        held = await repository.load_held_sessions(session, ["AAPL"], WEEK)

    assert set(held["AAPL"]) == set(stored)


async def test_symbol_with_every_session_is_absent(admin: Database, role: Role) -> None:
    await save_prices(admin, *(a_price("AAPL", day, 100.0) for day in WEEK))

    async with role("ingest").transaction() as session:
        held = await repository.load_held_sessions(session, ["AAPL", "XOM"], WEEK)

    assert {symbol: set(days) for symbol, days in held.items()} == {"XOM": set()}
