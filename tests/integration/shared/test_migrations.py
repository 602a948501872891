"""Databases of an earlier version: ledgers from positions, symbols, scenarios, exposures."""

import os
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection

from deploy.bootstrap import alembic_config
from shared.database import create_engine
from tests.servers import Servers

NAME = f"sigmasight_before_ledgers_{os.getpid()}"
BEFORE = """
insert into gateway.users (user_id, email, password_hash)
values ('00000000-0000-0000-0000-00000000000a', 'a@example.org', '-');
insert into gateway.portfolios (portfolio_id, user_id, name, equity_balance)
values ('00000000-0000-0000-0000-00000000000b', '00000000-0000-0000-0000-00000000000a', 'B', 5000);
insert into gateway.positions (position_id, portfolio_id, symbol, instrument, underlying, quantity,
    entry_price, entry_date, exit_date, exit_price, stated_on, investment_class)
values
    ('00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-00000000000b', 'BRK-B',
     'stock', 'BRK-B', 10, 300, '2022-11-01', null, null, '2022-12-01', 'PUBLIC'),
    ('00000000-0000-0000-0000-000000000002', '00000000-0000-0000-0000-00000000000b', 'XOM',
     'stock', 'XOM', -20, 110, '2022-11-02', '2022-11-09', 105, '2022-12-01', 'PUBLIC'),
    ('00000000-0000-0000-0000-000000000003', '00000000-0000-0000-0000-00000000000b', 'MY-FUND',
     'stock', 'MY-FUND', 1, 50, '2022-11-03', null, null, '2022-12-01', 'PRIVATE');
insert into gateway.cash_flows (cash_flow_id, portfolio_id, flow_date, amount, note)
values ('00000000-0000-0000-0000-000000000004', '00000000-0000-0000-0000-00000000000b',
    '2022-11-04', -250.50, 'rent');
insert into ingest.daily_prices
    (symbol, session_date, close, adjusted_close, close_basis, source, revision)
values ('BRK-B', '2022-12-27', 300, 300, 'raw', 'admin', 1),
    ('BRK-B', '2022-12-28', 301, 301, 'raw', 'admin', 1),
    ('BRK.B', '2022-12-28', 302, 302, 'raw', 'admin', 2),
    ('BAC-PL', '2022-12-28', 1160, 1160, 'raw', 'admin', 1),
    ('AAPL', '2022-12-28', 126, 126, 'raw', 'admin', 1);
insert into stress.custom_scenarios (user_id, scenario_id, name, description, category, severity,
    shocks, rate_shock, volatility_shock, basis, active)
values
    ('00000000-0000-0000-0000-00000000000a', 'oil', 'Oil', 'Oil.', 'custom', 'mild',
     '{"Market": -0.1, "Low Volatility": 0.02}', null, 0.1, 'relative', true),
    ('00000000-0000-0000-0000-00000000000a', 'calm', 'Calm', 'Calm.', 'custom', 'mild',
     '{}', null, -0.05, 'absolute', true);
insert into stress.stress_results (portfolio_id, as_of, scenario_id, method, factor_impacts,
    effective_shocks, option_valuation, warnings)
values ('00000000-0000-0000-0000-00000000000b', '2022-12-28', 'oil', 'direct',
    '{"Market": -10, "Interest Rate": 0}', '{"Market": -0.1}', 'full', '[]');
insert into factors.position_factor_exposures (position_id, as_of, factor, portfolio_id, symbol,
    underlying, exposure, beta, factor_exposure, quality, reason)
values
    ('00000000-0000-0000-0000-000000000002', '2022-12-28', 'value',
     '00000000-0000-0000-0000-00000000000b', 'XOM', 'XOM', -100, 0.1, -10, 'full_history', null),
    ('00000000-0000-0000-0000-000000000002', '2022-12-28', 'market',
     '00000000-0000-0000-0000-00000000000b', 'XOM', 'XOM', -100, 1.5, -150, 'full_history', null),
    ('00000000-0000-0000-0000-000000000003', '2022-12-28', 'market',
     '00000000-0000-0000-0000-00000000000b', 'F', 'F', 50, null, null, 'insufficient', 'none');
"""


