"""Models of all portfolios added up."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel, Field

from services.gateway.books.schemas.portfolios import SNAPSHOT_EXAMPLE, Exposures
from services.gateway.edge.values import SOME_ID, Greek, Money, example


class SummedScenario(BaseModel):
    """What a scenario makes of all portfolios together."""

    scenario_id: str
    name: str
    direct: Money | None
    correlated: Money | None
    portfolios: int = Field(description="how many have a result in it")


class PortfolioLeftOut(BaseModel):
    """A portfolio that the sums do not contain, and why."""

    portfolio_id: UUID
    name: str
    reason: str


class SummedPortfolios(BaseModel):
    """All of the caller's portfolios added up on one session."""

    model_config = example(
        as_of="2022-12-28",
        portfolios=3,
        added=2,
        nav=2012345.67,
        cash=801845.42,
        market_value=1210500.25,
        daily_pnl=-8210.1,
        cumulative_pnl=22345.67,
        unrealised_pnl=60210.0,
        exposures=SNAPSHOT_EXAMPLE["exposures"],
        theta=-620.5,
        vega=3641.0,
        rho=1810.25,
        var_95_1d_sum=36500.8,
        scenarios=[
            {
                "scenario_id": "market_crash_35",
                "name": "Market crash 35 %",
                "direct": -410500.0,
                "correlated": -402100.0,
                "portfolios": 2,
            }
        ],
        left_out=[{"portfolio_id": SOME_ID, "name": "Old", "reason": "last valued on 2022-12-01"}],
        reason=None,
        risk_reason=None,
    )

    as_of: date | None = Field(description="the last session that any of them was valued on")
    portfolios: int = Field(description="how many there are")
    added: int = Field(description="how many of them are in the sums")
    nav: Money | None
    cash: Money | None
    market_value: Money | None
    daily_pnl: Money | None
    cumulative_pnl: Money | None
    unrealised_pnl: Money | None
    exposures: Exposures | None = Field(
        description="gross is not netted between portfolios; net is"
    )
    theta: Greek | None = Field(description="USD per day")
    vega: Greek | None = Field(description="USD per volatility point")
    rho: Greek | None = Field(description="USD per point of rate")
    var_95_1d_sum: Money | None = Field(
        description="as if their bad days coincided: portfolios that hedge each other lose less"
    )
    scenarios: list[SummedScenario] = Field(description="the largest loss first")
    left_out: list[PortfolioLeftOut]
    reason: str | None
    risk_reason: str | None = Field(
        default=None,
        description="why the sum of VaR and the scenarios are missing: the token may not read risk",
    )
