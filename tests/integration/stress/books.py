"""Stored books for the stress tests: what factors and greeks would have published; and what stress
stored.
"""

import math
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import numpy as np
from sqlalchemy import select

from services.factors import tables as factors
from services.greeks import tables as greeks
from services.stress.handlers.stress_portfolios import stress_portfolios
from shared.contracts.factors import FactorsComputed
from shared.contracts.stress import StressComputed
from shared.database import Database
from shared.published import gateway as published_gateway
from shared.published import stress as published
from shared.quant.black_scholes import OptionColumns
from shared.quant.pricing import prices
from tests.builders import AS_OF, a_portfolio, save
from tests.servers import Role

FACTORS = ("market", "value", "growth", "momentum", "quality", "size", "low_volatility")
CALL = "AAPL230616C00130000"


async def a_stock(
    admin: Database,
    portfolio_id: UUID,
    symbol: str = "AAPL",
    exposure: float | None = 100_000,
    rate_beta: float | None = -4,
    **betas: float,
) -> UUID:
    """A stored position with betas 0 where not given, none at all when none is given."""
    return await a_holding(admin, (portfolio_id, symbol, symbol), exposure, rate_beta, betas)


async def a_holding(
    admin: Database,
    names: tuple[UUID, str, str],
    exposure: float | None,
    rate_beta: float | None,
    betas: dict[str, float],
) -> UUID:
    position_id, (portfolio_id, symbol, underlying) = uuid4(), names
    held = {
        "position_id": position_id,
        "as_of": AS_OF,
        "portfolio_id": portfolio_id,
        "symbol": symbol,
    }
    quality = {
        "underlying": underlying,
        "exposure": exposure,
        "quality": "full_history",
        "reason": None,
    }
    known = [betas.get(factor, 0.0) if betas else math.nan for factor in FACTORS]
    amount = math.nan if exposure is None else exposure
    vectors = {
        "factors": FACTORS,
        "betas": known,
        "factor_exposures": [amount * beta for beta in known],
    }
    await save(admin, factors.PositionFactorExposure, [{**held, **quality, **vectors}])
    rate = {
        "symbol": underlying,
        "as_of": AS_OF,
        "maturity": "10Y",
        "price_run": "r",
        "beta": rate_beta,
    }
    fit = {
        "standard_error": 1.0,
        "t_statistic": 1.0,
        "observations": 252,
        "quality": "full_history",
        "reason": None,
    }
    await save(admin, factors.RateSensitivity, [{**rate, **fit}])
    return position_id


async def a_call(
    admin: Database, portfolio_id: UUID, volatility: float | None = 0.30, **betas: float
) -> UUID:
    """Ten AAPL calls, delta 0.6 and gamma 0.02, on an underlying at 150."""
    position_id = await a_holding(admin, (portfolio_id, CALL, "AAPL"), 0.6 * 1_000 * 150, -4, betas)
    row = {
        "position_id": position_id,
        "as_of": AS_OF,
        "portfolio_id": portfolio_id,
        "contract": CALL,
    }
    unit = {
        "underlying": "AAPL",
        "quantity": Decimal(10),
        "multiplier": 100,
        "delta": 600.0,
        "gamma": 20.0,
    }
    await save(admin, greeks.PositionGreeks, [{**row, **unit}])
    contract = {
        "contract": CALL,
        "as_of": AS_OF,
        "price_run": "r",
        "underlying": "AAPL",
        "option_type": "C",
    }
    terms = {"strike": Decimal(130), "expiry": date(2023, 6, 16), "underlying_price": Decimal(150)}
    inputs = {
        "years_to_expiry": 0.5,
        "volatility": volatility,
        "rate": 0.04,
        "dividend_yield": 0.006,
    }
    await save(admin, greeks.ContractGreeks, [{**contract, **terms, **inputs}])
    return position_id


def call_value(spot: float, rate: float = 0.04, volatility: float = 0.30) -> float:
    """Dollars of the ten calls of `a_call`."""
    inputs = {"years_to_expiry": 0.5, "volatility": volatility, "rate": rate}
    inputs["dividend_yield"] = 0.006
    columns = OptionColumns.of(call=[True], underlying_price=spot, strike=130.0, **inputs)
    return 1_000 * float(prices(columns, np.array([True]))[0])


async def a_covariance(
    admin: Database, market_value: float = 0.00002, shrinkage: float | None = None
) -> None:
    """Market variance 0.0001, every style's 0.00002, Market with Value as given, nothing else
    together.
    """

    def covariance(a: str, b: str) -> float:
        if a == b:
            return 0.0001 if a == "market" else 0.00002
        return market_value if {a, b} == {"market", "value"} else 0.0

    common = {"as_of": AS_OF, "space": "market_relative", "price_run": "r", "correlation": 0.0}
    fit = {"decay": 0.94, "lookback": 252, "observations": 252}
    pairs = [(a, b) for a in FACTORS for b in FACTORS]

    def shrunk(a: str, b: str) -> float | None:
        return (
            None if shrinkage is None else covariance(a, b) * (1.0 if a == b else 1.0 - shrinkage)
        )

    rows = [
        {
            **common,
            **fit,
            "factor_a": a,
            "factor_b": b,
            "covariance": covariance(a, b),
            "shrunk_covariance": shrunk(a, b),
            "shrinkage": shrinkage,
        }
        for a, b in pairs
    ]
    await save(admin, factors.FactorCovariance, rows)


def an_event(*portfolio_ids: UUID) -> FactorsComputed:
    return FactorsComputed.new(
        uuid4(), AS_OF, price_run="r", shard=0, shards=1, portfolio_ids=portfolio_ids
    )


async def stress(role: Role, event: FactorsComputed) -> StressComputed:
    """Handle the event, whose portfolios are stored first where they are not there yet."""
    gateway = role("gateway")
    async with gateway.transaction() as session:
        query = select(published_gateway.portfolios.c.portfolio_id)
        there = set(await session.scalars(query))
    for portfolio_id in set(event.portfolio_ids) - there:
        await a_portfolio(gateway, portfolio_id=portfolio_id)
    return await stress_stored(role, event)


async def stress_stored(role: Role, event: FactorsComputed) -> StressComputed:
    """Handle the event, of whose portfolios some may not be there."""
    async with role("stress").transaction() as session:
        return await stress_portfolios(event, session)


async def stored(role: Role, view: Any, reader: str = "gateway") -> list[dict[str, Any]]:
    """What another service reads."""
    async with role(reader).transaction() as session:
        found = await session.execute(view.select().order_by(*view.primary_key.columns))
        return [dict(row) for row in found.mappings()]


async def result(role: Role, scenario_id: str, method: str = "direct") -> dict[str, Any]:
    rows = await stored(role, published.stress_results)
    (row,) = [
        each for each in rows if (each["scenario_id"], each["method"]) == (scenario_id, method)
    ]
    return row


def cents(dollars: float) -> Decimal:
    return Decimal(f"{dollars:.2f}")


def nonzero(amounts: dict[str, float]) -> dict[str, float]:
    return {name: amount for name, amount in amounts.items() if amount}
