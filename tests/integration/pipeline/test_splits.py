"""A 4:1 split of what a book holds.

Every dollar goes on as if nothing had happened, whenever the portfolio was entered.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from services.ingest.tables import CorporateAction, Security
from shared.calendar import sessions
from shared.database import Database
from tests import panel
from tests.builders import (
    AS_OF,
    a_portfolio,
    a_position,
    a_price,
    a_security,
    save,
    save_positions,
    save_prices,
)
from tests.pipeline import Pipeline, content_hash

DAYS = sessions(date(2022, 12, 21), AS_OF)
EX_DATE = DAYS[2]
SPLIT, WHOLE = "SPLT", "WHLE"  # the same company, one of them without a split
BOUGHT, SOLD, LONG_AGO = date(2022, 8, 1), date(2022, 9, 1), date(2022, 7, 1)
CENT = 0.01
Books = Mapping[str, UUID]


@pytest.fixture
async def books(admin: Database, empty: None) -> Books:
    """The same portfolio entered before the split, after it, and in a company that never split."""
    rows = []
    for session, close in zip(panel.sessions(), panel.closes("AAPL")[:, 0].tolist(), strict=True):
        then = 4 if session < EX_DATE else 1
        rows += [
            a_price(SPLIT, session, round(close * then, 6), close),
            a_price(WHOLE, session, close),
        ]
    await save_prices(admin, *rows[-700:])
    await save_securities(admin)
    await learn(admin)
    found = {
        name: await a_portfolio(admin, name, Decimal(100_000))
        for name in ("before", "after", "whole")
    }
    await save_positions(admin, *entered(found["before"], SPLIT, shares=1, stated_on=DAYS[0]))
    await save_positions(admin, *entered(found["after"], SPLIT, shares=4, stated_on=AS_OF))
    await save_positions(admin, *entered(found["whole"], WHOLE, shares=4, stated_on=DAYS[0]))
    return found


async def save_securities(admin: Database) -> None:
    await save(
        admin, Security, [a_security(symbol, dividend_yield=0.005) for symbol in (SPLIT, WHOLE)]
    )


async def learn(admin: Database) -> None:
    """Let the split be known."""
    split = {
        "symbol": SPLIT,
        "ex_date": EX_DATE,
        "kind": "split",
        "value": Decimal(4),
        "source": "test",
    }
    await save(admin, CorporateAction, [split])


def entered(portfolio: UUID, symbol: str, shares: int, stated_on: date) -> list[dict[str, Any]]:
    """Stock bought and sold short, calls bought and puts sold, one entered and one left on the way:
    in new shares.
    """
    strike = int(140 * 1000 * 4 / shares)
    call, put = (f"{symbol}230616{kind}{strike:08d}" for kind in "CP")

    def position(
        name: str, quantity: int, price: float, entry: date, **more: Any
    ) -> dict[str, Any]:
        return a_position(
            portfolio,
            name,
            quantity * shares,
            price * 4 / shares,
            entry,
            stated_on=stated_on,
            **more,
        )

    return [
        position(symbol, 100, 120, BOUGHT),
        position(symbol, -30, 150, SOLD),
        position(call, 2, 9.5, BOUGHT),
        position(put, -1, 12.25, SOLD),
        position(symbol, 10, 128, EX_DATE),
        position(symbol, 20, 90, LONG_AGO, exit_date=EX_DATE, exit_price=Decimal(131 * 4) / shares),
    ]


async def figures(admin: Database, portfolio: UUID) -> dict[tuple[date, str], float | None]:
    """Every dollar there is of the portfolio, by session and name."""
    found: dict[tuple[date, str], float | None] = {}
    async with admin.transaction() as session:
        for statement in STATEMENTS:
            for row in (await session.execute(text(statement), {"book": portfolio})).mappings():
                numbers = {**row, **row.get("exposures", {})}
                found |= flat((row["as_of"], row["name"]), numbers)
    return found


def flat(
    place: tuple[date, str], numbers: Mapping[str, Any]
) -> dict[tuple[date, str], float | None]:
    """The numbers, nested ones too, each under its whole name."""
    found: dict[tuple[date, str], float | None] = {}
    for name, value in numbers.items():
        if isinstance(value, dict):
            found |= flat((place[0], f"{place[1]}/{name}"), value)
        elif not isinstance(value, str | date):
            found[place[0], f"{place[1]}/{name}"] = None if value is None else float(value)
    return found


STATEMENTS = (
    "select shot.as_of, 'snapshot' as name, market_value, nav, daily_pnl, cumulative_pnl, cash, "
    "daily_return, "
    "exposures, theta, vega, rho, delta * close as delta_dollars, gamma * close * close as "
    "gamma_dollars "
    "from snapshots.published_portfolio_snapshots shot join ingest.daily_prices on session_date = "
    "shot.as_of "
    "and symbol = (select underlying from gateway.positions where portfolio_id = :book limit 1) "
    "where portfolio_id = :book",
    "select as_of, 'unrealised' as name, sum(unrealised_pnl) as pnl, sum(cost) as cost, "
    "sum(daily_pnl) as daily "
    "from snapshots.position_valuations where portfolio_id = :book group by 1",
    "select as_of, model || factor as name, dollar_exposure, gross_exposure, coverage, positions "
    "from factors.factor_exposures where portfolio_id = :book",
    "select as_of, metric || view as name, value from snapshots.risk_metrics where portfolio_id = "
    ":book",
    "select as_of, scenario_id || method as name, total_pnl from stress.stress_results where "
    "portfolio_id = :book",
)


def agree(
    one: Mapping[tuple[date, str], float | None], other: Mapping[tuple[date, str], float | None]
) -> bool:
    """Whether they are the same figures, to the cent or the sixth digit."""
    assert one.keys() == other.keys()
    assert {name for name, value in one.items() if value is None} == {
        name for name, value in other.items() if value is None
    }
    return all(
        value == pytest.approx(other[name], rel=1e-6, abs=CENT)
        for name, value in one.items()
        if value is not None
    )


async def lines(admin: Database, query: str, **values: Any) -> Sequence[Any]:
    async with admin.transaction() as session:
        return (await session.execute(text(query), values)).all()


async def test_a_split_moves_no_dollar_whenever_the_portfolio_was_entered(
    pipeline: Pipeline, books: Books, admin: Database
) -> None:
    await pipeline.run(DAYS)

    before, after, whole = [
        await figures(admin, books[name]) for name in ("before", "after", "whole")
    ]
    assert len(whole) > 800
    assert agree(before, whole)
    assert agree(after, whole)


async def test_valuations_are_in_the_shares_and_contracts_of_their_day(
    pipeline: Pipeline, books: Books, admin: Database
) -> None:
    await pipeline.run(DAYS[1:3])

    query = (
        "select as_of, symbol, quantity, cost from snapshots.position_valuations "
        "where portfolio_id = :book and position_type in ('LC', 'SHORT') order by 1, 2"
    )
    for name in ("before", "after"):
        assert [tuple(row) for row in await lines(admin, query, book=books[name])] == [
            (DAYS[1], SPLIT, Decimal(-30), Decimal(-18_000)),
            (DAYS[1], f"{SPLIT}230616C00560000", Decimal(2), Decimal(7_600)),
            (EX_DATE, SPLIT, Decimal(-120), Decimal(-18_000)),
            (EX_DATE, f"{SPLIT}230616C00140000", Decimal(8), Decimal(7_600)),
        ]
    warned = (
        "select as_of, jsonb_path_query(warnings, '$[*] ? (@.code == \"split_adjusted\").message') "
        "from {}"
    )
    shown = await lines(
        admin,
        warned.format("snapshots.portfolio_snapshots where portfolio_id = :book"),
        book=books["after"],
    )
    assert [tuple(row) for row in shown] == [
        (EX_DATE, f"SPLT split 4:1 on {EX_DATE}: quantity and entry price are adjusted")
    ]


async def test_a_split_learnt_late_comes_out_as_if_it_had_always_been_known(
    pipeline: Pipeline, books: Books, admin: Database
) -> None:
    await pipeline.run([DAYS[2], DAYS[1], DAYS[3]])
    known = await results(admin)
    await forget(admin)
    await pipeline.run(DAYS[1:4])
    assert await results(admin) != known

    await learn(admin)
    await pipeline.run([DAYS[3], DAYS[2], DAYS[1]])

    assert await results(admin) == known


async def results(admin: Database) -> dict[str, str]:
    """A hash by table.

    Not of contracts, among which are those that were held only while the split was unknown.
    """
    hashes = await content_hash(admin)
    del hashes["greeks.contract_greeks"]
    return hashes


async def forget(admin: Database) -> None:
    """Let the split be unknown."""
    async with admin.transaction() as session:
        await session.execute(text("delete from ingest.corporate_actions"))
