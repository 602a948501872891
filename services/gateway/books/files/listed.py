"""Rows of the two column sets, held against every rule."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from services.gateway.books.files.brokers import money
from services.gateway.books.files.changes import without
from services.gateway.books.files.holdings import (
    PRIVATE,
    Holding,
    Holdings,
    Row,
    Rules,
    Sheet,
)
from services.gateway.books.files.instruments import Instrument
from services.gateway.books.files.layouts import (
    FIVE_COLUMNS,
    TWELVE_COLUMNS,
    layout_of,
    unread_columns,
)
from services.gateway.books.files.naming import NamedReading
from services.gateway.books.files.problems import Problem
from services.gateway.books.files.reading import Seen
from services.gateway.books.files.records import Record, at_most_max_rows, shapely
from services.gateway.books.files.schwab import date_assumed, entry_date
from services.gateway.books.files.signs import check_modifiers, signed_quantity, trade_of
from services.gateway.books.files.sizes import check_shares, check_size
from services.gateway.books.files.tags import MAX_TAGS, MAX_TAGS_TEXT, tags_in, why_not_a_tag
from services.gateway.books.files.turning import check_turned, left_out, turning_columns
from shared.spreadsheet import rearmed
from shared.texts import shows_all

MAX_SUBTYPE_LENGTH = 50
_LAYOUTS = {layout.source: layout for layout in (FIVE_COLUMNS, TWELVE_COLUMNS)}


def listed_sheet(line: int, header: list[str], records: Iterator[Record]) -> Sheet:
    """The rows below a header; raises `UnreadableFile` when a required column is missing."""
    layout, columns = layout_of(line, header)
    shaped, problems = shapely(at_most_max_rows(records), columns, layout.required)
    unread = unread_columns(header, columns, layout)
    every = [cells for _, cells in shaped]
    turning = turning_columns(line, unread, every, of_positions=True)
    rows = (
        Row(number, dict(zip(columns, cells, strict=False)), turning) for number, cells in shaped
    )
    ignored = left_out(unread, turning)
    return Sheet(layout.source, line, tuple(rows), problems, ignored=ignored)


def listed_holdings(sheet: Sheet, rules: Rules) -> Holdings:
    """The rows held against every rule."""
    seen = Seen()
    accepted: list[Holding] = []
    problems = list(sheet.problems)
    warnings = [date_assumed(sheet, rules)] if sheet.undated else []
    noted = {warning.line: warning for warning in sheet.warnings}
    traded: dict[str, dict[str, list[int]]] = {}
    for reading in listed_readings(sheet, rules):
        holding = reading.holding(seen)
        problems += reading.problems
        if holding is not None:
            accepted.append(holding)
            warnings += reading.warnings
            warnings += [noted[holding.line]] if holding.line in noted else []
            if trade := trade_of(reading):
                traded.setdefault(holding.symbol, {}).setdefault(trade, []).append(holding.line)
    found = Holdings(tuple(accepted), tuple(problems), tuple(warnings))
    return without(found, _bought_and_sold(traded))


def _bought_and_sold(traded: Mapping[str, Mapping[str, Sequence[int]]]) -> list[Problem]:
    """The rows of instruments that the file buys on some lines and sells on others.

    These are trades: as positions they would be held twice over.
    """
    problems: list[Problem] = []
    for symbol, lines in traded.items():
        if len(lines) < 2:
            continue
        message = (
            f"line {lines['buy'][0]} buys {symbol} and line {lines['sell'][0]} sells it: send "
            "trades as a file of transactions (date, type, symbol, quantity, price), or write LONG "
            "and SHORT for two positions"
        )
        both = sorted((*lines["buy"], *lines["sell"]))
        problems += [Problem(line, None, "bought_and_sold", message) for line in both]
    return problems


def listed_readings(sheet: Sheet, rules: Rules) -> Iterator["ListedReading"]:
    """Each row, about to be read; with the day that is assumed where a file has no entry dates."""
    layout = _LAYOUTS[sheet.source]
    assumed = {"entry_date": entry_date(sheet, rules).isoformat()} if sheet.undated else {}
    rows = (
        row if row.cells.get("entry_date") else replace(row, cells={**row.cells, **assumed})
        for row in sheet.rows
    )
    return (ListedReading(row, rules, layout) for row in rows)


class ListedReading(NamedReading):
    """One row of either column set: the shorter one just has fewer cells."""

    def holding(self, seen: Seen) -> Holding | None:
        """The row as a holding; None when it has problems."""
        instrument = self.instrument()
        price_field = self.layout.entry_price
        number = self.quantity(self.number("quantity", self.text("quantity")))
        quantity = signed_quantity(self, number, instrument)
        price = self.number(price_field, self.text(price_field))
        if price != 0 or not self.rules.worthless:
            price = self.price(price_field, price)
        entered = self._entry_date()
        exited, exit_price = self._exit(entered)
        tags = self._tags()
        subtype = self._subtype()
        self._check_terms(instrument, quantity, price, entered)
        seen.check(self)
        if (
            self.problems
            or instrument is None
            or quantity is None
            or price is None
            or entered is None
        ):
            return None
        self._check_shares(instrument, price, entered)
        return Holding(
            self.row.line,
            instrument,
            quantity,
            price,
            entered,
            tags,
            self.given_class,
            subtype,
            exited,
            exit_price,
            market_value=money(self.row.cells.get("market_value", "")),
            stated_on=entered if self.rules.shares_of_entry_date else None,
        )

    def _check_terms(
        self,
        instrument: Instrument | None,
        quantity: Decimal | None,
        price: Decimal | None,
        entered: date | None,
    ) -> None:
        """What no cell says alone."""
        check_modifiers(self, instrument, closed=bool(self.row.cells.get("exit_date")))
        check_turned(self, instrument)
        if instrument is None:
            return
        self.check_class(self.given_class, instrument)
        if entered is not None:
            self.check_lifetime(self.option_field, "entry_date", instrument, entered)
        if quantity and price is not None:
            check_size(self, instrument, quantity, price)

    def _check_shares(self, instrument: Instrument, price: Decimal, entered: date) -> None:
        rules = self.rules
        if isinstance(instrument, str) and self.given_class != PRIVATE:
            stated_on = entered if rules.shares_of_entry_date else rules.stated_on or rules.as_of
            check_shares(self, self.layout.entry_price, instrument, price, entered, stated_on)

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
        elif not shows_all(subtype):
            message = "investment_subtype holds a control character: delete it"
            self.complain("investment_subtype", "invalid_text", message)
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
