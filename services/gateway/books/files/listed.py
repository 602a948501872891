"""Rows of the two column sets, held against every rule."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from services.gateway.books.files.holdings import (
    CLASSES,
    OPTIONS,
    PRIVATE,
    PUBLIC,
    Holding,
    Holdings,
    Row,
    Rules,
    Sheet,
)
from services.gateway.books.files.instruments import (
    Instrument,
    contract_of,
    listed_instrument,
    private_instrument,
)
from services.gateway.books.files.layouts import FIVE_COLUMNS, TWELVE_COLUMNS, Layout, layout_of
from services.gateway.books.files.problems import Problem
from services.gateway.books.files.reading import Reading, Seen
from services.gateway.books.files.records import Record, at_most_max_rows, misshapen
from services.gateway.books.files.spreadsheet import rearmed
from services.gateway.books.files.tags import MAX_TAGS, MAX_TAGS_TEXT, tags_in, why_not_a_tag
from shared.instruments import OptionContract, canonical_symbol

MAX_SUBTYPE_LENGTH = 50
LARGEST_STRIKE = Decimal(100_000)  # an OCC symbol has eight digits for the strike in thousandths
_TERMS = ("strike_price", "expiration_date", "option_type")
_LAYOUTS = {layout.source: layout for layout in (FIVE_COLUMNS, TWELVE_COLUMNS)}
_OPTION_TYPES = {"CALL": "C", "C": "C", "PUT": "P", "P": "P"}


def listed_sheet(line: int, header: list[str], records: Iterator[Record]) -> Sheet:
    """The rows below a header; raises `UnreadableFile` when a required column is missing."""
    layout, columns = layout_of(line, header)
    rows: list[Row] = []
    problems: list[Problem] = []
    for number, cells in at_most_max_rows(records):
        problem = misshapen(number, cells, columns, layout.required)
        if problem:
            problems.append(problem)
        else:
            rows.append(Row(number, dict(zip(columns, cells or (), strict=False))))
    return Sheet(layout.source, line, tuple(rows), tuple(problems))


def listed_holdings(sheet: Sheet, rules: Rules) -> Holdings:
    """The rows held against every rule."""
    seen = Seen()
    accepted: list[Holding] = []
    problems = list(sheet.problems)
    warnings: list[Problem] = []
    for reading in listed_readings(sheet, rules):
        holding = reading.holding(seen)
        problems += reading.problems
        if holding is not None:
            accepted.append(holding)
            warnings += reading.warnings
    return Holdings(tuple(accepted), tuple(problems), tuple(warnings))


def listed_readings(sheet: Sheet, rules: Rules) -> Iterator["ListedReading"]:
    """Each row, about to be read."""
    layout = _LAYOUTS[sheet.source]
    return (ListedReading(row, rules, layout) for row in sheet.rows)


class ListedReading(Reading):
    """One row of either column set: the shorter one just has fewer cells."""

    def __init__(self, row: Row, rules: Rules, layout: Layout) -> None:
        super().__init__(row, rules)
        self.layout = layout
        self._given_class = self._class()

    def holding(self, seen: Seen) -> Holding | None:
        """The row as a holding; None when it has problems."""
        instrument = self.instrument()
        price_field = self.layout.entry_price
        quantity = self.quantity(self.number("quantity", self.text("quantity")))
        price = self.price(price_field, self.number(price_field, self.text(price_field)))
        entered = self._entry_date()
        exited, exit_price = self._exit(entered)
        tags = self._tags()
        subtype = self._subtype()
        if instrument is not None:
            self._check_class(self._given_class, instrument)
        if instrument is not None and entered is not None:
            self.check_lifetime(self._option_field, "entry_date", instrument, entered)
            seen.check_first(self, self._option_field, instrument, entered)
        if (
            self.problems
            or instrument is None
            or quantity is None
            or price is None
            or entered is None
        ):
            return None
        return Holding(
            self.row.line,
            instrument,
            quantity,
            price,
            entered,
            tags,
            self._given_class,
            subtype,
            exited,
            exit_price,
        )

    # --- what is held ---

    def _class(self) -> str | None:
        """The class as the row gives it."""
        text = self.text_if_any("investment_class")
        if text is not None and text.upper() not in CLASSES:
            message = f"investment_class {text!r} is none of {', '.join(CLASSES)}"
            self.complain("investment_class", "unknown_class", message)
            return None
        return text and text.upper()

    @property
    def _option_field(self) -> str:
        """The column that names the instrument of this row."""
        symbol = self.layout.symbol
        return symbol if self.row.cells.get(symbol) else "underlying_symbol"

    def instrument(self) -> Instrument | None:
        """What the row holds; None, with a problem, when it does not say."""
        symbol = self.layout.symbol
        terms = [field for field in _TERMS if self.row.cells.get(field)]
        if self._given_class == PRIVATE:
            return self._private(symbol, terms)
        if not self.row.cells.get(symbol) and (terms or self._names_an_underlying):
            return self._priced("underlying_symbol", self._contract("underlying_symbol"))
        text = self.text(symbol)
        if text is None:
            return None
        instrument = self.meant(symbol, listed_instrument(rearmed(text)))
        if isinstance(instrument, OptionContract):
            self._check_agreement(instrument, terms)
        elif instrument is not None and terms:
            instrument = self._contract(symbol)
        return self._priced(symbol, instrument)

    @property
    def _names_an_underlying(self) -> bool:
        return self._given_class == OPTIONS and bool(self.row.cells.get("underlying_symbol"))

    def _priced(self, field: str, instrument: Instrument | None) -> Instrument | None:
        class_is_clear = self._given_class is not None or not self.row.cells.get("investment_class")
        if instrument is not None and class_is_clear:
            self.require_market_data(field, instrument)
        return instrument

    def _private(self, symbol: str, terms: list[str]) -> str | None:
        text = self.text(symbol)
        if terms:
            message = (
                "a private holding is no listed option: leave its strike, expiration and type blank"
            )
            self.complain(terms[0], "class_disagrees", message)
        name = self.meant(symbol, private_instrument(rearmed(text))) if text else None
        known = self.rules.known_underlyings
        if name is not None and known is not None and name in known:
            message = (
                f"{name} is the symbol of a listed security: a private holding needs another name"
            )
            self.complain(symbol, "symbol_is_listed", message)
        return name if isinstance(name, str) else None

    def _contract(self, root_field: str) -> OptionContract | None:
        """The contract named by its terms; every one of them is needed."""
        root = self.text(root_field)
        strike = self._strike()
        expiry = self._expiry()
        kind = self._option_type()
        if root_field != "underlying_symbol":
            self._check_underlying(root)
        if root is None or strike is None or expiry is None or kind is None:
            return None
        contract = self.meant(root_field, contract_of(rearmed(root), expiry, kind, strike))
        return contract if isinstance(contract, OptionContract) else None

    def _strike(self) -> Decimal | None:
        strike = self.price("strike_price", self.number("strike_price", self.text("strike_price")))
        if strike is None or strike <= 0:
            return None
        if strike >= LARGEST_STRIKE:
            self.complain(
                "strike_price", "too_large", f"strike_price must be below {LARGEST_STRIKE:,}"
            )
            return None
        if strike.quantize(Decimal("0.001")) != strike:
            message = f"strike_price {strike} has more than the 3 decimals of an option's symbol"
            self.complain("strike_price", "too_many_decimals", message)
            return None
        return strike

    def _expiry(self) -> date | None:
        expiry = self.day("expiration_date", self.text("expiration_date"))
        if expiry is not None and not 2000 <= expiry.year <= 2099:
            message = (
                f"expiration_date {expiry} is outside 2000 to 2099, the years of an option's symbol"
            )
            self.complain("expiration_date", "invalid_date", message)
            return None
        return expiry

    def _option_type(self) -> str | None:
        text = self.text("option_type")
        kind = _OPTION_TYPES.get((text or "").upper())
        if text is not None and kind is None:
            self.complain(
                "option_type",
                "unknown_option_type",
                f"option_type {text!r} is neither CALL nor PUT",
            )
        return kind

    def _check_underlying(self, root: str | None) -> None:
        """Check that an underlying given beside the symbol is the symbol's.

        A symbol beside an option's terms is the underlying.
        """
        given = self.text_if_any("underlying_symbol")
        if root is None or given is None:
            return
        if canonical_symbol(given) != canonical_symbol(root):
            message = (
                f"underlying_symbol {given!r} is not {root!r}: leave the symbol blank or write "
                "the option's own"
            )
            self.complain("underlying_symbol", "terms_disagree", message)

    def _check_agreement(self, contract: OptionContract, terms: list[str]) -> None:
        """Terms beside an option's own symbol must say the same."""
        readers = {
            "strike_price": self._strike,
            "expiration_date": self._expiry,
            "option_type": self._option_type,
        }
        meant = {
            "strike_price": contract.strike,
            "expiration_date": contract.expiry,
            "option_type": contract.option_type,
        }
        for field in terms:
            value = readers[field]()
            if value is not None and value != meant[field]:
                message = (
                    f"{field} {self.row.cells[field]!r} is not what {contract.symbol} says: "
                    f"{meant[field]}"
                )
                self.complain(field, "terms_disagree", message)
        given = self.text_if_any("underlying_symbol")
        if given and canonical_symbol(given) not in (contract.root, contract.underlying):
            message = (
                f"underlying_symbol {given!r} is not what {contract.symbol} says: "
                f"{contract.underlying}"
            )
            self.complain("underlying_symbol", "terms_disagree", message)

    def _check_class(self, given: str | None, instrument: Instrument) -> None:
        is_option = isinstance(instrument, OptionContract)
        if given == OPTIONS and not is_option:
            message = (
                f"the class is OPTIONS but {instrument} is no option: write its OCC symbol, "
                "or its underlying, strike, expiration and type"
            )
            self.complain("investment_class", "class_disagrees", message)
        if given == PUBLIC and is_option:
            message = (
                "the class is PUBLIC but the row names an option: write OPTIONS, or leave the "
                "class blank"
            )
            self.complain("investment_class", "class_disagrees", message)
        if given == PRIVATE:
            message = (
                f"{instrument} is private: it is loaded, has no market price, and is left out of "
                "values and risk "
                "until it has one"
            )
            self.warn(self.layout.symbol, "no_market_price", message)

    # --- when, and the rest ---

    def _entry_date(self) -> date | None:
        day = self.day("entry_date", self.text("entry_date"))
        if day is not None and day > self.rules.as_of:
            message = (
                f"entry_date {day} lies after {self.rules.as_of}, the day the file is read for"
            )
            self.complain("entry_date", "date_in_future", message)
            return None
        return day

    def _exit(self, entered: date | None) -> tuple[date | None, Decimal | None]:
        exited = self.day("exit_date", self.text_if_any("exit_date"))
        price = self._exit_price()
        if price is not None and not self.row.cells.get("exit_date"):
            message = "exit_price_per_share is given without the exit_date it belongs to"
            self.complain("exit_date", "missing_value", message)
        if exited is None:
            return None, price
        if entered is not None and exited < entered:
            message = f"exit_date {exited} lies before entry_date {entered}"
            self.complain("exit_date", "exit_before_entry", message)
        if exited > self.rules.as_of:
            message = (
                f"exit_date {exited} lies after {self.rules.as_of}: the position is open until then"
            )
            self.warn("exit_date", "exit_in_future", message)
        if not self.row.cells.get("exit_price_per_share"):
            message = "closed without an exit price: what its last day earned is not known"
            self.warn("exit_price_per_share", "exit_price_missing", message)
        return exited, price

    def _exit_price(self) -> Decimal | None:
        """What it was left for; 0 when it ended worthless, as an option may."""
        field = "exit_price_per_share"
        price = self.number(field, self.text_if_any(field))
        if price is not None and price < 0:
            message = (
                f"{field} must not be below 0, also for shorts: the sign belongs to the quantity"
            )
            self.complain(field, "price_negative", message)
        return price

    def _subtype(self) -> str | None:
        subtype = rearmed(self.row.cells.get("investment_subtype", ""))
        if len(subtype) > MAX_SUBTYPE_LENGTH:
            message = f"investment_subtype is longer than {MAX_SUBTYPE_LENGTH} characters"
            self.complain("investment_subtype", "too_long", message)
        elif not subtype.isprintable():
            self.complain(
                "investment_subtype", "invalid_text", "investment_subtype holds a control character"
            )
        return subtype or None

    def _tags(self) -> tuple[str, ...]:
        text = self.row.cells.get("tags", "")
        if len(text) > MAX_TAGS_TEXT:
            self.complain("tags", "too_long", f"tags is longer than {MAX_TAGS_TEXT:,} characters")
            return ()
        tags = tags_in(rearmed(text))
        for tag in tags:
            if problem := why_not_a_tag(tag):
                self.complain("tags", "invalid_tag", problem)
        if len(tags) > MAX_TAGS:
            message = f"the row has {len(tags)} tags; at most {MAX_TAGS} are allowed"
            self.complain("tags", "too_many_tags", message)
        return tags
