"""Measures of a portfolio over sessions."""

from typing import Annotated

from fastapi import APIRouter, Query

from services.gateway.analytics.reading.measures import measures_named
from services.gateway.analytics.reading.series import series_report
from services.gateway.analytics.schemas.series import SeriesReport
from services.gateway.books.answers import NamedRevision
from services.gateway.edge.dependencies import OpenSession, SessionsBetween
from services.gateway.edge.problems import documented

router = APIRouter(prefix="/portfolios", tags=["portfolios"], responses=documented(401, 404, 422))
Measures = Annotated[
    list[str],
    Query(
        max_length=100,
        description="names with commas between them, or one each: those that definitions mark as "
        "series (metrics also of a side: beta.longs), exposure.<measure>.<side>, factor.<id>, "
        "scenario.<id>; default: ten of the usual ones",
    ),
]


@router.get("/{portfolio_id}/series")
async def get_series(
    portfolio: NamedRevision,
    session: OpenSession,
    span: SessionsBetween,
    measures: Measures = [],  # noqa: B006
) -> SeriesReport:
    """Any metrics, exposures, Greeks, factors and scenarios over sessions, oldest first."""
    wanted = await measures_named(session, portfolio["user_id"], measures)
    return await series_report(session, portfolio["portfolio_id"], span, wanted)
