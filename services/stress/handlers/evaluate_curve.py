"""A user asks: how do P&L and Greeks of one portfolio depend on spot, at several dates."""

from collections.abc import Sequence
from dataclasses import asdict

from services.stress import repository
from services.stress.calculations.curve import Curve, curves
from services.stress.calculations.requested import Ahead
from services.stress.handlers.evaluate_grid import (
    about,
    axes_of,
    days_ahead,
    load_moved,
    mode_of,
    within_size,
)
from shared.contracts.stress import (
    CurveAtVolatility,
    CurveEvaluated,
    CurveOnDate,
    EvaluateCurve,
)
from shared.database import Session
from shared.messaging import ServiceRouter

router = ServiceRouter("stress")


@router.answers(EvaluateCurve)
async def evaluate_curve(request: EvaluateCurve, session: Session) -> CurveEvaluated:
    """P&L and Greeks of the portfolio along the request's moves; write nothing."""
    moved = await load_moved(request, session)
    axes = axes_of(request, (request.volatility_shock, *request.volatilities))
    price = None
    if request.underlying is not None:
        price = await repository.load_price(session, request.underlying, request.as_of)
    weighted = mode_of(request) == "beta_weighted"
    found = await within_size(lambda: curves(moved, axes, weighted, price))
    by_shock = dict(zip(axes.volatilities, found, strict=True))
    headline = by_shock[request.volatility_shock]
    days = days_ahead(moved, axes)
    wanted = sorted(set(request.volatilities) - {request.volatility_shock})
    return CurveEvaluated(
        **dict(about(request, moved, axes, headline.grid)),
        volatility_shock=request.volatility_shock,
        dates=_dates(headline, days),
        others=tuple(
            CurveAtVolatility(volatility_shock=each, dates=_dates(by_shock[each], days))
            for each in wanted
        ),
    )


def _dates(found: Curve, days: Sequence[Ahead]) -> tuple[CurveOnDate, ...]:
    """The curve date by date."""
    return tuple(
        CurveOnDate(
            **asdict(day),
            underlying_prices=None if found.prices is None else found.prices[place].tolist(),
            pnl=found.grid.pnl[place, 0].tolist(),
            options_pnl=found.grid.options_pnl[place, 0].tolist(),
            break_evens=tuple(found.grid.break_evens[place][0]),
            **{name: each[place].tolist() for name, each in found.greeks.items()},
        )
        for place, day in enumerate(days)
    )
