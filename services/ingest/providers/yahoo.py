"""Yahoo Finance through yfinance: a fallback without a key, and without a promise.

docs/market-data.md has the shapes of its answers. Yahoo's closes are adjusted for every later
split, so those are undone; that takes the splits up to today, so a history always reaches to today.
"""

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cached_property, partial
from math import log1p
from typing import TYPE_CHECKING, Any

from services.ingest.inputs import Bar, CorporateAction, Coverage, SecurityFacts
from services.ingest.providers import (
    ActionAnswer,
    Answer,
    Pace,
    ProviderUnavailable,
    QuoteAnswer,
)
from services.ingest.providers.patience import Patience, Refused, TryAgain
from services.ingest.providers.threads import Threads, as_they_finish
from services.ingest.providers.yahoo_histories import RecentHistories
from services.ingest.providers.yahoo_options import Choose, OptionChain, requested_chain
from shared import calendar
from shared.instruments import INDEX_ROOTS, canonical_symbol, parse_occ

if TYPE_CHECKING:
    import pandas

    from services.ingest.providers.yahoo_session import PacedSession

INDICES = frozenset(INDEX_ROOTS.values())
YAHOO_INDEX = {"SPX": "^GSPC"}  # the others are their own names behind a caret
# Preferreds, warrants and rights, with their series; units have none.
YAHOO_KIND = {"PR": "P", "WS": "WT", "RT": "RI"}
KIND_BY_TYPE = {"EQUITY": "stock", "ETF": "etf", "MUTUALFUND": "fund", "INDEX": "index"}
# Yahoo's sectors are the eleven of GICS under other names.
GICS_SECTOR = {
    "Basic Materials": "Materials",
    "Consumer Cyclical": "Consumer Discretionary",
    "Consumer Defensive": "Consumer Staples",
    "Financial Services": "Financials",
    "Healthcare": "Health Care",
    "Technology": "Information Technology",
}


class UnknownSymbol(Exception):
    """Yahoo has no such symbol, or nothing of it in the range."""


