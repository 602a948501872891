"""Drafts: the only thing that a tool writes. Entering one into the portfolio is a person's."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import Response

from services.gateway.agents.calling import ADDS, SETTLES, Agent, tool
from services.gateway.agents.schemas import (
    CalculatedDraft,
    MovedFigure,
    NewBranch,
    Suggested,
    Traded,
    WantedCalculation,
    WantedHedge,
    WantedTrades,
)
from services.gateway.agents.shapes import counted, moved
from services.gateway.analytics.reading.impacts import impacts_report
from services.gateway.analytics.schemas.impacts import (
    FigureChange,
    ImpactFigures,
    Impacts,
    MetricImpact,
    MoneyChange,
)
from services.gateway.drafts.dependencies import locked_draft, owned_draft
from services.gateway.drafts.endpoints import sessions, suggestions, trades, work
from services.gateway.drafts.schemas.drafts import NewDraft
from services.gateway.drafts.shapes import Draft, State
from services.gateway.drafts.trading.entering import Asking
from services.gateway.edge.idempotency import Later

SECONDS_BETWEEN_LOOKS = 0.25
RUNNING = "running"
METRICS = (
    *("beta", "volatility_63d", "var_95_1d_historical", "var_99_1d_historical"),
    *("es_95_1d_historical", "dollar_delta", "dollar_gamma_1pct", "dollar_theta_1d"),
    "dollar_vega_1pt",
)
SCENARIOS_SHOWN = 3
SAID = 6  # figures in a sentence to quote


@asynccontextmanager
async def _asking(agent: Agent) -> AsyncIterator[tuple[Asking, Later]]:
    """What endpoints take that ask another service before they write."""
    asking = Asking(agent.user, agent.database, agent.gateway)
    async with AsyncExitStack() as opened:
        yield asking, Later(agent.request, agent.user, agent.database, opened)
    agent.gateway.relay.wake()


@tool("Create a draft", "POST modelling/sessions", effect=ADDS)
async def create_draft(agent: Agent, wanted: NewDraft) -> NewBranch:
    """Branch a portfolio at a session, to try trades without touching the portfolio.

    Then add_trades, and calculate_draft.
    """
    async with agent.database.transaction() as session:
        draft = await sessions.create_draft(wanted, agent.user, session, Response())
    base = draft.base
    quote = f"Draft '{draft.name}' branches '{base.name}' at the close of {base.session_date}."
    return NewBranch(quote=quote, draft_id=draft.draft_id, as_of=base.session_date, draft=draft)


@tool("Add trades", "POST modelling/sessions/{draft_id}/trades", effect=ADDS)
async def add_trades(agent: Agent, wanted: WantedTrades) -> Traded:
    """Add trades to a draft, all of them or none, at the session's prices or those given.

    `action`: open, close, adjust, hedge, strategy; `quantity` below 0 sells. Nothing is booked.
    """
    async with _asking(agent) as (asking, later):
        draft = await trades.add_trades(wanted.draft_id, wanted, asking, later, Response())
    entered = counted(len(draft.trades), "trade")
    return Traded(
        quote=f"Draft '{draft.name}' has {entered}; its figures follow from calculate_draft.",
        draft_id=draft.draft_id,
        as_of=draft.base.session_date,
        draft=draft,
    )


@tool(
    "Calculate a draft",
    "POST modelling/sessions/{draft_id}/calculate",
    "GET modelling/sessions/{draft_id}/impacts",
    effect=SETTLES,
)
async def calculate_draft(agent: Agent, wanted: WantedCalculation) -> CalculatedDraft:
    """Calculate a draft unless it is, and say what its trades change: risk, scenarios, limits.

    Waits a while for the run; where `state` is still draft, call again.
    """
    async with agent.database.transaction() as session:
        draft = await owned_draft(session, agent.user, wanted.draft_id)
        if draft.state not in (State.CALCULATED, State.SAVED) and not _is_under_way(draft):
            locked = await locked_draft(session, agent.user, wanted.draft_id, None)
            await work.calculate_draft(locked, agent.user, session, Response())
    agent.gateway.relay.wake()
    return _shown(await _impacts(agent, wanted))


def _is_under_way(draft: Draft) -> bool:
    """Whether a run goes on that calculates the draft as it is."""
    as_it_is = draft.calculated_version == draft.version and not draft.has_moved
    return as_it_is and draft.run_status == RUNNING


async def _impacts(agent: Agent, wanted: WantedCalculation) -> Impacts:
    """The impacts once the run has ended, or why there are none when the time is up."""
    loop = asyncio.get_running_loop()
    until = loop.time() + wanted.seconds
    while True:
        async with agent.reading.transaction() as session:
            draft = await owned_draft(session, agent.user, wanted.draft_id)
            if draft.run_status != RUNNING or loop.time() >= until:
                return await impacts_report(session, draft)
        await asyncio.sleep(SECONDS_BETWEEN_LOOKS)


def _shown(found: Impacts) -> CalculatedDraft:
    figures = list(_figures(found.impacts)) if found.impacts else []
    limits = found.impacts.limits if found.impacts else []
    moving = [each.sentence for each in figures if each.difference]
    said = " ".join(moving[:SAID]) or "No figure moves."
    return CalculatedDraft(
        quote=f"On {found.as_of}: {said}" if found.impacts else f"{found.reason}.",
        draft_id=found.draft_id,
        base_id=found.base_id,
        as_of=found.as_of,
        state=found.state,
        figures=figures,
        limits=[each for each in limits if each.change not in (None, "unchanged")],
        warnings=found.warnings,
        reason=found.reason,
    )


def _figures(found: ImpactFigures) -> Iterator[MovedFigure]:
    """The figures that most readers look at first."""
    yield _moved("nav", "NAV", "USD", found.nav.nav)
    yield _moved("cash", "Cash", "USD", found.nav.cash)
    yield _moved("exposure.dollar.gross", "Gross exposure", "USD", found.exposures.dollar.gross)
    net = found.exposures.delta_adjusted.net
    yield _moved("exposure.delta_adjusted.net", "Net delta-adjusted exposure", "USD", net)
    for metric in found.metrics:
        if metric.metric in METRICS:
            yield _moved(metric.metric, metric.title, metric.unit, metric)
    scenarios = sorted(found.scenarios, key=lambda each: -abs(each.correlated.difference or 0.0))
    for scenario in scenarios[:SCENARIOS_SHOWN]:
        name = f"scenario.{scenario.scenario_id}"
        yield _moved(name, f"P&L in '{scenario.name}'", "USD", scenario.correlated)


def _moved(
    name: str, title: str, unit: str, change: MoneyChange | FigureChange | MetricImpact
) -> MovedFigure:
    return MovedFigure(
        id=name,
        title=title,
        unit=unit,
        before=change.before,
        after=change.after,
        difference=change.difference,
        sentence=moved(title, change.before, change.after, unit),
    )


@tool("Suggest a hedge", "POST modelling/sessions/{draft_id}/suggestions", effect=ADDS)
async def suggest_hedge(agent: Agent, wanted: WantedHedge) -> Suggested:
    """Trades with the fewest dollars that bring measures of a draft to targets, as a new draft.

    `targets`: {"measure": "beta", "equal": 0}; VaR and expected shortfall with at_most only. A
    draft with trades has to be calculated first.
    """
    async with _asking(agent) as (asking, later):
        report = await suggestions.suggest_trades(
            wanted.draft_id, wanted, asking, later, Response()
        )
    found = report.suggestions[0]
    lines = [f"{each.quantity:+,d} {each.symbol}" for each in found.trades]
    traded = f"{', '.join(lines)} for {found.dollars_traded:,.2f} USD traded" if lines else "none"
    quote = f"Trades that meet the targets on {report.as_of}: {traded}."
    return Suggested(quote=quote, draft_id=report.draft_id, as_of=report.as_of, report=report)
