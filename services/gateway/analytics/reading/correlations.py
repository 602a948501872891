"""Correlations of positions and of factors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from services.gateway.analytics.queries import correlations as correlations_queries
from services.gateway.analytics.schemas.correlations import (
    CorrelationMatrix,
    CorrelationReport,
    FactorMatrix,
    Space,
)
from services.gateway.analytics.schemas.pairs import PairHistory
from services.gateway.analytics.shapes import correlations
from services.gateway.edge.dependencies import Period
from services.gateway.edge.queries import Row, latest_date
from services.gateway.edge.shapes import View
from shared.database import Session
from shared.published.factors import correlation_calculations

NO_CORRELATIONS = (
    "no correlations of this portfolio exist at or before that date: "
    "they are computed weekly, or when asked for"
)
NO_PAIR = "no calculation of these sessions has both symbols among those it kept"
NO_COVARIANCE = "no factor covariance exists at or before that date"
TOO_FEW_DAYS = "too few days on which every factor has a return"
_FIGURES = (
    *(
        "price_run",
        "parameters",
        "overall_correlation",
        "concentration",
        "effective_positions",
        "coverage",
    ),
    *("gross_value", "kept_value", "positions", "positions_kept", "symbols_kept"),
    *("psd_repaired", "largest_repair", "reason"),
    *("linkage_clusters", "hedging_pairs", "hedges"),
)


@dataclass(frozen=True)
class Calculated:
    """A portfolio's calculation at or before a date for one view; `row` is None without one."""

    portfolio_id: UUID
    view: View
    row: Row | None

    @property
    def described(self) -> dict[str, Any]:
        """What the answer says about itself."""
        as_of = self.row["as_of"] if self.row else None
        return {"portfolio_id": self.portfolio_id, "view": self.view, "as_of": as_of}

    def kept(self) -> list[Row]:
        """The symbols in the matrix, the largest first."""
        return list(self.row["kept"]) if self.row else []


async def _calculated(
    session: Session, portfolio_id: UUID, as_of: date | None, view: View
) -> Calculated:
    day = await latest_date(session, correlation_calculations, portfolio_id, as_of)
    row: Row | None = None
    if day is not None:
        row = await correlations_queries.load_calculation(session, portfolio_id, day, view)
    return Calculated(portfolio_id, view, row)


async def correlation_report(
    session: Session, portfolio_id: UUID, as_of: date | None, view: View
) -> CorrelationReport:
    """The view's figures and clusters on their last session at or before `as_of`."""
    found = await _calculated(session, portfolio_id, as_of, view)
    row = found.row
    if row is None:
        return CorrelationReport.model_validate({**_nothing(found), "reason": NO_CORRELATIONS})
    key = (portfolio_id, row["as_of"])
    names = [symbol["symbol"] for symbol in found.kept()]
    clusters = await correlations_queries.load_clusters(session, *key, view)
    members = await correlations_queries.load_members(session, *key, view)
    counts = await correlations_queries.count_qualities(session, *key, names)
    exposed = await correlations_queries.load_exposed(session, *key)
    return CorrelationReport.model_validate(
        {
            **found.described,
            **{name: row[name] for name in _FIGURES},
            "clusters": correlations.with_members(clusters, members),
            "data_quality": correlations.qualities(counts),
            "left_out": correlations.left_out(exposed, row["left_out"], found.kept()),
            "warnings": row["warnings"],
        }
    )


def _nothing(found: Calculated) -> dict[str, Any]:
    lists = ("clusters", "linkage_clusters", "hedges", "left_out", "warnings")
    empty: dict[str, Any] = {name: [] for name in lists}
    return {
        **dict.fromkeys(_FIGURES),
        **found.described,
        **empty,
        "data_quality": correlations.qualities({}),
    }


