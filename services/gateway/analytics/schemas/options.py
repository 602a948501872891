"""Where a portfolio's option Greeks are: by expiry and strike, or by expiry and underlying."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel, Field

from services.gateway.analytics.schemas.bases import ABOUT_EXAMPLE, OfPortfolio
from services.gateway.edge.values import SOME_ID, Greek, LeftOut, Price, example

_LONG = {
    "dollar_delta": 20299.35,
    "dollar_gamma_1pct": 180.2,
    "dollar_theta_1d": -12.1,
    "dollar_vega_1pt": 31.5,
    "dollar_rho_1pct": 14.2,
}
_SUMS = {"positions": 1, "positions_left_out": 0, "long": _LONG, "short": None, "net": _LONG}


class DollarGreeks(BaseModel):
    """The five Greeks in dollars, which add up over underlyings."""

    dollar_delta: Greek
    dollar_gamma_1pct: Greek
    dollar_theta_1d: Greek
    dollar_vega_1pt: Greek
    dollar_rho_1pct: Greek


class SidesOfGreeks(BaseModel):
    """Sums over option positions: those held long, those held short, and both; null without any."""

    positions: int
    positions_left_out: int = Field(description="positions without Greeks, in no sum")
    long: DollarGreeks | None
    short: DollarGreeks | None
    net: DollarGreeks | None


class MapExpiry(SidesOfGreeks):
    """The options of one expiry."""

    expiry: date
    days: int = Field(description="calendar days after the session")


class MapRow(SidesOfGreeks):
    """The options of one strike of the chosen underlying, or of one underlying."""

    underlying: str
    strike: Price | None = Field(description="null in a map of all underlyings")
    underlying_price: Price | None
    underlying_price_date: date | None


class MapCell(SidesOfGreeks):
    """The options of one row and one expiry."""

    underlying: str
    strike: Price | None
    expiry: date
    position_ids: list[UUID]


class OptionMap(OfPortfolio):
    """The options' Greeks by expiry (columns), and by strike or by underlying (rows).

    Every cell is in the sums of its row and its column, and those in `options`. `stock`: the dollar
    delta of what is held of the shares themselves; `total`: of both.
    """

    model_config = example(
        **ABOUT_EXAMPLE,
        underlying="AAPL",
        underlyings=["AAPL", "SPY"],
        expiries=[{"expiry": "2023-03-17", "days": 79, **_SUMS}],
        rows=[
            {
                "underlying": "AAPL",
                "strike": 120.0,
                "underlying_price": 126.04,
                "underlying_price_date": "2022-12-28",
                **_SUMS,
            }
        ],
        cells=[
            {
                "underlying": "AAPL",
                "strike": 120.0,
                "expiry": "2023-03-17",
                "position_ids": [SOME_ID],
                **_SUMS,
            }
        ],
        options=_SUMS,
        stock=12604.0,
        total=_LONG | {"dollar_delta": 32903.35},
        left_out=[],
        reason=None,
    )

    underlying: str | None = Field(description="null: a map of all underlyings")
    underlyings: list[str] = Field(description="all that the portfolio holds options on")
    expiries: list[MapExpiry] = Field(description="the nearest first")
    rows: list[MapRow] = Field(description="by strike, the highest first; or by underlying")
    cells: list[MapCell] = Field(description="those that hold a position")
    options: SidesOfGreeks
    stock: Greek | None = Field(description="dollar delta of shares; null where none is valued")
    total: DollarGreeks | None
    left_out: list[LeftOut] = Field(description="option positions without Greeks")
    reason: str | None
