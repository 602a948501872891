"""Yahoo's option chains: what is listed, and what it was quoted at."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from math import isfinite
from typing import TYPE_CHECKING, Protocol

from services.ingest.inputs import OptionQuote
from shared.calendar import NEW_YORK
from shared.instruments import OptionContract, looks_like_option, parse_occ

if TYPE_CHECKING:
    import pandas


class Listing(Protocol):
    """One expiry as yfinance answers; `underlying` is None when nothing is listed."""

    calls: "pandas.DataFrame"
    puts: "pandas.DataFrame"
    underlying: Mapping[str, float] | None


class Ticker(Protocol):
    """yfinance's ticker, as far as options are concerned."""

    options: Sequence[str]

    def option_chain(self, date: str) -> Listing:
        """The chain of an expiry."""
        ...


# The expiry to request, of those that are listed; None for none of them.
Choose = Callable[[Sequence[date]], date | None]


@dataclass(frozen=True)
class ListedOption:
    """One contract of a chain; USD per share of contract, None where Yahoo has no price."""

    contract: OptionContract
    bid: Decimal | None
    ask: Decimal | None
    last: Decimal | None

    @property
    def is_quoted(self) -> bool:
        """Whether there are a bid and an ask; after hours Yahoo often has zeros for both."""
        return self.bid is not None and bool(self.ask)


@dataclass(frozen=True)
class OptionChain:
    """The contracts of one underlying and expiry.

    `session_date`: the session of the underlying's last trade, in which the quotes were made.
    """

    underlying: str
    expiry: date
    session_date: date
    underlying_price: Decimal
    options: Sequence[ListedOption]

    def quotes(self, source: str) -> list[OptionQuote]:
        """The contracts with a bid and an ask; no bid is invented for the others."""
        return [
            OptionQuote(
                each.contract.symbol,
                self.session_date,
                each.bid,
                each.ask,
                each.last,
                self.underlying_price,
                source,
            )
            for each in self.options
            if each.is_quoted and each.bid is not None and each.ask is not None
        ]


def requested_chain(ticker: Ticker, underlying: str, choose: Choose) -> OptionChain | None:
    """The chain of the chosen expiry; None when nothing is listed or nothing was chosen.

    Two requests: the expiries listed, and the chain.
    """
    listed = [date.fromisoformat(text) for text in ticker.options]
    expiry = choose(listed) if listed else None
    if expiry is None:
        return None
    found = ticker.option_chain(expiry.isoformat())
    if found.underlying is None:
        return None
    about = found.underlying
    moment = datetime.fromtimestamp(int(about["regularMarketTime"]), UTC)
    return OptionChain(
        underlying,
        expiry,
        moment.astimezone(NEW_YORK).date(),
        Decimal(str(about["regularMarketPrice"])),
        [*_options(found.calls), *_options(found.puts)],
    )


def _options(table: "pandas.DataFrame") -> Iterable[ListedOption]:
    names = ("contractSymbol", "bid", "ask", "lastPrice")
    for symbol, *prices in zip(*(table[name] for name in names), strict=True):
        contract = parse_occ(symbol) if looks_like_option(symbol) else None
        if contract is not None and not contract.is_adjusted:
            yield ListedOption(contract, *(_price(value) for value in prices))


def _price(value: float) -> Decimal | None:
    return Decimal(str(round(float(value), 6))) if isfinite(value) else None
