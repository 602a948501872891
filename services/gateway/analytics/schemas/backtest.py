"""Models of the backtest of a portfolio's VaR."""

from datetime import date
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
