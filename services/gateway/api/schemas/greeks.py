"""Greeks of positions and portfolios."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel, Field

from services.gateway.api.schemas.books import GREEKS_EXAMPLE, GreekSet
from services.gateway.api.schemas.values import (
    SOME_ID,
    Coverage,
    Greek,
    LeftOut,
    Price,
    Quantity,
    Warned,
    example,
)
from services.gateway.calculations.sides import View


class PositionGreeks(BaseModel):
    """An option position's Greeks (unit x quantity x multiplier) and what they were computed
    from.
    """

    position_id: UUID
    contract: str
    underlying: str
    option_type: str | None
    strike: Price | None
    expiry: date | None
    quantity: Quantity
    multiplier: int
    delta: Greek | None
    gamma: Greek | None
    theta: Greek | None
    vega: Greek | None
    rho: Greek | None
    unit: GreekSet = Field(description="per share of one contract")
    underlying_price: Price | None
    underlying_price_date: date | None
    years_to_expiry: float | None
    volatility: float | None = Field(description="decimal per year")
    iv_source: str | None
    rate: float | None = Field(description="decimal per year")
    rate_source: str | None
    dividend_yield: float | None
    dividend_source: str | None
    model: str | None
    quote_mid: Price | None = Field(description="the contract's own mid quote of the session")
    note: str | None = Field(description="what to know about numbers that stand")
    reason: str | None


class GreeksReport(BaseModel):
    """The Greeks of the portfolio or one side of it (stock counts with delta 1 per share), and each
    option's.
    """

    model_config = example(
        portfolio_id=SOME_ID,
        as_of="2022-12-28",
        view="portfolio",
        portfolio=GREEKS_EXAMPLE,
        positions=[],
        coverage={"prices": 1.0, "greeks": 1.0},
        left_out=[],
        warnings=[],
        reason=None,
    )

    portfolio_id: UUID
    as_of: date | None
    view: View
    portfolio: GreekSet | None = Field(description="of the view")
    positions: list[PositionGreeks]
    coverage: Coverage | None
    left_out: list[LeftOut] = Field(description="option positions without Greeks")
    warnings: list[Warned]
    reason: str | None
