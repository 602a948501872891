"""A user asks: what does one portfolio make at these spots, volatilities and dates."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TypeVar

from services.stress import repository
from services.stress.calculations.grid import Axes, Grid, grid
from services.stress.calculations.requested import Ahead, ahead
from services.stress.calculations.sizes import TooLarge
from services.stress.calculations.surface import Moved
from services.stress.handlers.evaluate_what_if import calculated
from services.stress.settings import get_settings
from shared.contracts.event import Notice
from shared.contracts.stress import Ahead as DayAhead
from shared.contracts.stress import EvaluateCurve, EvaluateGrid, GridEvaluated, OnAxes, SpotMode
from shared.database import Session
from shared.errors import Unanswerable
from shared.messaging import ServiceRouter
from shared.rows import finite_or_none

Found = TypeVar("Found")

router = ServiceRouter("stress")


@router.answers(EvaluateGrid)
async def evaluate_grid(request: EvaluateGrid, session: Session) -> GridEvaluated:
    """Reprice the portfolio at every point of the request's grid; write nothing."""
    moved = await load_moved(request, session)
    axes = axes_of(request, request.volatilities)
    found = await within_size(lambda: grid(moved, axes))
    return GridEvaluated(
        **dict(about(request, moved, axes, found)),
        volatilities=tuple(axes.volatilities),
        dates=tuple(DayAhead(**asdict(each)) for each in days_ahead(moved, axes)),
        pnl=found.pnl.tolist(),
        options_pnl=found.options_pnl.tolist(),
        break_evens=tuple(tuple(map(tuple, each)) for each in found.break_evens),
    )


async def load_moved(request: EvaluateGrid | EvaluateCurve, session: Session) -> Moved:
    """The positions that the request is about, with how far each moves."""
    holdings = calculated(
        request.as_of,
        await repository.load_calculated_holdings(
            session, request.portfolio_id, request.as_of, get_settings().rate_maturity
        ),
    )
    if request.underlying is not None:
        holdings = holdings.of_underlying(request.underlying)
        if not holdings.position_ids:
            message = f"no position has the underlying {request.underlying}"
            raise Unanswerable("not_held", f"{message}: name one that is held")
    return Moved.of(holdings, mode_of(request))


def mode_of(request: EvaluateGrid | EvaluateCurve) -> SpotMode:
    """As requested; else one underlying moves by itself, and a book with SPY."""
    usual: SpotMode = "beta_weighted" if request.underlying is None else "parallel"
    return request.spot_mode or usual


def axes_of(request: EvaluateGrid | EvaluateCurve, volatilities: Sequence[float]) -> Axes:
    """The request's axes, ascending and each step once."""
    by_tenor = request.volatility_term == "by_tenor"
    steps = (request.spots, volatilities, request.days_forward)
    spots, moves, days = (sorted(set(each)) for each in steps)
    return Axes(spots, moves, [int(day) for day in days], by_tenor)


async def within_size(work: Callable[[], Found]) -> Found:
    """What the work finds, off the event loop; refuses what is too much work."""
    try:
        return await asyncio.to_thread(work)
    except TooLarge as error:
        raise Unanswerable("too_many_points", str(error)) from error


def days_ahead(moved: Moved, axes: Axes) -> list[Ahead]:
    """What each step of the days does to the holdings."""
    return [ahead(moved.holdings, day) for day in axes.days]


def about(request: EvaluateGrid | EvaluateCurve, moved: Moved, axes: Axes, found: Grid) -> OnAxes:
    """What both answers begin with."""
    return OnAxes(
        portfolio_id=request.portfolio_id,
        as_of=request.as_of,
        underlying=request.underlying,
        spot_mode=mode_of(request),
        volatility_term=request.volatility_term,
        spots=tuple(axes.spots),
        coverage=finite_or_none(found.coverage),
        left_out=tuple(Notice.of(each) for each in found.caveats),
    )
