"""Files that are read by a mapping: of known brokers, and by the profiles of users.

Rows become those of the twelve columns, or of transactions, and are then held against the same
rules. Lines that are no positions (cash, totals, notes) are skipped with the reason.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from services.gateway.books.files.brokers import broker_option, option_within
from services.gateway.books.files.cells import NOTHING, day_of, day_within, number_text
from services.gateway.books.files.holdings import Export, Row, Sheet, Skipped
from services.gateway.books.files.layouts import MODIFIERS, Source, Turn, snake_case
from services.gateway.books.files.mapping import (
    ColumnMapping,
    DateFormat,
    Meaning,
    Multiplier,
    Profile,
    Sign,
    Use,
    plain,
)
from services.gateway.books.files.problems import Problem
from services.gateway.books.files.reading import LARGEST_NUMBER, MAX_CELL, SMALLEST_STEP
from services.gateway.books.files.records import Record, misshapen
from services.gateway.books.files.trade_columns import FEE_COLUMNS
from services.gateway.books.files.turning import left_out, turning_columns
from shared.instruments import (
    OPTION_MULTIPLIER,
    STOCK_MULTIPLIER,
    InvalidSymbol,
    looks_like_option,
)

_TOTALS = ("total", "totals", "account total", "positions total", "grand total", "subtotal")
_CASH = ("cash", "cash & cash investments", "pending activity", "core account", "money market")
_MONEY_MARKET = "money market"
_AT_MARKET = "the file has no cost here: its price is used as the entry price"
_SHORTEST = 3  # columns: below it one cell alone may be a row
_DATES = (Meaning.DATE, Meaning.EXPIRY, Meaning.AS_OF)
_NUMBERS = (
    *(Meaning.QUANTITY, Meaning.PRICE, Meaning.COST, Meaning.AMOUNT, Meaning.STRIKE),
    *(Meaning.MARKET_VALUE, Meaning.MULTIPLIER, Meaning.FEES),
)
_POSITIONS = {
    Meaning.SYMBOL: "symbol",
    Meaning.QUANTITY: "quantity",
    Meaning.PRICE: "entry_price_per_share",
    Meaning.DATE: "entry_date",
    Meaning.SIDE: "side",
    Meaning.CURRENCY: "currency",
    Meaning.MULTIPLIER: "multiplier",
    Meaning.UNDERLYING: "underlying_symbol",
    Meaning.STRIKE: "strike_price",
    Meaning.EXPIRY: "expiration_date",
    Meaning.OPTION_TYPE: "option_type",
    Meaning.INVESTMENT_CLASS: "investment_class",
    Meaning.MARKET_VALUE: "market_value",
    Meaning.TAGS: "tags",
}
_TRANSACTIONS = _POSITIONS | {
    Meaning.PRICE: "price",
    Meaning.DATE: "date",
    Meaning.TYPE: "type",
    Meaning.AMOUNT: "amount",
    Meaning.ID: "id",
    Meaning.NOTE: "note",
}


def mapped_sheet(
    profile: Profile, line: int, header: Sequence[str], records: Iterable[Record], day: date | None
) -> Sheet:
    """The rows below a header by a profile; `day`: that which lines above the header name."""
    reader = _Reader(profile, line, header)
    reader.exported_on = day
    for number, cells in records:
        reader.take(number, cells)
    return reader.sheet()


class _Reader:
    """Sorts the records of a mapped file into rows, problems, and lines that are skipped."""

    def __init__(self, profile: Profile, line: int, header: Sequence[str]) -> None:
        self.profile = profile
        self.mapping = profile.mapping
        self.line = line
        self.header = list(header)
        named = {plain(name): meaning for name, meaning in self.mapping.columns.items()}
        self.meanings = [named.get(plain(name)) for name in header]
        self.records: list[tuple[int, list[str]]] = []
        self.problems: list[Problem] = []
        self.skipped: list[Skipped] = []
        self.exported_on: date | None = None
        self.cash: Decimal | None = None
        self.total: Decimal | None = None

    def take(self, line: int, cells: list[str] | None) -> None:
        """One record."""
        problem = misshapen(line, cells, self.header, ())
        if problem or cells is None:
            self.problems += [problem] if problem else []
            return
        if [plain(cell) for cell in cells] == [plain(name) for name in self.header]:
            return
        padded = [*cells, *("" for _ in self.header[len(cells) :])][: len(self.header)]
        if not self._skip(line, padded):
            self.records.append((line, padded))

    def _skip(self, line: int, cells: Sequence[str]) -> bool:
        """Whether the record is no row; what it says of the file is kept."""
        filled = [cell for cell in cells if cell]
        if len(filled) == 1 and len(self.header) >= _SHORTEST:
            self.exported_on = self.exported_on or day_within(filled[0])
            self._pass_over(line, filled[0], "note", "a line of text, and no row")
            return True
        if self.mapping.use is Use.TRANSACTIONS:
            return False
        label = self._cell(cells, Meaning.SYMBOL) or self._cell(cells, Meaning.NOTE)
        is_fund = label.endswith("**") or self._is_money_market(cells)
        is_cash = is_fund or label.lower() in _CASH
        if self._cell(cells, Meaning.QUANTITY).lower() not in NOTHING and not is_fund:
            return False
        value = self._value(cells)
        if is_cash:
            self.cash = self.cash if value is None else (self.cash or Decimal(0)) + value
            message = (
                "cash is no position: it counts in the equity balance of a portfolio that is "
                "created"
            )
            self._pass_over(line, label, "cash", message)
        elif label.lower() in _TOTALS:
            self.total = self.total if value is None else (self.total or Decimal(0)) + value
            self._pass_over(line, label, "total", "a total of the lines above")
        return is_cash or label.lower() in _TOTALS

    def _is_money_market(self, cells: Sequence[str]) -> bool:
        """Whether the row is a fund whose shares are dollars."""
        price = number_text(self._cell(cells, Meaning.PRICE), self.mapping.decimal_mark)
        name = self._cell(cells, Meaning.NOTE).lower()
        return _MONEY_MARKET in name and bool(price) and Decimal(price or 0) == 1

    def _pass_over(self, line: int, label: str, code: str, message: str) -> None:
        self.skipped.append(Skipped(line, label[:MAX_CELL], code, message))

    def _cell(self, cells: Sequence[str], meaning: Meaning) -> str:
        if meaning not in self.meanings:
            return ""
        return cells[self.meanings.index(meaning)]

    def _value(self, cells: Sequence[str]) -> Decimal | None:
        text = number_text(self._cell(cells, Meaning.MARKET_VALUE), self.mapping.decimal_mark)
        return Decimal(text) if text else None

    def sheet(self) -> Sheet:
        """What was found."""
        turning, unread = self._turning()
        unknown = {name: turn for name, turn in turning.items() if name not in MODIFIERS}
        rows = []
        for line, cells in self.records:
            reading = MappedRow(line, self.meanings, self.header, cells, self.mapping)
            own = reading.cells()
            self.exported_on = self.exported_on or reading.as_of
            self.problems += reading.problems
            if not reading.problems:
                extra = self._modifiers(cells, turning)
                rows.append(Row(line, {**extra, **own}, unknown))
        is_positions = self.mapping.use is Use.POSITIONS
        export = Export((), self.exported_on, self.cash, tuple(self.skipped), self.total)
        return Sheet(
            Source.TWELVE_COLUMNS if is_positions else Source.TRANSACTIONS,
            self.line,
            tuple(rows),
            tuple(self.problems),
            export,
            left_out(unread, turning),
            layout=self.profile.name,
            profile=self.profile.key,
            undated=is_positions and not self.mapping.has(Meaning.DATE),
            warnings=tuple(
                Problem(row.line, "entry_price", "entry_price_from_market", _AT_MARKET)
                for row in rows
                if self.profile.at_market
            ),
        )

    def _turning(self) -> tuple[dict[str, Turn], dict[int, str]]:
        """The columns that would turn rows, of those without a meaning; and all of those.

        What is to be ignored may not be another currency.
        """
        blank = {
            place: name
            for place, name in enumerate(self.header)
            if name and self.meanings[place] in (None, Meaning.IGNORED)
        }
        every = [cells for _, cells in self.records]
        of_positions = self.mapping.use is Use.POSITIONS
        found = turning_columns(self.line, blank, every, of_positions=of_positions)
        ignored = {
            snake_case(name)
            for place, name in blank.items()
            if self.meanings[place] is Meaning.IGNORED
        }
        kept = {
            name: turn
            for name, turn in found.items()
            if name not in ignored or turn is Turn.CURRENCY
        }
        return kept, {place: name for place, name in blank.items() if self.meanings[place] is None}

    def _modifiers(self, cells: Sequence[str], turning: Mapping[str, Turn]) -> dict[str, str]:
        """The cells of columns without a meaning that rules read, or that turn the row."""
        return {
            name: cells[place]
            for place, header in enumerate(self.header)
            if (name := snake_case(header)) in turning
            or (name in MODIFIERS and self.meanings[place] is None)
        }


class MappedRow:
    """One row of a mapped file, with what is wrong with its cells so far.

    `as_of`: the day of the file, where a column says it.
    """

    def __init__(
        self,
        line: int,
        meanings: Sequence[Meaning | None],
        header: Sequence[str],
        cells: Sequence[str],
        mapping: ColumnMapping,
    ) -> None:
        self.line = line
        self.mapping = mapping
        self.problems: list[Problem] = []
        self.as_of: date | None = None
        self._texts: dict[Meaning, str] = {}
        self._names: dict[Meaning, str] = {}
        self._fees: list[str] = []
        self._is_option = False
        for meaning, name, cell in zip(meanings, header, cells, strict=True):
            if meaning is not None:
                self._enter(meaning, name, cell)

    def _enter(self, meaning: Meaning, name: str, cell: str) -> None:
        self._names[meaning] = name
        text = "" if cell.lower() in NOTHING else cell
        if text and meaning in _NUMBERS:
            text = self._number(meaning, name, text)
            text = _rounded(text) if meaning is Meaning.PRICE else text
        elif text and meaning in _DATES:
            text = self._day(meaning, name, text)
        if meaning is Meaning.FEES:
            self._fees += [text] if text else []
        else:
            self._texts[meaning] = text

    def _complain(self, field: str, code: str, message: str) -> None:
        self.problems.append(Problem(self.line, field, code, message))

    def _number(self, meaning: Meaning, name: str, text: str) -> str:
        found = number_text(text, self.mapping.decimal_mark)
        if len(text) > MAX_CELL:
            message = f"{name} is longer than {MAX_CELL} characters"
            self._complain(self._field(meaning), "too_long", message)
            return ""
        if found is None:
            mark = "point" if self.mapping.decimal_mark == "." else "comma"
            message = f"{name} {text[:MAX_CELL]!r} is not a number with a decimal {mark}"
            self._complain(self._field(meaning), "not_a_number", message)
        return found or ""

    def _day(self, meaning: Meaning, name: str, text: str) -> str:
        found = day_of(text, self.mapping.date_format)
        if found is None and meaning is not Meaning.AS_OF:
            form = self.mapping.date_format
            message = f"{name} {text[:MAX_CELL]!r} is not a date of the form {form}"
            self._complain(self._field(meaning), "invalid_date", message)
        if meaning is Meaning.AS_OF:
            self.as_of = found or day_of(text, DateFormat.ISO)
        return found.isoformat() if found else ""

    def _field(self, meaning: Meaning) -> str:
        """The column of ours that a meaning becomes."""
        ours = _POSITIONS if self.mapping.use is Use.POSITIONS else _TRANSACTIONS
        return ours.get(meaning, meaning.value)

    def cells(self) -> dict[str, str]:
        """The row in our own columns."""
        texts = self._texts
        texts[Meaning.SYMBOL] = self._symbol()
        self._turn()
        self._scale()
        if self.mapping.use is Use.POSITIONS:
            self._price_from_cost()
            return self._ours(_POSITIONS)
        self._type()
        fees = dict(zip(FEE_COLUMNS, self._fees, strict=False))
        return {**self._ours(_TRANSACTIONS), **fees}

    def _ours(self, names: Mapping[Meaning, str]) -> dict[str, str]:
        return {names[meaning]: text for meaning, text in self._texts.items() if meaning in names}

    def _symbol(self) -> str:
        """The symbol as we write it: an option that is written as brokers do by its OCC symbol."""
        text = self._texts.get(Meaning.SYMBOL, "").rstrip("*")
        option = broker_option(text) if text else None
        if option is None and (text.isalpha() or not text):
            option = option_within(self._texts.get(Meaning.NOTE, ""))
        if isinstance(option, InvalidSymbol):
            self._complain("symbol", "invalid_symbol", str(option))
            return text
        by_terms = all(self._texts.get(term) for term in (Meaning.STRIKE, Meaning.EXPIRY))
        self._is_option = option is not None or by_terms or looks_like_option(text)
        return text if option is None or isinstance(option, str) else option.symbol

    def _turn(self) -> None:
        """Side and class in our words, and the quantity with the sign that the mapping says."""
        for meaning in (Meaning.SIDE, Meaning.INVESTMENT_CLASS):
            given = self._texts.get(meaning)
            if given:
                self._texts[meaning] = self.mapping.words.get(plain(given), given)
        quantity = self._texts.get(Meaning.QUANTITY)
        if quantity and self.mapping.sign is Sign.INVERTED:
            self._texts[Meaning.QUANTITY] = f"{-Decimal(quantity):f}"
        elif quantity and self.mapping.sign is Sign.COLUMN:
            self._texts[Meaning.QUANTITY] = quantity.removeprefix("-")

    def _scale(self) -> None:
        """Quantity in contracts and price per share, of an option that is written otherwise."""
        rule = self.mapping.multiplier
        if not self._is_option or rule is Multiplier.PRICE_PER_SHARE:
            return
        wanted = Meaning.PRICE if rule is Multiplier.PRICE_PER_CONTRACT else Meaning.QUANTITY
        text = self._texts.get(wanted)
        if text:
            scaled = f"{Decimal(text) / OPTION_MULTIPLIER:f}"
            self._texts[wanted] = _rounded(scaled) if wanted is Meaning.PRICE else scaled

    def _price_from_cost(self) -> None:
        """The entry price of cost / (quantity x multiplier), where no price is given."""
        cost = self._texts.pop(Meaning.COST, "")
        quantity = self._texts.get(Meaning.QUANTITY, "")
        if self._texts.get(Meaning.PRICE) or not cost or not quantity or not Decimal(quantity):
            return
        multiplier = OPTION_MULTIPLIER if self._is_option else STOCK_MULTIPLIER
        price = abs(Decimal(cost)) / (abs(Decimal(quantity)) * multiplier)
        self._texts[Meaning.PRICE] = _rounded(f"{price:f}")

    def _type(self) -> None:
        """The kind of a transaction: the user's word, else what quantity or amount say."""
        given = self._texts.get(Meaning.TYPE, "")
        kind = self.mapping.words.get(plain(given), given)
        quantity = self._texts.get(Meaning.QUANTITY, "")
        traded = bool(quantity) and bool(Decimal(quantity))
        if not kind and traded and self.mapping.sign is not Sign.COLUMN:
            kind = "sell" if quantity.startswith("-") else "buy"
        elif not kind and not traded and self._texts.get(Meaning.AMOUNT):
            kind = "cash transfer"
        self._texts[Meaning.TYPE] = kind


def _rounded(text: str) -> str:
    """A price with as many decimals as are kept: averages of brokers have more."""
    if not text or abs(price := Decimal(text)) >= LARGEST_NUMBER:
        return text
    decimals = len(text.partition(".")[2])
    kept = -int(SMALLEST_STEP.as_tuple().exponent)
    return text if decimals <= kept else f"{price.quantize(SMALLEST_STEP, ROUND_HALF_UP):f}"
