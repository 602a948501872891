"""How the columns of a file are read: which field each is, and how its cells are written.

A mapping is declared for the files of brokers that are known, and saved by users for any other.
The file's cells become those of the twelve columns, or of transactions, which are then held
against the same rules as every file.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID, uuid5


class Use(StrEnum):
    """What a file lists."""

    POSITIONS = "positions"
    TRANSACTIONS = "transactions"


class Meaning(StrEnum):
    """What a column of a file is."""

    SYMBOL = "symbol"
    QUANTITY = "quantity"
    PRICE = "price"
    COST = "cost"
    DATE = "date"
    SIDE = "side"
    TYPE = "type"
    AMOUNT = "amount"
    FEES = "fees"
    ID = "id"
    NOTE = "note"
    CURRENCY = "currency"
    MULTIPLIER = "multiplier"
    UNDERLYING = "underlying"
    STRIKE = "strike"
    EXPIRY = "expiry"
    OPTION_TYPE = "option_type"
    INVESTMENT_CLASS = "investment_class"
    MARKET_VALUE = "market_value"
    TAGS = "tags"
    AS_OF = "as_of"
    IGNORED = "ignored"


class Sign(StrEnum):
    """Where it is said which way a row goes: in a column, or in the sign of its quantity."""

    COLUMN = "column"
    QUANTITY = "quantity"
    INVERTED = "inverted"


class Multiplier(StrEnum):
    """How options are counted and priced."""

    PRICE_PER_SHARE = "price_per_share"
    PRICE_PER_CONTRACT = "price_per_contract"
    QUANTITY_IN_SHARES = "quantity_in_shares"


class DateFormat(StrEnum):
    """How days are written; a time behind the day is left out."""

    ISO = "YYYY-MM-DD"
    COMPACT = "YYYYMMDD"
    MONTH_FIRST = "MM/DD/YYYY"
    DAY_FIRST = "DD/MM/YYYY"
    POINTS = "DD.MM.YYYY"
    DASHES = "DD-MM-YYYY"
    NAMED = "DD-MMM-YYYY"


class DecimalMark(StrEnum):
    """What separates the decimals of numbers."""

    POINT = "."
    COMMA = ","


class Separator(StrEnum):
    """What separates the cells of a line."""

    COMMA = ","
    SEMICOLON = ";"
    TAB = "\t"
    PIPE = "|"


_OF_BOTH = (
    *(Meaning.SYMBOL, Meaning.QUANTITY, Meaning.PRICE, Meaning.DATE, Meaning.CURRENCY),
    *(Meaning.MULTIPLIER, Meaning.UNDERLYING, Meaning.STRIKE, Meaning.EXPIRY),
    *(Meaning.OPTION_TYPE, Meaning.NOTE, Meaning.AS_OF, Meaning.IGNORED),
)
MEANINGS: Mapping[Use, Collection[Meaning]] = {
    Use.POSITIONS: (
        *_OF_BOTH,
        *(Meaning.COST, Meaning.SIDE, Meaning.INVESTMENT_CLASS, Meaning.MARKET_VALUE),
        Meaning.TAGS,
    ),
    Use.TRANSACTIONS: (*_OF_BOTH, Meaning.TYPE, Meaning.AMOUNT, Meaning.FEES, Meaning.ID),
}
REPEATABLE = (Meaning.FEES, Meaning.IGNORED)
# What a user's word in a column of sides or types may mean.
WORDS: Mapping[Use, Collection[str]] = {
    Use.POSITIONS: ("long", "short", "PUBLIC", "OPTIONS", "PRIVATE"),
    Use.TRANSACTIONS: (
        *("buy", "sell", "sell short", "buy to cover", "transfer in", "transfer out"),
        *("deposit", "withdrawal", "dividend", "interest", "borrow fee", "fee"),
    ),
}
_HEADERS = UUID("0c9f3b0e-6a51-5d0a-9a52-1d6c6a6f5b3d")  # the namespace of fingerprints
TERMS = (Meaning.UNDERLYING, Meaning.STRIKE, Meaning.EXPIRY, Meaning.OPTION_TYPE)


@dataclass(frozen=True)
class ColumnMapping:
    """What each column of a file is, by its name in the header, and how the cells are written.

    `words`: the file's words for sides, types or classes, in lower case, and what each means.
    `separator`, `header_line` (from 1): what the file must have; None: as its header is found.
    """

    use: Use
    columns: Mapping[str, Meaning]
    sign: Sign = Sign.QUANTITY
    words: Mapping[str, str] = field(default_factory=dict)
    date_format: DateFormat = DateFormat.ISO
    decimal_mark: DecimalMark = DecimalMark.POINT
    multiplier: Multiplier = Multiplier.PRICE_PER_SHARE
    separator: Separator | None = None
    header_line: int | None = None

    def has(self, *meanings: Meaning) -> bool:
        """Whether each of these is a column of the file."""
        return set(meanings) <= set(self.columns.values())


@dataclass(frozen=True)
class Profile:
    """A mapping by a name, for files with one header. `key`: its id where a user saved it.

    `header`: the names of the columns that a file must have, in any order; `exact`: these and no
    others. Of brokers: `then`: columns of a table of transactions below or above that of positions;
    `at_market`: the prices are the market's; `titled`: a line above says what all rows are of.
    """

    name: str
    header: tuple[str, ...]
    mapping: ColumnMapping
    key: str | None = None
    exact: bool = False
    then: tuple[str, ...] = ()
    at_market: bool = False
    titled: bool = False

    @property
    def fingerprint(self) -> str:
        """That of its header."""
        return fingerprint(self.header)

    def may_begin(self, line: int, separator: Separator) -> bool:
        """Whether its header may be on a line, with cells so separated."""
        wanted = self.mapping
        return wanted.separator in (None, separator) and wanted.header_line in (None, line)

    def has_header(self, cells: Iterable[str]) -> bool:
        """Whether cells have the names that its header must have."""
        return set(map(plain, cells)).issuperset(map(plain, self.header))

    def continues_with(self, cells: Iterable[str]) -> bool:
        """Whether cells are the header of its table of transactions."""
        return bool(self.then) and set(map(plain, cells)).issuperset(map(plain, self.then))


@dataclass(frozen=True)
class Unusable:
    """Why a mapping cannot be used: the part of it, a code and a sentence."""

    field: str
    code: str
    message: str


def plain(name: str) -> str:
    """A column's name as names are compared: lower case, single spaces."""
    return " ".join(name.lower().split())


