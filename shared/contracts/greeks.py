"""What greeks publishes, and the requests it answers."""

from datetime import date
from decimal import Decimal
from typing import ClassVar, Literal

from pydantic import Field

from shared.contracts.event import Contract, Day, Notice, Request, ShardEvent, WorkFailed

MOST_OPTIONS = 500  # per request: the answer stays well below the bus's one megabyte
MOST_QUOTES = 500  # per request: three prices of each are inverted


class GreeksComputed(ShardEvent):
    """Contract and position Greeks of a shard are stored."""

    subject: ClassVar[str] = "greeks.computed"


class GreeksFailed(WorkFailed):
    """The greeks service gave up on a message."""

    subject: ClassVar[str] = "greeks.failed"


class CashDividend(Contract):
    """A dividend in USD per share that goes ex on a day."""

    ex_date: Day
    amount: float = Field(gt=0, le=1e6)


class OptionToPrice(Contract):
    """One option, held or not, by its OCC symbol or by underlying, strike, expiry and type.

    Given values replace stored ones: prices in USD per share, volatility, rate and
    dividend yield as decimals per year (the latter two continuously compounded). A market price
    implies the volatility unless one is given. Cash dividends replace the dividend yield.
    """

    contract: str | None = Field(default=None, max_length=24)
    underlying: str | None = Field(default=None, max_length=16)
    strike: Decimal | None = Field(default=None, gt=0, max_digits=18, decimal_places=3)
    expiry: Day | None = None
    option_type: Literal["C", "P"] | None = None
    underlying_price: float | None = Field(default=None, gt=0, le=1e9)
    volatility: float | None = Field(default=None, gt=0, le=20)
    rate: float | None = Field(default=None, ge=-0.5, le=1)
    dividend_yield: float | None = Field(default=None, ge=-0.5, le=1)
    market_price: float | None = Field(default=None, ge=0, le=1e9)
    dividends: tuple[CashDividend, ...] = Field(default=(), max_length=40)


class PricedOption(Contract):
    """Value and Greeks per share, with every input and its source; or a `reason` and no numbers.

    Delta and gamma per 1.00 of the underlying, theta per calendar day, vega per volatility point
    (0.01), rho per percentage point of rate. `exercise`: the contract's own style; `model`: what
    valued it. Sources: "given", "close_<date>" or "treasury_<date>", "implied" (from
    `market_price`), "realised_<n>d", "projected" (dividends, from corporate actions), "securities"
    (their yield), "configured", "unknown_assumed_0"; `market_price_source` is "given" or
    "quote_mid". `dividends` until expiry are valued in place of `dividend_yield`, which is what
    projected ones are worth. `note`: what a reader should know about numbers that stand.
    """

    contract: str | None
    underlying: str | None = None
    option_type: str | None = None
    strike: Decimal | None = None
    expiry: date | None = None
    exercise: Literal["american", "european"] | None = None
    years_to_expiry: float | None = None
    underlying_price: float | None = None
    underlying_price_source: str | None = None
    volatility: float | None = None
    iv_source: str | None = None
    rate: float | None = None
    rate_source: str | None = None
    dividend_yield: float | None = None
    dividend_source: str | None = None
    dividends: tuple[CashDividend, ...] = ()
    market_price: float | None = None
    market_price_source: str | None = None
    model: str | None = None
    price: float | None = None
    delta: float | None = None
    gamma: float | None = None
    theta: float | None = None
    vega: float | None = None
    rho: float | None = None
    reason: str | None = None
    note: str | None = None


class OptionsPriced(Contract):
    """The options in the order asked, valued at the close of `as_of` by `engine`."""

    as_of: date
    engine: str
    options: tuple[PricedOption, ...]
    warnings: tuple[Notice, ...] = ()


class PriceOptions(Request[OptionsPriced]):
    """Value options at the close of a session, as the held ones are valued; nothing is written.

    `engine`: "default" is what the service is set to (American exercise for equities and ETFs,
    European for index roots, unless configured otherwise).
    """

    subject: ClassVar[str] = "ask.greeks.price_options"

    as_of: date
    engine: Literal["default", "european", "american", "mibian"] = "default"
    options: tuple[OptionToPrice, ...] = Field(min_length=1, max_length=MOST_OPTIONS)


class QuoteToFit(Contract):
    """A contract's bid and ask at the close, USD per share of contract.

    `underlying_price`: of the moment of the quote; the close of the session where it is None.
    """

    contract: str = Field(max_length=24)
    bid: float = Field(ge=0, le=1e9)
    ask: float = Field(ge=0, le=1e9)
    underlying_price: float | None = Field(default=None, gt=0, le=1e9)


class QuoteVolatilities(Contract):
    """A quote as implied volatilities, decimals per year: null where a price implies none.

    `volatility`: of the mid, with a `reason` where it implies none. `moneyness`: ln(strike /
    forward) / sqrt(years to expiry). `fitted`: whether the curve is fitted to it.
    """

    contract: str
    option_type: str
    strike: float
    bid: float
    ask: float
    bid_volatility: float | None
    volatility: float | None
    ask_volatility: float | None
    moneyness: float | None
    fitted: bool
    reason: str | None


class SmileFit(Contract):
    """volatility = at_the_money + skew x moneyness + curvature x moneyness^2, by least squares.

    `fit_deviation`: root mean square of what it leaves, decimal per year. `strikes`,
    `fitted_volatilities`: the curve between the lowest and the highest strike fitted.
    """

    at_the_money: float
    skew: float
    curvature: float
    fit_deviation: float
    quotes_fitted: int
    strikes: tuple[float, ...]
    fitted_volatilities: tuple[float, ...]


class FittedSmile(Contract):
    """The quotes of an expiry by strike, and the curve through them; without one, the `reason`.

    `forward`: USD per share, null without a price of the underlying.
    """

    expiry: date
    years_to_expiry: float
    forward: float | None
    quotes: tuple[QuoteVolatilities, ...]
    fit: SmileFit | None
    reason: str | None


class SmilesFitted(Contract):
    """One smile per expiry of the quotes, ascending; expired contracts have none."""

    as_of: date
    expiries: tuple[FittedSmile, ...]


class FitSmiles(Request[SmilesFitted]):
    """Turn quotes of a session into implied volatilities, as held options are valued.

    A curve is fitted to each expiry with quotes at four strikes or more. Nothing is written.
    """

    subject: ClassVar[str] = "ask.greeks.fit_smiles"

    as_of: date
    quotes: tuple[QuoteToFit, ...] = Field(min_length=1, max_length=MOST_QUOTES)
