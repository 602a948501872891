"""A demo of today: whether Yahoo answers, and portfolios made of its latest session.

What is valued later comes through ingest like any other data; here are only the questions that
must be answered before: which session is the latest, and what can be held today.
"""

import asyncio
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Protocol

from deploy.demo.books import BOOKS, BUNDLED, DATA, MANIFEST, Demo, load_demo
from deploy.demo.live_books import (
    Closes,
    Holding,
    LiveBook,
    MarketNow,
    MarketThen,
    holdings,
    live_book,
    monthly_expiry,
)
from deploy.local.errors import Explained
from services.ingest.providers import PriceProvider, ProviderUnavailable, YieldProvider
from services.ingest.providers.bundled import BundledProvider
from services.ingest.providers.yahoo_options import Choose, OptionChain
from shared.calendar import last_closed, last_sessions

SESSIONS = 10
LATE_SESSIONS = 5  # as many may be missing at Yahoo, which is late at times
SEEN_DAYS = timedelta(days=14)  # in which the Treasury has published at least once
SECONDS_TO_ANSWER = 20.0  # for the first questions, before the bundled files are shown instead
PROBE = "SPY"
REQUESTS_A_MINUTE = 120  # a demo sends about 150 requests in all


class Yahoo(PriceProvider, Protocol):
    """Closes, and option chains."""

    async def option_chain(self, underlying: str, choose: Choose) -> OptionChain | None:
        """The listed contracts of the expiry that is chosen; None when there are none."""
        ...


class NotLive(Explained):
    """There are no live data; the message is a clause with the reason."""


@dataclass(frozen=True)
class Providers:
    """What a live demo queries itself."""

    yahoo: Yahoo
    treasury: YieldProvider


@dataclass(frozen=True)
class LiveMarket:
    """The latest session at Yahoo, and the newest yields; `no_yields`: why there are none."""

    last_session: date
    yields_of: date | None
    no_yields: str | None

    def settings(self) -> dict[str, str]:
        """Ingest's settings: live providers without a key, and files for what does not change."""
        chains = {
            "PRICES": ["yahoo"],
            "CORPORATE_ACTIONS": ["yahoo"],
            "YIELDS": ["treasury"] if self.yields_of else ["bundled"],
            "SECURITIES": ["bundled", "yahoo"],
            "OPTION_QUOTES": ["yahoo"],
        }
        named = {f"SIGMASIGHT_INGEST_{kind}": json.dumps(names) for kind, names in chains.items()}
        return named | {"SIGMASIGHT_INGEST_YAHOO_REQUESTS_A_MINUTE": str(REQUESTS_A_MINUTE)}

    def sentences(self) -> list[str]:
        """What the figures are made of."""
        live = (
            f"Live demo of {self.last_session}: closes, splits and dividends come from Yahoo, "
            "option quotes too where it has any of that session"
        )
        if self.yields_of:
            return [f"{live}; Treasury yields up to {self.yields_of} from the US Treasury."]
        return [
            f"{live}.",
            f"The US Treasury {self.no_yields}: the configured rate replaces Treasury yields.",
        ]


async def live_market(providers: Providers, now: datetime, close_delay: timedelta) -> LiveMarket:
    """The latest session that has closed, as far as Yahoo has it; raises `NotLive` in 20 s."""
    sessions = last_sessions(last_closed(now - close_delay), LATE_SESSIONS)
    try:
        async with asyncio.timeout(SECONDS_TO_ANSWER):
            closes = await _closes(providers.yahoo, {PROBE: sessions})
            if PROBE not in closes:
                raise NotLive(f"Yahoo has no close since {sessions[0]}")
            last = max(closes[PROBE])
            newest, reason = await _newest_yields(providers.treasury, last)
    except ProviderUnavailable as error:
        raise NotLive(f"Yahoo {error.reason}") from error
    except TimeoutError as error:
        raise NotLive(f"Yahoo does not answer within {SECONDS_TO_ANSWER:g} s") from error
    return LiveMarket(last, newest, reason)


async def _closes(yahoo: Yahoo, missing: Mapping[str, Collection[date]]) -> Closes:
    closes: dict[str, dict[date, Decimal]] = {}
    async for answer in yahoo.bars(missing):
        for bar in answer.bars:
            closes.setdefault(bar.symbol, {})[bar.session_date] = bar.close
    return closes


async def _newest_yields(treasury: YieldProvider, last: date) -> tuple[date | None, str | None]:
    """The newest day with a ten-year yield, or why there is none."""
    try:
        async for _, observed in treasury.yields({"10Y": (last - SEEN_DAYS, last)}):
            if observed:
                return max(each.observation_date for each in observed), None
    except ProviderUnavailable as error:
        return None, error.reason
    return None, f"has published no yields since {last - SEEN_DAYS}"


