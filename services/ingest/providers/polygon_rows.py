"""What Polygon's rows mean: symbols, closes, splits and dividends, facts, option quotes."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from services.ingest.inputs import Bar, CorporateAction, OptionQuote, SecurityFacts
from shared.instruments import (
    INDEX_ROOTS,
    InvalidSymbol,
    OptionContract,
    canonical_symbol,
    parse_occ,
)

POLYGON = "polygon"  # the provider's name
NEW_YORK = ZoneInfo("America/New_York")
CONTRACT_TYPES = {"C": "call", "P": "put"}
INDICES = frozenset(INDEX_ROOTS.values())
# Lower-case letters after the company's: preferreds, rights, when-issued shares.
_LOWER = re.compile(r"([A-Z]+)([prw])([A-Z]?)")
_KIND_BY_LETTER = {"p": "PR", "r": "RT", "w": "WI"}
_LETTER_BY_KIND = {kind: letter for letter, kind in _KIND_BY_LETTER.items()}
KIND_BY_TYPE = {
    "ETF": "etf",
    "ETN": "etf",
    "ETV": "etf",
    "ETS": "etf",
    "FUND": "fund",
    "IX": "index",
}


class Unreadable(Exception):
    """An answer in an unknown form. Not a ValueError, which the library takes for no data."""


class StrictJson:
    """Decodes Polygon's answers; the library would take a broken one for "no data"."""

    @staticmethod
    def loads(text: str) -> dict[str, Any]:
        """An answer with a valid status, with its results if it has any."""
        try:
            answer = json.loads(text)
        except ValueError:
            raise Unreadable("answers with broken JSON") from None
        if answer.get("status") not in ("OK", "DELAYED"):
            raise Unreadable(f"answers with the status {str(answer.get('status'))[:40]!r}")
        if answer.get("results", ()) is None:
            del answer["results"]
        return dict(answer)


def polygon_symbol(symbol: str) -> str:
    """Our symbol as Polygon spells it, with the suffixes of the tape (CQS).

    https://www.nasdaqtrader.com/Trader.aspx?id=CQSSymbolConvention has them: BRK.B is BRK.B, the
    preferred BAC.PRL is BACpL, the warrant ACHR.WSA is ACHR.WS.A, the right XYZ.RT is XYZr. The
    index SPX is I:SPX.
    """
    if symbol in INDICES:
        return f"I:{symbol}"
    root, _, suffix = canonical_symbol(symbol).partition(".")
    if not suffix:
        return root
    kind = suffix[:2]
    letter = suffix[2:]
    if kind in _LETTER_BY_KIND:
        return f"{root}{_LETTER_BY_KIND[kind]}{letter}"
    return f"{root}.WS.{letter}" if kind == "WS" and letter else f"{root}.{suffix}"


def symbol_of(spelled: str) -> str:
    """Polygon's symbol as we spell it: BACpL is BAC.PRL."""
    if match := _LOWER.fullmatch(spelled):
        return f"{match[1]}.{_KIND_BY_LETTER[match[2]]}{match[3]}"
    return canonical_symbol(spelled.removeprefix("I:"))


def one_a_day(actions: Iterable[CorporateAction]) -> list[CorporateAction]:
    """The dividends of one day as their sum, the splits of one day as their product."""
    found: dict[tuple[str, date, str], CorporateAction] = {}
    for action in actions:
        key = (action.symbol, action.ex_date, action.kind)
        before = found.get(key)
        if before is not None:
            both = (
                before.value * action.value
                if action.kind == "split"
                else before.value + action.value
            )
            action = replace(action, value=both)
        found[key] = action
    return list(found.values())


def bar_of(symbol: str, row: Any) -> Bar:
    """A close as Polygon sent it, also an impossible one, which is rejected later."""
    close = _number(row.close)
    return Bar(symbol, _session_of(row.timestamp), close, float(close), "raw", POLYGON)


@lru_cache(maxsize=4096)
def _session_of(milliseconds: int) -> date:
    return datetime.fromtimestamp(milliseconds / 1000, NEW_YORK).date()


def _number(value: object) -> Decimal:
    """The decimal as written; NaN when it is none."""
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return Decimal("NaN")
    return number if not number.is_snan() else Decimal("NaN")


def facts_of(symbol: str, row: Any, industry: str | None) -> SecurityFacts:
    kind = "index" if row.market == "indices" else KIND_BY_TYPE.get(row.type, "stock")
    return SecurityFacts(symbol, kind, row.name, None, industry, None, POLYGON)


def chain_window(held: Sequence[OptionContract]) -> dict[str, str]:
    """What bounds the part of a chain that holds these contracts."""
    expiries = [contract.expiry for contract in held]
    strikes = [contract.strike for contract in held]
    bounds = {
        "expiration_date.gte": min(expiries).isoformat(),
        "expiration_date.lte": max(expiries).isoformat(),
        "strike_price.gte": f"{min(strikes).normalize():f}",
        "strike_price.lte": f"{max(strikes).normalize():f}",
    }
    kinds = {contract.option_type for contract in held}
    return bounds | ({"contract_type": CONTRACT_TYPES[kinds.pop()]} if len(kinds) == 1 else {})


def quote_of(row: Any, session_date: date) -> OptionQuote | None:
    quote = row.last_quote
    trade = row.last_trade
    underlying = row.underlying_asset
    if (
        quote is None
        or quote.bid is None
        or quote.ask is None
        or not _of_session(quote.last_updated, session_date)
    ):
        return None
    try:
        contract = parse_occ(str(row.details.ticker))
    except InvalidSymbol:  # a contract adjusted for a merger, say, which has another root
        return None
    last = (
        trade.price
        if trade is not None and _of_session(trade.sip_timestamp, session_date)
        else None
    )
    price = None if underlying is None else underlying.price or underlying.value
    return OptionQuote(
        contract.symbol,
        session_date,
        _number(quote.bid),
        _number(quote.ask),
        None if last is None else _number(last),
        None if price is None else _number(price),
        POLYGON,
    )


def _of_session(nanoseconds: int | None, session_date: date) -> bool:
    return nanoseconds is not None and _session_of(nanoseconds // 1_000_000) == session_date
