"""Position correlations on a real database: what triggers them, what is stored, what a second
delivery changes.
"""

import asyncio
import math
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4, uuid5

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import Table, select, text

from services.factors import tables as factors
from services.factors.handlers.correlate_positions import correlate_on_request, correlate_weekly
from services.gateway import tables
from services.ingest.tables import Security
from shared.contracts.event import EVENT_NAMESPACE
from shared.contracts.factors import CorrelationsComputed, FactorsComputed
from shared.contracts.gateway import CorrelationParameters, CorrelationsRequested
from shared.database import Database
from shared.published import factors as published
from tests import panel
from tests.builders import (
    a_portfolio,
    a_position,
    a_price,
    a_security,
    save,
    save_positions,
    save_prices,
)
from tests.servers import Role

Row = Mapping[str, Any]
TUESDAY, WEDNESDAY = date(2022, 12, 27), date(2022, 12, 28)
SESSIONS = [day for day in panel.sessions() if day <= TUESDAY][-91:]
TABLES = (
    published.correlation_calculations,
    published.correlation_pairs,
    published.correlation_clusters,
    published.correlation_cluster_members,
)


def factors_computed(*portfolios: UUID, as_of: date = TUESDAY) -> FactorsComputed:
    run_id = uuid5(EVENT_NAMESPACE, str(as_of))
    return FactorsComputed.new(
        run_id, as_of, price_run="p1", shard=0, shards=1, portfolio_ids=portfolios
    )


def requested(*portfolios: UUID, as_of: date = TUESDAY, **parameters: Any) -> CorrelationsRequested:
    return CorrelationsRequested.new(
        uuid5(EVENT_NAMESPACE, f"{as_of}/{parameters}"),
        as_of,
        price_run="p1",
        shard=0,
        shards=1,
        portfolio_ids=portfolios,
        parameters=CorrelationParameters(**parameters),
    )


async def save_market(admin: Database, *symbols: str, sessions: Sequence[date] = SESSIONS) -> None:
    """Closes of `symbols` on `sessions`."""
    days = panel.sessions()
    closes = panel.closes(*symbols)
    rows = [
        a_price(symbol, day, float(closes[days.index(day), column]))
        for day in sessions
        for column, symbol in enumerate(symbols)
    ]
    await save_prices(admin, *rows)


async def hold(
    admin: Database,
    book: UUID,
    exposure_by_symbol: Mapping[str, float | None],
    as_of: date = TUESDAY,
) -> dict[str, UUID]:
    """Positions with these exposures and vectors of two factors; returns their ids by symbol."""
    held = [a_position(book, symbol) for symbol in exposure_by_symbol]
    await save_positions(admin, *held)
    rows = [
        {
            "position_id": position["position_id"],
            "as_of": as_of,
            "portfolio_id": book,
            "symbol": position["symbol"],
            "underlying": position["underlying"],
            "exposure": exposure_by_symbol[position["symbol"]],
            "factors": ["market", "value"],
            "betas": [math.nan, math.nan],
            "factor_exposures": [math.nan, math.nan],
            "quality": "insufficient",
            "reason": None,
        }
        for position in held
    ]
    await save(admin, factors.PositionFactorExposure, rows)
    return {position["symbol"]: position["position_id"] for position in held}


async def tag(admin: Database, book: UUID, name: str, *positions: UUID) -> None:
    """Let positions of a book carry a tag of its owner."""
    async with admin.transaction() as session:
        owner = await session.scalar(
            text("select user_id from gateway.portfolios where portfolio_id = :book"),
            {"book": book},
        )
    tag_id = uuid4()
    await save(admin, tables.Tag, [{"tag_id": tag_id, "user_id": owner, "name": name}])
    rows = [{"position_id": position, "tag_id": tag_id} for position in positions]
    await save(admin, tables.PositionTag, rows)


async def weekly(role: Role, event: FactorsComputed) -> CorrelationsComputed | None:
    async with role("factors").transaction() as session:
        return await correlate_weekly(event, session)


async def on_request(role: Role, event: CorrelationsRequested) -> CorrelationsComputed:
    async with role("factors").transaction() as session:
        return await correlate_on_request(event, session)


async def rows_of(role: Role, view: Table, /, **wanted: Any) -> list[Row]:
    """The view's rows as another service reads them, in key order."""
    conditions = [view.c[name] == value for name, value in wanted.items()]
    query = select(view).where(*conditions).order_by(*view.primary_key.columns)
    async with role("gateway").transaction() as session:
        return [row._asdict() for row in await session.execute(query)]


