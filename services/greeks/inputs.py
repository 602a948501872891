"""What greeks reads: the only thing that its repository and its calculations share."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Self
from uuid import UUID

from shared.arrays import FloatArray
from shared.calendar import session_on_or_before, sessions
from shared.instruments import OptionContract, parse_occ
from shared.quant.black_scholes import CALENDAR_DAYS_PER_YEAR


@dataclass(frozen=True)
class HeldOption:
    """One option position in the shares of the session; `quantity` is signed."""

    position_id: UUID
    portfolio_id: UUID
    contract: str
    underlying: str
    quantity: Decimal
    multiplier: int


@dataclass(frozen=True)
class ContractTerms:
    """One listed contract as seen from the session it is valued on.

    `option_type` is "C" or "P", `strike` USD per share. `last_session` is the session at whose
    close it expires: the expiry itself, or the session before it when the exchange is closed that
    day. `sessions_left` counts the sessions after the valuation up to and including it. `european`:
    it can be exercised at expiry only.
    """

    contract: str
    underlying: str
    option_type: str
    strike: float
    expiry: date
    last_session: date
    sessions_left: int
    european: bool = False

    @classmethod
    def of(cls, contract: OptionContract, as_of: date) -> Self:
        """The terms of a contract, with the exchange's calendar applied to its expiry."""
        last_session, sessions_left = _remaining_life(as_of, contract.expiry)
        return cls(
            contract.symbol,
            contract.underlying,
            contract.option_type,
            float(contract.strike),
            contract.expiry,
            last_session,
            sessions_left,
            european=contract.is_european,
        )

    def priced_on(self, as_of: date) -> date:
        """The day whose close of the underlying counts.

        An expired contract settles at the close of its last session.
        """
        return min(as_of, self.last_session)

    def years_left(self, as_of: date) -> float:
        """Calendar days / 365 from the close of `as_of` to the expiry's; 0 once expired."""
        return max((self.last_session - as_of).days, 0) / CALENDAR_DAYS_PER_YEAR


@lru_cache(maxsize=4096)  # a shard asks for few expiries, thousands of times
def _remaining_life(as_of: date, expiry: date) -> tuple[date, int]:
    """The session at whose close an option expires, and the number of sessions until then."""
    last_session = session_on_or_before(expiry)
    if last_session <= as_of:
        return last_session, 0
    return last_session, len(sessions(as_of + timedelta(days=1), last_session))


@dataclass(frozen=True)
class Close:
    """A close in USD per share and the session it is of."""

    price: float
    session_date: date


@dataclass(frozen=True)
class Quote:
    """Bid and ask in USD per share, and the underlying's price beside them where it is known."""

    bid: float
    ask: float
    underlying_price: float | None = None

    @property
    def mid(self) -> float | None:
        """Half way between bid and ask; None without a bid, since the ask alone says little."""
        return 0.5 * (self.bid + self.ask) if self.bid > 0.0 else None


@dataclass(frozen=True, order=True)
class Dividend:
    """A cash dividend in USD per share that goes ex on a day."""

    ex_date: date
    amount: float


@dataclass(frozen=True)
class TreasuryCurve:
    """Constant-maturity par yields of one day: `yield_percent` at ascending `maturity_years`."""

    observation_date: date
    maturity_years: FloatArray
    yield_percent: FloatArray


@dataclass(frozen=True)
class Market:
    """What contracts are valued with at the close of `as_of`.

    `closes`: by (underlying, day), the last close on or before that day; absent when there is none.
    `adjusted_closes`: by underlying, on consecutive sessions up to `as_of`, NaN where missing.
    `curve` is None when no yield is stored; `configured_rate` (continuously compounded) is used
    then. `dividends`: by underlying, those of about the past year, in shares of `as_of`; absent
    when no source of corporate actions knows the underlying. `dividend_yields`: by underlying,
    continuous decimals per year; absent when unknown. `quotes`: by contract, as quoted at the
    close of `as_of` itself.
    """

    as_of: date
    closes: Mapping[tuple[str, date], Close]
    adjusted_closes: Mapping[str, FloatArray]
    curve: TreasuryCurve | None
    configured_rate: float
    dividend_yields: Mapping[str, float]
    quotes: Mapping[str, Quote] = field(default_factory=dict)
    dividends: Mapping[str, Sequence[Dividend]] = field(default_factory=dict)


@dataclass(frozen=True)
class ContractValuation:
    """What one contract is worth per share, and on what that is based; or `reason` and no numbers.

    Units as published: delta and gamma per 1.00 of the underlying, theta per calendar day, vega per
    volatility point, rho per percentage point of rate. `model` names what valued it, None when
    nothing did. `dividends` are the cash dividends it was valued with, empty where it was valued
    with the yield; `dividend_yield` is then what projected ones are worth as a yield. `quote_mid`
    is the contract's own market price, `note` what a reader should know about the numbers. Computed
    once per contract, session and price run; read by later shards.
    """

    contract: str
    years_to_expiry: float
    underlying_price: float | None = None
    underlying_price_date: date | None = None
    volatility: float | None = None
    iv_source: str | None = None
    rate: float | None = None
    rate_source: str | None = None
    dividend_yield: float | None = None
    dividend_source: str | None = None
    dividends: tuple[Dividend, ...] = ()
    model: str | None = None
    price: float | None = None
    delta: float | None = None
    gamma: float | None = None
    theta: float | None = None
    vega: float | None = None
    rho: float | None = None
    reason: str | None = None
    quote_mid: float | None = None
    note: str | None = None


@dataclass(frozen=True)
class Basis:
    """What a valuation must be based on to be current.

    `european_models` and `american_models` are the models that today's engine may have used for
    contracts of either style (None: nothing could value it). `configured_rate` is continuously
    compounded, for sessions without a Treasury curve.
    """

    as_of: date
    price_run: str
    configured_rate: float
    european_models: Collection[str | None]
    american_models: Collection[str | None]

    def covers(self, valuation: ContractValuation) -> bool:
        """Whether today's engine may have made the valuation."""
        european = parse_occ(valuation.contract).is_european
        return valuation.model in (self.european_models if european else self.american_models)


@dataclass(frozen=True)
class Work:
    """A shard's options, the valuations that are current, and what is left to value.

    `missing` are the distinct contracts without a current valuation, by symbol, and `market` is
    what they are valued with.
    """

    held: Sequence[HeldOption]
    current: Mapping[str, ContractValuation]
    missing: Sequence[ContractTerms]
    market: Market


@dataclass(frozen=True)
class NamedOption:
    """An option by its OCC symbol, by its terms, or by both; None is not given.

    `strike` in USD per share, `option_type` C or P.
    """

    contract: str | None
    underlying: str | None
    strike: Decimal | None
    expiry: date | None
    option_type: str | None
