"""The tables of snapshots, and the views it publishes.

A snapshot's row holds facts of its span only: value at its session, P&L and flows since the
snapshot before. NAV, cash, cumulative P&L and return depend on the whole chain: the published view
sums it. Nothing is accumulated in place, so a row written later, earlier or again leaves the other
rows as they are.
"""

from datetime import date
from decimal import Decimal
from typing import Any, ClassVar, TypeVar
from uuid import UUID

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Date,
    Double,
    FromClause,
    FunctionFilter,
    Index,
    Integer,
    Numeric,
    Over,
    Select,
    String,
    Uuid,
    case,
    cast,
    false,
    func,
    literal,
    select,
    true,
    union_all,
)
from sqlalchemy import Table as SqlTable
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, aggregate_order_by, array
from sqlalchemy.sql.functions import FunctionElement
from sqlmodel import MetaData, SQLModel

from shared.conventions import LEAST_CAPITAL
from shared.database import key, optional, published_columns, required, sql_table
from shared.published import gateway
from shared.published import snapshots as published
from shared.retention import Detail, details_of
from shared.unchanged import CalculationColumns

MONEY = Numeric(20, 6)
PRICE = Numeric(18, 6)
EPOCH = date(2000, 1, 1)
Value = TypeVar("Value")


class Table(SQLModel):
    """The base of the snapshots tables."""

    metadata = MetaData(schema="snapshots")


class Calculation(CalculationColumns, Table, table=True):
    """What the rows of a portfolio and session were calculated from."""


class _OfPosition(Table):
    """What is known of a position on a session."""

    position_id: UUID = key(Uuid)
    as_of: date = key(Date)
    portfolio_id: UUID = required(Uuid)
    symbol: str = required(String(24))


class _OfPortfolio(Table):
    """What is known of a portfolio on a session."""

    portfolio_id: UUID = key(Uuid)
    as_of: date = key(Date)


class PositionValuation(_OfPosition, table=True):
    """One open position on one session: signed USD, prices per share; null with `reason`."""

    __tablename__: ClassVar[str] = "position_valuations"
    __table_args__: ClassVar[Any] = (
        Index("ix_position_valuations_portfolio", "portfolio_id", "as_of"),
    )

    underlying: str = required(String(24))
    position_type: str = required(String(5))
    sector: str | None = optional(String(60))
    quantity: Decimal = required(Numeric(20, 6))
    price: Decimal | None = optional(PRICE)
    price_date: date | None = optional(Date)
    price_source: str | None = optional(String(20))
    stale: bool = required(Boolean)
    underlying_price: Decimal | None = optional(PRICE)
    underlying_price_date: date | None = optional(Date)
    market_value: Decimal | None = optional(MONEY)
    cost: Decimal = required(MONEY)
    unrealised_pnl: Decimal | None = optional(MONEY)
    daily_pnl: Decimal | None = optional(MONEY)
    income: Decimal = required(MONEY, server_default="0")
    notional_exposure: Decimal | None = optional(MONEY)
    delta: float | None = optional(Double)
    delta_adjusted_exposure: Decimal | None = optional(MONEY)
    reason: str | None = optional(String(80))


