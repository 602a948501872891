"""Polygon's REST API as the provider uses it, from a `Market`.

docs/market-data.md has its shapes.
"""

import base64
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from services.ingest.providers.polygon_rows import polygon_symbol
from shared.instruments import parse_occ
from tests.wire.market import KEY, Market
from tests.wire.server import Reply, Request, StandIn, as_json

NEW_YORK = ZoneInfo("America/New_York")
Rows = list[dict[str, Any]]

UNKNOWN_KEY = as_json({"status": "ERROR", "request_id": "r", "error": "Unknown API Key"}, 401)
NOT_ENTITLED = as_json(
    {
        "status": "NOT_AUTHORIZED",
        "request_id": "r",
        "message": "You are not entitled to this data.",
    },
    403,
)


def polygon(
    market: Market,
    key: str = KEY,
    page: int | None = None,
    chains: Mapping[str, Rows] | None = None,
) -> StandIn:
    """A stand-in; `page`: rows of its pages; `chains`: option snapshots by underlying.

    `chains`: option snapshots by underlying.
    """
    return StandIn(_Polygon(market, key, page, chains or {}).answer)


class _Polygon:
    def __init__(
        self, market: Market, key: str, page: int | None, chains: Mapping[str, Rows]
    ) -> None:
        self._market, self._key, self._page, self._chains = market, key, page, chains
        self._ours = {polygon_symbol(symbol): symbol for symbol in market.closes}
        self._grouped: dict[str, Reply] = {}
        self._routes: Sequence[tuple[str, Callable[..., Reply]]] = (
            (r"/v2/aggs/ticker/([^/]+)/range/1/day/([-\d]+)/([-\d]+)", self._aggregates),
            (r"/v2/aggs/grouped/locale/us/market/stocks/([-\d]+)", self._whole_session),
            (r"/v3/reference/splits", self._splits),
            (r"/v3/reference/dividends", self._dividends),
            (r"/v3/reference/tickers", self._tickers),
            (r"/v3/reference/tickers/([^/]+)", self._details),
            (r"/v3/snapshot/options/([^/]+)", self._chain),
        )

    def answer(self, request: Request) -> Reply:
        """The truth, to a caller who has the key in the header."""
        if request.headers.get("Authorization") != f"Bearer {self._key}":
            return UNKNOWN_KEY
        for pattern, route in self._routes:
            if found := re.fullmatch(pattern, request.path):
                return route(request, *found.groups())
        return as_json({"status": "NOT_FOUND", "message": "page not found"}, 404)

    def _aggregates(self, request: Request, ticker: str, first: str, last: str) -> Reply:
        closes = self._market.closes.get(self._ours.get(ticker, ""), {})
        days = [
            day for day in closes if date.fromisoformat(first) <= day <= date.fromisoformat(last)
        ]
        rows = [_bar(closes[day], _midnight(day)) for day in days]
        return self._paged(
            request, rows, {"ticker": ticker, "adjusted": False, "resultsCount": len(rows)}, 5000
        )

    def _whole_session(self, request: Request, day: str) -> Reply:
        if day not in self._grouped:
            session = date.fromisoformat(day)
            rows = [
                {"T": ticker, **_bar(self._market.closes[ours][session], _afternoon(session))}
                for ticker, ours in self._ours.items()
                if session in self._market.closes[ours] and not ticker.startswith("I:")
            ]
            answer: dict[str, Any] = {"status": "OK", "adjusted": False, "resultsCount": len(rows)}
            self._grouped[day] = as_json(answer | ({"results": rows} if rows else {}))
        return self._grouped[day]

    def _splits(self, request: Request) -> Reply:
        rows = (
            {"ticker": polygon_symbol(split.symbol), "execution_date": split.day.isoformat(),
             "split_from": split.before, "split_to": split.after}
            for split in self._market.splits
        )  # fmt: skip
        return self._paged(request, _chosen(rows, request, "execution_date"), {}, 10)

    def _dividends(self, request: Request) -> Reply:
        rows = (
            {"ticker": polygon_symbol(dividend.symbol),
             "ex_dividend_date": dividend.day.isoformat(),
             "cash_amount": dividend.amount, "currency": dividend.currency,
             "dividend_type": "CD", "frequency": 4,
             "pay_date": (dividend.day + timedelta(days=14)).isoformat()}
            for dividend in self._market.dividends
        )  # fmt: skip
        return self._paged(request, _chosen(rows, request, "ex_dividend_date"), {}, 10)

    def _tickers(self, request: Request) -> Reply:
        return self._paged(
            request, [self._listing(ticker, brief=True) for ticker in sorted(self._ours)], {}, 100
        )

    def _details(self, request: Request, ticker: str) -> Reply:
        if ticker not in self._ours:
            return as_json(
                {"status": "NOT_FOUND", "request_id": "r", "message": "Ticker not found."}, 404
            )
        return as_json(
            {"status": "OK", "request_id": "r", "results": self._listing(ticker, brief=False)}
        )

    def _listing(self, ticker: str, brief: bool) -> dict[str, Any]:
        listing = self._market.listings[self._ours[ticker]]
        row = {
            "ticker": ticker,
            "name": listing.name,
            "market": "stocks",
            "type": listing.polygon_type,
            "active": True,
        }
        return (
            row
            if brief or not listing.sic
            else row | {"sic_code": "7372", "sic_description": listing.sic}
        )

    def _chain(self, request: Request, underlying: str) -> Reply:
        rows = [
            row
            for row in self._chains.get(underlying, [])
            if _in_window(row["details"], _asked(request))
        ]
        return self._paged(request, rows, {}, 10)

    def _paged(self, request: Request, rows: Rows, head: dict[str, Any], usual: int) -> Reply:
        """As many rows as a page holds, and the next page: a cursor without the key.

        A cursor on the same path, without the key.
        """
        cursor = _cursor(request)
        start = cursor.get("from", 0)
        limit = self._page or cursor.get("limit") or int(request.query.get("limit", usual))
        part = rows[start : start + limit]
        answer = {"status": "OK", "request_id": "r", **head} | (
            {"results": part} if part or not head else {}
        )
        if start + limit < len(rows):
            after = {"from": start + limit, "limit": limit, "asked": _asked(request)}
            code = base64.urlsafe_b64encode(json.dumps(after).encode()).decode()
            answer["next_url"] = f"https://api.polygon.io{request.path}?cursor={code}"
        return as_json(answer)


