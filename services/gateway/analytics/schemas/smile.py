"""Implied volatilities of an underlying's quotes, and the curve through each expiry's."""

from datetime import date

from pydantic import BaseModel, Field

from services.gateway.edge.values import Price, example


class SmileQuote(BaseModel):
    """A quote as volatilities, decimals per year; null where a price implies none."""

    contract: str
    option_type: str
    strike: Price
    bid: Price
    ask: Price
    bid_volatility: float | None
    volatility: float | None = Field(description="of the mid quote")
    ask_volatility: float | None
    moneyness: float | None = Field(description="ln(strike / forward) / sqrt(years to expiry)")
    fitted: bool = Field(description="the curve goes through it: one option per strike does")
    reason: str | None = Field(description="why the mid quote implies no volatility")


class SmileCurve(BaseModel):
    """volatility = at_the_money + skew x moneyness + curvature x moneyness^2, by least squares."""

    at_the_money: float = Field(description="at the forward, decimal per year")
    skew: float = Field(description="per unit of moneyness; negative: low strikes cost more")
    curvature: float = Field(description="per squared unit of moneyness")
    fit_deviation: float = Field(description="root mean square of what it leaves, decimal per year")
    quotes_fitted: int
    strikes: list[Price] = Field(description="along the curve, ascending, within the quotes")
    fitted_volatilities: list[float] = Field(description="of the curve at these strikes")


class ExpirySmile(BaseModel):
    """The quotes of one expiry by strike, and the curve through them."""

    expiry: date
    years_to_expiry: float
    forward: Price | None
    quotes: list[SmileQuote]
    fit: SmileCurve | None
    reason: str | None = Field(description="why there is no curve")


class SmileReport(BaseModel):
    """An underlying's smile by expiry, from the quotes of one session."""

    model_config = example(
        underlying="AAPL",
        as_of="2022-12-28",
        expiries=[
            {
                "expiry": "2023-03-17",
                "years_to_expiry": 0.216438,
                "forward": 127.21,
                "quotes": [
                    {
                        "contract": "AAPL230317P00120000",
                        "option_type": "P",
                        "strike": 120.0,
                        "bid": 4.1,
                        "ask": 4.3,
                        "bid_volatility": 0.3391,
                        "volatility": 0.3442,
                        "ask_volatility": 0.3493,
                        "moneyness": -0.1254,
                        "fitted": False,
                        "reason": None,
                    }
                ],
                "fit": None,
                "reason": "1 strikes with an implied volatility; a curve needs 4",
            }
        ],
        quotes_not_shown=0,
        reason=None,
    )

    underlying: str
    as_of: date | None = Field(description="the session of the quotes; null when there are none")
    expiries: list[ExpirySmile]
    quotes_not_shown: int = Field(description="quotes far from the money, of a chain too long")
    reason: str | None