@pytest.fixture
async def older(servers: Servers) -> AsyncIterator[AsyncConnection]:
    """A database whose gateway knew positions and cash flows, with some of both."""
    admin = create_engine(servers.administrator_settings, servers.own.database_user)
    async with admin.connect() as connection:
        plain = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await plain.execute(text(f"drop database if exists {NAME}"))
        await plain.execute(text(f"create database {NAME}"))
    settings = servers.administrator_settings.model_copy(update={"database_name": NAME})
    engine = create_engine(settings, servers.own.database_user)
    async with engine.begin() as connection:
        await connection.execute(text("create schema gateway"))
        await connection.execute(text("create schema ingest"))
        await connection.run_sync(migrate, "gateway", "0005")
        await connection.execute(text("create schema stress"))
        await connection.run_sync(migrate, "ingest", "0007")
        await connection.run_sync(migrate, "stress", "0004")
        await connection.execute(text("create schema factors"))
        await connection.run_sync(migrate, "factors", "0005")
        for statement in BEFORE.strip().split(";\n"):
            await connection.execute(text(statement.removesuffix(";")))
        yield connection
    await engine.dispose()
    async with admin.connect() as connection:
        plain = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await plain.execute(text(f"drop database {NAME}"))
    await admin.dispose()


def migrate(connection: Connection, word: str, revision: str) -> None:
    """Bring a service's schema to a revision."""
    command.upgrade(config_of(connection, word), revision)


def migrate_back(connection: Connection, word: str, revision: str) -> None:
    """Bring a service's schema back to an earlier revision."""
    command.downgrade(config_of(connection, word), revision)


def config_of(connection: Connection, word: str) -> Config:
    config = alembic_config(word)
    config.attributes["connection"] = connection
    return config


async def rows(connection: AsyncConnection, query: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await connection.execute(text(query))]


async def test_positions_exits_and_flows_become_transactions(older: AsyncConnection) -> None:
    await older.run_sync(migrate, "gateway", "head")

    lines = "select kind, symbol, quantity::float, price::float, amount::float, lot_id is not null"
    assert await rows(older, f"{lines} from gateway.transactions order by trade_date, kind") == [
        ("opening", "BRK.B", 10, 300, None, True),
        ("opening", "XOM", -20, 110, None, True),
        ("opening", "MY-FUND", 1, 50, None, True),
        ("withdrawal", None, None, None, -250.5, False),
        ("buy_to_cover", "XOM", 20, 105, None, True),
    ]


async def test_positions_keep_their_ids_as_lots(older: AsyncConnection) -> None:
    before = await rows(older, "select position_id from gateway.positions order by 1")

    await older.run_sync(migrate, "gateway", "head")

    lots = "select position_id, opened_by = position_id from gateway.positions order by 1"
    assert await rows(older, lots) == [(position_id, True) for (position_id,) in before]
    equity = "select equity_balance::float, valued_from, lot_method from gateway.portfolios"
    assert await rows(older, equity) == [(5000, None, "fifo")]


async def test_prices_get_the_canonical_symbol_where_it_has_none(older: AsyncConnection) -> None:
    await older.run_sync(migrate, "ingest", "head")

    closes = "select symbol, session_date::text, close::float from ingest.daily_prices"
    assert await rows(older, f"{closes} order by symbol, session_date, close") == [
        ("AAPL", "2022-12-28", 126),
        ("BAC.PRL", "2022-12-28", 1160),
        ("BRK-B", "2022-12-28", 301),
        ("BRK.B", "2022-12-27", 300),
        ("BRK.B", "2022-12-28", 302),
    ]


