"""Models of the backtest of a portfolio's VaR."""

from datetime import date
from enum import IntEnum
from uuid import UUID

from pydantic import BaseModel, Field

from services.gateway.analytics.schemas.series import Gap
from services.gateway.edge.values import SOME_ID, Money, example
from shared.quant.backtesting import Zone


class LikelihoodOut(BaseModel):
    """A likelihood ratio, and the chance of one so large if the VaR is right."""

    likelihood_ratio: float
    p_value: float = Field(description="below 0.05 the VaR is rejected")


class JudgedVar(BaseModel):
    """One VaR against the P&L of the sessions after it."""

    measure: str = Field(description="the metric, of the evening before each session")
    confidence: int
    session_dates: list[date] = Field(description="the sessions judged, oldest first")
    hypothetical_pnl: list[Money] = Field(
        description="of what was held the evening before: trading and fees left out"
    )
    values: list[Money] = Field(description="the VaR of the evening before; a loss is positive")
    days: int
    expected_exceptions: float
    exceptions: int = Field(description="days that lost more than the VaR")
    exception_dates: list[date]
    kupiec: LikelihoodOut | None = Field(description="whether there are too many or too few")
    christoffersen: LikelihoodOut | None = Field(description="whether they cluster")
    conditional_coverage: LikelihoodOut | None = Field(description="both at once")
    zone: Zone | None = Field(description="Basel's, of 99 % VaR: green, yellow or red")
    gaps: list[Gap] = Field(description="sessions of the span that cannot be judged")
    reason: str | None = Field(description="why there are no tests")


class VarBacktest(BaseModel):
    """How the portfolio's VaR held: historical, rescaled and parametric, at 95 and 99 %."""

    model_config = example(
        portfolio_id=SOME_ID,
        start="2022-12-27",
        end="2022-12-28",
        judged=[
            {
                "measure": "var_99_1d_historical",
                "confidence": 99,
                "session_dates": ["2022-12-27", "2022-12-28"],
                "hypothetical_pnl": [-1250.5, 310.25],
                "values": [1820.4, 1818.9],
                "days": 2,
                "expected_exceptions": 0.02,
                "exceptions": 0,
                "exception_dates": [],
                "kupiec": None,
                "christoffersen": None,
                "conditional_coverage": None,
                "zone": None,
                "gaps": [],
                "reason": "2 days, 60 needed",
            }
        ],
        reason=None,
    )

    portfolio_id: UUID
    start: date | None
    end: date | None
    judged: list[JudgedVar]
    reason: str | None


_LOSER = {
    "position_id": SOME_ID,
    "symbol": "AAPL",
    "sector": "Technology",
    "state": "held",
    "pnl": -1210.4,
    "share_of_total": 0.5432,
    "component_var": 640.2,
}


class Confidence(IntEnum):
    """Of a VaR, in percent."""

    NINETY_FIVE = 95
    NINETY_NINE = 99


class JudgedPosition(BaseModel):
    """What a position made on the session, next to its part of the VaR of the evening before."""

    model_config = example(**_LOSER)

    position_id: UUID
    symbol: str
    sector: str | None
    state: str = Field(description="held at the close, or closed on the session")
    pnl: Money | None = Field(description="null where a price is missing: it counts nothing")
    share_of_total: float | None = Field(description="of hypothetical_pnl; null when that is 0")
    component_var: Money | None = Field(
        description="of the evening before; null when it was not held then, or not measured"
    )


class JudgedDay(BaseModel):
    """What a portfolio's P&L of one session came from, the largest loss first.

    The positions' pnl - trades + income = hypothetical_pnl.
    """

    model_config = example(
        portfolio_id=SOME_ID,
        as_of="2022-12-28",
        previous_session="2022-12-27",
        confidence=95,
        hypothetical_pnl=-2228.3,
        trades=-12.5,
        income=0.0,
        positions=[_LOSER],
        reason=None,
    )

    portfolio_id: UUID
    as_of: date
    previous_session: date | None = Field(description="the evening whose VaR is judged")
    confidence: int = Field(description="of component_var")
    hypothetical_pnl: Money | None
    trades: Money | None = Field(
        description="trading away from the close: in the positions' P&L, not in hypothetical_pnl"
    )
    income: Money | None = Field(
        description="dividends, interest and borrow fees that were entered for no position"
    )
    positions: list[JudgedPosition]
    reason: str | None
