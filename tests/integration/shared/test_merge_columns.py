"""Columns merged into real tables: straight into an empty scope, and else as rows are merged."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from asyncpg.exceptions import UniqueViolationError
from sqlalchemy import text

from services.factors.tables import RateSensitivity
from services.stress.tables import PositionPnl
from shared.arrays import Columns
from shared.database import Database, Session, upserts
from shared.database.arrays import merge_columns

MONDAY, TUESDAY = date(2022, 12, 19), date(2022, 12, 20)
BOTH = ("AAPL", "XOM")


def rates(symbols: Sequence[str] = BOTH, betas: Sequence[float] = (-4.0, np.nan)) -> Columns:
    """Columns of rate sensitivities."""
    return {
        "symbol": list(symbols),
        "maturity": ["10Y"] * len(symbols),
        "beta": np.array(betas, dtype=np.float64),
        "observations": [252] * len(symbols),
        "quality": ["full_history"] * len(symbols),
    }


async def merge_rates(
    session: Session, columns: Columns, within: Mapping[str, Any] | None = None, day: date = MONDAY
) -> int:
    return await merge_columns(session, RateSensitivity, columns, within, as_of=day, price_run="p1")


async def stored(session: Session) -> list[tuple[Any, ...]]:
    query = "select symbol, as_of, beta from factors.rate_sensitivities order by 1, 2"
    return [tuple(row) for row in await session.execute(text(query))]


@pytest.fixture(params=["sent beside the statement", "copied"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways of writing over what is stored."""
    if request.param == "copied":
        monkeypatch.setattr(upserts, "MOST_VALUES", 1)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("within", [None, {"as_of": MONDAY}])
async def test_equal_rows_are_left_alone_and_others_counted(
    admin: Database, within: dict[str, Any] | None
) -> None:
    async with admin.transaction() as session:
        changed = [
            await merge_rates(session, rates(betas=betas), within)
            for betas in ((-4.0, np.nan), (-4.0, np.nan), (-4.0, 2.5))
        ]
        found = await stored(session)

    assert changed == [2, 0, 1]
    assert found == [("AAPL", MONDAY, -4.0), ("XOM", MONDAY, 2.5)]


@pytest.mark.usefixtures("way")
async def test_what_is_gone_from_the_scope_is_deleted(admin: Database) -> None:
    async with admin.transaction() as session:
        await merge_rates(session, rates())
        await merge_rates(session, rates(), day=TUESDAY)

        changed = await merge_rates(session, rates(["XOM"], [np.nan]), {"as_of": MONDAY})
        found = await stored(session)

    assert changed == 1
    assert found == [("AAPL", TUESDAY, -4.0), ("XOM", MONDAY, None), ("XOM", TUESDAY, None)]


async def test_no_rows_empty_the_scope(admin: Database) -> None:
    async with admin.transaction() as session:
        await merge_rates(session, rates())

        changed = [
            await merge_rates(session, columns, {"symbol": ["AAPL"]})
            for columns in (rates([], []), {})
        ]
        found = await stored(session)

    assert changed == [1, 0]
    assert found == [("XOM", MONDAY, None)]


async def test_no_rows_without_a_scope_change_nothing(admin: Database) -> None:
    async with admin.transaction() as session:
        await merge_rates(session, rates())

        assert await merge_rates(session, {}) == 0
        assert len(await stored(session)) == 2


async def test_vectors_are_replaced_where_they_differ(admin: Database) -> None:
    def vectors(last: float) -> Columns:
        return {
            "position_id": [UUID(int=1), UUID(int=2)],
            "portfolio_id": [UUID(int=9)] * 2,
            "symbol": list(BOTH),
            "historical_pnl": [None, np.array([1.5, np.nan])],
            "scenario_pnl": np.array([[1.0, np.nan], [1.0, last]]),
        }

    within = {"as_of": MONDAY, "portfolio_id": [UUID(int=9)]}
    async with admin.transaction() as session:
        changed = [
            await merge_columns(session, PositionPnl, vectors(last), within, as_of=MONDAY)
            for last in (0.5, 0.5, 0.7)
        ]
        query = "select historical_pnl::text, scenario_pnl::text from stress.position_pnl"
        found = await session.execute(text(f"{query} order by position_id"))
        kept = [tuple(row) for row in found]

    assert changed == [2, 0, 1]
    assert kept == [(None, "{1,NaN}"), ("{1.5,NaN}", "{1,0.7}")]


async def test_key_that_a_row_outside_the_scope_has_is_refused(admin: Database) -> None:
    async with admin.transaction() as session:
        await merge_rates(session, rates())

    with pytest.raises(UniqueViolationError):
        async with admin.transaction() as session:
            await merge_rates(session, rates(), {"symbol": ["MSFT"]})