def fingerprint(header: Iterable[str]) -> str:
    """What identifies a header: a hash of its names, in any order and case."""
    names = sorted(filter(None, map(plain, header)))
    return uuid5(_HEADERS, "\x1f".join(names)).hex


def problems_of(mapping: ColumnMapping, header: Sequence[str]) -> list[Unusable]:
    """Everything that makes a mapping unusable for files with this header."""
    return [*_wrong_columns(mapping, header), *_wrong_words(mapping), *_missing(mapping)]


def _wrong_columns(mapping: ColumnMapping, header: Sequence[str]) -> list[Unusable]:
    names = [plain(name) for name in header]
    found = []
    taken: dict[Meaning, str] = {}
    for column, meaning in mapping.columns.items():
        at = f"columns.{column}"
        count = names.count(plain(column))
        if not count:
            message = f"the header has no column {column!r}"
            found.append(Unusable(at, "unknown_column", message))
        elif count > 1 and meaning is not Meaning.IGNORED:
            message = f"the header names {column!r} more than once: rename one in the file"
            found.append(Unusable(at, "duplicate_column", message))
        if meaning not in MEANINGS[mapping.use]:
            message = f"{meaning} is not a field of {mapping.use}"
            found.append(Unusable(at, "unexpected", message))
        first = taken.setdefault(meaning, column)
        if first != column and meaning not in REPEATABLE:
            message = f"{meaning} is {first!r} already: choose one of them"
            found.append(Unusable(at, "repeated", message))
    return found


def _wrong_words(mapping: ColumnMapping) -> list[Unusable]:
    known = WORDS[mapping.use]
    return [
        Unusable(f"words.{word}", "unknown_type", f"{meant!r} is none of {', '.join(known)}")
        for word, meant in mapping.words.items()
        if meant not in known
    ]


def _missing(mapping: ColumnMapping) -> list[Unusable]:
    """The fields without which no row can be read."""
    wanted = []
    if not mapping.has(Meaning.SYMBOL) and not mapping.has(*TERMS):
        wanted.append("symbol (or underlying, strike, expiry and option_type)")
    if not mapping.has(Meaning.QUANTITY):
        wanted.append("quantity")
    if mapping.use is Use.TRANSACTIONS:
        wanted += _missing_of_trades(mapping)
    elif not mapping.has(Meaning.PRICE) and not mapping.has(Meaning.COST):
        wanted.append("price or cost")
    if (
        mapping.sign is Sign.COLUMN
        and mapping.use is Use.POSITIONS
        and not mapping.has(Meaning.SIDE)
    ):
        wanted.append("side, since sign is column")
    return [
        Unusable("columns", "missing_column", f"no column is mapped to {name}") for name in wanted
    ]


def _missing_of_trades(mapping: ColumnMapping) -> list[str]:
    wanted = [] if mapping.has(Meaning.DATE) else ["date"]
    if not mapping.has(Meaning.PRICE) and not mapping.has(Meaning.AMOUNT):
        wanted.append("price or amount")
    if mapping.sign is Sign.COLUMN and not mapping.has(Meaning.TYPE):
        wanted.append("type, since sign is column")
    return wanted
