"""One figure explained: what it means, what it is made of, and what moved it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.gateway.agents.calling import Agent, tool
from services.gateway.agents.schemas import Contribution, Explanation, Figured, WantedExplanation
from services.gateway.agents.shapes import amount
from services.gateway.agents.tools.figures import figured
from services.gateway.analytics.reading.changes import changes_report
from services.gateway.analytics.reading.definitions import definitions
from services.gateway.analytics.reading.measures import Measure, Source, measures_named
from services.gateway.analytics.reading.metrics import metrics_report
from services.gateway.analytics.reading.series import series_report
from services.gateway.analytics.reading.stress import stress_report
from services.gateway.analytics.schemas.changes import ChangesReport, Figure
from services.gateway.analytics.schemas.definitions import Definition
from services.gateway.analytics.schemas.metrics import MetricOut, MetricsReport
from services.gateway.books.dependencies import owned_or_first
from services.gateway.books.queries.positions import PositionFilter
from services.gateway.books.reading import book_on, position_page
from services.gateway.books.schemas.positions import PositionOut
from services.gateway.edge.dependencies import Paging, Period
from services.gateway.edge.problems import Problem
from services.gateway.edge.shapes import View
from shared.database import Session

EVERY_POSITION = 1_000_000
EXPOSURES: Mapping[str, str] = {
    "dollar": "market_value",
    "notional": "notional_exposure",
    "delta_adjusted": "delta_adjusted_exposure",
}
_VAR = re.compile(r"(var|es)_(95|99)_1d_(historical|smoothed)")


@dataclass(frozen=True)
class _Explained:
    """What an explanation is made of."""

    portfolio_id: UUID
    measure: Measure
    day: date | None
    figure: Figured
    changes: ChangesReport
    metrics: MetricsReport
    contributions: list[Contribution]


@tool(
    "Explain a number",
    "GET portfolios/{portfolio_id}/changes",
    "GET risk/metrics",
    "GET positions/table",
    "GET risk/stress-testing/results/{portfolio_id}",
)
async def explain_number(agent: Agent, wanted: WantedExplanation) -> Explanation:
    """What one figure means, its value, what it is made of, and what moved it since the day before.

    `contributions` are the positions' parts of VaR, expected shortfall, an exposure or a scenario.
    """
    async with agent.reading.transaction() as session:
        portfolio = await owned_or_first(session, agent.user, wanted.portfolio_id)
        portfolio_id: UUID = portfolio["portfolio_id"]
        found = await measures_named(session, portfolio["user_id"], [wanted.measure])
        if len(found) != 1:
            raise _one_measure()
        (measure,) = found
        day = (await book_on(session, portfolio_id, wanted.as_of)).valuation.day
        owner = (portfolio["user_id"], portfolio_id)
        changes = await changes_report(session, owner, (None, day), [measure.name], wanted.parts)
        metrics = await metrics_report(session, portfolio_id, day, _view_of(measure))
        shown = await series_report(session, portfolio_id, Period(day, day), found)
        parts = await _contributions(session, owner, day, measure, metrics)
    figure = figured(shown.series[0], str(portfolio["name"]), day)
    largest = sorted(parts, key=lambda each: -abs(each.value))[: wanted.parts]
    return _answer(_Explained(portfolio_id, measure, day, figure, changes, metrics, largest))


def _one_measure() -> Problem:
    message = "name one measure: what_changed takes several"
    error = {"field": "measure", "code": "too_many", "message": message}
    return Problem(422, "invalid_request", message, [error])


def _view_of(measure: Measure) -> View:
    return View(measure.key[1]) if measure.source is Source.METRIC else View.PORTFOLIO


def _answer(about: _Explained) -> Explanation:
    name = about.measure.name
    named = [each for each in about.changes.figures if each.measure == name]
    change = named[0] if named else None
    meaning = _definition_of(name)
    said = [about.figure.sentence, *([meaning.meaning] if meaning else [])]
    return Explanation(
        quote=" ".join([*said, *_largest_part(about), *_largest_move(change)]),
        portfolio_id=about.portfolio_id,
        as_of=about.day,
        figure=about.figure,
        definition=meaning,
        metric=_metric(about.measure, about.metrics),
        contributions=about.contributions,
        since=about.changes.start,
        difference=change.difference if change else None,
        by_position=change.by_position if change else [],
        by_factor=change.by_factor if change else [],
        reason=change.reason if change else about.changes.reason,
    )


def _definition_of(name: str) -> Definition | None:
    """The meaning of a measure: by its name, or by its last part for `exposure.dollar.gross`."""
    known = definitions()
    first, _, rest = name.partition(".")
    return known.get(name) or known.get(first) or known.get(rest.rpartition(".")[2])


def _largest_part(about: _Explained) -> list[str]:
    if not about.contributions:
        return []
    largest = about.contributions[0]
    return [f"Its largest part is {largest.symbol} with {amount(largest.value, 'USD')}."]


def _largest_move(change: Figure | None) -> list[str]:
    if change is None or change.difference is None:
        return []
    parts = [each for each in change.by_position if each.difference]
    because = f", most by {parts[0].name} ({parts[0].difference:+,.2f} USD)" if parts else ""
    moved = amount(change.difference, change.unit)
    return [f"It moved by {moved} since the session before{because}."]


def _metric(measure: Measure, metrics: MetricsReport) -> MetricOut | None:
    if measure.source is not Source.METRIC:
        return None
    every = [each for group in metrics.groups for each in group.metrics]
    return next((each for each in every if each.metric == measure.key[0]), None)


async def _contributions(
    session: Session,
    owner: tuple[UUID, UUID],
    day: date | None,
    measure: Measure,
    metrics: MetricsReport,
) -> list[Contribution]:
    """The positions' parts of the figure, as far as it adds up over positions."""
    if day is None:
        return []
    match measure.key:
        case ("exposures", kind, side):
            return await _of_exposure(session, owner[1], day, (kind, side))
        case (scenario_id, method) if measure.source is Source.SCENARIO:
            return await _of_scenario(session, owner, day, (scenario_id, method))
    return list(_of_var(measure.name, metrics))


