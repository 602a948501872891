"""The factors service's tables, and the views it publishes."""

from datetime import date
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from sqlalchemy import Boolean, Column, Date, Double, Index, Integer, Select, String, Uuid, select
from sqlalchemy import Table as SqlTable
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from shared.database import table_base
from shared.published import factors as published

if TYPE_CHECKING:
    from sqlmodel import SQLModel as Table
else:
    Table = table_base("factors")


def sql_table(model: type[SQLModel]) -> SqlTable:
    """The SQLAlchemy table behind a model."""
    table: SqlTable = model.__table__  # type: ignore[attr-defined]
    return table


def _key(kind: Any) -> Any:
    return Field(sa_column=Column(kind, primary_key=True))


def _required(kind: Any) -> Any:
    return Field(sa_column=Column(kind, nullable=False))


def _optional(kind: Any) -> Any:
    return Field(default=None, sa_column=Column(kind, nullable=True))


class FactorDefinition(Table, table=True):
    """A factor and the ETF that stands for it; without a source `proxy` is null and the factor inactive."""

    __tablename__: ClassVar[str] = "factor_definitions"

    factor: str = _key(String(20))
    name: str = _required(String(40))
    proxy: str | None = _optional(String(24))
    display_order: int = _required(Integer)
    active: bool = _required(Boolean)


class SymbolFactorBeta(Table, table=True):
    """A symbol's beta to one factor in one model: return per unit of factor return.

    `raw_beta`, its error, t and R2 are least squares; `beta` is capped, and shrunk before in the model
    `market_relative`. Null with `reason`.
    """

    __tablename__: ClassVar[str] = "symbol_factor_betas"

    symbol: str = _key(String(24))
    as_of: date = _key(Date)
    model: str = _key(String(20))
    factor: str = _key(String(20))
    price_run: str = _required(String(64))
    beta: float | None = _optional(Double)
    raw_beta: float | None = _optional(Double)
    standard_error: float | None = _optional(Double)
    t_statistic: float | None = _optional(Double)
    capped: bool = _required(Boolean)
    r_squared: float | None = _optional(Double)
    observations: int = _required(Integer)
    condition_number: float | None = _optional(Double)
    quality: str = _required(String(20))
    reason: str | None = _optional(String)


class RateSensitivity(Table, table=True):
    """A symbol's return per 1.00 of change of a Treasury yield, beside the market's. Null with `reason`.

    The error is Newey and West's over `lags` days; `lags` is null where there is no sensitivity.
    """

    __tablename__: ClassVar[str] = "rate_sensitivities"

    symbol: str = _key(String(24))
    as_of: date = _key(Date)
    maturity: str = _key(String(4))
    price_run: str = _required(String(64))
    beta: float | None = _optional(Double)
    standard_error: float | None = _optional(Double)
    t_statistic: float | None = _optional(Double)
    lags: int | None = _optional(Integer)
    observations: int = _required(Integer)
    quality: str = _required(String(20))
    reason: str | None = _optional(String)


class FactorReturn(Table, table=True):
    """A factor's simple return on one session; a session without a close of its proxy has no row."""

    __tablename__: ClassVar[str] = "factor_returns"

    session_date: date = _key(Date)
    space: str = _key(String(20))
    factor: str = _key(String(20))
    factor_return: float = _required(Double)


class FactorCovariance(Table, table=True):
    """Daily covariance and correlation of two factors' returns; null with too few `observations`.

    `shrunk_covariance` is the same drawn to its diagonal by the intensity `shrinkage` (0 to 1).
    """

    __tablename__: ClassVar[str] = "factor_covariances"

    as_of: date = _key(Date)
    space: str = _key(String(20))
    factor_a: str = _key(String(20))
    factor_b: str = _key(String(20))
    price_run: str = _required(String(64))
    covariance: float | None = _optional(Double)
    correlation: float | None = _optional(Double)
    shrunk_covariance: float | None = _optional(Double)
    shrinkage: float | None = _optional(Double)
    decay: float = _required(Double)
    lookback: int = _required(Integer)
    observations: int = _required(Integer)


class PositionFactorExposure(Table, table=True):
    """A position's exposure to one factor: signed USD, exposure times beta. Null with `reason`."""

    __tablename__: ClassVar[str] = "position_factor_exposures"

    position_id: UUID = _key(Uuid)
    as_of: date = _key(Date)
    factor: str = _key(String(20))
    portfolio_id: UUID = _required(Uuid)
    symbol: str = _required(String(24))
    underlying: str = _required(String(24))
    exposure: float | None = _optional(Double)
    beta: float | None = _optional(Double)
    factor_exposure: float | None = _optional(Double)
    quality: str = _required(String(20))
    reason: str | None = _optional(String)


_held = sql_table(PositionFactorExposure).c
Index("ix_position_factor_exposures_portfolio_as_of", _held.portfolio_id, _held.as_of)


