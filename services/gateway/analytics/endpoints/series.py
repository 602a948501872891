"""Over sessions: measures of a portfolio, one of its positions, its P&L by past session."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from services.gateway.analytics.reading.backtest import var_backtest
from services.gateway.analytics.reading.changes import changes_report
from services.gateway.analytics.reading.history import pnl_vectors, position_history
from services.gateway.analytics.reading.judged_day import judged_day
from services.gateway.analytics.reading.measures import measures_named
from services.gateway.analytics.reading.series import series_report
from services.gateway.analytics.reading.series_file import SAMPLE, series_file
from services.gateway.analytics.schemas.backtest import Confidence, JudgedDay, VarBacktest
from services.gateway.analytics.schemas.changes import ChangesReport
from services.gateway.analytics.schemas.history import PnlVectors, PositionHistory
from services.gateway.analytics.schemas.series import SeriesReport
from services.gateway.books.answers import NamedRevision
from services.gateway.books.dependencies import NamedPortfolio, owning_portfolio
from services.gateway.edge.dependencies import (
    AsOf,
    Caller,
    ChosenPage,
    OpenSession,
    SessionsBetween,
)
from services.gateway.edge.downloads import Form, csv_documented, exported
from services.gateway.edge.routers import api_router
from shared.contracts.event import Day

router = api_router("", None, 401, 404, 422)
Measures = Annotated[
    list[str],
    Query(
        max_length=100,
        description="names with commas between them, or one each: those that definitions mark as "
        "series (metrics also of a side: beta.longs), exposure.<measure>.<side>, factor.<id>, "
        "scenario.<id>; default: ten of the usual ones",
    ),
]


@router.get("/portfolios/{portfolio_id}/series", tags=["portfolios"])
async def get_series(
    portfolio: NamedRevision,
    session: OpenSession,
    span: SessionsBetween,
    measures: Measures = [],  # noqa: B006
) -> SeriesReport:
    """Any metrics, exposures, Greeks, factors and scenarios over sessions, oldest first."""
    wanted = await measures_named(session, portfolio["user_id"], measures)
    return await series_report(session, portfolio["portfolio_id"], span, wanted)


@router.get(
    "/portfolios/{portfolio_id}/series/export",
    tags=["portfolios"],
    response_model=SeriesReport,
    responses={200: csv_documented(SAMPLE)},
)
async def export_series(
    portfolio: NamedPortfolio,
    session: OpenSession,
    span: SessionsBetween,
    measures: Measures = [],  # noqa: B006
    form: Annotated[Form, Query(alias="format")] = Form.CSV,
) -> Response:
    """Measures over sessions as a file: CSV, a row per session, a column per measure, or JSON."""
    wanted = await measures_named(session, portfolio["user_id"], measures)
    found = await series_report(session, portfolio["portfolio_id"], span, wanted)
    return await exported(session, series_file(portfolio["name"], found, form))


@router.get("/portfolios/{portfolio_id}/pnl-vectors", tags=["portfolios"])
async def get_pnl_vectors(
    portfolio: NamedRevision, session: OpenSession, page: ChosenPage, as_of: AsOf = None
) -> PnlVectors:
    """What the holdings would have made on each of the last 252 sessions: what VaR is of."""
    return await pnl_vectors(session, portfolio["portfolio_id"], as_of, page)


@router.get("/portfolios/{portfolio_id}/var-backtest", tags=["portfolios"])
async def get_var_backtest(
    portfolio: NamedRevision, session: OpenSession, span: SessionsBetween
) -> VarBacktest:
    """How the portfolio's own VaR held: exceptions, Kupiec, Christoffersen, Basel's zone.

    Over the last 250 sessions, or those wanted.
    """
    return await var_backtest(session, portfolio["portfolio_id"], span)


@router.get("/portfolios/{portfolio_id}/var-backtest/{session_date}", tags=["portfolios"])
async def get_judged_day(
    portfolio: NamedRevision,
    session_date: Day,
    session: OpenSession,
    confidence: Annotated[Confidence, Query(description="of the positions' parts of VaR, %")] = (
        Confidence.NINETY_FIVE
    ),
) -> JudgedDay:
    """Which positions made the P&L that a VaR is judged by, next to their parts of it."""
    return await judged_day(session, portfolio["portfolio_id"], session_date, confidence)


@router.get("/portfolios/{portfolio_id}/changes", tags=["portfolios"])
async def get_changes(
    portfolio: NamedRevision,
    session: OpenSession,
    since: Annotated[
        Day | None, Query(description="compare with the last session at or before; default: one")
    ] = None,
    as_of: AsOf = None,
    measures: Measures = [],  # noqa: B006
    positions: Annotated[
        int, Query(ge=1, le=1000, description="how many positions' parts each figure shows")
    ] = 20,
) -> ChangesReport:
    """What moved P&L and each risk figure, by position, sector, tag and factor: parts that add up.

    Figures by default: the usual ones, every factor and every scenario.
    """
    owner = (portfolio["user_id"], portfolio["portfolio_id"])
    return await changes_report(session, owner, (since, as_of), measures, positions)


@router.get("/positions/{position_id:uuid}/history", tags=["positions"])
async def get_position_history(
    position_id: UUID, caller: Caller, session: OpenSession, span: SessionsBetween
) -> PositionHistory:
    """A position on every session: value, P&L, exposures, Greeks and its part of VaR."""
    portfolio_id = await owning_portfolio(session, caller, position_id)
    return await position_history(session, portfolio_id, position_id, span)
