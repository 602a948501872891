"""The demo's portfolios as they could be held today: pure conversion.

Stocks keep their quantities, and are entered at the close of the first session shown. Options keep
their moneyness: strike over the underlying's close on the bundled demo's last session. They are
entered on the latest session, in the next monthly expiry at least 45 days out.
"""

import csv
import io
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from services.ingest.providers.yahoo_options import ListedOption, OptionChain
from shared.calendar import session_on_or_before
from shared.instruments import OptionContract, looks_like_option, parse_occ

LEAST_DAYS = timedelta(days=45)  # until the options' expiry
CENT = Decimal("0.01")
FRIDAY = 4
HEADER = ("ticker", "quantity", "entry_price", "entry_date", "tags")

Closes = Mapping[str, Mapping[date, Decimal]]  # USD per share by symbol and session


@dataclass(frozen=True)
class Holding:
    """A row of a bundled book, without its entry."""

    symbol: str
    quantity: Decimal
    tags: str

    @property
    def contract(self) -> OptionContract | None:
        """The option; None for shares."""
        return parse_occ(self.symbol) if looks_like_option(self.symbol) else None

    @property
    def underlying(self) -> str:
        """The symbol whose closes it needs."""
        contract = self.contract
        return self.symbol if contract is None else contract.underlying


@dataclass(frozen=True)
class MarketNow:
    """What the books are made of.

    `first`, `last`: the first and the latest session shown; `closes`: of both, without symbols that
    are not known; `chains`: by underlying; `no_chain`: why there is none, by underlying.
    """

    first: date
    last: date
    closes: Closes
    chains: Mapping[str, OptionChain]
    no_chain: Mapping[str, str]


@dataclass(frozen=True)
class MarketThen:
    """The bundled demo's first and last session, with the closes of both."""

    first: date
    last: date
    closes: Closes


@dataclass
class LiveBook:
    """A portfolio of today: its rows in the five columns, equity in USD, and what is left out."""

    rows: list[tuple[str, ...]] = field(default_factory=list)
    equity: Decimal = Decimal(0)
    left_out: list[str] = field(default_factory=list)

    def as_csv(self, title: str) -> str:
        """The file to upload; `title` is its first line, a comment."""
        text = io.StringIO()
        text.write(f"# {title}\n")
        csv.writer(text, lineterminator="\n").writerows([HEADER, *self.rows])
        return text.getvalue()


def holdings(text: str) -> list[Holding]:
    """The rows of a five-column file."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return [
        Holding(row["ticker"], Decimal(row["quantity"]), row["tags"])
        for row in csv.DictReader(lines)
    ]


def monthly_expiry(listed: Iterable[date], as_of: date) -> date | None:
    """The next monthly expiry at least 45 days after `as_of`; None when none is listed."""
    earliest = as_of + LEAST_DAYS
    return next((day for day in sorted(listed) if day >= earliest and _is_monthly(day)), None)


def _is_monthly(day: date) -> bool:
    """Whether it is the month's third Friday, or the session before it on a closed exchange."""
    fifteenth = day.replace(day=15)
    third_friday = fifteenth + timedelta(days=(FRIDAY - fifteenth.weekday()) % 7)
    return day == session_on_or_before(third_friday)


def live_book(
    held: Sequence[Holding], equity_then: Decimal, then: MarketThen, now: MarketNow
) -> LiveBook:
    """The holdings today; equity keeps its ratio to the gross value of the shares, to 1,000 USD."""
    book = LiveBook()
    shares = [each for each in held if each.contract is None and each.symbol in now.closes]
    for each in shares:
        close = now.closes[each.symbol][now.first]
        book.rows.append(_row(each.symbol, each, close, now.first))
    before = _gross(shares, then.closes, then.first)
    if before:
        ratio = _gross(shares, now.closes, now.first) / before
        book.equity = Decimal(round(equity_then * ratio, -3))
    unknown = {each.underlying for each in held} - now.closes.keys()
    reason = f"Yahoo has no close of {now.first} and {now.last}"
    book.left_out += [f"{symbol}: {reason}" for symbol in sorted(unknown)]
    _add_options(book, [each for each in held if each.underlying in now.closes], then, now)
    return book


def _gross(shares: Iterable[Holding], closes: Closes, day: date) -> Decimal:
    return sum((abs(each.quantity) * closes[each.symbol][day] for each in shares), Decimal(0))


def _add_options(book: LiveBook, held: Sequence[Holding], then: MarketThen, now: MarketNow) -> None:
    """Add the listed contract nearest to each option's moneyness; no contract twice."""
    taken: set[str] = set()
    absent: dict[str, str] = {}
    for each in held:
        contract = each.contract
        if contract is None:
            continue
        underlying = contract.underlying
        chain = now.chains.get(underlying)
        if chain is None:
            absent[underlying] = now.no_chain[underlying]
            continue
        moneyness = contract.strike / then.closes[underlying][then.last]
        strike = moneyness * now.closes[underlying][now.last]
        chosen = _nearest(chain, contract.option_type, strike, taken)
        if chosen is None:
            absent[underlying] = "Yahoo has no price of them"
            continue
        taken.add(chosen.contract.symbol)
        book.rows.append(_row(chosen.contract.symbol, each, _premium(chosen), now.last))
    book.left_out += [f"options on {name}: {reason}" for name, reason in sorted(absent.items())]


def _nearest(
    chain: OptionChain, option_type: str, strike: Decimal, taken: Collection[str]
) -> ListedOption | None:
    candidates = [
        each
        for each in chain.options
        if each.contract.option_type == option_type
        and each.contract.symbol not in taken
        and _premium(each) > 0
    ]
    return min(
        candidates,
        key=lambda each: (abs(each.contract.strike - strike), each.contract.strike),
        default=None,
    )


def _premium(listed: ListedOption) -> Decimal:
    """The quote's mid, else the last trade; 0 without either. USD per share of contract."""
    if listed.bid is not None and listed.ask:
        return max((listed.bid + listed.ask) / 2, CENT).quantize(CENT)
    return (listed.last or Decimal(0)).quantize(CENT)


def _row(symbol: str, holding: Holding, price: Decimal, day: date) -> tuple[str, ...]:
    return symbol, str(holding.quantity), f"{price:.6f}", day.isoformat(), holding.tags