async def contents(role: Role) -> list[list[Row]]:
    return [await rows_of(role, view) for view in TABLES]


async def the_calculation(role: Role, **wanted: Any) -> Row:
    """The whole portfolio's, unless a side is wanted."""
    (row,) = await rows_of(
        role, published.correlation_calculations, **({"view": "portfolio"} | wanted)
    )
    return row


async def test_full_matrix_is_stored_and_agrees_with_pandas(admin: Database, role: Role) -> None:
    book = await a_portfolio(admin)
    symbols = ("AAPL", "JPM", "MSFT", "SPY", "XOM")
    await save_market(admin, *symbols)
    await hold(admin, book, dict.fromkeys(symbols, 50_000.0))

    event = await weekly(role, factors_computed(book))

    days = panel.sessions()
    closes = panel.closes(*symbols)[[days.index(day) for day in SESSIONS]]
    expected = pd.DataFrame(np.diff(np.log(closes), axis=0), columns=symbols).corr(min_periods=20)
    pairs = await rows_of(role, published.correlation_pairs)
    assert len(pairs) == 25
    for pair in pairs:
        assert pair["correlation"] == pytest.approx(
            expected.loc[pair["symbol_a"], pair["symbol_b"]]
        )
        assert (pair["observations"], pair["quality"], pair["reason"]) == (90, "full_history", None)
    absolutes = [abs(pair["correlation"]) for pair in pairs if pair["symbol_a"] < pair["symbol_b"]]
    calculation = await the_calculation(role)
    assert calculation["overall_correlation"] == pytest.approx(np.mean(absolutes))
    assert calculation["effective_positions"] == pytest.approx(25 / expected.to_numpy().sum())
    assert (calculation["psd_repaired"], calculation["coverage"], calculation["reason"]) == (
        False,
        1.0,
        None,
    )
    assert calculation["parameters"] == CorrelationParameters().model_dump()
    assert calculation["price_run"] == "p1"
    assert event is not None
    assert event.counts["portfolios"] == 1
    assert event.counts["symbols"] == 5


@pytest.mark.parametrize(
    ("day", "is_weekly"),
    [
        (date(2022, 12, 26), False),  # a holiday's observance on Monday
        (TUESDAY, True),
        (WEDNESDAY, False),
        (date(2022, 7, 5), True),  # after a Monday holiday
        (date(2014, 11, 11), True),  # Veterans Day: the exchange trades
        (date(2018, 12, 26), True),  # Christmas on Tuesday: the week's session is Wednesday
        (date(2018, 12, 24), False),
        (date(2019, 1, 2), True),  # New Year on Tuesday
    ],
)
async def test_week_is_correlated_on_its_first_session_from_tuesday(
    admin: Database, role: Role, day: date, is_weekly: bool
) -> None:
    book = await a_portfolio(admin)

    event = await weekly(role, factors_computed(book, as_of=day))

    assert (event is not None) == is_weekly
    assert len(await rows_of(role, published.correlation_calculations)) == 3 * is_weekly


async def test_request_is_answered_on_any_day_with_its_own_parameters(
    admin: Database, role: Role
) -> None:
    book = await a_portfolio(admin)
    await save_market(admin, "AAPL", "MSFT", "XOM", sessions=[*SESSIONS[1:], WEDNESDAY])
    await hold(admin, book, {"AAPL": 9_000.0, "MSFT": 7_000.0, "XOM": 800.0}, WEDNESDAY)

    event = await on_request(
        role, requested(book, as_of=WEDNESDAY, minimum_value=1_000, lookback=60)
    )

    calculation = await the_calculation(role, as_of=WEDNESDAY)
    assert [kept["symbol"] for kept in calculation["kept"]] == ["AAPL", "MSFT"]
    assert [(out["symbol"], out["code"]) for out in calculation["left_out"]] == [
        ("XOM", "below_value")
    ]
    assert calculation["parameters"]["lookback"] == 60
    assert {pair["observations"] for pair in await rows_of(role, published.correlation_pairs)} == {
        60
    }
    assert event.run_id == requested(book, as_of=WEDNESDAY, minimum_value=1_000, lookback=60).run_id


