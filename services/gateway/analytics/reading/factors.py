"""Factor exposures of portfolios and positions, and the P&L that factors explain."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any
from uuid import UUID

from services.gateway.analytics.queries import factors as factors_queries
from services.gateway.analytics.queries import metrics as metrics_queries
from services.gateway.analytics.queries import snapshots as snapshots_queries
from services.gateway.analytics.reading.snapshots import nav_on
from services.gateway.analytics.schemas.factors import (
    AttributionReport,
    FactorReport,
    Model,
)
from services.gateway.analytics.shapes import exposures, metrics
from services.gateway.analytics.shapes.exposures import MODEL_NOTES
from services.gateway.analytics.shapes.rates import (
    DEFAULT_MATURITY,
    NO_RATES,
    Rates,
    rate_exposures,
    without_rate,
)
from services.gateway.books.shapes import explained
from services.gateway.edge import shapes as edge_shapes
from services.gateway.edge.queries import Row, latest_date
from services.gateway.edge.shapes import View
from services.gateway.runs.tracking import standing_of
from shared.database import Session
from shared.published.factors import factor_exposures
from shared.published.snapshots import pnl_attributions

NO_FACTORS = "no factor exposures of this portfolio exist at or before that date"
NO_MODEL = "no factor exposures of this session exist in this model"


@dataclass(frozen=True)
class Wanted:
    """Whose factors, in which model, on which side."""

    portfolio_id: UUID
    model: Model = Model.MARKET_RELATIVE
    view: View = View.PORTFOLIO

    def described(self) -> dict[str, Any]:
        """What the answer repeats of the question."""
        named = {"portfolio_id": self.portfolio_id, "model": self.model, "view": self.view}
        return {**named, "note": MODEL_NOTES[self.model]}


@dataclass(frozen=True)
class FactorRows:
    """Exposures by factor, sensitivities by position and maturity, and positions left out.

    `errors`: of the exposures, USD.
    """

    exposures: Sequence[Mapping[str, Any]] = ()
    rates: Rates = NO_RATES
    unmeasured: Sequence[Mapping[str, Any]] = ()
    errors: Mapping[str, float] = field(default_factory=dict)


async def factor_report(session: Session, wanted: Wanted, as_of: date | None) -> FactorReport:
    """The view's factor exposures on their last session at or before `as_of`."""
    day = await latest_date(session, factor_exposures, wanted.portfolio_id, as_of)
    if day is None:
        standing = await standing_of(session, wanted.portfolio_id)
        return factor_answer(wanted, None, None, FactorRows(), standing)
    snapshot = await snapshots_queries.latest_snapshot(session, wanted.portfolio_id, day)
    return factor_answer(wanted, day, snapshot, await factor_rows(session, wanted, day))


async def factor_rows(session: Session, wanted: Wanted, day: date) -> FactorRows:
    """The answer's rows: stored sums for the whole portfolio, sums over positions for one side."""
    rates = await factors_queries.load_rate_sensitivities(session, wanted.portfolio_id, day)
    rows = await exposure_rows(session, wanted, day)
    return replace(rows, rates=rates.held_on(wanted.view))


async def exposure_rows(session: Session, wanted: Wanted, day: date) -> FactorRows:
    """The same without sensitivities to yields."""
    if wanted.view is View.PORTFOLIO:
        sums = await factors_queries.load_factor_exposures(
            session, wanted.portfolio_id, day, wanted.model
        )
        unmeasured = await factors_queries.load_without_factors(
            session, wanted.portfolio_id, day, wanted.model
        )
        errors = await factors_queries.load_factor_errors(
            session, wanted.portfolio_id, day, wanted.model
        )
        return FactorRows(sums, NO_RATES, unmeasured, errors)
    definitions = await factors_queries.load_definitions(session)
    rows = await factors_queries.load_position_factors(
        session, wanted.portfolio_id, day, wanted.model
    )
    own = edge_shapes.held_on(wanted.view, exposures.in_cents(rows))
    return FactorRows(
        exposures.factor_sums(definitions, own),
        NO_RATES,
        exposures.unmeasured(own),
        exposures.exposure_errors(
            exposures.ExposureError(
                row["factor"], row["underlying"], row["exposure"], row["standard_error"]
            )
            for row in own
        ),
    )


def insensitive(rows: FactorRows) -> list[Mapping[str, Any]]:
    """The positions that factor shocks, or shocks of the 10-year yield, leave out."""
    return [*rows.unmeasured, *without_rate(rows.rates, DEFAULT_MATURITY)]


def factor_answer(
    wanted: Wanted,
    day: date | None,
    snapshot: Row | None,
    rows: FactorRows,
    standing: str | None = None,
) -> FactorReport:
    """The answer from its rows; nulls with a reason when nothing was computed.

    `standing`: how the portfolio's last run stands, where that did not end well.
    """
    nav = nav_on(day, snapshot)
    coverages = [row["coverage"] for row in rows.exposures if row["coverage"] is not None]
    rates = rate_exposures(rows.rates, nav)
    by_maturity = {rate["maturity"]: rate for rate in rates}
    left_out = edge_shapes.left_out(rows.unmeasured)
    return FactorReport.model_validate(
        {
            **wanted.described(),
            "as_of": day,
            "nav": nav,
            "factors": exposures.factor_betas(rows.exposures, nav, rows.errors),
            "rates": by_maturity.get(DEFAULT_MATURITY),
            "rate_sensitivities": rates,
            "coverage": min(coverages, default=None),
            "left_out": left_out,
            "warnings": edge_shapes.absences(left_out),
            "reason": _why_empty(day, rows, standing),
        }
    )


def _why_empty(day: date | None, rows: FactorRows, standing: str | None) -> str | None:
    if day is None:
        return explained(NO_FACTORS, standing)
    return None if any(row["positions"] is not None for row in rows.exposures) else NO_MODEL


async def attribution_report(
    session: Session, portfolio_id: UUID, start: date | None, as_of: date | None
) -> AttributionReport:
    """The P&L from `start` (default: the last session alone) to the last session up to `as_of`."""
    day = await latest_date(session, pnl_attributions, portfolio_id, as_of)
    rows: Sequence[Row] = []
    if day is not None:
        rows = await metrics_queries.load_attributions(session, portfolio_id, start or day, day)
    definitions = await factors_queries.load_definitions(session)
    return attribution_answer(portfolio_id, rows, definitions)


def attribution_answer(
    portfolio_id: UUID, rows: Sequence[Row], definitions: Sequence[Row]
) -> AttributionReport:
    """The rows' P&L by factor."""
    content = metrics.attributed(rows, definitions)
    return AttributionReport.model_validate({"portfolio_id": portfolio_id, **content})
