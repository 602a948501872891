"""A portfolio's attributed P&L by week or month."""

from uuid import UUID

from services.gateway.analytics.queries import factors as factors_queries
from services.gateway.analytics.queries import metrics as metrics_queries
from services.gateway.analytics.schemas.attribution import (
    AttributedPart,
    AttributedPeriod,
    AttributionPeriods,
)
from services.gateway.analytics.shapes.attribution import (
    Per,
    Split,
    split_by_period,
    why_nothing,
)
from services.gateway.edge.dependencies import Period
from shared.database import Session


async def attribution_periods(
    session: Session, portfolio_id: UUID, span: Period, per: Per
) -> AttributionPeriods:
    """The P&L of the span, one entry per period and part."""
    rows = await metrics_queries.load_attributed(session, portfolio_id, span)
    definitions = await factors_queries.load_definitions(session)
    names = {row["factor"]: row["name"] for row in definitions if row["active"]}
    split = split_by_period(rows, names, per)
    return _answer(portfolio_id, per, split, None if split.periods else why_nothing(rows))


def _answer(portfolio_id: UUID, per: Per, split: Split, reason: str | None) -> AttributionPeriods:
    days = [day for own in split.periods for day in own]
    return AttributionPeriods(
        portfolio_id=portfolio_id,
        per=per,
        start=days[0] if days else None,
        as_of=days[-1] if days else None,
        sessions=len(days),
        periods=[
            AttributedPeriod(start=own[0], end=own[-1], sessions=len(own)) for own in split.periods
        ],
        parts=[
            AttributedPart(part=part.part, name=part.name, values=part.values, total=part.total)
            for part in split.parts
        ],
        pnl=split.pnl,
        total=sum(split.pnl) if days else None,
        sessions_left_out=split.left_out,
        reason=reason,
    )
