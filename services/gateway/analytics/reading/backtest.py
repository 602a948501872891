"""A portfolio's own VaR, judged by what its holdings made on the next session."""

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from services.gateway.analytics.queries import backtest as queries
from services.gateway.analytics.queries.series import load_metric_values
from services.gateway.analytics.schemas.backtest import JudgedVar, LikelihoodOut, VarBacktest
from services.gateway.analytics.schemas.series import Gap
from services.gateway.analytics.shapes.backtest import (
    Evening,
    Judged,
    judged,
    verdict,
)
from services.gateway.analytics.shapes.series import gaps
from services.gateway.books.shapes import NO_SNAPSHOT
from services.gateway.edge.dependencies import Period
from services.gateway.edge.shapes import View
from shared.calendar import previous_session
from shared.database import Session
from shared.quant.backtesting import BASEL_DAYS, LikelihoodTest

CONFIDENCES = (95, 99)
METHODS = ("historical", "rescaled", "parametric")


async def var_backtest(session: Session, portfolio_id: UUID, span: Period) -> VarBacktest:
    """Every VaR of the portfolio over the span; without a start, over its last 250 sessions."""
    stored = await queries.load_evenings(session, portfolio_id, span)
    evenings = [Evening(*each, _is_next(each.previous, each.as_of)) for each in stored]
    most = len(evenings) if span.start else BASEL_DAYS
    names = {f"var_{c}_1d_{method}": c for c in CONFIDENCES for method in METHODS}
    known = await _load_values(session, portfolio_id, span.end, list(names)) if evenings else {}
    found = {name: judged(evenings, known.get(name, {}), most) for name in names}
    days = sorted({day for each in found.values() for day in each.session_dates})
    return VarBacktest(
        portfolio_id=portfolio_id,
        start=days[0] if days else None,
        end=days[-1] if days else None,
        judged=[_judged(name, names[name], each) for name, each in found.items()],
        reason=None if evenings else NO_SNAPSHOT,
    )


def _is_next(previous: date | None, as_of: date) -> bool:
    """Whether the two sessions of the exchange follow each other."""
    return previous is not None and previous_session(as_of) == previous


async def _load_values(
    session: Session, portfolio_id: UUID, end: date | None, names: Sequence[str]
) -> Mapping[str, Mapping[date, float]]:
    """By metric and session; the first evening lies before the span, so there is no start."""
    keys = [(name, View.PORTFOLIO.value) for name in names]
    known: dict[str, dict[date, float]] = {}
    for row in await load_metric_values(session, portfolio_id, Period(None, end), keys):
        if row.value is not None:
            known.setdefault(row.first, {})[row.as_of] = row.value
    return known


def _judged(name: str, confidence: int, found: Judged) -> JudgedVar:
    outcome = verdict(found, confidence / 100)
    return JudgedVar(
        measure=name,
        confidence=confidence,
        session_dates=list(found.session_dates),
        hypothetical_pnl=list(found.pnl),
        values=list(found.values),
        days=outcome.days,
        expected_exceptions=outcome.expected,
        exceptions=len(outcome.exceptions),
        exception_dates=list(outcome.exceptions),
        kupiec=_test(outcome.kupiec),
        christoffersen=_test(outcome.christoffersen),
        conditional_coverage=_test(outcome.conditional),
        zone=outcome.zone,
        gaps=[Gap(**vars(gap)) for gap in gaps(found.not_judged)],
        reason=outcome.reason,
    )


def _test(found: LikelihoodTest | None) -> LikelihoodOut | None:
    return LikelihoodOut(**vars(found)) if found else None