async def test_stocks_and_options_of_an_underlying_are_one_symbol(
    admin: Database, role: Role
) -> None:
    book = await a_portfolio(admin)
    await save_market(admin, "AAPL", "XOM")
    held = {
        "AAPL": 80_000.0,
        "XOM": -20_000.0,
        "XOM230616P00100000": -15_000.0,
        "XOM230616C00100000": None,
    }
    await hold(admin, book, held)

    await weekly(role, factors_computed(book))

    calculation = await the_calculation(role)
    kept = {row["symbol"]: row for row in calculation["kept"]}
    assert {symbol: (row["value"], row["positions"]) for symbol, row in kept.items()} == {
        "AAPL": (80_000.0, 1),
        "XOM": (-35_000.0, 3),
    }
    assert kept["XOM"]["weight"] == pytest.approx(35 / 115)
    assert (calculation["positions"], calculation["positions_kept"]) == (4, 4)
    assert [(warning["code"], warning["about"]) for warning in calculation["warnings"]] == [
        ("value_incomplete", ["XOM"])
    ]


async def test_clusters_are_named_by_tag_then_sector_then_largest(
    admin: Database, role: Role
) -> None:
    tagged, sectoral, plain = [await a_portfolio(admin, name) for name in ("a", "b", "c")]
    await save_market(admin, "XOM", "CVX", "SPY", "QUAL")
    await save(
        admin, Security, [a_security("XOM", sector="Energy"), a_security("CVX", sector="Energy")]
    )
    ids = await hold(admin, tagged, {"XOM": 50_000.0, "CVX": 40_000.0})
    await tag(admin, tagged, "Oil", *ids.values())
    await hold(admin, sectoral, {"XOM": 50_000.0, "CVX": -40_000.0})
    await hold(admin, plain, {"SPY": 50_000.0, "QUAL": 60_000.0})

    await weekly(role, factors_computed(tagged, sectoral, plain))

    found = await rows_of(role, published.correlation_clusters, view="portfolio")
    names = {row["portfolio_id"]: row for row in found}
    assert {book: row["name"] for book, row in names.items()} == {
        tagged: "Oil",
        sectoral: "Energy",
        plain: "QUAL cluster",
    }
    assert (names[sectoral]["members"], names[sectoral]["value"], names[sectoral]["weight"]) == (
        2,
        90_000.0,
        1.0,
    )
    members = await rows_of(
        role, published.correlation_cluster_members, portfolio_id=sectoral, view="portfolio"
    )
    assert [(row["cluster"], row["symbol"], row["value"]) for row in members] == [
        (1, "CVX", -40_000.0),
        (1, "XOM", 50_000.0),
    ]
    calculations = await rows_of(role, published.correlation_calculations, view="portfolio")
    assert {row["concentration"] for row in calculations} == {1.0}
    sides = await rows_of(role, published.correlation_clusters, portfolio_id=plain)
    assert [(row["view"], row["cluster"], row["name"]) for row in sides] == [
        ("longs", 1, "QUAL cluster"),
        ("portfolio", 1, "QUAL cluster"),
    ]


async def test_gaps_are_repaired_and_short_histories_left_out(admin: Database, role: Role) -> None:
    book = await a_portfolio(admin)
    symbols = panel.symbols()
    generator = np.random.default_rng(7)
    days, closes = panel.sessions(), panel.closes(*symbols)
    await save_prices(
        admin,
        *(
            a_price(symbol, day, float(closes[days.index(day), column]))
            for column, symbol in enumerate(symbols)
            for day in (SESSIONS[-20:] if symbol == "XOM" else SESSIONS)
            if generator.random() > (0.0 if symbol == "XOM" else 0.15)
        ),
    )
    await hold(admin, book, dict.fromkeys(symbols, 50_000.0))

    event = await weekly(role, factors_computed(book))

    calculation = await the_calculation(role)
    pairs = await rows_of(role, published.correlation_pairs)
    matrix = pd.DataFrame(pairs).pivot_table(
        index="symbol_a", columns="symbol_b", values="correlation"
    )
    assert calculation["psd_repaired"]
    assert 0.0 < calculation["largest_repair"] < 0.2
    assert matrix.shape == (len(symbols) - 1, len(symbols) - 1)
    assert np.linalg.eigvalsh(matrix.to_numpy()).min() > -1e-9
    assert {pair["quality"] for pair in pairs} == {"limited_history"}
    (left_out,) = calculation["left_out"]
    assert (left_out["symbol"], left_out["code"]) == ("XOM", "too_few_returns")
    assert left_out["message"] == "19 returns in the window; 20 are needed"
    assert event is not None
    assert [(warning.code, warning.about) for warning in event.warnings] == [
        ("too_few_returns", ("XOM",))
    ]


