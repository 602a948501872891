"""The tables of factors, and the views it publishes."""

from datetime import date
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    Boolean,
    ColumnElement,
    Date,
    Double,
    Index,
    Integer,
    Select,
    String,
    Uuid,
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
from shared.published import factors as published
from shared.retention import Detail
from shared.unchanged import CalculationColumns


class Table(SQLModel):
    """The base of the tables of factors."""

    metadata = MetaData(schema="factors")


class Calculation(CalculationColumns, Table, table=True):
    """What the rows of a portfolio and session were calculated from."""


class _OfPortfolio(Table):
    """What is known of a portfolio on a session."""

    portfolio_id: UUID = key(Uuid)
    as_of: date = key(Date)


class _Regressed(Table):
    """What a symbol's returns up to a session depend on, by least squares; null with `reason`."""

    symbol: str = key(String(24))
    as_of: date = key(Date)
    price_run: str = required(String(64))
    beta: float | None = optional(Double)
    standard_error: float | None = optional(Double)
    t_statistic: float | None = optional(Double)
    observations: int = required(Integer)
    quality: str = required(String(20))
    reason: str | None = optional(String)


class FactorDefinition(Table, table=True):
    """A factor and its proxy, an ETF; without a source `proxy` is null and the factor inactive."""

    __tablename__: ClassVar[str] = "factor_definitions"

    factor: str = key(String(20))
    name: str = required(String(40))
    proxy: str | None = optional(String(24))
    display_order: int = required(Integer)
    active: bool = required(Boolean)


class SymbolFactorBeta(_Regressed, table=True):
    """A symbol's beta to one factor in one model: return per unit of factor return.

    `raw_beta`, its error, t and R2 are least squares; `beta` is capped, and shrunk before in the
    model `market_relative`. Null with `reason`.
    """

    __tablename__: ClassVar[str] = "symbol_factor_betas"

    model: str = key(String(20))
    factor: str = key(String(20))
    raw_beta: float | None = optional(Double)
    capped: bool = required(Boolean)
    r_squared: float | None = optional(Double)
    condition_number: float | None = optional(Double)


class RateSensitivity(_Regressed, table=True):
    """A symbol's return per 1.00 of change of a Treasury yield, jointly with the market.

    Null with `reason`. The error is Newey and West's over `lags` days; `lags` is null where there
    is no sensitivity.
    """

    __tablename__: ClassVar[str] = "rate_sensitivities"

    maturity: str = key(String(4))
    lags: int | None = optional(Integer)


class FactorReturn(Table, table=True):
    """A factor's simple return on one session; no row without a close of its proxy."""

    __tablename__: ClassVar[str] = "factor_returns"

    session_date: date = key(Date)
    space: str = key(String(20))
    factor: str = key(String(20))
    factor_return: float = required(Double)


class FactorCovariance(Table, table=True):
    """Daily covariance and correlation of two factors' returns; null with too few `observations`.

    `shrunk_covariance` is the same drawn to its diagonal by the intensity `shrinkage` (0 to 1).
    """

    __tablename__: ClassVar[str] = "factor_covariances"

    as_of: date = key(Date)
    space: str = key(String(20))
    factor_a: str = key(String(20))
    factor_b: str = key(String(20))
    price_run: str = required(String(64))
    covariance: float | None = optional(Double)
    correlation: float | None = optional(Double)
    shrunk_covariance: float | None = optional(Double)
    shrinkage: float | None = optional(Double)
    decay: float = required(Double)
    lookback: int = required(Integer)
    observations: int = required(Integer)


class PositionFactorExposure(Table, table=True):
    """A position's `exposure` in signed USD, and its exposures to the `factors`: exposure x beta.

    One row a position, with vectors in the order of `factors`. What is missing is null, and NaN in
    the vectors, with `reason`.
    """

    __tablename__: ClassVar[str] = "position_factor_exposures"

    position_id: UUID = key(Uuid)
    as_of: date = key(Date)
    portfolio_id: UUID = required(Uuid)
    symbol: str = required(String(24))
    underlying: str = required(String(24))
    exposure: float | None = optional(Double)
    factors: list[str] = required(ARRAY(String))
    betas: list[float] = required(ARRAY(Double))
    factor_exposures: list[float] = required(ARRAY(Double))
    quality: str = required(String(20))
    reason: str | None = optional(String)


_held = sql_table(PositionFactorExposure).c
Index("ix_position_factor_exposures_portfolio_as_of", _held.portfolio_id, _held.as_of)


class FactorExposure(_OfPortfolio, table=True):
    """A portfolio's exposure to one factor: the signed sum over its positions, USD.

    `positions` counts the active ones, `positions_left_out` those of them without an exposure or a
    beta.
    """

    __tablename__: ClassVar[str] = "factor_exposures"

    model: str = key(String(20))
    factor: str = key(String(20))
    dollar_exposure: float | None = optional(Double)
    gross_exposure: float = required(Double)
    coverage: float | None = optional(Double)
    positions: int = required(Integer)
    positions_left_out: int = required(Integer)


