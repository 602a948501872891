"""Everything about a portfolio in one answer."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from services.gateway.analytics.queries import correlations as correlations_queries
from services.gateway.analytics.queries import factors as factors_queries
from services.gateway.analytics.queries import greeks as greeks_queries
from services.gateway.analytics.queries import limits as limits_queries
from services.gateway.analytics.queries import metrics as metrics_queries
from services.gateway.analytics.queries import providers as provider_queries
from services.gateway.analytics.queries import snapshots as snapshots_queries
from services.gateway.analytics.queries import stress as stress_queries
from services.gateway.analytics.queries.snapshots import Chain
from services.gateway.analytics.reading.factors import (
    FactorRows,
    Wanted,
    attribution_answer,
    factor_answer,
    insensitive,
)
from services.gateway.analytics.reading.greeks import OptionRows, whole_greeks
from services.gateway.analytics.reading.metrics import MetricRows, whole_metrics
from services.gateway.analytics.reading.quality import market_data_of
from services.gateway.analytics.reading.snapshots import snapshot_envelope
from services.gateway.analytics.reading.stress import StressRows, stress_answer
from services.gateway.analytics.schemas.report import PortfolioReport
from services.gateway.analytics.shapes.greeks import valuation_warnings
from services.gateway.analytics.shapes.limits import LimitState, least_room_first
from services.gateway.analytics.shapes.metrics import periods, window_gaps
from services.gateway.analytics.shapes.performance import (
    money_weighted_periods,
    running_drawdowns,
)
from services.gateway.analytics.shapes.report import LARGEST, pnl_by_position
from services.gateway.books.queries.terms import TERMS_ON
from services.gateway.edge.queries import Row
from services.gateway.edge.written import Written, rows_written, text_of, written
from services.gateway.market import queries as market_queries
from services.gateway.runs.tracking import last_run_from, last_run_statements, standing_of
from shared.calendar import session_on_or_before, sessions
from shared.database import Session, Statements, fetched, plan_once

Found = Mapping[str, Sequence[Row]]


@dataclass(frozen=True)
class Figures:
    """What is stored of a portfolio's session by subject; `found`: the rows of the others."""

    chain: Chain
    options: OptionRows
    factors: FactorRows
    stress: StressRows
    metrics: MetricRows
    limits: Sequence[LimitState]
    found: Found

    @property
    def complete(self) -> bool:
        """Whether every stage of a run left its figures."""
        return bool(self.factors.exposures and self.stress.results and self.metrics.metrics)


async def portfolio_report(session: Session, portfolio: Row, as_of: date | None) -> Written:
    """Everything about a portfolio, anchored on its last snapshot at or before `as_of`.

    The JSON of a `PortfolioReport`.
    """
    portfolio_id = portfolio["portfolio_id"]
    await plan_once(session)
    chain = await snapshots_queries.load_chain(session, portfolio_id, as_of)
    day = chain.snapshot["as_of"] if chain.snapshot else None
    statements = _statements(portfolio, day)
    found = {name: await fetched(session, *each) for name, each in statements.items()}
    figures = _figures(chain, found)
    standing = None if figures.complete else await standing_of(session, portfolio_id)
    envelope = snapshot_envelope(chain.snapshot, found["without_measure"], standing)
    last_run = last_run_from(portfolio_id, found)
    return written(
        PortfolioReport,
        {
            "portfolio": portfolio,
            **envelope,
            "warnings": [
                *envelope["warnings"],
                *valuation_warnings(figures.options.sources),
                *window_gaps(figures.metrics.metrics, figures.metrics.components),
            ],
            "history": rows_written(_history(chain)),
            "sessions": [session_date for session_date, _ in chain.returns],
            **_age(found, day),
            "positions": text_of(found["positions"]),
            **_sections(portfolio_id, figures, standing),
            **_of_the_session(portfolio_id, figures, day),
            "last_run": last_run.as_answer() if last_run else None,
        },
    )