async def live_demo(directory: Path, providers: Providers, market: LiveMarket) -> Demo:
    """The live demo's portfolios: those made before, or new ones; raises `NotLive`."""
    if not (directory / MANIFEST).exists():
        await _make_books(directory, providers.yahoo, market.last_session)
    made = load_demo(directory)
    return replace(made, last_session=market.last_session, sessions=SESSIONS, as_traded=True)


async def _make_books(directory: Path, yahoo: Yahoo, last: date) -> None:
    """Write a file per portfolio, and at the end the manifest."""
    held = {book.file.name: holdings(book.file.read_text("utf-8")) for book in BUNDLED.books}
    every = [holding for rows in held.values() for holding in rows]
    then, now = await asyncio.gather(_market_then(every), _market_now(yahoo, every, last))
    books = {
        book.file.name: live_book(held[book.file.name], book.equity_balance, then, now)
        for book in BUNDLED.books
    }
    if not all(book.rows for book in books.values()):
        raise NotLive("Yahoo has no closes of the demo's holdings")
    directory.mkdir(parents=True, exist_ok=True)
    title = f"The bundled demo's holdings at Yahoo's closes of {now.first} and quotes of {last}."
    for name, made in books.items():
        (directory / name).write_text(made.as_csv(title), encoding="utf-8")
    (directory / MANIFEST).write_text(_manifest(books, now), encoding="utf-8")


def _manifest(books: Mapping[str, LiveBook], now: MarketNow) -> str:
    """As the bundled one, with what is left out."""
    manifest = json.loads((BOOKS / MANIFEST).read_text(encoding="utf-8"))
    rows = [row | {"equity_balance": str(books[row["file"]].equity)} for row in manifest["books"]]
    found = {
        "last_session": now.last.isoformat(),
        "sessions": SESSIONS,
        "books": rows,
        "notes": _notes(books.values(), now),
    }
    return json.dumps(found, indent=2)


def _notes(books: Collection[LiveBook], now: MarketNow) -> list[str]:
    """How options were entered, and everything that is left out, once each."""
    notes = []
    if now.chains:
        expiries = ", ".join(sorted({str(each.expiry) for each in now.chains.values()}))
        quoted = ", ".join(sorted({str(each.session_date) for each in now.chains.values()}))
        notes.append(f"Options expire on {expiries} and are entered at prices of {quoted}.")
    left_out = dict.fromkeys(reason for book in books for reason in book.left_out)
    return notes + [f"Left out: {reason}." for reason in left_out]


def notes_of(directory: Path) -> list[str]:
    """What was noted when the portfolios were made."""
    manifest = json.loads((directory / MANIFEST).read_text(encoding="utf-8"))
    return [str(note) for note in manifest["notes"]]


async def _market_then(held: Sequence[Holding]) -> MarketThen:
    """The bundled closes."""
    days = BUNDLED.days()
    wanted = {holding.underlying: {days[0], days[-1]} for holding in held}
    closes: dict[str, dict[date, Decimal]] = {}
    async for answer in BundledProvider(DATA).bars(wanted):
        for bar in answer.bars:
            closes.setdefault(bar.symbol, {})[bar.session_date] = bar.close
    return MarketThen(days[0], days[-1], closes)


async def _market_now(yahoo: Yahoo, held: Sequence[Holding], last: date) -> MarketNow:
    """One request per symbol, and two per underlying with options; raises `NotLive`."""
    first = last_sessions(last, SESSIONS)[0]
    try:
        found = await _closes(yahoo, {each.underlying: {first, last} for each in held})
    except ProviderUnavailable as error:
        raise NotLive(f"Yahoo {error.reason}") from error
    closes = {symbol: days for symbol, days in found.items() if len(days) == len({first, last})}
    with_options = sorted({each.underlying for each in held if each.contract} & closes.keys())
    chains: dict[str, OptionChain] = {}
    no_chain: dict[str, str] = {}
    choose = partial(monthly_expiry, as_of=last)
    for underlying in with_options:
        try:
            chain = await yahoo.option_chain(underlying, choose)
        except ProviderUnavailable as error:
            no_chain |= dict.fromkeys(
                set(with_options) - chains.keys() - no_chain.keys(), f"Yahoo {error.reason}"
            )
            break
        if chain is None:
            no_chain[underlying] = "Yahoo lists none for a month that ends 45 days out or later"
        else:
            chains[underlying] = chain
    return MarketNow(first, last, closes, chains, no_chain)