class CorrelationCalculation(_OfPortfolio, table=True):
    """How the underlyings of a portfolio, or of its longs or shorts, move together.

    Null figures have a `reason`. `kept` and `left_out` list the underlyings that are in the matrix,
    the largest first, and those that are not. `linkage_clusters`: clusters of average linkage;
    `hedges`: the largest of the `hedging_pairs`.
    """

    __tablename__: ClassVar[str] = "correlation_calculations"

    view: str = key(String(10))
    price_run: str = required(String(64))
    parameters: dict[str, Any] = required(JSONB)
    overall_correlation: float | None = optional(Double)
    concentration: float | None = optional(Double)
    effective_positions: float | None = optional(Double)
    coverage: float | None = optional(Double)
    gross_value: float = required(Double)
    kept_value: float = required(Double)
    positions: int = required(Integer)
    positions_kept: int = required(Integer)
    symbols_kept: int = required(Integer)
    symbols_left_out: int = required(Integer)
    kept: list[dict[str, Any]] = required(JSONB)
    left_out: list[dict[str, Any]] = required(JSONB)
    clusters: int = required(Integer)
    psd_repaired: bool = required(Boolean)
    largest_repair: float = required(Double)
    warnings: list[dict[str, Any]] = required(JSONB)
    reason: str | None = optional(String)
    linkage_clusters: list[dict[str, Any]] = required(JSONB, server_default="[]")
    hedging_pairs: int | None = optional(Integer)
    hedges: list[dict[str, Any]] = required(JSONB, server_default="[]")


class CorrelationPair(_OfPortfolio, table=True):
    """The correlation of two underlyings of a portfolio; null with `reason`.

    Pairs are stored in both orders, and every underlying with itself.
    """

    __tablename__: ClassVar[str] = "correlation_pairs"

    symbol_a: str = key(String(24))
    symbol_b: str = key(String(24))
    correlation: float | None = optional(Double)
    measured_correlation: float | None = optional(Double)
    observations: int = required(Integer)
    quality: str = required(String(20))
    reason: str | None = optional(String)


class _OfCluster(_OfPortfolio):
    """What is known of a cluster of a portfolio's underlyings, or of one of its members."""

    view: str = key(String(10))
    cluster: int = key(Integer)
    value: float = required(Double)
    weight: float = required(Double)
    mean_correlation: float = required(Double)


class CorrelationCluster(_OfCluster, table=True):
    """Underlyings of a portfolio that move together; number 1 has the most `members`."""

    __tablename__: ClassVar[str] = "correlation_clusters"

    name: str = required(String(100))
    members: int = required(Integer)


class CorrelationClusterMember(_OfCluster, table=True):
    """An underlying in a cluster, with its signed value in USD."""

    __tablename__: ClassVar[str] = "correlation_cluster_members"

    symbol: str = key(String(24))
    positions: int = required(Integer)


def _by_factor() -> Select[tuple[object, ...]]:
    """The vectors of positions, one row per factor."""
    position = sql_table(PositionFactorExposure)
    vectors = (position.c.factors, position.c.betas, position.c.factor_exposures)
    element = (
        func.unnest(*vectors)
        .table_valued("factor", "beta", "factor_exposure", name="element")
        .render_derived()
    )
    known = {
        "factor": element.c.factor,
        "beta": _known(element.c.beta),
        "factor_exposure": _known(element.c.factor_exposure),
    }
    names = [column.name for column in published.position_factor_exposures.columns]
    columns = [known[name] if name in known else position.c[name] for name in names]
    return select(*columns).select_from(position.join(element, true()))


def _known(number: ColumnElement[float]) -> ColumnElement[float]:
    return func.nullif(number, cast(literal("NaN", String), Double))


PUBLISHED: dict[SqlTable, Select[Any]] = {
    published.factor_definitions: published_columns(FactorDefinition, published.factor_definitions),
    published.symbol_factor_betas: published_columns(
        SymbolFactorBeta, published.symbol_factor_betas
    ),
    published.rate_sensitivities: published_columns(RateSensitivity, published.rate_sensitivities),
    published.position_factor_exposures: _by_factor(),
    published.position_exposure_vectors: published_columns(
        PositionFactorExposure, published.position_exposure_vectors
    ),
    published.factor_exposures: published_columns(FactorExposure, published.factor_exposures),
    published.factor_returns: published_columns(FactorReturn, published.factor_returns),
    published.factor_covariances: published_columns(FactorCovariance, published.factor_covariances),
    published.correlation_calculations: published_columns(
        CorrelationCalculation, published.correlation_calculations
    ),
    published.correlation_pairs: published_columns(CorrelationPair, published.correlation_pairs),
    published.correlation_clusters: published_columns(
        CorrelationCluster, published.correlation_clusters
    ),
    published.correlation_cluster_members: published_columns(
        CorrelationClusterMember, published.correlation_cluster_members
    ),
}

DETAILS = (
    Detail(Calculation),
    Detail(SymbolFactorBeta, owner="symbol"),
    Detail(RateSensitivity, owner="symbol"),
    Detail(FactorCovariance, owner="space"),
    Detail(PositionFactorExposure),
    # The P&L of the first session kept is explained by what the book was exposed to on the one
    # before.
    Detail(FactorExposure, stays=sql_table(FactorExposure).c.model == "market_relative"),
    Detail(CorrelationCalculation),
    Detail(CorrelationPair),
    Detail(CorrelationCluster),
    Detail(CorrelationClusterMember),
)
