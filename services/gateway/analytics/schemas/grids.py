"""Grids of spot, volatility and days, and curves of P&L and Greeks against spot."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from services.gateway.edge.values import (
    SOME_ID,
    Greek,
    Money,
    Price,
    RequestBody,
    Warned,
    body_example,
    example,
)
from shared.contracts.event import Day
from shared.contracts.stress import (
    MOST_CURVES,
    MOST_STEPS,
    Days,
    Move,
    SpotMode,
    VolatilityMove,
    VolatilityTerm,
)

SPOTS = [-0.3, -0.2, -0.1, -0.05, 0.0, 0.05, 0.1, 0.2, 0.3]
VOLATILITIES = [-0.3, -0.2, -0.1, 0.0, 0.1, 0.25, 0.5]
DAYS = [0, 7, 30]
CURVE_SPOTS = [round(-0.3 + 0.025 * step, 3) for step in range(25)]

Mode = Annotated[
    SpotMode,
    Field(description="parallel: all names move alike; beta_weighted: each by its beta x SPY's"),
]
Term = Annotated[
    VolatilityTerm,
    Field(
        description="parallel: every implied volatility changes by all of it; by_tenor: the "
        "one-month one does, longer tenors less, as `volatility_shock` of scenarios"
    ),
]
BreakEvens = Annotated[
    list[float], Field(description="moves of spot at which P&L is zero, within the axis")
]


class _Whose(RequestBody):
    """The portfolio that is repriced."""

    portfolio_id: UUID | None = Field(
        default=None, description="default: the caller's only or first portfolio"
    )
    as_of: Day | None = Field(default=None, description="default: the last session evaluated")


class _What(RequestBody):
    """What of a portfolio moves, and how."""

    underlying: str | None = Field(
        default=None,
        min_length=1,
        max_length=24,
        description="only the positions in it and in options on it; default: all positions",
    )
    spot_mode: SpotMode | None = Field(
        default=None,
        description="parallel or beta_weighted (to SPY); default: beta_weighted, and parallel "
        "for one underlying",
    )
    volatility_term: Term = "parallel"


class WantedGrid(_Whose, _What):
    """A grid to reprice now; nothing is written. The default has 9 x 7 x 3 points."""

    model_config = body_example(
        spots=[-0.2, -0.1, 0, 0.1, 0.2], volatilities=[0, 0.25], days_forward=[0, 30]
    )

    spots: list[Move] = Field(
        default=SPOTS, min_length=1, max_length=MOST_STEPS, description="decimal moves of spot"
    )
    volatilities: list[VolatilityMove] = Field(
        default=VOLATILITIES,
        min_length=1,
        max_length=MOST_STEPS,
        description="relative changes of implied volatility: 0.25 is a quarter more",
    )
    days_forward: list[Days] = Field(
        default=DAYS, min_length=1, max_length=MOST_STEPS, description="calendar days that pass"
    )


class _Along(_What):
    """The axes of a curve."""

    spots: list[Move] = Field(
        default=CURVE_SPOTS,
        min_length=1,
        max_length=MOST_STEPS,
        description="decimal moves of spot",
    )
    volatility_shock: VolatilityMove = Field(
        default=0.0, description="relative change of implied volatility at every point"
    )
    volatilities: list[VolatilityMove] = Field(
        default=[],
        max_length=MOST_CURVES,
        description="further relative changes, each with its own curve in `others`",
    )
    days_forward: list[Days] = Field(
        default=DAYS, min_length=1, max_length=MOST_STEPS, description="calendar days that pass"
    )


_ALONG: dict[str, object] = {"spots": [-0.1, -0.05, 0, 0.05, 0.1], "days_forward": [0, 30]}


class WantedCurve(_Whose, _Along):
    """A curve to reprice now; nothing is written."""

    model_config = body_example(underlying="AAPL", **_ALONG)


class WantedDraftCurve(_Along):
    """A curve of a draft and of its base to reprice now; nothing is written."""

    model_config = body_example(underlying="AAPL", **_ALONG)


class Ahead(BaseModel):
    """A day that values are of."""

    days_forward: int = Field(description="calendar days after the session")
    until: date
    settled: list[str] = Field(
        description="contracts that expire by then: valued at their intrinsic value"
    )
    ex_dividends: dict[str, float] = Field(
        description="USD per share by underlying that go ex on the way, as its options expect"
    )


class _Report(BaseModel):
    """What both answers begin with."""

    portfolio_id: UUID
    as_of: date
    underlying: str | None
    spot_mode: Mode
    volatility_term: Term
    spots: list[float] = Field(description="ascending decimal moves; -0.1 is a fall of 10 %")
    coverage: float | None
    warnings: list[Warned] = Field(description="what the totals leave out, and why")


_ABOUT = {
    "portfolio_id": SOME_ID,
    "as_of": "2022-12-28",
    "volatility_term": "parallel",
    "coverage": 1.0,
    "warnings": [],
}
_TODAY = {"days_forward": 0, "until": "2022-12-28", "settled": [], "ex_dividends": {}}


class GridReport(_Report):
    """P&L by date, volatility and spot: `pnl[date][volatility][spot]`, all axes ascending."""

    model_config = example(
        **_ABOUT,
        underlying=None,
        spot_mode="beta_weighted",
        spots=[-0.1, 0.0, 0.1],
        volatilities=[0.0],
        dates=[_TODAY],
        pnl=[[[-60210.5, 0.0, 65480.1]]],
        options_pnl=[[[4120.25, 0.0, -2010.6]]],
        options_share=[[[-0.0684, None, -0.0307]]],
        break_evens=[[[0.0]]],
    )

    volatilities: list[float] = Field(description="ascending relative changes")
    dates: list[Ahead]
    pnl: list[list[list[Money]]]
    options_pnl: list[list[list[Money]]] = Field(description="the options' part of `pnl`")
    options_share: list[list[list[float | None]]] = Field(
        description="options_pnl / pnl; null where pnl is zero"
    )
    break_evens: list[list[BreakEvens]] = Field(description="by date and volatility")


class CurveOnDate(Ahead):
    """P&L and Greeks on one date: every list is by spot."""

    underlying_prices: list[Price] | None = Field(
        description="of the one underlying, less the dividends on the way; null for several"
    )
    pnl: list[Money]
    options_pnl: list[Money] = Field(description="the options' part of `pnl`")
    options_share: list[float | None] = Field(
        description="options_pnl / pnl; null where pnl is zero"
    )
    break_evens: BreakEvens
    dollar_delta: list[Greek]
    dollar_gamma_1pct: list[Greek]
    dollar_theta_1d: list[Greek]
    dollar_vega_1pt: list[Greek]
    dollar_rho_1pct: list[Greek]
    dollar_delta_beta_weighted: list[Greek] | None = Field(
        description="null unless spot is beta-weighted"
    )
    dollar_gamma_1pct_beta_weighted: list[Greek] | None = Field(
        description="null unless spot is beta-weighted"
    )
    delta: list[Greek] | None = Field(description="in shares of the one underlying, else null")
    gamma: list[Greek] | None = Field(description="in shares per 1.00 of it, else null")


class CurveAtVolatility(BaseModel):
    """The same curve at another relative change of implied volatility."""

    volatility_shock: float
    dates: list[CurveOnDate]


class DayBand(BaseModel):
    """How far one day goes: losses are positive, moves decimal; null with under 60 past days."""

    confidence: int
    value_at_risk: Money | None = Field(description="historical, of the positions of the curve")
    expected_shortfall: Money | None
    move_down: float | None = Field(description="of `mover`: as rarely exceeded as the VaR")
    move_up: float | None


class DayBands(BaseModel):
    """What one session did on past days: to these positions, and to what moves along the axis."""

    mover: str | None = Field(description="whose return is on the axis; null with a `reason`")
    first_day: date | None
    last_day: date | None
    observations: int = Field(description="past sessions with a P&L")
    bands: list[DayBand] = Field(description="by confidence, ascending")
    left_out: list[str] = Field(description="positions without a past P&L, by symbol")
    reason: str | None


class CurveReport(_Report):
    """P&L and five Greeks against the move of spot, date by date."""

    model_config = example(
        **_ABOUT,
        underlying="AAPL",
        spot_mode="parallel",
        spots=[0.0],
        volatility_shock=0.0,
        dates=[
            _TODAY
            | {
                "underlying_prices": [126.04],
                "pnl": [0.0],
                "options_pnl": [0.0],
                "options_share": [None],
                "break_evens": [0.0],
                "dollar_delta": [20299.35],
                "dollar_gamma_1pct": [180.2],
                "dollar_theta_1d": [-12.1],
                "dollar_vega_1pt": [31.5],
                "dollar_rho_1pct": [14.2],
                "dollar_delta_beta_weighted": None,
                "dollar_gamma_1pct_beta_weighted": None,
                "delta": [161.05],
                "gamma": [1.13],
            }
        ],
        others=[],
        day={
            "mover": "AAPL",
            "first_day": "2021-12-28",
            "last_day": "2022-12-28",
            "observations": 252,
            "bands": [
                {
                    "confidence": 99,
                    "value_at_risk": 1105.2,
                    "expected_shortfall": 1190.4,
                    "move_down": -0.0503,
                    "move_up": 0.0521,
                }
            ],
            "left_out": [],
            "reason": None,
        },
    )

    volatility_shock: float
    dates: list[CurveOnDate]
    others: list[CurveAtVolatility] = Field(description="at the `volatilities` of the request")
    day: DayBands


class DraftCurves(BaseModel):
    """A draft's curve next to its base's, along the same moves of spot."""

    model_config = example(draft_id=SOME_ID, before=None, after=None, reason=None)

    draft_id: UUID
    before: CurveReport | None = Field(
        description="of the base; null with the reason where it holds nothing of the underlying"
    )
    after: CurveReport | None = Field(description="of the draft; null likewise")
    reason: str | None
