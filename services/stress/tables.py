"""The tables of stress, and the views it publishes."""

from datetime import date
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    Boolean,
    Date,
    Double,
    Index,
    Integer,
    Numeric,
    Select,
    String,
    Uuid,
    and_,
    case,
    cast,
    func,
    literal,
    select,
    true,
)
from sqlalchemy import Table as SqlTable
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import MetaData, SQLModel

from shared.database import key, optional, published_columns, required, sql_table
from shared.published import stress as published
from shared.retention import Detail, details_of
from shared.unchanged import CalculationColumns


class Table(SQLModel):
    """The base of the tables of stress."""

    metadata = MetaData(schema="stress")


class Calculation(CalculationColumns, Table, table=True):
    """What the rows of a portfolio and session were calculated from."""


class _Scenario(Table):
    """What defines a scenario.

    `shocks`: decimal return by factor id; `rate_shock`: change of yield in decimals;
    `volatility_shock`: relative change of one-month implied volatility.
    """

    name: str = required(String(200))
    description: str = required(String)
    category: str = required(String(20))
    severity: str = required(String(20))
    shocks: dict[str, float] = required(JSONB)
    rate_shock: float | None = optional(Double)
    volatility_shock: float | None = optional(Double)
    basis: str = required(String(12))
    active: bool = required(Boolean)


class StressScenario(_Scenario, table=True):
    """One scenario of the house.

    `origin`: "file" for those the scenario files define (one removed from the files becomes
    inactive). The `measured_` columns say what the proxies did in the window of a historical
    scenario.
    """

    __tablename__: ClassVar[str] = "stress_scenarios"

    scenario_id: str = key(String(80))
    display_order: int = required(Integer)
    origin: str = required(String(10))
    window_start: date | None = optional(Date)
    window_end: date | None = optional(Date)
    measured_shocks: dict[str, float] | None = optional(JSONB)
    measured_returns: dict[str, float] | None = optional(JSONB)
    measured_rate_change: float | None = optional(Double)
    measured_source: str | None = optional(String)


class CustomScenario(_Scenario, table=True):
    """A scenario that a user saved for the user's own portfolios; inactive once deleted."""

    __tablename__: ClassVar[str] = "custom_scenarios"

    user_id: UUID = key(Uuid)
    scenario_id: str = key(String(80))


class _OfPortfolio(Table):
    """What is known of a portfolio on a session."""

    portfolio_id: UUID = key(Uuid)
    as_of: date = key(Date)


class StressResult(_OfPortfolio, table=True):
    """One portfolio in one scenario by one method ("direct", "correlated").

    USD, a loss is negative. Amounts are null, and `warnings` say why, when no position had the
    inputs the scenario needs. `headline` "measured": by the moves of the scenario's window, with
    the result by the shocks it specifies next to it; "specified": by those. `floored`: dollars by
    symbol that prices which stop at zero take away. `left_out`: every symbol that this scenario
    leaves out, wholly or in part, with the reason.
    """

    __tablename__: ClassVar[str] = "stress_results"

    scenario_id: str = key(String(80))
    method: str = key(String(12))
    total_pnl: Decimal | None = optional(Numeric(20, 6))
    factor_impacts: dict[str, float] = required(JSONB)
    nonlinear: Decimal | None = optional(Numeric(20, 6))
    correlation_effect: Decimal | None = optional(Numeric(20, 6))
    effective_shocks: dict[str, float] = required(JSONB)
    option_valuation: str = required(String(20))
    coverage: float | None = optional(Double)
    warnings: list[dict[str, Any]] = required(JSONB)
    delta_gamma_pnl: Decimal | None = optional(Numeric(20, 6))
    left_out: list[dict[str, str]] = required(JSONB, server_default="[]")
    headline: str = required(String(9), server_default="specified")
    volatility_pnl: Decimal | None = optional(Numeric(20, 6))
    implied_moves: dict[str, float] = required(JSONB, server_default="{}")
    plausibility: float | None = optional(Double)
    floored: dict[str, float] = required(JSONB, server_default="{}")
    stated: dict[str, Any] | None = optional(JSONB)


class MarketRiskScenario(_OfPortfolio, table=True):
    """One step of a ladder.

    `kind` "market" (`shock`: decimal return) or "rates" (decimal change of yield). `exposure`: USD
    gained per shock of 1.00; `pnl` = exposure x shock; null with `reason`.
    """

    __tablename__: ClassVar[str] = "market_risk_scenarios"

    kind: str = key(String(10))
    shock: float = key(Double)
    exposure: float | None = optional(Double)
    pnl: Decimal | None = optional(Numeric(20, 6))
    coverage: float | None = optional(Double)
    reason: str | None = optional(String)


