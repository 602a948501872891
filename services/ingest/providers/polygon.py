"""Polygon.io, renamed Massive, through its Python library: every kind of data but yields.

docs/market-data.md has the shapes of its answers.
"""

from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Iterable,
    Mapping,
    Sequence,
)
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cached_property, partial
from importlib import import_module
from typing import TYPE_CHECKING, TypeVar

from services.ingest.inputs import Bar, CorporateAction, Coverage, OptionQuote, SecurityFacts
from services.ingest.providers import (
    ActionAnswer,
    Answer,
    NotInPlan,
    Pace,
    ProviderUnavailable,
    QuoteAnswer,
)
from services.ingest.providers.patience import Patience, Refused, TryAgain
from services.ingest.providers.polygon_rows import (
    INDICES,
    NEW_YORK,
    POLYGON,
    StrictJson,
    Unreadable,
    bar_of,
    chain_window,
    facts_of,
    one_a_day,
    polygon_symbol,
    quote_of,
    symbol_of,
)
from services.ingest.providers.schedule import fewest_requests
from services.ingest.providers.threads import Threads, as_they_finish
from shared import calendar
from shared.instruments import OptionContract, parse_occ

if TYPE_CHECKING:
    from massive import RESTClient  # type: ignore[import-untyped]

T = TypeVar("T")

BASE_URL = "https://api.massive.com"
# `polygon` (polygon-api-client) is the same library under its old name; 1.16.3 is its last release.
LIBRARY = "massive"
MOST_AGGREGATES = 50_000
Dated = tuple[str, date, Decimal]  # a symbol, a day, and a value of that day
ROWS_OF_A_PAGE = 1_000
CONTRACTS_OF_A_PAGE = 250
# About how many there are in the whole market, which decides whether it takes fewer requests to
# fetch all of them or symbol by symbol.
ACTIONS_A_YEAR = {"split": 2_000, "dividend": 60_000}

FORBIDDEN = 403  # as in HTTP: what the plan does not include