class PortfolioSnapshot(_OfPortfolio, table=True):
    """One portfolio on one session: its value, and P&L and flows since the snapshot before.

    `previous_session` is null on the first. `trades_pnl`, `income` and `fees` are parts of
    `daily_pnl`. `flows_to_date`: every flow up to the session, null in rows that are older than the
    column. `carried`: the symbols whose price, or whose underlying's, is older than the session or
    unknown, with both. `closed`: the positions gone since the snapshot before, with their P&L.
    """

    __tablename__: ClassVar[str] = "portfolio_snapshots"

    previous_session: date | None = optional(Date)
    market_value: Decimal = required(MONEY)
    daily_pnl: Decimal | None = optional(MONEY)
    closed_pnl: Decimal = required(MONEY)
    trades_pnl: Decimal = required(MONEY, server_default="0")
    income: Decimal = required(MONEY, server_default="0")
    fees: Decimal = required(MONEY, server_default="0")
    net_flow: Decimal = required(MONEY)
    inflow: Decimal = required(MONEY, server_default="0")
    outflow: Decimal = required(MONEY, server_default="0")
    flows_to_date: Decimal | None = optional(MONEY)
    unrealised_pnl: Decimal = required(MONEY)
    exposures: dict[str, dict[str, float]] = required(JSONB)
    delta: float | None = optional(Double)
    gamma: float | None = optional(Double)
    theta: float | None = optional(Double)
    vega: float | None = optional(Double)
    rho: float | None = optional(Double)
    counts: dict[str, int] = required(JSONB)
    price_coverage: float = required(Double)
    greeks_coverage: float = required(Double)
    warnings: list[dict[str, Any]] = required(JSONB)
    carried: list[dict[str, str | None]] = required(JSONB, server_default="[]")
    closed: list[dict[str, str]] = required(JSONB, server_default="[]")


class RiskMetric(_OfPortfolio, table=True):
    """One number of a portfolio on one session, in its `unit`; null with `reason`."""

    __tablename__: ClassVar[str] = "risk_metrics"

    metric: str = key(String(40))
    view: str = key(String(10))
    value: float | None = optional(Double)
    unit: str = required(String(20))
    observations: int | None = optional(Integer)
    coverage: float | None = optional(Double)
    reason: str | None = optional(String)
    first_day: date | None = optional(Date)
    last_day: date | None = optional(Date)


class ComponentVar(_OfPosition, table=True):
    """One position's part of its portfolio's historical VaR and shortfall; null with `reason`.

    By the smoothed estimator, and `plain_` by the days that decide the plain one. `days`: on how
    many of the window's days its P&L is known.
    """

    __tablename__: ClassVar[str] = "component_var"
    __table_args__: ClassVar[Any] = (Index("ix_component_var_portfolio", "portfolio_id", "as_of"),)

    var_95: float | None = optional(Double)
    es_95: float | None = optional(Double)
    var_99: float | None = optional(Double)
    es_99: float | None = optional(Double)
    reason: str | None = optional(String)
    plain_var_95: float | None = optional(Double)
    plain_es_95: float | None = optional(Double)
    plain_var_99: float | None = optional(Double)
    plain_es_99: float | None = optional(Double)
    days: int | None = optional(Integer)


class PnlAttribution(_OfPortfolio, table=True):
    """The part of a snapshot's P&L by one factor, or ("specific") by none; null with `reason`."""

    __tablename__: ClassVar[str] = "pnl_attributions"

    factor: str = key(String(40))
    previous_session: date | None = optional(Date)
    pnl: Decimal | None = optional(MONEY)
    exposure: float | None = optional(Double)
    factor_return: float | None = optional(Double)
    reason: str | None = optional(String)


LARGE_FLOW = Decimal("0.1")  # of NAV before: from here on a flow distorts a day's return (GIPS)
RESTARTED = (
    "drawdown, ratios and performance are of the returns since this session, which has none:"
    " NAV before it and what came in were not positive"
)


def _chained_snapshots() -> Select[Any]:
    """Snapshots with what derives from their portfolio's chain of P&L and flows.

    P&L and flows since the first snapshot, `moved`, differ from NAV by a constant (`level`) from
    one equity statement to the next. A statement sets it from its session on, the first one for the
    sessions before too; without any, NAV of the session valued first is market value plus the
    opening cash, or flows to date. The windows are by portfolio, so reading one sums one.
    """
    return _with_returns(_with_nav(_with_levels(_with_statements())))


def _so_far(what: FunctionElement[Value] | FunctionFilter[Value], rows: FromClause) -> Over[Value]:
    """Over the portfolio's snapshots up to this one."""
    return what.over(partition_by=rows.c.portfolio_id, order_by=rows.c.as_of)