def _cursor(request: Request) -> dict[str, Any]:
    """What the cursor of a further page remembers; nothing on a first page."""
    found: dict[str, Any] = json.loads(
        base64.urlsafe_b64decode(request.query.get("cursor", "e30="))
    )
    return found


def _asked(request: Request) -> dict[str, str]:
    """The first page's parameters, on every page."""
    return {**request.query, **_cursor(request).get("asked", {})}


def _chosen(rows: Iterable[dict[str, Any]], request: Request, day: str) -> Rows:
    asked = _asked(request)
    return [
        row
        for row in rows
        if asked.get(f"{day}.gte", "0") <= row[day] <= asked.get(f"{day}.lte", "9")
        and asked.get("ticker", row["ticker"]) == row["ticker"]
    ]


def _in_window(details: Mapping[str, Any], asked: Mapping[str, str]) -> bool:
    """Whether a contract is one of those that the first page's parameters leave."""
    expiry, strike, kind = (
        details["expiration_date"],
        details["strike_price"],
        details["contract_type"],
    )
    return bool(
        asked.get("expiration_date.gte", "0") <= expiry <= asked.get("expiration_date.lte", "9")
        and float(asked.get("strike_price.gte", "0"))
        <= strike
        <= float(asked.get("strike_price.lte", "inf"))
        and asked.get("contract_type", kind) == kind
    )


def _bar(close: float, milliseconds: int) -> dict[str, Any]:
    return {
        "o": close,
        "h": close,
        "l": close,
        "c": close,
        "v": 1000.0,
        "vw": close,
        "t": milliseconds,
        "n": 10,
    }


def _midnight(day: date) -> int:
    """Where Polygon's daily bar of one ticker begins: midnight in New York."""
    return int(datetime.combine(day, time(), NEW_YORK).timestamp() * 1000)


def _afternoon(day: date) -> int:
    """What Polygon's grouped bars are stamped with: four in the afternoon in New York."""
    return int(datetime.combine(day, time(16), NEW_YORK).timestamp() * 1000)


def option_row(
    contract: str, bid: float | None, ask: float | None, quoted: datetime, price: float
) -> dict[str, Any]:
    """One contract of a chain snapshot; without a bid and an ask as plans without quotes answer."""
    stamp = int(quoted.astimezone(UTC).timestamp() * 1_000_000_000)
    terms = parse_occ(contract)
    row: dict[str, Any] = {
        "break_even_price": price,
        "day": {"close": ask, "last_updated": stamp},
        "details": {
            "contract_type": "call" if terms.option_type == "C" else "put",
            "exercise_style": "european" if terms.is_european else "american",
            "expiration_date": terms.expiry.isoformat(),
            "shares_per_contract": 100,
            "strike_price": float(terms.strike),
            "ticker": f"O:{contract}",
        },
        "greeks": {"delta": 0.5, "gamma": 0.01, "theta": -0.02, "vega": 0.1},
        "implied_volatility": 0.31,
        "open_interest": 12,
        "underlying_asset": {
            "price": price,
            "ticker": terms.underlying,
            "timeframe": "DELAYED",
            "last_updated": stamp,
        },
    }
    if bid is not None and ask is not None:
        row["last_quote"] = {"bid": bid, "ask": ask, "bid_size": 1, "ask_size": 1,
                              "last_updated": stamp,
                             "midpoint": (bid + ask) / 2, "timeframe": "DELAYED"}  # fmt: skip
        row["last_trade"] = {
            "price": ask,
            "sip_timestamp": stamp,
            "size": 1,
            "conditions": [209],
            "exchange": 1,
        }
    return row