def _statements(portfolio: Row, day: date | None) -> Statements:
    """What an answer is read with; of no session where there is none."""
    portfolio_id = portfolio["portfolio_id"]
    on = (portfolio_id, day or date.min)
    model = Wanted(portfolio_id).model
    without_factors, without_values = factors_queries.without_factors(model)(*on)
    valued, values = snapshots_queries.written_valuations(*on)
    in_terms = {TERMS_ON: day}
    return {
        "positions": (valued, {**values, **in_terms}),
        "without_measure": snapshots_queries.without_measure(*on),
        "largest_pnl": snapshots_queries.largest_pnl(*on, LARGEST),
        "options": greeks_queries.written_greeks(*on),
        "sources": greeks_queries.sources(*on),
        "definitions": factors_queries.every_definition(),
        "exposures": factors_queries.sums_by_factor(*on, model),
        "errors": factors_queries.errors_by_factor(*on, model),
        "without_factors": (without_factors, {**without_values, **in_terms}),
        "exposed": factors_queries.exposed(*on),
        "sensitivities": factors_queries.sensitivities(*on),
        "results": stress_queries.results_on(portfolio["user_id"], *on),
        "market_scenarios": stress_queries.market_scenarios_on(*on),
        "basis": correlations_queries.stress_basis(on[1]),
        "metrics": metrics_queries.metrics_on(*on),
        "components": metrics_queries.components_on(*on),
        "attributed": metrics_queries.attributions_within(*on, on[1]),
        "limits": limits_queries.limits_on(*on),
        "closes": provider_queries.price_sources(*on),
        "quotes": provider_queries.quote_sources(*on),
        "providers": provider_queries.every_provider(),
        "last_session": market_queries.last_session(),
        **last_run_statements(portfolio_id),
    }


def _figures(chain: Chain, found: Found) -> Figures:
    day = chain.snapshot is not None
    errors = {row["factor"]: row["error"] for row in found["errors"]}
    rates = factors_queries.rates_of(found["exposed"], found["sensitivities"])
    exposures = found["exposures"] if day else ()
    return Figures(
        chain,
        OptionRows(found["sources"], text_of(found["options"])),
        FactorRows(exposures, rates, found["without_factors"], errors),
        StressRows(found["results"], found["market_scenarios"], None, *found["basis"][:1]),
        MetricRows(found["metrics"], found["components"]),
        [LimitState(**row) for row in found["limits"]],
        found,
    )


def _age(found: Found, day: date | None) -> dict[str, object]:
    """The last session there are data of, and how many sessions the report's is before it."""
    last: date | None = found["last_session"][0]["latest"]
    behind = max(len(sessions(day, last)) - 1, 0) if day and last else None
    return {"last_session": last, "sessions_behind": behind}


def _history(chain: Chain) -> list[dict[str, object]]:
    """The last sessions, each with its drawdown from the highest of its whole chain."""
    days = [day for day, _ in chain.returns]
    drawdowns = dict(zip(days, running_drawdowns([r for _, r in chain.returns]), strict=True))
    return [{**point, "drawdown": drawdowns[point["as_of"]]} for point in chain.history]


def _sections(portfolio_id: UUID, figures: Figures, standing: str | None) -> dict[str, Any]:
    """The answers of the subjects' own routes, each of the snapshot's session or empty."""
    wanted = Wanted(portfolio_id)
    snapshot = figures.chain.snapshot
    day = snapshot["as_of"] if snapshot else None
    factors_day = day if figures.factors.exposures else None
    stress_day = day if figures.stress.results else None
    metrics_day = day if figures.metrics.metrics else None
    left_out = insensitive(figures.factors)
    return {
        "greeks": whole_greeks(portfolio_id, snapshot, figures.options, standing),
        "factors": factor_answer(wanted, factors_day, snapshot, figures.factors, standing),
        "stress": stress_answer(
            portfolio_id, stress_day, snapshot, figures.stress, left_out, standing
        ),
        "metrics": whole_metrics(portfolio_id, metrics_day, snapshot, figures.metrics, standing),
    }


def _of_the_session(portfolio_id: UUID, figures: Figures, day: date | None) -> dict[str, Any]:
    """Returns, P&L, limits and market data of the snapshot's session."""
    found = figures.found
    snapshot = figures.chain.snapshot
    by_money = (
        money_weighted_periods(figures.chain.points, day, session_on_or_before) if day else {}
    )
    return {
        "performance": periods(figures.metrics.metrics, by_money),
        "attribution": attribution_answer(portfolio_id, found["attributed"], found["definitions"]),
        "pnl_by_position": pnl_by_position(
            found["largest_pnl"], snapshot["daily_pnl"] if snapshot else None
        ),
        "limits": Counter(each.state for each in figures.limits),
        "limit_states": [vars(each) for each in least_room_first(figures.limits)],
        "market_data": market_data_of([*found["closes"], *found["quotes"]], found["providers"]),
    }
