"""Columns under names that no rule knows, but whose name or cells would turn a row.

A known column is applied (`signs`). Of these, a cell that would change the side, currency, unit,
state or kind of a row refuses the row and says what to call the column; one that changes nothing is
left out.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from services.gateway.books.files.instruments import Instrument
from services.gateway.books.files.layouts import MAX_NAME, Turn, snake_case
from services.gateway.books.files.problems import UnreadableFile
from services.gateway.books.files.reading import Reading
from services.gateway.books.files.signs import (
    CLOSED_STATUS,
    CLOSING,
    DOLLARS,
    KINDS,
    LONG,
    NO_TRADE_STATUS,
    OPEN_STATUS,
    SHORT,
    UNITS,
    words,
)
from shared.instruments import OptionContract

_CODES = {
    Turn.SIDE: "unknown_side",
    Turn.CURRENCY: "unsupported_currency",
    Turn.UNIT: "unsupported_unit",
    Turn.FACTOR: "unsupported_multiplier",
    Turn.STATE: "unknown_status",
    Turn.RIGHT: "terms_disagree",
}
# By name, letters only.
_NAMES: Mapping[Turn, Collection[str]] = {
    Turn.SIDE: (
        *("short", "isshort", "shorted", "soldshort", "shortsale", "shortquantity", "shortqty"),
        *("sign", "quantitysign", "qtysign", "amountsign"),
        *("drcr", "crdr", "debitcredit", "creditdebit"),
    ),
    Turn.CURRENCY: (),
    Turn.UNIT: ("units", "priceunits", "quotedin", "pricetype", "quotetype", "pricequotation"),
    Turn.FACTOR: (
        *("factor", "pricefactor", "pricingfactor", "quantityfactor", "splitfactor", "scale"),
        *("pricescale", "quantityscale", "scaling", "conversionfactor", "conversionrate"),
        *("fx", "fxrate", "exchangerate", "currencyrate"),
    ),
    Turn.STATE: (
        *("cancelled", "canceled", "iscancelled", "iscanceled", "void", "voided", "isvoid"),
        *("deleted", "isdeleted", "reversed", "isreversed"),
    ),
    Turn.RIGHT: ("putcall", "callput", "putorcall", "right", "rightside", "cp", "pc"),
}
_BY_NAME = {name: turn for turn, names in _NAMES.items() for name in names}
# Opinions and remarks use the words of sides.
_OPINIONS = ("rating", "recommendation", "note", "comment", "description", "memo", "strategy")
_SIDES = frozenset(word for word in (*LONG, *SHORT, *CLOSING) if len(word) > 1)
_STATES = frozenset((*OPEN_STATUS, *CLOSED_STATUS, *NO_TRADE_STATUS))
_ENDED = frozenset(word for word in (*CLOSED_STATUS, *NO_TRADE_STATUS) if len(word) > 2)
_CURRENCIES = frozenset(
    [
        "aud",
        "brl",
        "cad",
        "chf",
        "clp",
        "cny",
        "cop",
        "czk",
        "dkk",
        "eur",
        "gbp",
        "gbx",
        "hkd",
        "huf",
        "idr",
        "ils",
        "inr",
        "jpy",
        "krw",
        "mxn",
        "myr",
        "nok",
        "nzd",
        "pen",
        "php",
        "pln",
        "ron",
        "rub",
        "sar",
        "sek",
        "sgd",
        "thb",
        "try",
        "twd",
        "usd",
        "vnd",
        "zar",
    ]
)
_NOTHING = ("", "-", "--", "n/a", "na", "none", "null")
_NO = ("no", "n", "false", "f", "0")
_RIGHTS = {**KINDS, "c": "C", "p": "P"}
_ONE = re.compile(r"1(\.0*)?")
_NUMBER = re.compile(r"[+-]?[\d,]*\.?\d*")


def turning_columns(
    line: int, unread: Mapping[int, str], rows: Sequence[Sequence[str]], *, of_positions: bool
) -> dict[str, Turn]:
    """Which of the unread columns would turn a row, by name.

    `unread`: the header's cells by place; `rows`: the cells below. Sides and states are recognised
    by cells in files of positions only: transactions say them in columns that are read. Raises
    `UnreadableFile` when two such columns have one name.
    """
    found: dict[str, Turn] = {}
    for place, name in unread.items():
        cells = set(map(words, {row[place] for row in rows if place < len(row)}))
        turn = _turn_of(name, cells.difference(_NOTHING), of_positions=of_positions)
        column = snake_case(name)
        if turn is not None and column in found:
            message = f"the header names {column[:MAX_NAME]} more than once"
            raise UnreadableFile(line, "duplicate_column", message, field=column[:MAX_NAME])
        if turn is not None:
            found[column] = turn
    return found


def _turn_of(name: str, cells: Collection[str], *, of_positions: bool) -> Turn | None:
    if not cells:
        return None
    bare = re.sub(r"[^a-z]", "", name.lower())
    if bare in _BY_NAME:
        return _BY_NAME[bare]
    if _all_in(cells, _CURRENCIES):
        return Turn.CURRENCY
    if not of_positions or any(word in bare for word in _OPINIONS):
        return None
    if _all_in(cells, _SIDES):
        return Turn.SIDE
    if _all_in(cells, _STATES) and not _ENDED.isdisjoint(cells):
        return Turn.STATE
    return Turn.RIGHT if _all_in(cells, KINDS) else None


def _all_in(cells: Iterable[str], known: Collection[str]) -> bool:
    return all(cell in known for cell in cells)


def left_out(unread: Mapping[int, str], turning: Mapping[str, Turn]) -> tuple[str, ...]:
    """The columns that are ignored, as the header has them."""
    return tuple(name[:MAX_NAME] for name in unread.values() if snake_case(name) not in turning)


def check_turned(reading: Reading, instrument: Instrument | None) -> None:
    """Refuse a row that one of its unread columns would turn."""
    for field, turn in reading.row.turning.items():
        text = reading.text_if_any(field)
        if text is None or _changes_nothing(turn, text, reading, instrument):
            continue
        message = (
            f"{field[:MAX_NAME]} is {text!r}, which changes what is held, and no rule reads that "
            f"column: call it {turn}, apply it to the row, or leave it out"
        )
        reading.complain(field[:MAX_NAME], _CODES[turn], message)


def _changes_nothing(
    turn: Turn, text: str, reading: Reading, instrument: Instrument | None
) -> bool:
    word = words(text)
    if word in _NOTHING:
        return True
    match turn:
        case Turn.SIDE:
            is_short = reading.row.cells.get("quantity", "").startswith("-")
            return word in _NO or (word in SHORT if is_short else word in LONG)
        case Turn.CURRENCY:
            return word in DOLLARS
        case Turn.UNIT:
            return word in UNITS or word in DOLLARS or _NUMBER.fullmatch(text) is not None
        case Turn.FACTOR:
            return _ONE.fullmatch(text) is not None
        case Turn.STATE:
            return word in _NO or word in OPEN_STATUS
        case Turn.RIGHT:
            right = instrument.option_type if isinstance(instrument, OptionContract) else None
            return instrument is None or (right is not None and _RIGHTS.get(word) == right)