class PolygonProvider:
    """Every protocol but yields; closes are as traded, without adjustment."""

    name = POLYGON
    library = LIBRARY
    live = True
    vouched = False

    def __init__(
        self,
        api_key: str,
        pace: Pace,
        *,
        base_url: str = BASE_URL,
        patience: Patience | None = None,
        at_once: int = 8,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._api_key = api_key
        self._base_url = base_url
        self._patience = patience or Patience()
        self._threads = Threads(self.name, pace, at_once)
        self._now = now

    async def coverage(self) -> Coverage | None:
        """Every closed session, as far back as the plan goes."""
        return None

    async def bars(self, missing: Mapping[str, Collection[date]]) -> AsyncIterator[Answer]:
        """One request per symbol for its range, or one per session for the market: the fewest.

        Indices are not in the whole market and come last, since most plans refuse them.
        """
        waiting = {
            symbol: set(days) for symbol, days in missing.items() if days and symbol not in INDICES
        }
        spelled = {polygon_symbol(symbol): symbol for symbol in waiting}
        requests = fewest_requests(waiting)
        calls: list[Callable[[], Awaitable[tuple[list[Bar], str | date]]]] = [
            *(partial(self._session_of_many, day, spelled) for day in reversed(requests.sessions)),
            *(
                partial(self._history_of_one, symbol, *_range(waiting[symbol]))
                for symbol in requests.symbols
            ),
        ]
        async for bars, queried in as_they_finish(calls, self._threads.at_once):
            yield Answer(bars, _settled(waiting, queried))
        indices = (
            partial(self._history_of_one, symbol, *_range(missing[symbol]), optional=True)
            for symbol in sorted(INDICES & missing.keys())
            if missing[symbol]
        )
        async for bars, index in as_they_finish(indices, self._threads.at_once):
            yield Answer(bars, frozenset([index]))

    async def corporate_actions(
        self, symbols: Collection[str], first: date, last: date
    ) -> AsyncIterator[ActionAnswer]:
        """Splits and cash dividends in USD, of the whole market or by symbol.

        It takes whichever is fewer requests.
        """
        spelled = {polygon_symbol(symbol): symbol for symbol in symbols if symbol not in INDICES}
        years = ((last - first).days + 1) / 365
        pages = {
            kind: int(a_year * years) // ROWS_OF_A_PAGE + 1
            for kind, a_year in ACTIONS_A_YEAR.items()
        }
        whole = [kind for kind in pages if len(spelled) >= pages[kind]] if spelled else []
        found: list[CorporateAction] = []
        for kind in whole:
            found += [
                each
                for each in await self._actions(kind, None, first, last)
                if each.symbol in spelled
            ]
        singly = [kind for kind in pages if kind not in whole]
        if not singly or not spelled:
            yield _answer(found, frozenset(symbols), spelled)
            return
        calls = (partial(self._actions_of_one, singly, ticker, first, last) for ticker in spelled)
        async for ticker, actions in as_they_finish(calls, self._threads.at_once):
            theirs = [each for each in found if each.symbol == ticker]
            yield _answer([*theirs, *actions], frozenset([spelled[ticker]]), spelled)
        yield ActionAnswer([], INDICES & frozenset(symbols))

    async def securities(self, symbols: Collection[str] | None = None) -> Sequence[SecurityFacts]:
        """Kind, name and SIC industry of the symbols; without any, kind and name of all listed.

        Polygon has no sectors.
        """
        if symbols is None:
            return await self._request(self._listed)
        calls = (partial(self._facts_about, symbol) for symbol in symbols)
        found = as_they_finish(calls, self._threads.at_once)
        return [facts async for facts in found if facts is not None]

    async def option_quotes(
        self, contracts: Collection[str], session_date: date
    ) -> AsyncIterator[QuoteAnswer]:
        """Quotes of the present session only: the snapshot of a chain has no history.

        A request per underlying, for the expiries and strikes held. An older session costs no
        request and gives nothing. Quotes of another session are left out, and one-sided ones.
        """
        today = self._now().astimezone(NEW_YORK).date()
        if session_date < calendar.previous_session(today):
            return
        by_underlying: dict[str, list[OptionContract]] = {}
        for contract in map(parse_occ, sorted(contracts)):
            by_underlying.setdefault(contract.underlying, []).append(contract)
        calls = (partial(self._chain, *held, session_date) for held in by_underlying.items())
        async for answer in as_they_finish(calls, self._threads.at_once):
            yield answer

    async def _session_of_many(
        self, session_date: date, spelled: Mapping[str, str]
    ) -> tuple[list[Bar], date]:
        return await self._request(lambda: self._whole_session(session_date, spelled)), session_date

    def _whole_session(self, session_date: date, spelled: Mapping[str, str]) -> list[Bar]:
        rows = self._client.get_grouped_daily_aggs(session_date, adjusted=False)
        return [bar_of(spelled[row.ticker], row) for row in rows if row.ticker in spelled]

    async def _history_of_one(
        self, symbol: str, first: date, last: date, optional: bool = False
    ) -> tuple[list[Bar], str]:
        return await self._request(lambda: self._history(symbol, first, last), optional), symbol

    def _history(self, symbol: str, first: date, last: date) -> list[Bar]:
        rows = self._client.list_aggs(
            polygon_symbol(symbol), 1, "day", first, last, adjusted=False, limit=MOST_AGGREGATES
        )
        return [bar_of(symbol, row) for row in rows]

    async def _actions_of_one(
        self, kinds: Sequence[str], ticker: str, first: date, last: date
    ) -> tuple[str, list[CorporateAction]]:
        found = [await self._actions(kind, ticker, first, last) for kind in kinds]
        return ticker, [each for actions in found for each in actions]

    async def _actions(
        self, kind: str, ticker: str | None, first: date, last: date
    ) -> list[CorporateAction]:
        """With symbols as Polygon spells them."""
        read = self._splits if kind == "split" else self._dividends
        actions = await self._request(lambda: list(read(ticker, first, last)))
        return [
            CorporateAction(found, day, kind, value, self.name) for found, day, value in actions
        ]

    def _splits(self, ticker: str | None, first: date, last: date) -> Iterable[Dated]:
        rows = self._client.list_splits(
            ticker, execution_date_gte=first, execution_date_lte=last, limit=ROWS_OF_A_PAGE
        )
        for row in rows:
            ratio = Decimal(str(row.split_to)) / Decimal(str(row.split_from))
            yield row.ticker, date.fromisoformat(row.execution_date), ratio

    def _dividends(self, ticker: str | None, first: date, last: date) -> Iterable[Dated]:
        rows = self._client.list_dividends(
            ticker, ex_dividend_date_gte=first, ex_dividend_date_lte=last, limit=ROWS_OF_A_PAGE
        )
        for row in rows:
            if row.currency in (None, "USD"):
                yield (
                    row.ticker,
                    date.fromisoformat(row.ex_dividend_date),
                    Decimal(str(row.cash_amount)),
                )

    def _listed(self) -> list[SecurityFacts]:
        rows = self._client.list_tickers(market="stocks", active=True, limit=ROWS_OF_A_PAGE)
        return [facts_of(symbol_of(row.ticker), row, None) for row in rows]

    async def _facts_about(self, symbol: str) -> SecurityFacts | None:
        return await self._request(lambda: self._details(symbol))

    def _details(self, symbol: str) -> SecurityFacts | None:
        try:
            details = self._client.get_ticker_details(polygon_symbol(symbol))
        except Refused as refused:
            if refused.status == 404:
                return None
            raise
        return facts_of(symbol, details, details.sic_description)

    async def _chain(
        self, underlying: str, held: Sequence[OptionContract], session_date: date
    ) -> QuoteAnswer:
        contracts = frozenset(contract.symbol for contract in held)
        found = await self._request(
            lambda: self._snapshot(underlying, chain_window(held), session_date), optional=True
        )
        return QuoteAnswer([quote for quote in found if quote.contract in contracts], contracts)

    def _snapshot(
        self, underlying: str, window: Mapping[str, str], session_date: date
    ) -> list[OptionQuote]:
        rows = self._client.list_snapshot_options_chain(
            polygon_symbol(underlying), params={**window, "limit": CONTRACTS_OF_A_PAGE}
        )
        return [quote for row in rows if (quote := quote_of(row, session_date))]

    async def _request(self, call: Callable[[], T], optional: bool = False) -> T:
        """The call's result from a thread; any failure makes the provider unavailable.

        A refusal of what is `optional` is a matter of the plan and no outage.
        """
        try:
            return await self._threads.run(call)
        except Refused as error:
            refusal = NotInPlan if optional and error.status == FORBIDDEN else ProviderUnavailable
            raise refusal(self.name, error.reason) from None
        except (TryAgain, Unreadable) as error:
            raise ProviderUnavailable(self.name, str(error)) from None
        except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError) as error:
            shape = f"answers in a shape that it does not document ({type(error).__name__})"
            raise ProviderUnavailable(self.name, shape) from error

    @cached_property
    def _client(self) -> "RESTClient":
        from services.ingest.providers.paced_http import PacedPool

        rest = import_module(self.library)  # pulls in a WebSocket client
        client = rest.RESTClient(
            self._api_key, retries=0, base=self._base_url, custom_json=StrictJson
        )
        client.client = PacedPool(
            self._threads, self._patience, self._api_key, maxsize=self._threads.at_once
        )
        return client


def _range(days: Collection[date]) -> tuple[date, date]:
    return min(days), max(days)


def _settled(waiting: dict[str, set[date]], queried: str | date) -> frozenset[str]:
    """The symbols whose sessions are all `queried` by now; they are removed from `waiting`."""
    if isinstance(queried, str):
        waiting[queried].clear()
    else:
        for days in waiting.values():
            days.discard(queried)
    done = frozenset(symbol for symbol, days in waiting.items() if not days)
    for symbol in done:
        del waiting[symbol]
    return done


def _answer(
    actions: Iterable[CorporateAction], settled: frozenset[str], spelled: Mapping[str, str]
) -> ActionAnswer:
    ours = (
        replace(each, symbol=spelled[each.symbol]) for each in actions if each.symbol in spelled
    )
    return ActionAnswer(one_a_day(ours), settled)
