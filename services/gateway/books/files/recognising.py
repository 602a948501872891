"""What a file is: read by which layout, or which columns it has and what they may mean."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from services.gateway.books.files.cells import NOTHING, day_of, number_text
from services.gateway.books.files.holdings import Sheet
from services.gateway.books.files.layouts import snake_case
from services.gateway.books.files.mapping import (
    MEANINGS,
    REPEATABLE,
    ColumnMapping,
    DateFormat,
    DecimalMark,
    Meaning,
    Profile,
    Sign,
    Use,
    fingerprint,
)
from services.gateway.books.files.problems import Problem, UnreadableFile
from services.gateway.books.files.records import records_of
from services.gateway.books.files.sheets import MOST_ABOVE, sheet_or_problem
from services.gateway.books.files.trade_columns import NAMES, TYPE_COLUMNS

MOST_SAMPLES = 5
_MOST_ROWS = 200  # that samples and forms are taken from
_MOST_COLUMNS = 200
_MAX_SAMPLE = 40
# What brokers call the fields of positions, by letters only; the first that fits is suggested.
_SPELLINGS: Mapping[Meaning, Collection[str]] = {
    Meaning.SYMBOL: ("symbol", "ticker", "instrument", "security", "stock", "wertpapier"),
    Meaning.QUANTITY: (
        *("quantity", "qty", "shares", "units", "position", "positionsize", "amountheld", "held"),
        *("contracts", "nominal", "stuck", "menge", "anzahl", "numberofshares", "holding"),
    ),
    Meaning.COST: ("costbasis", "costbasistotal", "totalcost", "bookvalue", "cost", "bookcost"),
    Meaning.PRICE: (
        *("entryprice", "purchaseprice", "pricepaid", "averageprice", "avgprice", "unitcost"),
        *("averagecost", "avgcost", "costpershare", "openprice", "costprice", "kaufkurs"),
        *("einstandskurs", "tradeprice", "price"),
    ),
    Meaning.DATE: (
        *("entrydate", "purchasedate", "tradedate", "opendate", "acquired", "dateacquired"),
        *("acquisitiondate", "kaufdatum", "opened", "datum", "date"),
    ),
    Meaning.SIDE: ("side", "longshort", "buysell", "direction", "positiontype"),
    Meaning.CURRENCY: ("currency", "ccy", "currencycode", "currencyprimary", "wahrung"),
    Meaning.MULTIPLIER: ("multiplier", "contractsize", "contractmultiplier"),
    Meaning.UNDERLYING: ("underlying", "underlyingsymbol"),
    Meaning.STRIKE: ("strike", "strikeprice"),
    Meaning.EXPIRY: ("expiry", "expiration", "expirationdate", "expirydate", "expdate", "maturity"),
    Meaning.OPTION_TYPE: ("optiontype", "callput", "putcall", "right", "cp"),
    Meaning.MARKET_VALUE: ("marketvalue", "currentvalue", "value", "positionvalue", "totalvalue"),
    Meaning.TAGS: ("tags", "tag", "labels"),
    Meaning.NOTE: ("description", "note", "notes", "comment", "name", "securityname"),
}


@dataclass(frozen=True)
class FileColumn:
    """A column of a file, some of its values, and what it may be."""

    name: str
    samples: tuple[str, ...]
    suggested: Meaning | None


@dataclass(frozen=True)
class Recognised:
    """What a file is.

    `sheet`: its rows as a layout or profile reads them, None where none does and `problem` says
    why. `suggested`: a mapping to begin with, None where no header was found.
    """

    fingerprint: str | None
    line: int | None
    columns: tuple[FileColumn, ...]
    suggested: ColumnMapping | None
    sheet: Sheet | None
    problem: Problem | None


def recognise_or_problem(data: bytes, profiles: Sequence[Profile] = ()) -> Recognised | Problem:
    """What the file is, or why it cannot be read at all."""
    try:
        return recognise(data, profiles)
    except UnreadableFile as error:
        return error.problem


def recognise(data: bytes, profiles: Sequence[Profile] = ()) -> Recognised:
    """What the file is; raises `UnreadableFile` when it is no text, or too large."""
    records = records_of(data)
    head = [(line, cells) for line, cells in islice(records, MOST_ABOVE + _MOST_ROWS) if cells]
    found = sheet_or_problem(data, profiles)
    sheet = found if isinstance(found, Sheet) else None
    problem = None if isinstance(found, Sheet) else found
    place = _header_place(head, sheet.line if sheet else None)
    if place is None:
        return Recognised(None, None, (), None, sheet, problem)
    line, header = head[place]
    columns = _columns(header[:_MOST_COLUMNS], [cells for _, cells in head[place + 1 :]])
    return Recognised(fingerprint(header), line, columns, _suggested(columns), sheet, problem)


def _header_place(head: Sequence[tuple[int, list[str]]], line: int | None) -> int | None:
    """Where the header is: as a layout found it, else the first row of words that is widest."""
    if line is not None:
        return next((place for place, (number, _) in enumerate(head) if number == line), None)
    above = head[:MOST_ABOVE]
    widths = [len(list(filter(None, cells))) for _, cells in above]
    wide = max(widths, default=0)
    if wide < 2:
        return None
    return next(
        (
            place
            for place, (_, cells) in enumerate(above)
            if widths[place] > wide / 2 and not any(map(_is_number, cells))
        ),
        None,
    )


def _is_number(cell: str) -> bool:
    return any(number_text(cell, mark) is not None for mark in DecimalMark)


def _columns(header: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[FileColumn, ...]:
    found: list[FileColumn] = []
    taken: set[Meaning] = set()
    for place, name in enumerate(header):
        if not name:
            continue
        values = dict.fromkeys(
            row[place][:_MAX_SAMPLE] for row in rows if place < len(row) and row[place]
        )
        meaning = _meaning_of(name, taken)
        taken |= {meaning} if meaning else set()
        found.append(FileColumn(name, tuple(values)[:MOST_SAMPLES], meaning))
    return tuple(found)


def _meaning_of(name: str, taken: Collection[Meaning]) -> Meaning | None:
    bare = "".join(letter for letter in name.lower() if letter.isalpha())
    for meaning, spellings in _SPELLINGS.items():
        if meaning not in taken and bare in spellings:
            return meaning
    return None


def _suggested(columns: Sequence[FileColumn]) -> ColumnMapping:
    """A mapping by the names of the columns, and by how their values are written."""
    use = Use.TRANSACTIONS if _are_transactions(columns) else Use.POSITIONS
    named: dict[str, Meaning] = {}
    for column in columns:
        meaning = _for_use(column, use)
        taken = meaning in named.values() and meaning not in REPEATABLE
        if meaning is not None and meaning in MEANINGS[use] and not taken:
            named[column.name] = meaning
    samples = {named.get(column.name): column.samples for column in columns}
    dates = samples.get(Meaning.DATE, ())
    forms = (form for form in DateFormat if dates and all(day_of(each, form) for each in dates))
    numbers = [
        each
        for meaning in (Meaning.QUANTITY, Meaning.PRICE, Meaning.COST)
        for each in samples.get(meaning, ())
        if each.lower() not in NOTHING
    ]
    marks = (mark for mark in DecimalMark if all(number_text(each, mark) for each in numbers))
    by_column = Meaning.SIDE in named.values() or Meaning.TYPE in named.values()
    return ColumnMapping(
        use,
        named,
        sign=Sign.COLUMN if by_column else Sign.QUANTITY,
        date_format=next(forms, DateFormat.ISO),
        decimal_mark=next(marks, DecimalMark.POINT),
    )


def _are_transactions(columns: Sequence[FileColumn]) -> bool:
    """Whether a column says the kind of each row, and no other what it cost."""
    names = {snake_case(column.name) for column in columns}
    costs = {column.suggested for column in columns} & {Meaning.COST, Meaning.MARKET_VALUE}
    return bool(names & set(TYPE_COLUMNS)) and not costs


def _for_use(column: FileColumn, use: Use) -> Meaning | None:
    """What the column is in a file of this use: transactions name their fields otherwise."""
    if use is Use.POSITIONS:
        return column.suggested
    name = snake_case(column.name)
    if name in TYPE_COLUMNS:
        return Meaning.TYPE
    own = next((field for field, names in NAMES.items() if name in names), None)
    return _OF_TRANSACTIONS.get(own or "", column.suggested)


_OF_TRANSACTIONS = {
    "date": Meaning.DATE,
    "symbol": Meaning.SYMBOL,
    "quantity": Meaning.QUANTITY,
    "price": Meaning.PRICE,
    "amount": Meaning.AMOUNT,
    "id": Meaning.ID,
    "note": Meaning.NOTE,
    "strike_price": Meaning.STRIKE,
    "expiration_date": Meaning.EXPIRY,
    "option_type": Meaning.OPTION_TYPE,
    "underlying_symbol": Meaning.UNDERLYING,
}