class FactorExposure(Table, table=True):
    """A portfolio's exposure to one factor: the signed sum over its positions, USD.

    `positions` counts the active ones, `positions_left_out` those of them without an exposure or a beta.
    """

    __tablename__: ClassVar[str] = "factor_exposures"

    portfolio_id: UUID = _key(Uuid)
    as_of: date = _key(Date)
    model: str = _key(String(20))
    factor: str = _key(String(20))
    dollar_exposure: float | None = _optional(Double)
    gross_exposure: float = _required(Double)
    coverage: float | None = _optional(Double)
    positions: int = _required(Integer)
    positions_left_out: int = _required(Integer)


class CorrelationCalculation(Table, table=True):
    """How the underlyings of a portfolio, or of its longs or shorts, move together. Null figures with `reason`.

    `kept` and `left_out` list the underlyings that are in the matrix, the largest first, and those that are not.
    """

    __tablename__: ClassVar[str] = "correlation_calculations"

    portfolio_id: UUID = _key(Uuid)
    as_of: date = _key(Date)
    view: str = _key(String(10))
    price_run: str = _required(String(64))
    parameters: dict[str, Any] = _required(JSONB)
    overall_correlation: float | None = _optional(Double)
    concentration: float | None = _optional(Double)
    effective_positions: float | None = _optional(Double)
    coverage: float | None = _optional(Double)
    gross_value: float = _required(Double)
    kept_value: float = _required(Double)
    positions: int = _required(Integer)
    positions_kept: int = _required(Integer)
    symbols_kept: int = _required(Integer)
    symbols_left_out: int = _required(Integer)
    kept: list[dict[str, Any]] = _required(JSONB)
    left_out: list[dict[str, Any]] = _required(JSONB)
    clusters: int = _required(Integer)
    psd_repaired: bool = _required(Boolean)
    largest_repair: float = _required(Double)
    warnings: list[dict[str, Any]] = _required(JSONB)
    reason: str | None = _optional(String)


class CorrelationPair(Table, table=True):
    """The correlation of two underlyings of a portfolio, in both orders and with themselves. Null with `reason`."""

    __tablename__: ClassVar[str] = "correlation_pairs"

    portfolio_id: UUID = _key(Uuid)
    as_of: date = _key(Date)
    symbol_a: str = _key(String(24))
    symbol_b: str = _key(String(24))
    correlation: float | None = _optional(Double)
    measured_correlation: float | None = _optional(Double)
    observations: int = _required(Integer)
    quality: str = _required(String(20))
    reason: str | None = _optional(String)


class CorrelationCluster(Table, table=True):
    """Underlyings of a portfolio that move together; the one with the most `members` is number 1."""

    __tablename__: ClassVar[str] = "correlation_clusters"

    portfolio_id: UUID = _key(Uuid)
    as_of: date = _key(Date)
    view: str = _key(String(10))
    cluster: int = _key(Integer)
    name: str = _required(String(100))
    members: int = _required(Integer)
    value: float = _required(Double)
    weight: float = _required(Double)
    mean_correlation: float = _required(Double)


class CorrelationClusterMember(Table, table=True):
    """An underlying in a cluster, with its signed value in USD."""

    __tablename__: ClassVar[str] = "correlation_cluster_members"

    portfolio_id: UUID = _key(Uuid)
    as_of: date = _key(Date)
    view: str = _key(String(10))
    cluster: int = _key(Integer)
    symbol: str = _key(String(24))
    value: float = _required(Double)
    weight: float = _required(Double)
    positions: int = _required(Integer)
    mean_correlation: float = _required(Double)


def _columns(model: type[SQLModel], view: SqlTable) -> Select[Any]:
    return select(*(sql_table(model).c[column.name] for column in view.columns))


PUBLISHED: dict[SqlTable, Select[Any]] = {
    published.factor_definitions: _columns(FactorDefinition, published.factor_definitions),
    published.symbol_factor_betas: _columns(SymbolFactorBeta, published.symbol_factor_betas),
    published.rate_sensitivities: _columns(RateSensitivity, published.rate_sensitivities),
    published.position_factor_exposures: _columns(
        PositionFactorExposure, published.position_factor_exposures
    ),
    published.factor_exposures: _columns(FactorExposure, published.factor_exposures),
    published.factor_returns: _columns(FactorReturn, published.factor_returns),
    published.factor_covariances: _columns(FactorCovariance, published.factor_covariances),
    published.correlation_calculations: _columns(CorrelationCalculation, published.correlation_calculations),
    published.correlation_pairs: _columns(CorrelationPair, published.correlation_pairs),
    published.correlation_clusters: _columns(CorrelationCluster, published.correlation_clusters),
    published.correlation_cluster_members: _columns(
        CorrelationClusterMember, published.correlation_cluster_members
    ),
}
