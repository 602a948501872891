"""Yahoo's hosts as yfinance uses them, behind TLS, from a `Market`.

docs/market-data.md has their shapes.
"""

import re
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import trustme
from curl_cffi import CurlOpt
from curl_cffi.curl import ffi, lib  # type: ignore[attr-defined]

from services.ingest.providers.yahoo import yahoo_symbol
from shared.instruments import parse_occ
from tests.wire.market import Listing, Market
from tests.wire.server import Reply, Request, StandIn, as_json

NEW_YORK = ZoneInfo("America/New_York")
HOSTS = (
    "query1.finance.yahoo.com",
    "query2.finance.yahoo.com",
    "fc.yahoo.com",
    "guce.yahoo.com",
    "consent.yahoo.com",
)
CRUMB = "stand-in-crumb"


Chains = Mapping[str, Sequence["Quoted"]]  # by underlying


@dataclass(frozen=True)
class Quoted:
    """One contract that Yahoo lists, and its prices, USD per share of contract."""

    contract: str
    bid: float
    ask: float
    last: float


@contextmanager
def yahoo(
    market: Market, directory: Path, chains: Chains | None = None
) -> Iterator[tuple[StandIn, Mapping[str, Any]]]:
    """A running stand-in, and the options with which a curl session finds and trusts it."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*HOSTS).configure_cert(context)
    authority.cert_pem.write_to_path(str(directory / "authority.pem"))
    with StandIn(_Yahoo(market, chains or {}).answer, context).running() as server:
        every_host = lib.curl_slist_append(ffi.NULL, f"::127.0.0.1:{server.port}".encode())
        yield (
            server,
            {
                "verify": str(directory / "authority.pem"),
                "curl_options": {CurlOpt.CONNECT_TO: every_host},
                "trust_env": False,
            },
        )


def missing(service: str, description: str, status: int = 404) -> Reply:
    """What Yahoo says about a symbol it does not know, or a range without data."""
    code = "Not Found" if status == 404 else "Bad Request"
    return as_json(
        {service: {"result": None, "error": {"code": code, "description": description}}}, status
    )


def data_paths(server: StandIn) -> list[str]:
    """The requests for data, without those for cookies and crumbs."""
    return [path for path in server.paths() if "/finance/" in path]


class _Yahoo:
    def __init__(self, market: Market, chains: Chains) -> None:
        self._market = market
        self._chains = chains
        self._ours = {yahoo_symbol(symbol): symbol for symbol in market.closes}

    def answer(self, request: Request) -> Reply:
        if request.path == "/v1/test/getcrumb":
            return Reply(200, CRUMB.encode(), {"Content-Type": "text/plain"})
        if chart := re.fullmatch(r"/v8/finance/chart/([^/]+)", request.path):
            return self._chart(request, _unquoted(chart[1]))
        if summary := re.fullmatch(r"/v10/finance/quoteSummary/([^/]+)", request.path):
            return self._with_crumb(request, lambda: self._summary(_unquoted(summary[1])))
        if chain := re.fullmatch(r"/v7/finance/options/([^/]+)", request.path):
            return self._with_crumb(
                request, lambda: self._options(_unquoted(chain[1]), request.query.get("date"))
            )
        if request.path == "/v7/finance/quote":
            return self._with_crumb(request, lambda: self._quote(request.query["symbols"]))
        return Reply(
            404, b"", {"Set-Cookie": "A3=stand-in; Domain=.yahoo.com; Path=/; Max-Age=86400"}
        )

    def _with_crumb(self, request: Request, answer: Any) -> Reply:
        if request.query.get("crumb") != CRUMB:
            error = {"code": "Unauthorized", "description": "Invalid Crumb"}
            return as_json({"finance": {"result": None, "error": error}}, 401)
        reply: Reply = answer()
        return reply

    def _chart(self, request: Request, symbol: str) -> Reply:
        if symbol not in self._ours:
            return missing("chart", "No data found, symbol may be delisted")
        closes = self._market.closes[self._ours[symbol]]
        if "range" in request.query:
            days = list(closes)[-1:]
        else:
            first, last = (int(request.query[name]) for name in ("period1", "period2"))
            days = [day for day in closes if first <= _opening(day) < last]
        result: dict[str, Any] = {"meta": self._meta(symbol), "indicators": {"quote": [{}]}}
        if days:
            result |= self._series(self._ours[symbol], days)
        return as_json({"chart": {"result": [result], "error": None}})

    def _meta(self, symbol: str) -> dict[str, Any]:
        return {
            "currency": "USD", "symbol": symbol, "exchangeName": "NMS",
            "fullExchangeName": "NasdaqGS",
            "instrumentType": self._listing(symbol).yahoo_type,
            "exchangeTimezoneName": "America/New_York",
            "timezone": "EST", "gmtoffset": -18000, "priceHint": 2, "dataGranularity": "1d",
            "range": "",
            "hasPrePostMarketData": True, "firstTradeDate": 345479400,
            "regularMarketTime": 1672261204,
            "validRanges": ["1d", "5d", "1mo", "3mo", "6mo", "1y", "2y", "5y", "10y", "ytd", "max"],
        }  # fmt: skip

    def _series(self, symbol: str, days: list[date]) -> dict[str, Any]:
        """Closes adjusted for every later split, and adjusted closes for every later dividend."""
        closes, adjusted = _yahoo_closes(self._market, symbol, days)
        stamps = [_opening(day) for day in days]
        quote = dict.fromkeys(("open", "high", "low", "close"), closes) | {
            "volume": [1000] * len(days)
        }
        splits = {
            str(_opening(split.day)): {
                "date": _opening(split.day), "numerator": split.after, "denominator": split.before,
                "splitRatio": f"{split.after:g}:{split.before:g}",
            }
            for split in self._market.splits if split.symbol == symbol and split.day in days
        }  # fmt: skip
        dividends = {
            str(_opening(dividend.day)): {
                "date": _opening(dividend.day),
                "amount": dividend.amount / _split_after(self._market, symbol, dividend.day),
            }
            for dividend in self._market.dividends
            if dividend.symbol == symbol and dividend.day in days
        }  # fmt: skip
        events = {
            name: found for name, found in (("splits", splits), ("dividends", dividends)) if found
        }
        indicators = {"quote": [quote], "adjclose": [{"adjclose": adjusted}]}
        return {"timestamp": stamps, "indicators": indicators} | (
            {"events": events} if events else {}
        )

    def _summary(self, symbol: str) -> Reply:
        if symbol not in self._ours:
            return missing("quoteSummary", f"Quote not found for symbol: {symbol}")
        listing = self._listing(symbol)
        kind = {"quoteType": listing.yahoo_type, "longName": listing.name, "symbol": symbol}
        modules: dict[str, Any] = {"quoteType": kind}
        if listing.sector:
            modules["assetProfile"] = {"sector": listing.sector, "industry": listing.industry}
        return as_json({"quoteSummary": {"result": [modules], "error": None}})

    def _options(self, symbol: str, wanted: str | None) -> Reply:
        """The chain of an expiry, the nearest by default, and every expiry that is listed."""
        ours = self._ours.get(symbol, symbol.removeprefix("^"))
        quoted = self._chains.get(ours, ())
        expiries = sorted({_midnight(parse_occ(each.contract).expiry) for each in quoted})
        if not expiries:
            empty = {"underlyingSymbol": symbol, "expirationDates": [], "options": []}
            return as_json({"optionChain": {"result": [empty], "error": None}})
        expiry = int(wanted) if wanted else expiries[0]
        of_expiry = [
            each for each in quoted if _midnight(parse_occ(each.contract).expiry) == expiry
        ]
        day, close = list(self._market.closes[ours].items())[-1]
        result = {
            "underlyingSymbol": symbol, "expirationDates": expiries,
            "strikes": sorted({float(parse_occ(each.contract).strike) for each in of_expiry}),
            "quote": {"symbol": symbol, "quoteType": self._listing(symbol).yahoo_type,
                      "marketState": "CLOSED", "regularMarketPrice": close,
                      "regularMarketTime": _closing(day)},
            "options": [{"expirationDate": expiry, **_sides(of_expiry, _closing(day))}],
        }  # fmt: skip
        return as_json({"optionChain": {"result": [result], "error": None}})

    def _quote(self, symbol: str) -> Reply:
        listing = self._listing(symbol)
        row = {"symbol": symbol, "quoteType": listing.yahoo_type, "longName": listing.name,
               "trailingAnnualDividendYield": 0.0068, "dividendYield": 0.7}  # fmt: skip
        return as_json({"quoteResponse": {"result": [row], "error": None}})

    def _listing(self, symbol: str) -> Listing:
        return self._market.listings.get(self._ours.get(symbol, ""), Listing(symbol))


def _yahoo_closes(market: Market, symbol: str, days: list[date]) -> tuple[list[float], list[float]]:
    raw = market.closes[symbol]
    closes = [raw[day] / _split_after(market, symbol, day) for day in days]
    paid = {
        dividend.day: dividend.amount for dividend in market.dividends if dividend.symbol == symbol
    }
    factor, adjusted = 1.0, []
    for at in range(len(days) - 1, -1, -1):
        adjusted.append(closes[at] * factor)
        if days[at] in paid and at:
            factor *= 1 - paid[days[at]] / _split_after(market, symbol, days[at]) / closes[at - 1]
    return _single(closes), _single(adjusted[::-1])


def _split_after(market: Market, symbol: str, day: date) -> float:
    """New shares, by the market's end, of one share of the day."""
    ratio = 1.0
    for split in market.splits:
        if split.symbol == symbol and split.day > day:
            ratio *= split.after / split.before
    return ratio


