"""Greeks of positions and portfolios."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from services.gateway.analytics.schemas.bases import ABOUT_EXAMPLE, OfView
from services.gateway.books.schemas.portfolios import GREEKS_EXAMPLE, GreekSet
from services.gateway.edge.values import (
    Coverage,
    Greek,
    LeftOut,
    Price,
    Quantity,
    RequestBody,
    Warned,
    body_example,
    example,
)
from shared.contracts.event import Day
from shared.contracts.greeks import MOST_OPTIONS, CashDividend, OptionToPrice

DIVIDEND_SOURCES = (
    "projected (from the corporate actions of the past year), securities (their yield) or "
    "unknown_assumed_0"
)
DIVIDENDS = "until expiry, USD per share, which it was valued with in place of the yield"


class PositionGreeks(BaseModel):
    """An option position's Greeks (unit x quantity x multiplier) and their inputs."""

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
    dividend_yield: float | None = Field(description="with dividends: what they are worth a year")
    dividend_source: str | None = Field(description=DIVIDEND_SOURCES)
    dividends: list[CashDividend] | None = Field(description=DIVIDENDS)
    model: str | None
    quote_mid: Price | None = Field(description="the contract's own mid quote of the session")
    note: str | None = Field(description="what to know about the numbers")
    reason: str | None


class GreeksReport(OfView):
    """The Greeks of the portfolio or one side of it, and each option's.

    Stock counts with delta 1 per share.
    """

    model_config = example(
        **ABOUT_EXAMPLE,
        view="portfolio",
        portfolio=GREEKS_EXAMPLE,
        positions=[],
        coverage={"prices": 1.0, "greeks": 1.0},
        left_out=[],
        warnings=[],
        reason=None,
    )

    portfolio: GreekSet | None = Field(description="of the view")
    positions: list[PositionGreeks]
    coverage: Coverage | None
    left_out: list[LeftOut] = Field(description="option positions without Greeks")
    warnings: list[Warned]
    reason: str | None


EXAMPLE = {"contract": "AAPL230616C00130000", "market_price": 12.4}


class CashDividendIn(RequestBody, CashDividend):
    """A dividend in USD per share that goes ex on a day; an unknown field is refused."""

    model_config = body_example(ex_date="2023-02-10", amount=0.23)


class OptionIn(RequestBody, OptionToPrice):
    """One option, held or not, by its OCC symbol or by underlying, strike, expiry and type.

    Given values replace stored ones: prices in USD per share, volatility, rate and dividend yield
    as decimals per year. An unknown field is refused.
    """

    model_config = body_example(**EXAMPLE)

    dividends: tuple[CashDividendIn, ...] = Field(default=(), max_length=40)


class OptionsToPrice(RequestBody):
    """Options by OCC symbol, or by underlying, strike, expiry and type.

    What is not given is taken from stored market data.
    """

    model_config = body_example(as_of="2022-12-28", engine="default", options=[EXAMPLE])

    as_of: Day | None = Field(default=None, description="a session; default: the latest one")
    engine: Literal["default", "european", "american", "mibian"] = Field(
        default="default",
        description="default: American for equities and ETFs, European for index options",
    )
    options: list[OptionIn] = Field(min_length=1, max_length=MOST_OPTIONS)


class CalculatedGreeks(BaseModel):
    """One option's value and Greeks per share with every input and its source.

    When it cannot be priced: the `reason`, and no numbers.
    """

    contract: str | None
    underlying: str | None
    option_type: str | None
    strike: Price | None
    expiry: date | None
    exercise: str | None = Field(description="the contract's own style: american or european")
    years_to_expiry: float | None
    underlying_price: Price | None
    underlying_price_source: str | None = Field(description="given or close_<date>")
    volatility: float | None = Field(description="decimal per year")
    iv_source: str | None = Field(description="given, implied (from market_price) or realised_<n>d")
    rate: float | None = Field(description="continuously compounded, decimal per year")
    rate_source: str | None = Field(description="given, treasury_<date> or configured")
    dividend_yield: float | None = Field(description="continuously compounded, decimal per year")
    dividend_source: str | None = Field(description=f"given, {DIVIDEND_SOURCES}")
    dividends: list[CashDividend] = Field(description=DIVIDENDS)
    market_price: Price | None
    market_price_source: str | None = Field(description="given or quote_mid")
    model: str | None = Field(description="what valued it")
    price: Price | None
    delta: Greek | None = Field(description="per 1.00 of the underlying, per share")
    gamma: Greek | None = Field(description="per 1.00 of the underlying, per share")
    theta: Greek | None = Field(description="per calendar day")
    vega: Greek | None = Field(description="per volatility point (0.01)")
    rho: Greek | None = Field(description="per percentage point of rate")
    reason: str | None = Field(description="why there are no numbers")
    note: str | None = Field(description="what to know about the numbers")


class GreeksCalculated(BaseModel):
    """The options in the order of the request, at the close of `as_of`, by `engine`."""

    model_config = example(
        as_of="2022-12-28",
        engine="default",
        options=[
            {
                "contract": "SPY230616P00370000",
                "exercise": "american",
                "underlying_price": 376.66,
                "underlying_price_source": "close_2022-12-28",
                "volatility": 0.237507,
                "iv_source": "realised_117d",
                "rate": 0.046557,
                "rate_source": "treasury_2022-12-28",
                "model": "american_collocation",
                "price": 17.8616,
                "delta": -0.3904,
                "gamma": 0.0067,
                "theta": -0.0522,
                "vega": 0.9759,
                "rho": -0.5815,
                "reason": None,
            }
        ],
        warnings=[],
    )

    as_of: date
    engine: str
    options: list[CalculatedGreeks]
    warnings: list[Warned]
