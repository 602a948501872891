"""Columns that turn the sign, the unit or the currency of a row: applied or refused, never ignored.

A file of positions may say on which side each is held, whether it is still open, in which currency
it is priced and how many shares a contract has.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from services.gateway.books.files.instruments import Instrument, multiplier_of
from services.gateway.books.files.layouts import (
    CURRENCY_COLUMNS,
    MULTIPLIER_COLUMNS,
    SIGN_COLUMNS,
    STATUS_COLUMNS,
    TYPE_COLUMN,
    UNIT_COLUMNS,
)
from services.gateway.books.files.reading import Reading
from shared.instruments import OptionContract

LONG = (
    *("long", "l", "buy", "b", "bot", "bought", "purchase", "buy long", "buy to open", "bto"),
    *("bo", "long position", "+"),
)
SHORT = (
    *("short", "s", "sell", "sld", "sold", "sell short", "short sell", "short sale", "sold short"),
    *("sell to open", "sto", "so", "ss", "sshrt", "short position", "-"),
)
CLOSING = (
    *("buy to cover", "buy to close", "btc", "bc", "cover", "covered", "sell to close", "stc"),
    *("sell long", "close", "closed"),
)
OPEN_STATUS = (
    *("open", "opened", "held", "hold", "holding", "active", "current", "live", "o", "new"),
    *("filled", "executed", "complete", "completed", "confirmed", "settled", "booked"),
)
CLOSED_STATUS = (
    *("closed", "close", "c", "sold", "exited", "covered", "expired", "assigned", "exercised"),
)
NO_TRADE_STATUS = (
    *("cancelled", "canceled", "cancel", "rejected", "pending", "working", "queued", "void"),
    *("deleted", "unfilled", "inactive", "error"),
)
_STATUS_COLUMNS = frozenset(STATUS_COLUMNS)
_CURRENCY_COLUMNS = frozenset(CURRENCY_COLUMNS)
_UNIT_COLUMNS = frozenset(UNIT_COLUMNS)
_MULTIPLIER_COLUMNS = frozenset(MULTIPLIER_COLUMNS)
DOLLARS = ("usd", "us$", "$", "us dollar", "us dollars", "u.s. dollar", "dollar")
UNITS = (
    *("share", "shares", "contract", "contracts", "unit", "units", "each", "ea", "sh", "shs"),
    *("quantity", "qty", "number", "per share", "usd per share"),
)


@dataclass(frozen=True)
class _Side:
    sign: int
    option_type: str | None = None


_SIDES = {
    **dict.fromkeys(LONG, _Side(1)),
    **dict.fromkeys(SHORT, _Side(-1)),
    **{"lc": _Side(1, "C"), "sc": _Side(-1, "C"), "lp": _Side(1, "P"), "sp": _Side(-1, "P")},
    **{"long call": _Side(1, "C"), "short call": _Side(-1, "C")},
    **{"long put": _Side(1, "P"), "short put": _Side(-1, "P")},
}
_TRADES = {
    **dict.fromkeys(("buy", "b", "bot", "bought", "purchase"), "buy"),
    **dict.fromkeys(("sell", "s", "sld", "sold"), "sell"),
}
# In a column called "type" a single letter may mean the kind of security.
_SIDES_AS_TYPE = ("long", "short", "buy", "sell", "sell short", "lc", "sc", "lp", "sp")
KINDS = {"call": "C", "calls": "C", "put": "P", "puts": "P"}


def words(text: str) -> str:
    """A cell's words in lower case, separated by single spaces."""
    return _short(text) if len(text) <= _SHORT else _words(text)


def _words(text: str) -> str:
    return " ".join(re.sub(r"[_\-]+", " ", text).lower().split()) or text.strip()


_SHORT = 64  # characters of a cell that is kept: files have few words on many lines
_short = lru_cache(4_096)(_words)


def signed_quantity(
    reading: Reading, quantity: Decimal | None, instrument: Instrument | None
) -> Decimal | None:
    """The quantity with the sign of its side: SHORT, SELL and SELL SHORT are below 0.

    A side that is no side, or that the quantity or another column contradicts, is a problem.
    """
    signs: dict[int, str] = {}
    for field in (*SIGN_COLUMNS, TYPE_COLUMN):
        side = _side(reading, field, instrument)
        if side is not None:
            signs.setdefault(side.sign, field)
    if len(signs) == 2:
        message = f"{signs[1]} says long and {signs[-1]} says short: one of them is wrong"
        reading.complain(signs[-1], "sign_disagrees", message)
        return None
    if not signs or quantity is None:
        return quantity
    [(sign, field)] = signs.items()
    if sign > 0 > quantity:
        message = (
            f"{field} {reading.row.cells[field]!r} is long but quantity {quantity:f} is below 0: "
            "correct one of them"
        )
        reading.complain(field, "sign_disagrees", message)
        return None
    return sign * abs(quantity)


