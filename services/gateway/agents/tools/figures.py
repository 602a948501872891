"""Figures of a portfolio: on a session, over sessions, what they are and what moved them."""

from collections.abc import Sequence
from datetime import date, timedelta
from difflib import get_close_matches
from uuid import UUID

from services.gateway.agents.calling import Agent, tool
from services.gateway.agents.schemas import (
    Changes,
    Defined,
    Figured,
    History,
    PortfolioRisk,
    WantedChanges,
    WantedDefinition,
    WantedHistory,
    WantedRisk,
)
from services.gateway.agents.shapes import amount, counted, moved, sentence
from services.gateway.analytics.reading.changes import changes_report
from services.gateway.analytics.reading.definitions import definitions
from services.gateway.analytics.reading.measures import Measure, measures_named
from services.gateway.analytics.reading.series import series_report
from services.gateway.analytics.schemas.series import Series
from services.gateway.books.dependencies import owned_or_first
from services.gateway.books.reading import book_on, listed
from services.gateway.edge.dependencies import Period, refuse_wrong_order
from services.gateway.edge.problems import Problem
from services.gateway.market.queries import latest_session
from shared.database import Session

DAYS_OF_HISTORY = 42
SAID = 3  # figures in a sentence to quote
OF_CHANGES = (
    *("nav", "exposure.dollar.gross", "exposure.delta_adjusted.net", "beta", "volatility_63d"),
    *("var_95_1d_historical", "es_95_1d_historical"),
)
OF_HISTORY = ("nav", "daily_pnl", "var_95_1d_historical")


def figured(series: Series, name: str, day: date | None) -> Figured:
    """A measure's last value as a figure; `name`: of the portfolio."""
    value = series.values[-1] if series.values else None
    reason = series.gaps[-1].reason if value is None and series.gaps else None
    title = series.title
    said = sentence(title, name, day, value, series.unit, reason)
    about = (series.measure, title, value, series.unit, day, said, reason)
    return Figured(**dict(zip(Figured.model_fields, about, strict=True)))


async def figures_on(
    session: Session, portfolio_id: UUID, name: str, day: date, measures: Sequence[Measure]
) -> list[Figured]:
    """The measures on one session."""
    report = await series_report(session, portfolio_id, Period(day, day), measures)
    return [figured(each, name, day) for each in report.series]


@tool("Portfolio risk", "GET portfolios", "GET portfolios/{portfolio_id}/series")
async def get_portfolio_risk(agent: Agent, wanted: WantedRisk) -> PortfolioRisk:
    """The main figures of a portfolio on a session: NAV, P&L, exposure, beta, VaR and others.

    With its worst scenario, and how many limits are in each state. `measures` names others.
    """
    async with agent.reading.transaction() as session:
        portfolio = await owned_or_first(session, agent.user, wanted.portfolio_id)
        portfolio_id: UUID = portfolio["portfolio_id"]
        name = str(portfolio["name"])
        measures = await measures_named(session, portfolio["user_id"], wanted.measures)
        book = await book_on(session, portfolio_id, wanted.as_of)
        day = book.valuation.day
        found = await figures_on(session, portfolio_id, name, day, measures) if day else []
        (last,) = await listed(session, agent.user.user_id, [portfolio])
    reason = book.described()["reason"]
    known = [each.sentence for each in found if each.value is not None]
    quote = " ".join(known[:SAID]) or f"'{name}' has no figures: {reason or 'none is known'}."
    return PortfolioRisk(
        quote=quote,
        portfolio_id=portfolio_id,
        name=name,
        as_of=day,
        figures=found,
        worst_scenario=last.worst_scenario,
        limits=last.limits,
        reason=reason,
    )


@tool("What changed", "GET portfolios/{portfolio_id}/changes")
async def what_changed(agent: Agent, wanted: WantedChanges) -> Changes:
    """What moved P&L and risk figures between two sessions, by position, sector, tag and factor.

    The parts of each figure add up to its difference. `measures` names other figures.
    """
    refuse_wrong_order(wanted.since, wanted.as_of, "session")
    async with agent.reading.transaction() as session:
        portfolio = await owned_or_first(session, agent.user, wanted.portfolio_id)
        owner = (portfolio["user_id"], portfolio["portfolio_id"])
        days = (wanted.since, wanted.as_of)
        names = wanted.measures or list(OF_CHANGES)
        report = await changes_report(session, owner, days, names, wanted.parts)
    figures = [each for each in report.figures if each.difference]
    said = [moved(each.title, each.before, each.after, each.unit) for each in figures[:SAID]]
    between = f"'{portfolio['name']}' from {report.start} to {report.end}"
    none = f"{report.reason or 'no figure moved'}."
    quote = f"{between}: {' '.join(said) or none}"
    return Changes(quote=quote, portfolio_id=owner[1], as_of=report.end, report=report)


@tool("History", "GET portfolios/{portfolio_id}/series")
async def get_history(agent: Agent, wanted: WantedHistory) -> History:
    """Measures of a portfolio over sessions, oldest first, with the reason for every gap."""
    refuse_wrong_order(wanted.start, wanted.end, "session")
    async with agent.reading.transaction() as session:
        portfolio = await owned_or_first(session, agent.user, wanted.portfolio_id)
        end = wanted.end or await latest_session(session)
        start = wanted.start or (end - timedelta(days=DAYS_OF_HISTORY) if end else None)
        names = wanted.measures or list(OF_HISTORY)
        measures = await measures_named(session, portfolio["user_id"], names)
        span = Period(start, wanted.end)
        report = await series_report(session, portfolio["portfolio_id"], span, measures)
    said = [_over(each, report.session_dates) for each in report.series]
    sessions = counted(len(report.session_dates), "session")
    quote = f"'{portfolio['name']}' over {sessions}: {' '.join(said)}"
    about = (portfolio["portfolio_id"], report.end)
    return History(quote=quote, portfolio_id=about[0], as_of=about[1], report=report)


def _over(series: Series, days: Sequence[date]) -> str:
    """How a measure went, from its first known value to its last."""
    pairs = zip(days, series.values, strict=True)
    known = [(day, value) for day, value in pairs if value is not None]
    if not known:
        return f"{series.title}: not known."
    ends = [f"{amount(value, series.unit)} on {day}" for day, value in (known[0], known[-1])]
    return f"{series.title}: from {' to '.join(ends)}."


@tool("Definition", "GET definitions/{measure}")
async def get_definition(_: Agent, wanted: WantedDefinition) -> Defined:
    """What a published name means: its formula, unit, sign, and section of the methodology."""
    known = definitions()
    found = known.get(wanted.measure)
    if found is None:
        close = get_close_matches(wanted.measure, known, n=3)
        hint = f": did you mean {' or '.join(close)}?" if close else ""
        detail = f"there is no definition {wanted.measure}{hint}"
        error = {"field": "measure", "code": "unknown_measure", "message": detail}
        raise Problem(404, "definition_not_found", detail, [error])
    quote = f"{found.title}: {found.meaning} Unit: {found.unit}; sign: {found.sign}."
    return Defined(quote=quote, definition=found)