async def correlation_matrix(
    session: Session, portfolio_id: UUID, as_of: date | None, view: View, limit: int
) -> CorrelationMatrix:
    """The view's matrix of its `limit` largest symbols, on the last session up to `as_of`."""
    found = await _calculated(session, portfolio_id, as_of, view)
    shown = found.kept()[:limit]
    names = [symbol["symbol"] for symbol in shown]
    rows: Sequence[Row] = []
    if found.row is not None:
        day = found.row["as_of"]
        rows = await correlations_queries.load_pairs(session, portfolio_id, day, names)
    return CorrelationMatrix.model_validate(
        {
            **found.described,
            **_matrices(rows, names, repaired=bool(found.row and found.row["psd_repaired"])),
            "symbols": shown,
            "total": len(found.kept()),
            "parameters": found.row["parameters"] if found.row else None,
            "psd_repaired": found.row["psd_repaired"] if found.row else None,
            "reason": found.row["reason"] if found.row else NO_CORRELATIONS,
        }
    )


async def pair_history(
    session: Session, portfolio_id: UUID, symbols: tuple[str, str], span: Period
) -> PairHistory:
    """The correlation of two underlyings in every calculation of the span."""
    rows = await correlations_queries.load_pair(session, portfolio_id, symbols, span)
    return PairHistory.model_validate(
        {
            "portfolio_id": portfolio_id,
            **dict(zip(("symbol_a", "symbol_b"), symbols, strict=True)),
            "items": rows,
            "total": len(rows),
            "reason": None if rows else NO_PAIR,
        }
    )


def _matrices(rows: Sequence[Row], names: Sequence[str], *, repaired: bool) -> dict[str, Any]:
    keys = ("symbol_a", "symbol_b")
    once = [row for row in rows if row["symbol_a"] < row["symbol_b"]]
    words = [row["quality"] for row in once]
    return {
        "correlations": correlations.matrix(rows, names, "correlation", keys),
        "measured": correlations.matrix(rows, names, "measured_correlation", keys)
        if repaired
        else None,
        "observations": correlations.matrix(rows, names, "observations", keys),
        "quality": correlations.matrix(rows, names, "quality", keys),
        "data_quality": {word: words.count(word) for word in correlations.QUALITIES},
        "unmeasured": [row for row in once if row["correlation"] is None],
    }


async def factor_matrix(session: Session, as_of: date | None, space: Space) -> FactorMatrix:
    """The factors' covariances and correlations on their last session at or before `as_of`."""
    day = await correlations_queries.latest_covariance_session(session, as_of)
    rows = await correlations_queries.load_covariances(session, day, space) if day else []
    first = rows[0] if rows else {}
    order = list(dict.fromkeys(row["factor_a"] for row in rows))
    keys = ("factor_a", "factor_b")
    square = correlations.matrix(rows, order, "correlation", keys)
    return FactorMatrix.model_validate(
        {
            "as_of": day,
            "space": space,
            "factors": [
                {"factor": row["factor_a"], "name": row["name"], "proxy": row["proxy"]}
                for row in rows[:: len(order) or 1]
            ],
            "correlations": square,
            "covariances": correlations.matrix(rows, order, "covariance", keys),
            "shrunk_covariances": correlations.matrix(rows, order, "shrunk_covariance", keys),
            "statistics": correlations.off_diagonal(square),
            **{
                name: first.get(name)
                for name in ("price_run", "decay", "lookback", "observations", "shrinkage")
            },
            "reason": _why_no_matrix(day, square),
        }
    )


def factor_matrix_of(found: Mapping[str, Any], named: Sequence[Row]) -> FactorMatrix:
    """A matrix calculated on request; `found["factors"]` are its rows and columns."""
    names = {row["factor"]: row for row in named}
    square = found["correlations"]
    return FactorMatrix.model_validate(
        {
            **found,
            "factors": [names[factor] for factor in found["factors"]],
            "statistics": correlations.off_diagonal(square),
            "price_run": None,
            "reason": _why_no_matrix(found["as_of"], square),
        }
    )


def _why_no_matrix(day: date | None, square: Sequence[Sequence[float | None]]) -> str | None:
    if day is None or not square:
        return NO_COVARIANCE
    return TOO_FEW_DAYS if correlations.off_diagonal(square)["mean"] is None else None