def trade_of(reading: Reading) -> str | None:
    """ "buy" or "sell" where a column says that the row is one of these; None elsewhere."""
    texts = (reading.row.cells.get(field, "") for field in (*SIGN_COLUMNS, TYPE_COLUMN))
    return next((trade for text in texts if (trade := _TRADES.get(words(text)))), None)


def _side(reading: Reading, field: str, instrument: Instrument | None) -> _Side | None:
    """What a column says of the side; None where it is silent or, with a problem, not clear."""
    text = reading.text_if_any(field)
    if text is None:
        return None
    word = words(text)
    side = _SIDES.get(word)
    if side is not None and (field != TYPE_COLUMN or word in _SIDES_AS_TYPE):
        _check_kind(reading, field, text, side.option_type, instrument)
        return side
    if word in KINDS:
        _check_kind(reading, field, text, KINDS[word], instrument)
    elif field != TYPE_COLUMN:
        reading.complain(field, "unknown_side", _why_no_side(field, text, word))
    return None


def _why_no_side(field: str, text: str, word: str) -> str:
    if word in CLOSING:
        return (
            f"{field} {text!r} closes a position: leave the row out, or send all trades as a file "
            "of transactions (date, type, symbol, quantity, price)"
        )
    return f"{field} {text!r} is no side of a position: write LONG or SHORT (or BUY, SELL SHORT)"


def _check_kind(
    reading: Reading, field: str, text: str, kind: str | None, instrument: Instrument | None
) -> None:
    """A side of options belongs to an option of that kind."""
    if kind is None or instrument is None:
        return
    held = instrument.option_type if isinstance(instrument, OptionContract) else None
    if held != kind:
        named = instrument.symbol if isinstance(instrument, OptionContract) else instrument
        message = (
            f"{field} says {text!r} but {named} is not that option: write the option's OCC "
            "symbol, such as AAPL230616C00150000"
        )
        reading.complain(field, "terms_disagree", message)


def check_modifiers(
    reading: Reading, instrument: Instrument | None, *, closed: bool = False
) -> None:
    """Refuse what would change the row's meaning: its status, currency, unit or multiplier.

    `closed`: the row says itself when it was left.
    """
    _check_status(reading, closed=closed)
    check_currency(reading)
    check_unit(reading)
    check_multiplier(reading, instrument)


def _check_status(reading: Reading, *, closed: bool) -> None:
    for field, text in _given(reading, _STATUS_COLUMNS):
        word = words(text)
        if word in OPEN_STATUS or (word in CLOSED_STATUS and closed):
            continue
        if word in CLOSED_STATUS:
            message = (
                f"{field} {text!r} and no exit: leave the row out, or give its exit_date and "
                "exit_price_per_share"
            )
            reading.complain(field, "position_closed", message)
        elif word in NO_TRADE_STATUS:
            message = f"{field} {text!r}: nothing is held by it, leave the row out"
            reading.complain(field, "position_closed", message)
        else:
            message = f"{field} {text!r} is neither OPEN nor CLOSED: write one of them"
            reading.complain(field, "unknown_status", message)


def check_currency(reading: Reading) -> None:
    """Refuse any currency but the US dollar."""
    for field, text in _given(reading, _CURRENCY_COLUMNS, besides=DOLLARS):
        message = (
            f"{field} is {text!r}: only USD is supported, leave the row out or convert its "
            "price to USD"
        )
        reading.complain(field, "unsupported_currency", message)


def check_unit(reading: Reading) -> None:
    """Refuse any unit but shares and contracts."""
    for field, text in _given(reading, _UNIT_COLUMNS, besides=(*UNITS, *DOLLARS)):
        message = f"{field} is {text!r}: give the quantity in shares, or in contracts of an option"
        reading.complain(field, "unsupported_unit", message)


def check_multiplier(reading: Reading, instrument: Instrument | None) -> None:
    """Refuse a multiplier other than an option's 100 and a stock's 1."""
    if instrument is None:
        return
    is_option = isinstance(instrument, OptionContract)
    expected = multiplier_of(instrument)
    for field, text in _given(reading, _MULTIPLIER_COLUMNS):
        number = reading.number(field, text)
        if number is not None and number != expected:
            kind = "an option" if is_option else "stock"
            message = (
                f"{field} is {text}, of {kind} only {expected} is supported: mini and adjusted "
                "contracts cannot be valued, leave the row out"
                if is_option
                else f"{field} is {text}, of {kind} only {expected} is supported: give the "
                "quantity in shares, or the option's OCC symbol"
            )
            reading.complain(field, "unsupported_multiplier", message)


def _given(
    reading: Reading, fields: Collection[str], besides: Collection[str] = ()
) -> list[tuple[str, str]]:
    """The cells of those columns that are not blank; `besides`: words that are left out."""
    given = [field for field, text in reading.row.cells.items() if text and field in fields]
    texts = [(field, reading.text_if_any(field)) for field in given]
    return [
        (field, text)
        for field, text in texts
        if text is not None and text not in ("--", "-") and words(text) not in besides
    ]
