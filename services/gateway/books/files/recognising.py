"""What a file is: read by which layout, or which columns it has and what they may mean."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from services.gateway.books.files.cells import NOTHING, day_of, number_text
from services.gateway.books.files.headers import Header, find_header, header_at, is_number
from services.gateway.books.files.holdings import Sheet
from services.gateway.books.files.layouts import FIVE_COLUMNS, TWELVE_COLUMNS, snake_case
from services.gateway.books.files.mapping import (
    MEANINGS,
    REPEATABLE,
    ColumnMapping,
    DateFormat,
    DecimalMark,
    Meaning,
    Profile,
    Separator,
    Sign,
    Use,
    fingerprint,
)
from services.gateway.books.files.problems import Problem, UnreadableFile
from services.gateway.books.files.reading import has_decimal_comma, why_not_a_number
from services.gateway.books.files.records import Lines
from services.gateway.books.files.sheets import is_statement, sheet_of, sheet_or_problem
from services.gateway.books.files.texts import text_of
from services.gateway.books.files.trade_columns import FEE_COLUMNS, NAMES, TYPE_COLUMNS

MOST_SAMPLES = 5
_MOST_ROWS = 200  # that samples and forms are taken from
_MOST_COLUMNS = 200
_MAX_SAMPLE = 40
_FIRST_LINES = 20  # among which a user may say which is the header
_FIRST_CELLS = 8
# Columns of our own layouts that hold numbers.
_AMOUNTS = frozenset(
    (
        *("quantity", FIVE_COLUMNS.entry_price, TWELVE_COLUMNS.entry_price, "strike_price"),
        *("exit_price_per_share", "price", "amount", *FEE_COLUMNS),
    )
)
# What brokers call the fields of positions, by letters only; the first that fits is suggested.
_SPELLINGS: Mapping[Meaning, Collection[str]] = {
    Meaning.SYMBOL: ("symbol", "ticker", "instrument", "security", "stock", "wertpapier", "titel"),
    Meaning.QUANTITY: (
        *("quantity", "qty", "shares", "units", "position", "positionsize", "amountheld", "held"),
        *("contracts", "nominal", "st\u00fcck", "stueck", "menge", "anzahl", "numberofshares"),
        *("holding", "nominale"),
    ),
    Meaning.COST: (
        # "cost" and "einstand" alone may be per share: users say which they are
        *("costbasis", "costbasistotal", "totalcost", "bookvalue", "bookcost"),
        *("einstandswert", "kaufwert"),
    ),
    Meaning.PRICE: (
        *("entryprice", "purchaseprice", "pricepaid", "averageprice", "avgprice", "unitcost"),
        *("averagecost", "avgcost", "costpershare", "openprice", "costprice", "kaufkurs"),
        *("einstandskurs", "tradeprice", "price"),
    ),
    Meaning.DATE: (
        *("entrydate", "purchasedate", "tradedate", "opendate", "acquired", "dateacquired"),
        *("acquisitiondate", "kaufdatum", "kauf", "opened", "datum", "date"),
    ),
    Meaning.SIDE: ("side", "longshort", "buysell", "direction", "positiontype"),
    Meaning.CURRENCY: (
        "currency",
        "ccy",
        "currencycode",
        "currencyprimary",
        "w\u00e4hrung",
        "waehrung",
    ),
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
class FirstLine:
    """A line at the beginning of a file, and its first cells."""

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Recognised:
    """What a file is.

    `line`: its header's. `sheet`: its rows as a layout or profile reads them, None where none does.
    `problem`: why none does, or why its numbers cannot be read so. `suggested`: a mapping to begin
    with, None where no header was found.
    """

    fingerprint: str | None
    line: int | None
    separator: Separator | None
    first_lines: tuple[FirstLine, ...]
    columns: tuple[FileColumn, ...]
    suggested: ColumnMapping | None
    sheet: Sheet | None
    problem: Problem | None


def recognise_or_problem(
    data: bytes,
    profiles: Sequence[Profile] = (),
    separator: Separator | None = None,
    header_line: int | None = None,
) -> Recognised | Problem:
    """What the file is, or why it cannot be read at all."""
    try:
        return recognise(data, profiles, separator, header_line)
    except UnreadableFile as error:
        return error.problem


def recognise(
    data: bytes,
    profiles: Sequence[Profile] = (),
    separator: Separator | None = None,
    header_line: int | None = None,
) -> Recognised:
    """What the file is; raises `UnreadableFile` when it is no text, or too large.

    With a separator or the line of the header, which a user gives, its columns are those below it,
    and no layout is looked for.
    """
    text = text_of(data)
    if is_statement(text):
        return _statement(data, separator, header_line)
    lines = Lines(text)
    if separator is not None or header_line is not None:
        header = header_at(lines, separator, header_line)
        if header is None:
            message = "no header is there: say another line or separator"
            raise UnreadableFile(header_line or 1, "missing_column", message)
        return _described(lines, header, None, None, header_line)
    found = sheet_or_problem(data, profiles)
    header = find_header(lines, profiles)
    if isinstance(found, Sheet):
        return _described(lines, header, found, _decimal_comma(found))
    return _described(lines, header, None, found)


def _decimal_comma(sheet: Sheet) -> Problem | None:
    """The first number with a decimal comma, where a layout reads decimal points only."""
    if sheet.layout is not None:
        return None
    return next(
        (
            Problem(row.line, field, *why_not_a_number(field, text))
            for row in sheet.rows
            for field, text in row.cells.items()
            if field in _AMOUNTS and has_decimal_comma(text)
        ),
        None,
    )


def _statement(data: bytes, separator: Separator | None, header_line: int | None) -> Recognised:
    """A statement in XML or OFX, which has no columns."""
    if separator is not None or header_line is not None:
        message = "the file is XML or OFX: it has no header and no separators"
        raise UnreadableFile(1, "not_listed", message, field="separator")
    return Recognised(None, None, None, (), (), None, sheet_of(data), None)


def _described(
    lines: Lines,
    header: Header | None,
    sheet: Sheet | None,
    problem: Problem | None,
    header_line: int | None = None,
) -> Recognised:
    if header is None:
        return Recognised(None, None, None, (), (), None, sheet, problem)
    first = islice(lines.records(header.separator), _FIRST_LINES)
    shown = tuple(
        FirstLine(line, tuple(cell[:_MAX_SAMPLE] for cell in (cells or ())[:_FIRST_CELLS]))
        for line, cells in first
    )
    if not header.known and len(list(filter(None, header.cells))) < 2:
        return Recognised(None, None, None, shown, (), None, sheet, problem)
    below = [cells for _, cells in islice(header.below(lines), _MOST_ROWS) if cells]
    columns = _columns(header.cells[:_MOST_COLUMNS], below)
    suggested = replace(_suggested(columns), separator=header.separator, header_line=header_line)
    mark = fingerprint(header.cells)
    where = (mark, header.line, header.separator, shown)
    return Recognised(*where, columns, suggested, sheet, problem)


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
    every = [column.samples for column in columns]
    columns_of_days = [samples[Meaning.DATE]] if samples.get(Meaning.DATE) else every
    forms = (form for form in DateFormat if any(_are_days(each, form) for each in columns_of_days))
    numbers = [
        each
        for meaning in (Meaning.QUANTITY, Meaning.PRICE, Meaning.COST)
        for each in samples.get(meaning, ())
        if each.lower() not in NOTHING
    ] or [each for column in every for each in column if is_number(each)]
    marks = (mark for mark in DecimalMark if all(number_text(each, mark) for each in numbers))
    by_column = Meaning.SIDE in named.values() or Meaning.TYPE in named.values()
    return ColumnMapping(
        use,
        named,
        sign=Sign.COLUMN if by_column else Sign.QUANTITY,
        date_format=next(forms, DateFormat.ISO),
        decimal_mark=next(marks, DecimalMark.POINT),
    )


def _are_days(samples: Sequence[str], form: DateFormat) -> bool:
    return bool(samples) and all(day_of(each, form) for each in samples)


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