async def _of_exposure(
    session: Session, portfolio_id: UUID, day: date, exposure: tuple[str, str]
) -> list[Contribution]:
    kind, side = exposure
    book = await book_on(session, portfolio_id, day)
    page = Paging(limit=EVERY_POSITION)
    held = await position_page(session, book, PositionFilter(open_on=day), "symbol", page)
    values = [(each, float(getattr(each, EXPOSURES[kind]) or 0.0)) for each in held.items]
    return [_part(each, value, side) for each, value in values if _counts(value, side)]


def _counts(value: float, side: str) -> bool:
    """Whether a position's exposure is part of a side; gross and net have all of them."""
    return {"long": value > 0, "short": value < 0}.get(side, value != 0)


def _part(position: PositionOut, value: float, side: str) -> Contribution:
    shown = abs(value) if side == "gross" else value
    return Contribution(position_id=position.position_id, symbol=position.symbol, value=shown)


async def _of_scenario(
    session: Session, owner: tuple[UUID, UUID], day: date, scenario: tuple[str, str]
) -> list[Contribution]:
    scenario_id, method = scenario
    report = await stress_report(session, *owner, day, with_positions=True)
    outcomes = [each for each in report.scenarios if each.scenario_id == scenario_id]
    results = [each.direct if method == "direct" else each.correlated for each in outcomes]
    return [
        Contribution(position_id=each.position_id, symbol=each.symbol, value=each.pnl)
        for result in results
        for each in (result.positions or [] if result else [])
        if each.pnl is not None
    ]


def _of_var(name: str, metrics: MetricsReport) -> Iterator[Contribution]:
    matched = _VAR.fullmatch(name)
    if matched is None:
        return
    risk, level, method = matched.groups()
    prefix = "" if method == "smoothed" else "plain_"
    for found in metrics.component_var:
        if found.confidence == int(level):
            for each in found.positions:
                value = getattr(each, f"{prefix}component_{risk}")
                yield Contribution(position_id=each.position_id, symbol=each.symbol, value=value)
