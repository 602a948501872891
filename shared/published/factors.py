"""Betas, exposures and the factor covariance as factors publishes them."""

from collections.abc import Iterable, Sequence
from datetime import date

from sqlalchemy import (
    ARRAY,
    Boolean,
    ColumnElement,
    Date,
    Double,
    Integer,
    Select,
    String,
    Uuid,
    and_,
    cast,
    func,
    literal,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by

from shared.conventions import DEFAULT_MODEL
from shared.database import among
from shared.published import columns, keys, published_view

# factor: a stable id ("market", "value", "growth", "momentum", "quality", "size", "low_volatility",
# "short_interest"). name: as scenarios spell it ("Market", "Low Volatility"). proxy: the ETF, null
# when the factor has no source.
factor_definitions = published_view(
    "factors",
    "factor_definitions",
    *keys(factor=String),
    *columns(String, "name", "proxy"),
    *columns(Integer, "display_order"),
    *columns(Boolean, "active"),
)


def active_factors() -> Select[str, str, str]:
    """factor, name and proxy of the active factors, in display order."""
    row = factor_definitions.c
    query = select(row.factor, row.name, row.proxy).where(row.active)
    return query.order_by(row.display_order)


# One row per symbol, session, model and factor. model: "market_relative" (default: joint, styles
# over the market, shrunk), "joint" (seven-factor least squares on raw returns) or "univariate"
# (seven regressions on one factor each: every beta holds the whole market move, so NEVER ADD THEM
# UP over factors). raw_beta is least squares and standard_error, t_statistic, r_squared,
# observations and condition_number are its own; beta is after the cap at +-3 (`capped`) and, in
# market_relative, after shrinkage; null when quality is "insufficient" (`reason` says why).
# quality: "full_history" | "limited_history" | "insufficient". In univariate r_squared,
# observations, quality and reason are those of the factor's own regression, in the others of the
# joint one.
symbol_factor_betas = published_view(
    "factors",
    "symbol_factor_betas",
    *keys(symbol=String, as_of=Date, model=String, factor=String),
    *columns(String, "price_run"),
    *columns(Double, "beta", "raw_beta", "standard_error", "t_statistic"),
    *columns(Boolean, "capped"),
    *columns(Double, "r_squared"),
    *columns(Integer, "observations"),
    *columns(Double, "condition_number"),
    *columns(String, "quality", "reason"),
)


def betas_on(day: date, symbols: Iterable[str]) -> Select[str, str, float | None]:
    """symbol, factor and beta of the symbols on the session `day`, in the default model."""
    row = symbol_factor_betas.c
    query = select(row.symbol, row.factor, row.beta)
    return query.where(row.as_of == day, row.model == DEFAULT_MODEL, among(row.symbol, symbols))


# maturity: "3M" "2Y" "10Y" "30Y", each estimated jointly with the market and on its own:
# sensitivities to several maturities overlap and are not added up. beta: return per 1.00 of yield
# (-16.5 loses 16.5 % per +100 bp); null with reason. standard_error: Newey-West (Bartlett kernel,
# `lags` = floor(4 (observations / 100)^(2/9))).
rate_sensitivities = published_view(
    "factors",
    "rate_sensitivities",
    *keys(symbol=String, as_of=Date, maturity=String),
    *columns(String, "price_run"),
    *columns(Double, "beta", "standard_error", "t_statistic"),
    *columns(Integer, "lags", "observations"),
    *columns(String, "quality", "reason"),
)

# One row per position, session and active factor (model market_relative). exposure: delta-adjusted
# dollars (signed); factor_exposure = exposure x beta. Null with `reason` when price, delta or beta
# is missing.
position_factor_exposures = published_view(
    "factors",
    "position_factor_exposures",
    *keys(position_id=Uuid, as_of=Date, factor=String),
    *columns(Uuid, "portfolio_id"),
    *columns(String, "symbol", "underlying"),
    *columns(Double, "exposure", "beta", "factor_exposure"),
    *columns(String, "quality", "reason"),
)

# The same by position and session: betas and factor_exposures in the order of factors, NaN where
# they are missing. For readers of whole vectors, or of the exposure alone.
position_exposure_vectors = published_view(
    "factors",
    "position_exposure_vectors",
    *keys(position_id=Uuid, as_of=Date),
    *columns(Uuid, "portfolio_id"),
    *columns(String, "symbol", "underlying"),
    *columns(Double, "exposure"),
    *columns(ARRAY(String), "factors"),
    *columns(ARRAY(Double), "betas", "factor_exposures"),
    *columns(String, "quality", "reason"),
)


def element_of(vector: ColumnElement[Sequence[float]], factor: str) -> ColumnElement[float | None]:
    """A factor's element of one of the vectors; null where it is missing, or has no such factor."""
    place = func.array_position(position_exposure_vectors.c.factors, factor)
    return func.nullif(vector[place], cast(literal("NaN", String), Double))


# One row per portfolio, session, model and factor: signed dollars, i.e. the sum over positions.
# Portfolio beta is this over NAV, taken where both are known. coverage: share of gross
# delta-adjusted exposure that had a beta (0..1). model as in symbol_factor_betas: dollars of
# "univariate" are one factor at a time and are NEVER ADDED UP over factors (each of them includes
# the market's move).
factor_exposures = published_view(
    "factors",
    "factor_exposures",
    *keys(portfolio_id=Uuid, as_of=Date, model=String, factor=String),
    *columns(Double, "dollar_exposure", "gross_exposure", "coverage"),
    *columns(Integer, "positions", "positions_left_out"),
)

# Simple daily returns of the factors, decimals. space: "absolute" (the proxies' own) |
# "market_relative" (styles minus the market, the market itself). The last 260 sessions of every
# run; no row where a close of the proxy (or, in market_relative, of the market's) is missing.
factor_returns = published_view(
    "factors",
    "factor_returns",
    *keys(session_date=Date, space=String, factor=String),
    *columns(Double, "factor_return"),
)


def returns_between(first: date, last: date) -> Select[str, list[date], list[float]]:
    """factor, its sessions and its returns on them, in the default model's space.

    One row per factor, its sessions ascending.
    """
    row = factor_returns.c
    query = select(
        row.factor,
        func.array_agg(aggregate_order_by(row.session_date, row.session_date)),
        func.array_agg(aggregate_order_by(row.factor_return, row.session_date)),
    )
    within = and_(row.space == DEFAULT_MODEL, row.session_date.between(first, last))
    return query.where(within).group_by(row.factor)


# Daily covariance and correlation of factor returns in the model's factor space (market_relative:
# styles over market), both triangles and the diagonal. space: "market_relative" | "absolute".
# covariance and correlation are as measured; shrunk_covariance = (1 - shrinkage) covariance off the
# diagonal, the same on it: for conditional expectations (docs/decisions/0008-*.md). shrinkage: the
# estimated intensity, 0..1, one per session and space.
factor_covariances = published_view(
    "factors",
    "factor_covariances",
    *keys(as_of=Date, space=String, factor_a=String, factor_b=String),
    *columns(String, "price_run"),
    *columns(Double, "covariance", "correlation", "shrunk_covariance", "shrinkage", "decay"),
    *columns(Integer, "lookback", "observations"),
)


def covariances_on(
    day: date,
) -> Select[str, str, float | None, float | None, float, int, int]:
    """The pairs of factors of the session `day`, in the default model's space.

    factor_a, factor_b, covariance, shrunk_covariance, decay, lookback and observations.
    """
    row = factor_covariances.c
    estimates = (row.covariance, row.shrunk_covariance, row.decay, row.lookback, row.observations)
    query = select(row.factor_a, row.factor_b, *estimates)
    return query.where(row.as_of == day, row.space == DEFAULT_MODEL)


# Position correlations: a row per portfolio, session they were computed for (weekly, and on
# request; the last one stands) and view: "portfolio", or the "longs" or "shorts" among its
# underlyings, each with its figures and clusters from the same matrix. Sizes and weights are
# gross: |delta-adjusted dollars|. Null figures have a `reason`. parameters: {lookback,
# minimum_observations, minimum_value, minimum_weight, keep, cluster_threshold}.
# overall_correlation: mean |rho| over pairs. concentration: value in clusters / kept_value.
# effective_positions: 1 / (w'rho w), w signed with sum |w| = 1: a hedge diversifies. coverage:
# kept_value / gross_value. kept: [{symbol, value, weight, positions, observations}], the largest
# first, value signed; left_out: [{symbol, code, message, value, positions}]; warnings: [{code,
# message, count, about}]. largest_repair: the most a correlation was changed to make the matrix
# definite. linkage_clusters: [{name, symbols, value, weight}], by average linkage on
# sqrt((1 - rho) / 2), cut at the distance of cluster_threshold. hedges: [{symbol_a, symbol_b,
# value_a, value_b, correlation}], the largest of the hedging_pairs: two of one side with
# rho <= -cluster_threshold, or a long and a short with rho >= cluster_threshold.
correlation_calculations = published_view(
    "factors",
    "correlation_calculations",
    *keys(portfolio_id=Uuid, as_of=Date, view=String),
    *columns(String, "price_run"),
    *columns(JSONB, "parameters"),
    *columns(
        Double,
        "overall_correlation",
        "concentration",
        "effective_positions",
        "coverage",
        "gross_value",
        "kept_value",
    ),
    *columns(Integer, "positions", "positions_kept", "symbols_kept", "symbols_left_out"),
    *columns(JSONB, "kept", "left_out"),
    *columns(Integer, "clusters"),
    *columns(Boolean, "psd_repaired"),
    *columns(Double, "largest_repair"),
    *columns(JSONB, "warnings"),
    *columns(String, "reason"),
    *columns(JSONB, "linkage_clusters"),
    *columns(Integer, "hedging_pairs"),
    *columns(JSONB, "hedges"),
)

# The full matrix, diagonal included. correlation is the repaired one, measured_correlation the
# plain estimate; null with `reason` when the pair has too few common returns. observations: common
# days (the symbol's own on the diagonal). quality: "full_history" (the whole lookback) |
# "limited_history" | "insufficient".
correlation_pairs = published_view(
    "factors",
    "correlation_pairs",
    *keys(portfolio_id=Uuid, as_of=Date, symbol_a=String, symbol_b=String),
    *columns(Double, "correlation", "measured_correlation"),
    *columns(Integer, "observations"),
    *columns(String, "quality", "reason"),
)

# Clusters numbered from 1, the one with the most members first. value: gross dollars; weight: its
# share of kept_value. mean_correlation: mean |rho| over the cluster's pairs.
correlation_clusters = published_view(
    "factors",
    "correlation_clusters",
    *keys(portfolio_id=Uuid, as_of=Date, view=String, cluster=Integer),
    *columns(String, "name"),
    *columns(Integer, "members"),
    *columns(Double, "value", "weight", "mean_correlation"),
)

# value: signed dollars of the underlying. mean_correlation: mean |rho| to the other members.
correlation_cluster_members = published_view(
    "factors",
    "correlation_cluster_members",
    *keys(portfolio_id=Uuid, as_of=Date, view=String, cluster=Integer, symbol=String),
    *columns(Double, "value", "weight"),
    *columns(Integer, "positions"),
    *columns(Double, "mean_correlation"),
)
