"""Models of portfolios and cash flows."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field
from pydantic_core import PydanticCustomError

from services.gateway.books.files import LARGEST_VALUE
from services.gateway.books.ledger import LotMethod
from services.gateway.edge.values import (
    SOME_ID,
    Greek,
    Money,
    Name,
    PlainDecimal,
    RequestBody,
    body_example,
    example,
)
from services.gateway.runs.schemas import PortfolioRun
from services.gateway.tables import EDITOR, OWNER, VIEWER
from shared.contracts.event import Day

PORTFOLIO_EXAMPLE = {
    "portfolio_id": SOME_ID,
    "name": "Long/short",
    "equity_balance": 1_000_000.0,
    "equity_date": "2022-12-28",
    "valued_from": "2022-12-28",
    "lot_method": "fifo",
    "settlement": "physical",
    "positions": 24,
    "created_at": "2022-12-28T21:05:00Z",
    "access": "owner",
    "owner_name": None,
}


class Settling(StrEnum):
    """How options in the money end at their expiry."""

    PHYSICAL = "physical"
    CASH = "cash"


class PortfolioAccess(StrEnum):
    """What a user is to a portfolio."""

    OWNER = OWNER
    EDITOR = EDITOR
    VIEWER = VIEWER


class PortfolioOut(BaseModel):
    """A portfolio. `equity_balance`: the equity its owner gave, the anchor of its NAV."""

    model_config = example(**PORTFOLIO_EXAMPLE)

    portfolio_id: UUID
    name: str
    equity_balance: Money | None = Field(
        description=(
            "that of the session NAV starts from, else the first one given; until the first "
            "transactions are entered, the equity of that session to be"
        )
    )
    equity_date: date | None = Field(description="the day of `equity_balance`")
    valued_from: date | None = Field(
        description="the session its first transactions were valued on; null before there are any"
    )
    lot_method: LotMethod = Field(description="which lots a sale closes first")
    settlement: Settling = Field(
        description="whether options in the money deliver shares at their expiry, or end in cash"
    )
    positions: int = Field(description="how many positions it holds or held")
    created_at: datetime
    access: PortfolioAccess = Field(
        description="what the caller is to it; a viewer reads all of it, an editor also edits it"
    )
    owner_name: str | None = Field(description="who shares it; null: it is the caller's own")


class WorstScenario(BaseModel):
    """The scenario that a portfolio loses most in, or gains least."""

    scenario_id: str
    name: str
    method: str = Field(description="correlated, or direct where nothing is correlated")
    total_pnl: Money = Field(description="negative: a loss")


LimitCounts = Annotated[
    dict[str, int], Field(description="how many limits are in each state on the session")
]


class ListedPortfolio(PortfolioOut):
    """A portfolio in a list, with how it stands on its last session."""

    model_config = example(
        **PORTFOLIO_EXAMPLE,
        as_of="2022-12-28",
        nav=1012345.67,
        daily_pnl=-4210.1,
        daily_return=-0.00414,
        var_95_1d_historical=18250.4,
        worst_scenario={
            "scenario_id": "market_crash_35",
            "name": "Market crash 35 %",
            "method": "correlated",
            "total_pnl": -210500.0,
        },
        limits={"ok": 5, "breached": 1},
        last_run=None,
        standing_reason=None,
        risk_reason=None,
    )

    as_of: date | None = Field(description="its last session with a snapshot")
    nav: Money | None
    daily_pnl: Money | None
    daily_return: float | None
    var_95_1d_historical: Money | None = Field(description="of the session; a loss is positive")
    worst_scenario: WorstScenario | None = Field(description="of the session")
    limits: LimitCounts
    last_run: PortfolioRun | None = Field(description="the run that last reported about it")
    standing_reason: str | None = Field(description="why these are null, if no session is known")
    risk_reason: str | None = Field(
        default=None,
        description="why VaR, worst scenario and limits are missing: the token may not read risk",
    )


class Exposure(BaseModel):
    """Long, short, gross and net exposure in USD.

    Long is a sum of positives, short a sum of negatives (reported negative), gross of absolute
    values, net of all.
    """

    long: Money
    short: Money
    gross: Money
    net: Money


class Exposures(BaseModel):
    """The three measures: q·m·P; options at q·m·S; options at q·m·S·delta."""

    dollar: Exposure
    notional: Exposure
    delta_adjusted: Exposure


class ShareOfNav(BaseModel):
    """An exposure as decimals of NAV, signed as the exposure is; null where NAV is not positive."""

    long: float | None
    short: float | None
    gross: float | None
    net: float | None


class SharesOfNav(BaseModel):
    """The three measures of exposure as decimals of NAV."""

    dollar: ShareOfNav
    notional: ShareOfNav
    delta_adjusted: ShareOfNav


class GreekSet(BaseModel):
    """The five Greeks.

    Delta and gamma per 1.00 of the underlying, theta per calendar day, vega per volatility point,
    rho per 1 %.
    """

    delta: Greek | None
    gamma: Greek | None
    theta: Greek | None
    vega: Greek | None
    rho: Greek | None


_SHARE = {"long": 0.9009, "short": -0.2978, "gross": 1.1987, "net": 0.6031}
_EXPOSURE = {"long": 912000.5, "short": -301500.25, "gross": 1213500.75, "net": 610500.25}
GREEKS_EXAMPLE = {"delta": 5210.5, "gamma": 12.25, "theta": -310.75, "vega": 1820.5, "rho": 905.125}
SNAPSHOT_EXAMPLE = {
    "as_of": "2022-12-28",
    "previous_session": "2022-12-27",
    "nav": 1012345.67,
    "cash": 401845.42,
    "market_value": 610500.25,
    "equity_statement": None,
    "unexplained": None,
    "daily_pnl": -4210.1,
    "trades_pnl": -12.5,
    "income": 230.0,
    "fees": -1.0,
    "cumulative_pnl": 12345.67,
    "net_flow": 0.0,
    "inflow": 0.0,
    "outflow": 0.0,
    "large_flow": False,
    "daily_return": -0.00414,
    "chained_from": "2022-01-03",
    "unrealised_pnl": 30210.0,
    "exposures": {"dollar": _EXPOSURE, "notional": _EXPOSURE, "delta_adjusted": _EXPOSURE},
    "exposures_of_nav": {"dollar": _SHARE, "notional": _SHARE, "delta_adjusted": _SHARE},
    "greeks": GREEKS_EXAMPLE,
    "counts": {"LONG": 12, "SHORT": 8, "LC": 3, "SP": 1},
    "coverage": {"prices": 1.0, "greeks": 1.0},
    "warnings": [],
}


class CashFlowOut(BaseModel):
    """Money into (positive) or out of (negative) a portfolio."""

    model_config = example(
        cash_flow_id=SOME_ID,
        portfolio_id=SOME_ID,
        flow_date="2022-12-01",
        amount=25000.0,
        note="deposit",
        created_at="2022-12-01T15:00:00Z",
        run_id=None,
    )

    cash_flow_id: UUID
    portfolio_id: UUID
    flow_date: date
    amount: Money
    note: str
    created_at: datetime


PortfolioName = Name
EquityBalance = Annotated[
    PlainDecimal,
    Field(gt=0, max_digits=18, decimal_places=2),
    AfterValidator(lambda it: storable(it)),
]


def storable(amount: Decimal) -> Decimal:
    """The amount, unless it is more than every service can store."""
    if abs(amount) >= LARGEST_VALUE:
        limit = f"{LARGEST_VALUE:,}"
        raise PydanticCustomError("too_large", "must stay below {limit} USD", {"limit": limit})
    return amount


class PortfolioSort(StrEnum):
    """The order of a list of portfolios."""

    CREATED = "created_at"
    CREATED_DOWN = "-created_at"
    NAME = "name"
    NAME_DOWN = "-name"


class NewPortfolio(RequestBody):
    """A portfolio without positions.

    `equity_balance`: its NAV on the session that its first transactions are valued on; default: the
    value of its holdings.
    """

    model_config = body_example(name="Long/short", equity_balance=1_000_000)

    name: PortfolioName
    equity_balance: EquityBalance | None = None


class PortfolioTerms(RequestBody):
    """What may be changed; what is left out stays."""

    model_config = body_example(name="Retirement", lot_method="fifo", settlement="physical")

    name: PortfolioName | None = None
    equity_balance: EquityBalance | None = Field(default=None, description="null removes it")
    lot_method: LotMethod | None = Field(
        default=None, description="which lots a sale closes first, where its own line says nothing"
    )
    settlement: Settling | None = Field(
        default=None, description="cash: options end at their intrinsic value and deliver nothing"
    )

    def named(self) -> dict[str, Any]:
        """What the request names."""
        sent = self.model_dump(exclude_unset=True)
        return {
            name: value
            for name, value in sent.items()
            if name == "equity_balance" or value is not None
        }


class NewCashFlow(RequestBody):
    """Positive is a deposit, negative a withdrawal."""

    model_config = body_example(flow_date="2022-12-01", amount=25000, note="deposit")

    flow_date: Day
    amount: Annotated[
        PlainDecimal,
        Field(max_digits=18, decimal_places=2),
        AfterValidator(lambda amount: _not_zero(storable(amount))),
    ]
    note: str = Field(default="", max_length=200)


class CashFlowSaved(CashFlowOut):
    """The flow, and the run that values it (null when no snapshot exists yet)."""

    run_id: UUID | None


def _not_zero(amount: Decimal) -> Decimal:
    if amount == 0:
        raise ValueError("the amount is 0")
    return amount