class YahooProvider:
    """One request per symbol for closes, splits and dividends; a symbol's facts take two more."""

    name = "yahoo"
    live = True
    vouched = False

    def __init__(
        self,
        pace: Pace,
        *,
        patience: Patience | None = None,
        at_once: int = 4,
        connection: Mapping[str, Any] | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`connection`: options of curl_cffi's Session, such as a proxy or another authority."""
        self._patience = patience or Patience()
        self._threads = Threads(self.name, pace, at_once)
        self._connection = dict(connection or {})
        self._now = now
        self._histories = RecentHistories(now)

    async def coverage(self) -> Coverage | None:
        """Every closed session."""
        return None

    async def bars(self, missing: Mapping[str, Collection[date]]) -> AsyncIterator[Answer]:
        """The missing sessions by symbol, as traded and adjusted for splits and dividends."""
        calls = (
            partial(self._bars_of, symbol, days) for symbol, days in sorted(missing.items()) if days
        )
        async for answer in as_they_finish(calls, self._threads.at_once):
            yield answer

    async def corporate_actions(
        self, symbols: Collection[str], first: date, last: date
    ) -> AsyncIterator[ActionAnswer]:
        """Splits and dividends, which come with the closes; dividends per share as it was then."""
        calls = (partial(self._actions_of, symbol, first, last) for symbol in sorted(symbols))
        async for answer in as_they_finish(calls, self._threads.at_once):
            yield answer

    async def securities(self, symbols: Collection[str] | None = None) -> Sequence[SecurityFacts]:
        """Kind, name, GICS sector and industry of the symbols; Yahoo lists nothing by itself."""
        calls = (partial(self._facts_about, symbol) for symbol in sorted(symbols or ()))
        found = as_they_finish(calls, self._threads.at_once)
        return [facts async for facts in found if facts is not None]

    async def option_quotes(
        self, contracts: Collection[str], session_date: date
    ) -> AsyncIterator[QuoteAnswer]:
        """Quotes of the present session only: Yahoo has no older ones, which cost no request.

        Two requests per underlying and expiry. Quotes of another session are left out.
        """
        today = self._now().astimezone(calendar.NEW_YORK).date()
        if session_date < calendar.previous_session(today):
            return
        held: dict[tuple[str, date], set[str]] = {}
        for contract in map(parse_occ, sorted(contracts)):
            held.setdefault((contract.underlying, contract.expiry), set()).add(contract.symbol)
        calls = (
            partial(self._quotes_of, *chain, frozenset(symbols), session_date)
            for chain, symbols in held.items()
        )
        async for answer in as_they_finish(calls, self._threads.at_once):
            yield answer

    async def option_chain(self, underlying: str, choose: Choose) -> OptionChain | None:
        """The listed contracts of the expiry that `choose` picks; None when there are none.

        Raises `ProviderUnavailable`.
        """
        found: OptionChain | None = await self._request(
            underlying,
            lambda ticker: requested_chain(ticker, underlying, choose),
            f"^{underlying}" if underlying in INDICES else None,
        )
        return found

    async def _quotes_of(
        self, underlying: str, expiry: date, contracts: frozenset[str], session_date: date
    ) -> QuoteAnswer:
        chain = await self.option_chain(
            underlying, lambda listed: expiry if expiry in listed else None
        )
        if chain is None or chain.session_date != session_date:
            return QuoteAnswer([], contracts)
        quotes = [quote for quote in chain.quotes(self.name) if quote.contract in contracts]
        return QuoteAnswer(quotes, contracts)

    async def _bars_of(self, symbol: str, days: Collection[date]) -> Answer:
        history = await self._history(symbol, min(days), max(days))
        wanted = set(days)
        return Answer(
            [bar for bar in _bars(symbol, history) if bar.session_date in wanted],
            frozenset({symbol}),
        )

    async def _actions_of(self, symbol: str, first: date, last: date) -> ActionAnswer:
        history = await self._history(symbol, first, last)
        actions = [
            action for action in _actions(symbol, history) if first <= action.ex_date <= last
        ]
        return ActionAnswer(actions, frozenset({symbol}))

    async def _facts_about(self, symbol: str) -> SecurityFacts | None:
        info = await self._request(symbol, lambda ticker: ticker.info)
        return _facts(symbol, info) if info and info.get("quoteType") in KIND_BY_TYPE else None

    async def _history(self, symbol: str, first: date, last: date) -> "pandas.DataFrame | None":
        async def request(begin: date) -> "pandas.DataFrame | None":
            found: pandas.DataFrame | None = await self._request(
                symbol, lambda ticker: _history(ticker, begin)
            )
            return found

        return await self._histories.history(symbol, first, last, request)

    async def _request(self, symbol: str, question: Any, spelled: str | None = None) -> Any:
        """What the library answers, from a thread; None for a symbol that Yahoo does not know."""
        from yfinance.exceptions import (  # type: ignore[import-untyped]
            YFException,
            YFRateLimitError,
            YFTickerMissingError,
        )

        try:
            return await self._threads.run(lambda: question(self._ticker(symbol, spelled)))
        except (UnknownSymbol, YFTickerMissingError):
            return None
        except (Refused, TryAgain) as error:
            reason = error.reason
        except YFRateLimitError:
            reason = "limits our requests"
        except YFException as error:
            reason = f"fails: {str(error)[:200]}"
        except OSError as error:  # curl's, in a request for a cookie
            reason = f"cannot be reached ({type(error).__name__})"
        except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
            reason = f"answers in a shape that is not known ({type(error).__name__})"
        raise ProviderUnavailable(self.name, reason)

    def _ticker(self, symbol: str, spelled: str | None) -> Any:
        """The library's ticker; without a request for the time zone of a listed share."""
        import yfinance  # type: ignore[import-untyped]

        session = self._session
        name = spelled or yahoo_symbol(symbol)
        if symbol not in INDICES:
            yfinance.cache.get_tz_cache().store(name, calendar.NEW_YORK.key)
        return yfinance.Ticker(name, session=session)

    @cached_property
    def _session(self) -> "PacedSession":
        from services.ingest.providers.yahoo_session import PacedSession, prepare_library

        prepare_library()
        return PacedSession(self._threads, self._patience, self._connection)


def yahoo_symbol(symbol: str) -> str:
    """Our symbol as Yahoo spells it: BRK.B is BRK-B, BAC.PRL is BAC-PL, the index SPX is ^GSPC."""
    if symbol in INDICES:
        return YAHOO_INDEX.get(symbol, f"^{symbol}")
    root, _, suffix = canonical_symbol(symbol).partition(".")
    if not suffix:
        return root
    if suffix == "U":
        return f"{root}-UN"
    kind = next((kind for kind in YAHOO_KIND if suffix.startswith(kind)), None)
    spelled = suffix if kind is None else YAHOO_KIND[kind] + suffix.removeprefix(kind)
    return f"{root}-{spelled}"


def _history(ticker: Any, first: date) -> "pandas.DataFrame":
    found: pandas.DataFrame = ticker.history(start=first, auto_adjust=False, actions=True)
    return found


def _bars(symbol: str, history: "pandas.DataFrame | None") -> list[Bar]:
    if history is None or history.empty:
        return []
    closes = zip(history["Close"], history["Adj Close"], _split_since(history), strict=True)
    return [
        Bar(
            symbol,
            stamp.date(),
            _decimal(close) * ratio,
            float(adjusted),
            "raw",
            YahooProvider.name,
        )
        for stamp, (close, adjusted, ratio) in zip(history.index, closes, strict=True)
    ]


def _actions(symbol: str, history: "pandas.DataFrame | None") -> list[CorporateAction]:
    if history is None or history.empty:
        return []
    found = []
    columns = zip(history["Stock Splits"], history["Dividends"], _split_since(history), strict=True)
    for stamp, (split, dividend, ratio) in zip(history.index, columns, strict=True):
        day = stamp.date()
        if split:
            found.append(CorporateAction(symbol, day, "split", _decimal(split), YahooProvider.name))
        if dividend:
            found.append(
                CorporateAction(
                    symbol, day, "dividend", _decimal(dividend) * ratio, YahooProvider.name
                )
            )
    return found


def _split_since(history: "pandas.DataFrame") -> list[Decimal]:
    """New shares, after the splits of later days, of one share of each day."""
    ratios: list[Decimal] = []
    ratio = Decimal(1)
    for split in reversed(list(history["Stock Splits"])):
        ratios.append(ratio)
        ratio *= _decimal(split) if split else 1
    return ratios[::-1]


def _decimal(value: float) -> Decimal:
    """The decimal behind single precision: 130.02999877929688 is 130.03."""
    import numpy as np

    single = np.float32(value)
    return Decimal(str(single)) if float(single) == value else Decimal(str(round(float(value), 6)))


def _facts(symbol: str, info: Mapping[str, Any]) -> SecurityFacts:
    sector = info.get("sector") or None
    return SecurityFacts(
        symbol,
        KIND_BY_TYPE[info["quoteType"]],
        info.get("longName") or info.get("shortName"),
        None if sector is None else GICS_SECTOR.get(sector, sector),
        info.get("industry") or None,
        _continuous_yield(info.get("trailingAnnualDividendYield") or info.get("yield")),
        YahooProvider.name,
    )


def _continuous_yield(annual: object) -> float | None:
    """From Yahoo's decimal per year; its `dividendYield` is sometimes in percent."""
    return log1p(annual) if isinstance(annual, float) and 0 <= annual < 1 else None
