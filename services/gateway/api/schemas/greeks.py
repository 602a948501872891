"""Greeks of positions and portfolios."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel, Field

from services.gateway.api.schemas.books import GREEKS_EXAMPLE, GreekSet
from services.gateway.api.schemas.values import SOME_ID, Coverage, Greek, Price, Quantity, Warned, example


class PositionGreeks(BaseModel):
    """An option position's Greeks (unit x quantity x multiplier) and what they were computed from."""

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
    reason: str | None


class GreeksReport(BaseModel):
    """The portfolio's Greeks (stock counts with delta 1 per share) and each option position's."""

    model_config = example(
        portfolio_id=SOME_ID,
        as_of="2022-12-28",
        portfolio=GREEKS_EXAMPLE,
        positions=[],
        coverage={"prices": 1.0, "greeks": 1.0},
        warnings=[],
        reason=None,
    )

    portfolio_id: UUID
    as_of: date | None
    portfolio: GreekSet | None
    positions: list[PositionGreeks]
    coverage: Coverage | None
    warnings: list[Warned]
    reason: str | None