def _before(what: FunctionFilter[Value], rows: FromClause) -> Over[Value]:
    """Over the portfolio's snapshots before this one."""
    columns = rows.c
    return what.over(partition_by=columns.portfolio_id, order_by=columns.as_of, rows=(None, -1))


def _with_statements() -> FromClause:
    """Snapshots with what they earned and received so far, and the statement of their session.

    `statements`: equity by day; of several of one day the one entered last counts. `is_anchor`: the
    session that the portfolio was first valued on; if it has no snapshot, the last one before it,
    or the first.
    """
    rows = sql_table(PortfolioSnapshot)
    owned = gateway.portfolios.c
    equity = gateway.equity_statements.c
    amounts = aggregate_order_by(equity.amount, equity.sequence)
    found = (
        select(func.jsonb_object_agg(equity.stated_on, amounts, type_=JSONB).label("statements"))
        .where(equity.portfolio_id == rows.c.portfolio_id)
        .lateral("found")
    )
    own = rows.c.portfolio_id
    before = func.max(rows.c.as_of).filter(rows.c.as_of <= owned.valued_from)
    anchor = func.coalesce(
        before.over(partition_by=own), func.min(rows.c.as_of).over(partition_by=own)
    )
    earned = _so_far(func.sum(func.coalesce(rows.c.daily_pnl, 0)), rows)
    day = func.to_char(rows.c.as_of, "YYYY-MM-DD")
    joined = rows.outerjoin(gateway.portfolios, owned.portfolio_id == own).outerjoin(found, true())
    return (
        select(
            rows,
            earned.label("earned"),
            _so_far(func.sum(rows.c.net_flow), rows).label("flowed"),
            (rows.c.as_of == anchor).label("is_anchor"),
            cast(found.c.statements[day].astext, MONEY).label("statement"),
            owned.equity_balance,
            owned.opening_cash,
        )
        .select_from(joined)
        .subquery("with_statements")
    )


def _with_levels(rows: FromClause) -> FromClause:
    """NAV less what moved it so far, where it is known: by a statement, or without any.

    `stated_level` has the day in front of it, so that the greatest is the last one.
    """
    row = rows.c
    equity = func.coalesce(row.statement, case((row.is_anchor, row.equity_balance)))
    moved = row.earned + row.flowed
    cash = func.coalesce(row.opening_cash, row.flows_to_date, row.flowed)
    unstated = row.market_value + cash
    day = cast(row.as_of - EPOCH, Numeric)
    return select(
        rows,
        cast(equity, Numeric(20, 2)).label("stated_equity"),
        moved.label("moved"),
        case((equity.is_not(None), array([day, equity - moved]))).label("stated_level"),
        case((row.is_anchor, unstated - moved)).label("anchored_level"),
    ).subquery("levels")


def _with_nav(rows: FromClause) -> FromClause:
    """Snapshots with their NAV, and what a statement differs by from the NAV carried to its day."""
    row = rows.c
    kind = ARRAY(Numeric)
    found = select(
        rows,
        func.min(row.stated_level, type_=kind).over(partition_by=row.portfolio_id).label("first"),
        _so_far(func.max(row.stated_level, type_=kind), rows).label("last"),
        func.max(row.anchored_level).over(partition_by=row.portfolio_id).label("anchored"),
    ).subquery("found")
    row = found.c
    level = func.coalesce(row.last[2], row.first[2], row.anchored)
    levelled = select(found, level.label("level")).subquery("levelled")
    row = levelled.c
    gap = row.level - _so_far(func.lag(row.last[2]), levelled)
    return select(
        levelled,
        cast(row.moved + row.level, MONEY).label("nav"),
        cast(row.earned, MONEY).label("cumulative_pnl"),
        cast(case((row.stated_equity.is_not(None), gap)), MONEY).label("unexplained"),
        cast(_so_far(func.lag(row.moved + row.level), levelled), MONEY).label("nav_before"),
    ).subquery("valued")