async def test_saved_scenarios_keep_what_they_meant(older: AsyncConnection) -> None:
    await older.run_sync(migrate, "stress", "head")

    saved = "select scenario_id, shocks, basis, volatility_shock, active, description"
    calm, oil = await rows(older, f"{saved} from stress.custom_scenarios order by scenario_id")
    assert oil[:5] == (
        "oil",
        {"market": -0.1, "low_volatility": 0.02},
        "over_market",
        None,
        True,
    )
    assert "volatility shock of 0.1 was in points and is no longer applied" in oil[5]
    assert calm[:5] == ("calm", {}, "absolute", None, False)
    results = "select factor_impacts, effective_shocks, headline from stress.stress_results"
    assert await rows(older, results) == [
        ({"market": -10, "interest_rate": 0}, {"market": -0.1}, "specified")
    ]


async def test_names_that_are_the_same_now_get_numbers(older: AsyncConnection) -> None:
    user = "00000000-0000-0000-0000-00000000000a"
    for last, name in (("c", "Ärger"), ("d", "ärger"), ("e", "ÄRGER 2")):
        portfolio_id = f"00000000-0000-0000-0000-00000000000{last}"
        await older.execute(
            text(
                "insert into gateway.portfolios (portfolio_id, user_id, name) values (:a, :b, :c)"
            ),
            {"a": portfolio_id, "b": user, "c": name},
        )

    await older.run_sync(migrate, "gateway", "head")

    names = await rows(older, "select name from gateway.portfolios order by portfolio_id")
    assert names == [("B",), ("Ärger",), ("ärger 2",), ("ÄRGER 2 3",)]


async def test_exposures_by_factor_become_vectors_and_rows_again(older: AsyncConnection) -> None:
    by_factor = "select * from factors.position_factor_exposures order by position_id, factor"
    before = await rows(older, by_factor)

    await older.run_sync(migrate, "factors", "head")

    vectors = "select symbol, exposure, factors, betas::text, factor_exposures::text, reason"
    kept = f"{vectors} from factors.position_factor_exposures order by symbol"
    assert await rows(older, kept) == [
        ("F", 50, ["market"], "{NaN}", "{NaN}", "none"),
        ("XOM", -100, ["market", "value"], "{1.5,0.1}", "{-150,-10}", None),
    ]
    await older.run_sync(migrate_back, "factors", "0005")
    assert await rows(older, by_factor) == before


async def test_values_of_split_contracts_have_the_listed_name_too(older: AsyncConnection) -> None:
    await older.execute(text("create schema greeks"))
    await older.run_sync(migrate, "greeks", "0004")
    stored = (
        "insert into greeks.contract_greeks (contract, as_of, price_run, underlying, option_type, "
        "strike, expiry, years_to_expiry, price) values (concat('AAPL230616C00', "
        "cast(cast(:strike as numeric) * 1000 as int)), '2022-12-28', '1', 'AAPL', 'C', "
        "cast(:strike as numeric), '2023-06-16', 0.5, :price)"
    )
    for strike, price in (("133.333", 9.5), ("133.334", 9.4), ("130", 12), ("146.667", 5)):
        values = {"strike": Decimal(strike), "price": price}
        await older.execute(text(stored), values)

    await older.run_sync(migrate, "greeks", "head")

    named = "select contract, strike::float, price, underlying from greeks.contract_greeks"
    assert await rows(older, f"{named} order by 1") == [
        ("AAPL230616C00130000", 130, 12, "AAPL"),
        ("AAPL230616C00133330", 133.33, 9.5, "AAPL"),
        ("AAPL230616C00133333", 133.333, 9.5, "AAPL"),
        ("AAPL230616C00133334", 133.334, 9.4, "AAPL"),
        ("AAPL230616C00146667", 146.667, 5, "AAPL"),
        ("AAPL230616C00146670", 146.67, 5, "AAPL"),
    ]
