"""What stand-ins know: the bundled panel, or a made-up market of any size."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from functools import lru_cache

from tests import panel

KEY = "stand-in-key/with+signs="


@dataclass(frozen=True)
class Split:
    """`after` shares for `before` old ones from the day on."""

    symbol: str
    day: date
    before: float
    after: float


@dataclass(frozen=True)
class Dividend:
    """USD (or another currency) per share to holders on the day before."""

    symbol: str
    day: date
    amount: float
    currency: str = "USD"


@dataclass(frozen=True)
class Listing:
    """What a symbol is, in each provider's own words."""

    name: str
    polygon_type: str = "CS"
    sic: str | None = None
    yahoo_type: str = "EQUITY"
    sector: str | None = None
    industry: str | None = None


@dataclass(frozen=True)
class Market:
    """Closes as traded by symbol and session, with splits and facts; symbols as we spell them.

    Symbols are spelled our way.
    """

    closes: Mapping[str, Mapping[date, float]]
    splits: Sequence[Split] = ()
    dividends: Sequence[Dividend] = ()
    listings: Mapping[str, Listing] = field(default_factory=dict)

    def with_events(self, *events: Split | Dividend) -> "Market":
        """The same with more splits and dividends."""
        return replace(
            self,
            splits=(*self.splits, *(event for event in events if isinstance(event, Split))),
            dividends=(
                *self.dividends,
                *(event for event in events if isinstance(event, Dividend)),
            ),
        )


@lru_cache
def bundled_market() -> Market:
    """The panel's adjusted closes, taken for closes as traded."""
    symbols, days = panel.symbols(), panel.sessions()
    table = panel.closes(*symbols)
    closes = {
        symbol: {
            day: float(price)
            for day, price in zip(days, table[:, column], strict=True)
            if price == price
        }
        for column, symbol in enumerate(symbols)
    }
    funds = {"SPY", "VTV", "VUG", "MTUM", "QUAL", "IWM", "USMV"}
    listings = {
        symbol: Listing(f"{symbol} Trust", "ETF", None, "ETF")
        if symbol in funds
        else Listing(
            f"{symbol} Inc.",
            "CS",
            "SERVICES-PREPACKAGED SOFTWARE",
            "EQUITY",
            "Technology",
            "Software",
        )
        for symbol in symbols
    }
    return Market(closes, listings=listings)


def made_up_market(symbols: int, sessions: Sequence[date]) -> Market:
    """Symbols S0 on, each with a close per session: 10.00 plus a cent per symbol and day.

    10.00 plus a cent per symbol and day.
    """
    closes = {
        f"S{number}": {
            day: float(Decimal(1000 + number % 500 + at) / 100) for at, day in enumerate(sessions)
        }
        for number in range(symbols)
    }
    return Market(closes, listings={symbol: Listing(symbol) for symbol in closes})


def moved_market(days: Sequence[date], suffixes: Sequence[str]) -> Market:
    """The panel's last closes on other sessions, each symbol with each suffix, and the proxies.

    Each symbol under its name with each suffix, proxies as they are.

    So there are as many symbols as one likes that the bundled data do not know, and their returns
    are real.
    """
    names = {symbol: [symbol] for symbol in panel.PROXIES}
    for symbol in panel.symbols():
        if symbol not in names:
            names[symbol] = [f"{symbol}{suffix}" for suffix in suffixes]
    closes: dict[str, Mapping[date, float]] = {}
    for symbol, called in names.items():
        column = panel.closes(symbol, last=len(days))[:, 0]
        priced = {
            day: float(close) for day, close in zip(days, column, strict=True) if close == close
        }
        closes |= dict.fromkeys(called, priced)
    return Market(closes, listings={name: Listing(f"{name} Inc.") for name in closes})
