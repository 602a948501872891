"""Any measures over any sessions, in one answer."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date
from uuid import UUID

from services.gateway.analytics.queries import series as queries
from services.gateway.analytics.queries.series import Key, Span, Value
from services.gateway.analytics.reading.measures import Measure, Source
from services.gateway.analytics.schemas.series import Gap, Series, SeriesReport
from services.gateway.analytics.shapes.series import Point, Values, series_of
from services.gateway.books.shapes import NO_SNAPSHOT, explained
from services.gateway.edge.dependencies import Period
from services.gateway.runs.tracking import standing_of
from shared.database import Session

Points = dict[Measure, dict[date, Point]]
Load = Callable[[Session, UUID, Span, Sequence[Key]], Awaitable[list[Value]]]
_LOADS: Mapping[Source, Load] = {
    Source.METRIC: queries.load_metric_values,
    Source.FACTOR: queries.load_factor_values,
    Source.SCENARIO: queries.load_scenario_values,
}


async def series_report(
    session: Session, portfolio_id: UUID, span: Period, measures: Sequence[Measure]
) -> SeriesReport:
    """The measures on the sessions of the portfolio's snapshots, and on others with any of them."""
    points, taken = await points_of(session, portfolio_id, span, measures)
    sessions = sorted(taken.union(*points.values()))
    standing = None if sessions else await standing_of(session, portfolio_id)
    return SeriesReport(
        portfolio_id=portfolio_id,
        start=sessions[0] if sessions else None,
        end=sessions[-1] if sessions else None,
        session_dates=sessions,
        series=[_series(measure, series_of(sessions, points[measure])) for measure in measures],
        reason=None if sessions else explained(NO_SNAPSHOT, standing),
    )


def _series(measure: Measure, found: Values) -> Series:
    return Series(
        measure=measure.name,
        title=measure.title,
        unit=measure.unit,
        values=list(found.values),
        gaps=[Gap(**vars(gap)) for gap in found.gaps],
    )


async def points_of(
    session: Session, portfolio_id: UUID, span: Span, measures: Sequence[Measure]
) -> tuple[Points, set[date]]:
    """The measures' values by session, and the sessions of snapshots."""
    points = await _load_points(session, portfolio_id, span, measures)
    return points, await _add_snapshots(session, portfolio_id, span, points)


async def _load_points(
    session: Session, portfolio_id: UUID, span: Span, measures: Sequence[Measure]
) -> Points:
    """The measures' values by session, those of snapshots not yet among them."""
    points: Points = {measure: {} for measure in measures}
    for source, load in _LOADS.items():
        wanted: Mapping[Key, dict[date, Point]] = {
            measure.key: points[measure] for measure in _of_source(measures, source)
        }
        if wanted:
            for row in await load(session, portfolio_id, span, list(wanted)):
                found = wanted.get((row.first, row.second))
                if found is not None:
                    found[row.as_of] = (row.value, row.reason)
    return points


def _of_source(measures: Sequence[Measure], source: Source) -> list[Measure]:
    return [measure for measure in measures if measure.source is source]


async def _add_snapshots(
    session: Session, portfolio_id: UUID, span: Span, points: Points
) -> set[date]:
    """Add what snapshots hold of the measures; the sessions of the snapshots."""
    wanted = _of_source(list(points), Source.SNAPSHOT)
    keys = [measure.key for measure in wanted]
    rows = await queries.load_snapshot_values(session, portfolio_id, span, keys)
    for day, values in rows:
        for measure, value in zip(wanted, values, strict=True):
            points[measure][day] = (value, "the snapshot has none")
    return {day for day, _ in rows}
