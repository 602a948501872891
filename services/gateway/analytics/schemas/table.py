"""Models of all positions by column, and of what chosen ones add up to."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field

from services.gateway.books.schemas.portfolios import GreekSet
from services.gateway.books.schemas.positions import (
    GROUP_EXAMPLE,
    GroupExposures,
    OfValuedPortfolio,
)
from services.gateway.books.shapes import GroupBy, Status
from services.gateway.edge.values import (
    SOME_ID,
    Coverage,
    Greek,
    LeftOut,
    Money,
    Price,
    Quantity,
    RequestBody,
    body_example,
    example,
)
from shared.contracts.event import Day

MOST_POSITIONS = 50_000
SUMS_EXAMPLE: dict[str, Any] = {
    **{name: value for name, value in GROUP_EXAMPLE.items() if name != "position_ids"},
    "dollar_gamma_1pct": 120.5,
    "component_var": 5120.4,
}


class PositionSums(BaseModel):
    """What some positions add up to, null where none of them has the number."""

    model_config = example(**SUMS_EXAMPLE)

    positions: int
    cost: Money
    market_value: Money | None
    daily_pnl: Money | None
    unrealised_pnl: Money | None
    realised_pnl: Money | None
    weight: float | None = Field(description="share (0 to 1) of the portfolio's gross value")
    exposures: GroupExposures
    greeks: GreekSet
    dollar_gamma_1pct: Greek | None
    component_var: Money | None = Field(description="their part of the portfolio's 95 % VaR")
    coverage: Coverage
    left_out: list[LeftOut] = Field(
        description="positions that some exposure measure does not contain"
    )


class SummedGroup(PositionSums):
    """A group of positions and what they add up to."""

    model_config = example(
        **{"key": "Energy", "name": "Energy", "position_ids": [SOME_ID, SOME_ID], **SUMS_EXAMPLE}
    )

    key: str | None = Field(description="null: the positions that belong to no group")
    name: str
    position_ids: list[UUID]


class UsedTag(BaseModel):
    """A tag that some position carries."""

    model_config = example(name="income", colour="#16a34a")

    name: str
    colour: str = Field(description="#rrggbb")


class PositionColumns(BaseModel):
    """Values of every position by column: those of one position have the same place in each.

    The names are those of a position and of the definitions.
    """

    position_id: list[UUID]
    symbol: list[str]
    name: list[str | None]
    sector: list[str | None]
    position_type: list[str] = Field(description="LONG, SHORT, LC, SC, LP or SP")
    instrument: list[str]
    underlying: list[str]
    option_type: list[str | None]
    strike: list[Price | None]
    expiry: list[date | None]
    days_to_expiry: list[int | None] = Field(description="calendar days after valued_on")
    multiplier: list[int]
    investment_class: list[str]
    quantity: list[Quantity]
    opened_quantity: list[Quantity]
    entry_price: list[Price]
    entry_date: list[date]
    exit_price: list[Price | None]
    exit_date: list[date | None]
    tags: list[list[str]]
    price: list[Price | None]
    price_date: list[date | None]
    price_age: list[int | None] = Field(description="sessions from price_date to valued_on")
    price_source: list[str | None]
    underlying_price: list[Price | None]
    cost: list[Money]
    market_value: list[Money | None]
    weight: list[float | None] = Field(description="share (0 to 1) of the gross value")
    daily_pnl: list[Money | None]
    income: list[Money | None]
    unrealised_pnl: list[Money | None]
    unrealised_return: list[float | None] = Field(description="per dollar of cost")
    realised_pnl: list[Money | None]
    notional_exposure: list[Money | None]
    delta: list[Greek | None] = Field(description="per share; 1 for stock")
    delta_adjusted_exposure: list[Money | None] = Field(description="the position's dollar delta")
    dollar_gamma_1pct: list[Greek | None]
    gamma: list[Greek | None]
    theta: list[Greek | None]
    vega: list[Greek | None]
    rho: list[Greek | None]
    volatility: list[float | None]
    iv_source: list[str | None]
    model: list[str | None]
    component_var: list[Money | None] = Field(description="part of the portfolio's 95 % VaR")
    reason: list[str | None]


COLUMNS_EXAMPLE: dict[str, Any] = {
    "position_id": [SOME_ID],
    "symbol": ["AAPL230616C00150000"],
    "name": ["Apple Inc."],
    "sector": ["Technology"],
    "position_type": ["LC"],
    "instrument": ["option"],
    "underlying": ["AAPL"],
    "option_type": ["C"],
    "strike": [150.0],
    "expiry": ["2023-06-16"],
    "days_to_expiry": [170],
    "multiplier": [100],
    "investment_class": ["OPTIONS"],
    "quantity": [10.0],
    "opened_quantity": [10.0],
    "entry_price": [8.45],
    "entry_date": ["2022-11-01"],
    "exit_price": [None],
    "exit_date": [None],
    "tags": [["income"]],
    "price": [4.12],
    "price_date": ["2022-12-28"],
    "price_age": [0],
    "price_source": ["model"],
    "underlying_price": [126.04],
    "cost": [8450.0],
    "market_value": [4120.0],
    "weight": [0.0821],
    "daily_pnl": [-512.0],
    "income": [0.0],
    "unrealised_pnl": [-4330.0],
    "unrealised_return": [-0.512426],
    "realised_pnl": [None],
    "notional_exposure": [126040.0],
    "delta": [0.2341],
    "delta_adjusted_exposure": [29505.96],
    "dollar_gamma_1pct": [1946.03],
    "gamma": [12.25],
    "theta": [-31.07],
    "vega": [302.05],
    "rho": [118.1],
    "volatility": [0.3112],
    "iv_source": ["implied"],
    "model": ["american_collocation"],
    "component_var": [640.2],
    "reason": [None],
}


class PositionsTable(OfValuedPortfolio):
    """Every position of a portfolio in one answer, by column, and what all add up to."""

    model_config = example(
        portfolio_id=SOME_ID,
        valued_on="2022-12-28",
        status="open",
        positions=1,
        columns=COLUMNS_EXAMPLE,
        tags=[{"name": "income", "colour": "#16a34a"}],
        everything=SUMS_EXAMPLE,
        reason=None,
    )

    status: Status
    positions: int
    columns: PositionColumns
    tags: list[UsedTag] = Field(description="those that the positions carry, by name")
    everything: PositionSums
    reason: str | None = Field(description="why nothing is measured")


class WantedSums(RequestBody):
    """Which positions are to be added up, and by what."""

    model_config = body_example(portfolio_id=SOME_ID, by="sector", position_ids=[SOME_ID, SOME_ID])

    portfolio_id: UUID | None = Field(
        default=None, description="default: the caller's only or first portfolio"
    )
    as_of: Day | None = Field(default=None, description="default: the last session")
    status: Status = Status.OPEN
    by: GroupBy | None = Field(default=None, description="null: no groups")
    position_ids: Annotated[list[UUID], Field(max_length=MOST_POSITIONS)] | None = Field(
        default=None,
        description="of these only; those the portfolio does not have are left out",
    )


class SummedPositions(OfValuedPortfolio):
    """The sums over the wanted positions, and over each of their groups.

    A position counts fully in each of its tags and strategies, once in `everything`.
    """

    model_config = example(
        portfolio_id=SOME_ID,
        valued_on="2022-12-28",
        by="sector",
        everything=SUMS_EXAMPLE,
        groups=[{"key": "Energy", "name": "Energy", "position_ids": [SOME_ID], **SUMS_EXAMPLE}],
        reason=None,
    )

    by: GroupBy | None
    everything: PositionSums
    groups: list[SummedGroup] = Field(
        description="the largest gross value first; expiries in their order"
    )
    reason: str | None = Field(description="why nothing is measured")
