"""What Polygon's rows mean: symbols, closes, splits and dividends, facts, option quotes."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from services.ingest.inputs import Bar, CorporateAction, OptionQuote, SecurityFacts
from shared.instruments import INDEX_ROOTS, InvalidSymbol, OptionContract, parse_occ

POLYGON = "polygon"  # the provider's name
NEW_YORK = ZoneInfo("America/New_York")
CONTRACT_TYPES = {"C": "call", "P": "put"}
INDICES = frozenset(INDEX_ROOTS.values())
KIND_BY_TYPE = {
    "ETF": "etf",
    "ETN": "etf",
    "ETV": "etf",
    "ETS": "etf",
    "FUND": "fund",
    "IX": "index",
}


class Unreadable(Exception):
    """An answer that cannot be understood. Not a ValueError: the library takes those for empty
    answers.
    """


class StrictJson:
    """Decodes Polygon's answers in the library's stead, which would take a broken one for "no
    data".
    """

    @staticmethod
    def loads(text: str) -> dict[str, Any]:
        """An answer that says it is one, with its results, if any."""
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
    """Our symbol as Polygon spells it: BRK-B is BRK.B, the preferred BAC-PL is BACpL, the index SPX
    is I:SPX.
    """
    if symbol in INDICES:
        return f"I:{symbol}"
    root, _, suffix = symbol.partition("-")
    if not suffix:
        return symbol
    return f"{root}p{suffix[1:]}" if len(suffix) == 2 and suffix[0] == "P" else f"{root}.{suffix}"


def one_a_day(actions: Iterable[CorporateAction]) -> list[CorporateAction]:
    """A regular and a special dividend of one day as their sum, splits of one day as their
    product.
    """
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
    """A close as Polygon says it: an impossible one is passed on, to be judged where every
    provider's are.
    """
    close = _number(row.close)
    return Bar(symbol, _session_of(row.timestamp), close, float(close), "raw", POLYGON)


@lru_cache(maxsize=4096)
def _session_of(milliseconds: int) -> date:
    return datetime.fromtimestamp(milliseconds / 1000, NEW_YORK).date()


def _number(value: object) -> Decimal:
    """The decimal as it was written; not a number when it is none."""
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
    expiries, strikes = (
        [contract.expiry for contract in held],
        [contract.strike for contract in held],
    )
    bounds = {
        "expiration_date.gte": min(expiries).isoformat(),
        "expiration_date.lte": max(expiries).isoformat(),
        "strike_price.gte": f"{min(strikes).normalize():f}",
        "strike_price.lte": f"{max(strikes).normalize():f}",
    }
    kinds = {contract.option_type for contract in held}
    return bounds | ({"contract_type": CONTRACT_TYPES[kinds.pop()]} if len(kinds) == 1 else {})


def quote_of(row: Any, session: date) -> OptionQuote | None:
    quote, trade, underlying = row.last_quote, row.last_trade, row.underlying_asset
    if (
        quote is None
        or quote.bid is None
        or quote.ask is None
        or not _of_session(quote.last_updated, session)
    ):
        return None
    try:
        contract = parse_occ(str(row.details.ticker).removeprefix("O:"))
    except (
        InvalidSymbol
    ):  # a contract adjusted for a merger, say, which OCC gives a root of its own
        return None
    last = trade.price if trade is not None and _of_session(trade.sip_timestamp, session) else None
    price = None if underlying is None else underlying.price or underlying.value
    return OptionQuote(
        contract.symbol,
        session,
        _number(quote.bid),
        _number(quote.ask),
        None if last is None else _number(last),
        None if price is None else _number(price),
        POLYGON,
    )


def _of_session(nanoseconds: int | None, session: date) -> bool:
    return nanoseconds is not None and _session_of(nanoseconds // 1_000_000) == session