def _single(numbers: list[float]) -> list[float]:
    """As Yahoo sends them: single precision, written out in full."""
    return [float(np.float32(number)) for number in numbers]


def _sides(quoted: Sequence[Quoted], stamp: int) -> dict[str, list[dict[str, Any]]]:
    sides: dict[str, list[dict[str, Any]]] = {"calls": [], "puts": []}
    for each in quoted:
        terms = parse_occ(each.contract)
        row = {"contractSymbol": each.contract, "strike": float(terms.strike), "currency": "USD",
               "lastPrice": each.last, "bid": each.bid, "ask": each.ask, "change": 0.0,
               "percentChange": 0.0, "volume": 1, "openInterest": 12, "contractSize": "REGULAR",
               "expiration": _midnight(terms.expiry), "lastTradeDate": stamp,
               "impliedVolatility": 0.31, "inTheMoney": False}  # fmt: skip
        sides["calls" if terms.option_type == "C" else "puts"].append(row)
    return sides


def _midnight(day: date) -> int:
    """How Yahoo writes an expiry: its midnight in UTC."""
    return int(datetime.combine(day, time(), UTC).timestamp())


def _closing(day: date) -> int:
    return int(datetime.combine(day, time(16), NEW_YORK).timestamp())


def _opening(day: date) -> int:
    return int(datetime.combine(day, time(9, 30), NEW_YORK).timestamp())


def _unquoted(symbol: str) -> str:
    return symbol.replace("%5E", "^")
