"""Greeks of options that nobody needs to hold, which the greeks service computes on request."""

from datetime import date
from decimal import Decimal
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from services.gateway.api.dependencies import CallersDatabase, GatewayParts
from services.gateway.api.idempotency import OnceRoute
from services.gateway.api.problems import Problem, documented
from services.gateway.api.schemas.values import Greek, Price, body_example, example
from services.gateway.repository import market
from shared.contracts.event import Day
from shared.contracts.greeks import MOST_OPTIONS, CashDividend, OptionToPrice, PriceOptions
from shared.database import Database
from shared.messaging import ask

router = APIRouter(
    prefix="/risk/greeks", tags=["risk"], responses=documented(401, 422), route_class=OnceRoute
)
EXAMPLE = {"contract": "AAPL230616C00130000", "market_price": 12.4}


class OptionsToPrice(BaseModel):
    """Options by OCC symbol, or by underlying, strike, expiry and type; what is not given is taken
    from store.
    """

    model_config = body_example(as_of="2022-12-28", engine="default", options=[EXAMPLE])

    as_of: Day | None = Field(default=None, description="a session; default: the latest one")
    engine: Literal["default", "european", "american", "mibian"] = Field(
        default="default",
        description="default: American for equities and ETFs, European for index options",
    )
    options: list[OptionToPrice] = Field(min_length=1, max_length=MOST_OPTIONS)


class CalculatedGreeks(BaseModel):
    """One option's value and Greeks per share with every input and its source; or `reason` and no
    numbers.
    """

    contract: str | None
    underlying: str | None
    option_type: str | None
    strike: Decimal | None = Field(description="USD per share")
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
    dividend_source: str | None
    dividends: list[CashDividend]
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
    """The options in the order asked, at the close of `as_of`, by `engine`."""

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
    )

    as_of: date
    engine: str
    options: list[CalculatedGreeks]


@router.post("/calculate", responses=documented(503))
async def calculate_greeks(
    wanted: OptionsToPrice, database: CallersDatabase, gateway: GatewayParts
) -> GreeksCalculated:
    """Value options that nobody needs to hold, by the code that values those held; nothing is
    stored.
    """
    request = PriceOptions(
        as_of=wanted.as_of or await _latest_session(database),
        engine=wanted.engine,
        options=tuple(wanted.options),
    )
    answer = await ask(gateway.runtime.broker, request, gateway.settings.request_seconds)
    return GreeksCalculated.model_validate(answer.model_dump())


async def _latest_session(database: Database) -> date:
    async with database.transaction() as session:
        latest = await market.latest_session(session)
    if latest is None:
        raise Problem(422, "no_market_data", "no session is known yet: say as_of")
    return latest