class PositionPnl(Table, table=True):
    """The profit and loss of one position, USD in whole cents, NaN where it was not measured.

    Of an option `historical_pnl`, by the session dates of the portfolio's `PnlAxis`; of a stock
    `exposure` x the `PastReturns` of its symbol with the `returns_id`. All three are null when no
    day could be measured. `scenario_pnl`: by the scenarios of the axis.
    """

    __tablename__: ClassVar[str] = "position_pnl"

    position_id: UUID = key(Uuid)
    as_of: date = key(Date)
    portfolio_id: UUID = required(Uuid)
    symbol: str = required(String(24))
    historical_pnl: list[float] | None = optional(ARRAY(Double))
    reason: str | None = optional(String)
    scenario_pnl: list[float] = required(ARRAY(Double))
    exposure: float | None = optional(Double)
    returns_id: UUID | None = optional(Uuid)


class PastReturns(Table, table=True):
    """The daily returns of a symbol by the session dates of `as_of`, NaN where there is none.

    `returns_id` is made of the returns, so a row never changes.
    """

    __tablename__: ClassVar[str] = "past_returns"

    symbol: str = key(String(24))
    as_of: date = key(Date)
    returns_id: UUID = key(Uuid)
    returns: list[float] = required(ARRAY(Double))


class PnlAxis(_OfPortfolio, table=True):
    """What the entries of a portfolio's vectors belong to: sessions, and scenarios by method."""

    __tablename__: ClassVar[str] = "pnl_axes"

    session_dates: list[date] = required(ARRAY(Date))
    scenario_ids: list[str] = required(ARRAY(String))
    methods: list[str] = required(ARRAY(String))


Index(
    "ix_position_pnl_portfolio",
    *(sql_table(PositionPnl).c[name] for name in ("portfolio_id", "as_of")),
)
Index("ix_pnl_axes_as_of", sql_table(PnlAxis).c.as_of)


def _pnl_vectors() -> Select[tuple[object, ...]]:
    """The vectors, that of a stock worked out of its exposure and the returns.

    Rounded as `shared.quant.linear_pnl` rounds. Readers that do not ask for `historical_pnl` cost
    neither the product nor the join.
    """
    position = sql_table(PositionPnl)
    past = sql_table(PastReturns)
    daily = (
        func.unnest(past.c.returns)
        .table_valued("value", with_ordinality="place", name="daily")
        .render_derived()
    )
    cents = func.round(position.c.exposure * daily.c.value * 100, type_=Double)
    products = select(cents / 100 + 0).order_by(daily.c.place).scalar_subquery()
    linear = case((past.c.returns.is_not(None), func.array(products, type_=ARRAY(Double))))
    same = and_(
        past.c.symbol == position.c.symbol,
        past.c.as_of == position.c.as_of,
        past.c.returns_id == position.c.returns_id,
    )
    return select(
        position.c.position_id,
        position.c.as_of,
        position.c.portfolio_id,
        position.c.symbol,
        func.coalesce(position.c.historical_pnl, linear).label("historical_pnl"),
        position.c.reason,
        position.c.historical_pnl.label("repriced_pnl"),
        position.c.exposure,
        position.c.returns_id,
    ).select_from(position.outerjoin(past, same))


def _pnl_dates() -> Select[tuple[object, ...]]:
    """The sessions depend on the day alone, so those of any portfolio are returned."""
    axis = sql_table(PnlAxis).c
    return select(axis.as_of, axis.session_dates).distinct(axis.as_of).order_by(axis.as_of)


def _scenario_pnl() -> Select[tuple[object, ...]]:
    """The scenario vectors, one row per element."""
    position = sql_table(PositionPnl)
    axis = sql_table(PnlAxis)
    element = (
        func.unnest(axis.c.scenario_ids, axis.c.methods, position.c.scenario_pnl)
        .table_valued("scenario_id", "method", "pnl", name="element")
        .render_derived()
    )
    same = and_(axis.c.portfolio_id == position.c.portfolio_id, axis.c.as_of == position.c.as_of)
    pnl = cast(func.nullif(element.c.pnl, cast(literal("NaN", String), Double)), Numeric(20, 2))
    return select(
        position.c.position_id,
        position.c.as_of,
        element.c.scenario_id,
        element.c.method,
        pnl.label("pnl"),
        position.c.portfolio_id,
        position.c.symbol,
    ).select_from(position.join(axis, same).join(element, true()))


PUBLISHED: dict[SqlTable, Select[Any]] = {
    published.stress_scenarios: published_columns(StressScenario, published.stress_scenarios),
    published.custom_scenarios: published_columns(CustomScenario, published.custom_scenarios),
    published.stress_results: published_columns(StressResult, published.stress_results),
    published.market_risk_scenarios: published_columns(
        MarketRiskScenario, published.market_risk_scenarios
    ),
    published.position_pnl_vectors: _pnl_vectors(),
    published.past_returns: published_columns(PastReturns, published.past_returns),
    published.pnl_dates: _pnl_dates(),
    published.position_scenario_pnl: _scenario_pnl(),
}

DETAILS = (
    *details_of(Calculation, StressResult, MarketRiskScenario, PositionPnl, PnlAxis),
    Detail(PastReturns, owner="symbol"),
)
