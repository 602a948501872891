"""What is wrong with rows of market data that an administrator sends: by row number, from 0.

Used by the gateway, which sees all rows of a request, and by ingest, which sees a part of them.
Nothing here knows the time: `not_closed_yet` and `in_future` take it.
"""

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TypeVar

from shared import calendar
from shared.contracts.ingest import OptionQuoteRow, PriceRow, YieldRow
from shared.conventions import HIGHEST_PRICE
from shared.errors import NotASession
from shared.instruments import InvalidSymbol, normalise, parse_occ, parse_ticker

AnyRow = TypeVar("AnyRow", PriceRow, YieldRow, OptionQuoteRow)
Problems = Mapping[int, str]
_OTHERS_NAMED = 5


def priced_symbol(text: str, private_names: Collection[str]) -> str:
    """The symbol that a price is stored under: a ticker, or a private holding's name as it is.

    `private_names`: those of holdings that no exchange lists. Raises `InvalidSymbol` for a text
    that is neither.
    """
    name = normalise(text)
    return name if name in private_names else parse_ticker(text)


def price_problems(rows: Sequence[PriceRow], private_names: Collection[str] = ()) -> Problems:
    """Invalid symbols, closes that no price has, days without a session, and repeats."""
    return _problems(
        rows,
        lambda row: _price_problem(row, private_names),
        lambda row: (priced_symbol(row.symbol, private_names), row.session_date.isoformat()),
    )


def yield_problems(rows: Sequence[YieldRow]) -> Problems:
    """Yields that are given twice."""
    return _problems(
        rows, lambda _: None, lambda row: (row.maturity, row.observation_date.isoformat())
    )


def quote_problems(rows: Sequence[OptionQuoteRow]) -> Problems:
    """Invalid contracts, crossed or impossible quotes, days that cannot have one, repeats."""
    return _problems(
        rows,
        _quote_problem,
        lambda row: (parse_occ(row.contract).symbol, row.session_date.isoformat()),
    )


def not_closed_yet(days: Iterable[date], now: datetime) -> Problems:
    """Sessions whose close is still to come; `now` has a time zone."""
    last = calendar.last_closed(now)
    return {
        row: f"{day} has not closed yet: the last session with a close is {last}"
        for row, day in enumerate(days)
        if day > last
    }


def in_future(days: Iterable[date], today: date) -> Problems:
    """Days after today."""
    return {
        row: f"{day} lies in the future: today is {today}"
        for row, day in enumerate(days)
        if day > today
    }


def _problems(
    rows: Sequence[AnyRow],
    problem_of: Callable[[AnyRow], str | None],
    key_of: Callable[[AnyRow], tuple[str, ...]],
) -> Problems:
    found = {row: problem for row, each in enumerate(rows) if (problem := problem_of(each))}
    keys = {row: key_of(each) for row, each in enumerate(rows) if row not in found}
    return dict(sorted((found | _repeats(keys)).items()))


def _repeats(keys: Mapping[int, tuple[str, ...]]) -> dict[int, str]:
    """Every row whose key other rows have too, with the numbers of those."""
    by_key: dict[Hashable, list[int]] = {}
    for row, key in keys.items():
        by_key.setdefault(key, []).append(row)
    return {
        row: f"{' of '.join(keys[row])} is given by row {_named(row, group)} too: send it once"
        for group in by_key.values()
        if len(group) > 1
        for row in group
    }


def _named(row: int, group: Sequence[int]) -> str:
    others = [str(other) for other in group[: _OTHERS_NAMED + 1] if other != row][:_OTHERS_NAMED]
    left = len(group) - 1 - len(others)
    return " and row ".join(others) + (f" and {left:,} more" if left else "")


def _price_problem(row: PriceRow, private_names: Collection[str]) -> str | None:
    try:
        priced_symbol(row.symbol, private_names)
    except InvalidSymbol as error:
        return f"{error}, nor the name of a private holding"
    return _too_high(row.symbol, [row.close, row.adjusted_close]) or _session_problem(
        row.session_date
    )


def _too_high(symbol: str, prices: Iterable[Decimal | None]) -> str | None:
    """Why one of the prices is none, or None."""
    highest = max((price for price in prices if price is not None), default=Decimal(0))
    if highest <= HIGHEST_PRICE:
        return None
    return f"{symbol}: no price is as high as {highest:,}: the highest is {HIGHEST_PRICE:,.0f} USD"


def _quote_problem(row: OptionQuoteRow) -> str | None:
    try:
        contract = parse_occ(row.contract)
    except InvalidSymbol as error:
        return str(error)
    if row.ask < row.bid:
        return f"{row.contract}: ask {row.ask} is below bid {row.bid}"
    if row.session_date > contract.expiry:
        return f"{row.contract}: {row.session_date} lies after its expiry {contract.expiry}"
    prices = [row.ask, row.last, row.underlying_price]
    return _too_high(row.contract, prices) or _session_problem(row.session_date)


def _session_problem(session_date: date) -> str | None:
    try:
        calendar.require_session(session_date)
    except NotASession as error:
        return str(error)
    return None