async def test_shard_handled_twice_leaves_the_same_rows(admin: Database, role: Role) -> None:
    books = [await a_portfolio(admin), await a_portfolio(admin)]
    await save_market(admin, "AAPL", "MSFT", "SPY", "QUAL")
    for book in books:
        await hold(admin, book, dict.fromkeys(("AAPL", "MSFT", "SPY", "QUAL"), 50_000.0))

    first = await weekly(role, factors_computed(*books))
    once = await contents(role)
    versions = await row_versions(admin)
    second = await weekly(role, factors_computed(*books))

    assert await contents(role) == once
    assert all(once)
    assert await row_versions(admin) == versions
    assert first is not None
    assert second is not None
    assert second.model_dump(exclude={"occurred_at"}) == first.model_dump(exclude={"occurred_at"})


async def row_versions(admin: Database) -> set[str]:
    """The transactions that wrote the rows: unchanged rows are not written again."""
    async with admin.transaction() as session:
        return set(
            await session.scalars(text("select distinct xmin::text from factors.correlation_pairs"))
        )


async def test_concurrent_weekly_and_requested_work_leave_one_calculation(
    admin: Database, role: Role
) -> None:
    book = await a_portfolio(admin)
    await save_market(admin, "AAPL", "MSFT", "XOM")
    await hold(admin, book, {"AAPL": 50_000.0, "MSFT": 50_000.0, "XOM": 5_000.0})

    await asyncio.gather(
        *(weekly(role, factors_computed(book)) for _ in range(4)),
        *(on_request(role, requested(book, minimum_value=0.0)) for _ in range(4)),
    )

    calculation = await the_calculation(role)
    kept = [row["symbol"] for row in calculation["kept"]]
    pairs = await rows_of(role, published.correlation_pairs)
    assert len(kept) == {0.0: 3, 10_000.0: 2}[calculation["parameters"]["minimum_value"]]
    assert sorted({pair["symbol_a"] for pair in pairs}) == sorted(kept)
    assert len(pairs) == len(kept) ** 2


async def test_recalculation_replaces_the_session_of_the_portfolio_only(
    admin: Database, role: Role
) -> None:
    book, other = await a_portfolio(admin), await a_portfolio(admin)
    await save_market(admin, "AAPL", "SPY", "QUAL")
    for each in (book, other):
        await hold(admin, each, {"AAPL": 50_000.0, "SPY": 50_000.0, "QUAL": 50_000.0})
    await weekly(role, factors_computed(book, other))
    before = [
        [row for row in rows if row["portfolio_id"] == other] for rows in await contents(role)
    ]

    await on_request(role, requested(book, cluster_threshold=1.0, minimum_value=60_000.0))

    after = await contents(role)
    assert [[row for row in rows if row["portfolio_id"] == other] for rows in after] == before
    assert [len([row for row in rows if row["portfolio_id"] == book]) for rows in after] == [
        3,
        0,
        0,
        0,
    ]


async def test_portfolio_without_exposures_is_null_with_a_reason(
    admin: Database, role: Role
) -> None:
    book = await a_portfolio(admin)

    await weekly(role, factors_computed(book))

    calculation = await the_calculation(role)
    assert calculation["overall_correlation"] is None
    assert calculation["reason"] == "no exposures of this portfolio are stored for the session"
    assert (calculation["symbols_kept"], calculation["coverage"]) == (0, None)


async def test_portfolio_deleted_meanwhile_leaves_no_rows(admin: Database, role: Role) -> None:
    book = await a_portfolio(admin)
    await save_market(admin, "AAPL", "MSFT")
    await hold(admin, book, {"AAPL": 50_000.0, "MSFT": 50_000.0})
    await weekly(role, factors_computed(book))
    async with admin.transaction() as session:
        await session.execute(text("delete from gateway.portfolios"))

    await weekly(role, factors_computed(book))

    assert await contents(role) == [[], [], [], []]


async def test_days_after_the_session_are_not_looked_at(admin: Database, role: Role) -> None:
    book = await a_portfolio(admin)
    await save_market(admin, "AAPL", "MSFT")
    await hold(admin, book, {"AAPL": 50_000.0, "MSFT": 50_000.0})
    await weekly(role, factors_computed(book))
    before = await contents(role)
    later = [TUESDAY + timedelta(days=1), TUESDAY + timedelta(days=2)]
    await save_prices(
        admin, *(a_price(symbol, day, 1.0) for symbol in ("AAPL", "MSFT") for day in later)
    )

    await weekly(role, factors_computed(book))

    assert await contents(role) == before