def _with_returns(rows: FromClause) -> Select[Any]:
    """The chain with cash and returns, by the names of the view."""
    row = rows.c
    capital = row.nav_before + row.inflow
    daily_return = case(
        (capital >= Decimal(str(LEAST_CAPITAL)), cast(row.daily_pnl / capital, Double))
    )
    chained = select(
        rows,
        daily_return.label("daily_return"),
        _so_far(func.count(daily_return), rows).label("so_far"),
    ).subquery("chained")
    row = chained.c
    # A chain starts at a day without a return, or at one that lost all capital: for those after it.
    starts = row.daily_return.is_(None)
    lost = row.daily_return <= -1
    chained_from = func.greatest(
        _so_far(func.max(row.as_of).filter(starts), chained),
        _before(func.max(row.as_of).filter(lost), chained),
    )
    returns_before = func.greatest(
        _so_far(func.max(row.so_far).filter(starts), chained),
        _before(func.max(row.so_far).filter(lost), chained),
    )
    flow = func.greatest(row.inflow, -row.outflow)
    warned = row.warnings.op("||")(_restarted(chained_from))
    derived: dict[str, ColumnElement[Any]] = {
        "cash": cast(row.nav - row.market_value, MONEY),
        "large_flow": func.coalesce(flow > LARGE_FLOW * func.greatest(row.nav_before, 0), false()),
        "chained_from": chained_from,
        "warnings": case((returns_before > 0, warned), else_=row.warnings),
    }
    names = [column.name for column in published.portfolio_snapshots.columns]
    return select(*(derived[name].label(name) if name in derived else row[name] for name in names))


def _restarted(day: ColumnElement[date]) -> ColumnElement[object]:
    """The warning that the chain of returns started again on the day."""
    about = func.jsonb_build_array(cast(day, String))
    return func.jsonb_build_array(
        func.jsonb_build_object(
            "code", "chain_restarted", "message", RESTARTED, "count", 1, "about", about
        )
    )


def _component_parts() -> Select[Any]:
    """Both confidences of every position, one row each."""
    part = sql_table(ComponentVar).c
    position = (part.position_id, part.as_of, part.portfolio_id, part.symbol, part.reason)
    named = (
        select(
            *position,
            part.days,
            literal(confidence, Integer).label("confidence"),
            part[f"var_{confidence}"].label("component_var"),
            part[f"es_{confidence}"].label("component_es"),
            part[f"plain_var_{confidence}"].label("plain_component_var"),
            part[f"plain_es_{confidence}"].label("plain_component_es"),
        )
        for confidence in (95, 99)
    )
    both = union_all(*named).subquery("parts").c
    return select(*(both[column.name] for column in published.component_var.columns))


# What each snapshot stores of the positions gone since the one before, one row each.
_taken = sql_table(PortfolioSnapshot)
_gone = func.jsonb_array_elements(_taken.c.closed, type_=JSONB).column_valued("gone")
_GONE = [
    cast(_gone["position_id"].astext, Uuid).label("position_id"),
    *(_taken.c.as_of, _taken.c.portfolio_id),
    *(cast(_gone[name].astext, MONEY).label(name) for name in ("daily_pnl", "income")),
]
PUBLISHED: dict[SqlTable, Select[Any]] = {
    published.closed_positions: select(*_GONE).select_from(_taken),
    published.position_valuations: published_columns(
        PositionValuation, published.position_valuations
    ),
    published.portfolio_snapshots: _chained_snapshots(),
    published.risk_metrics: published_columns(RiskMetric, published.risk_metrics),
    published.component_var: _component_parts(),
    published.pnl_attributions: published_columns(PnlAttribution, published.pnl_attributions),
}

DETAILS = (
    *details_of(Calculation, PositionValuation, RiskMetric, ComponentVar, PnlAttribution),
    # NAV is summed over the whole chain of snapshots: none goes as long as its portfolio exists.
    Detail(PortfolioSnapshot, stays=true()),
)
