"""Charles Schwab's own export of positions.

A title line, a header, rows of money and percentages, totals:

    "Positions for account Individual ...123 as of 04:05 PM ET, 12/28/2022"

    "Symbol","Description","Quantity","Price",...,"Cost Basis",...,"Security Type"
    "AAPL","APPLE INC","100","$126.04",...,"$9,850.00",...,"Equity"
    "AAPL 01/20/2023 150.00 C","CALL APPLE INC $150 EXP 01/20/23","-2",...,"Option"
    "Cash & Cash Investments","--","--","--",...,"$3,096.90",...,"Cash and Money Market"
    "Account Total",...

Newer exports call columns "Qty (Quantity)", "Mkt Val (Market Value)" and "Asset Type" and end in
"Positions Total". An export of all accounts repeats header and totals below a line with each
account's name. No export says when or at which price a position was entered, so both are derived,
and the preview says how.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from services.gateway.books.files.brokers import broker_day, broker_option, money
from services.gateway.books.files.holdings import (
    Export,
    Holding,
    Holdings,
    Row,
    Rules,
    Sheet,
    Skipped,
)
from services.gateway.books.files.instruments import Instrument, listed_instrument, multiplier_of
from services.gateway.books.files.layouts import Source, snake_case
from services.gateway.books.files.problems import Problem, UnreadableFile
from services.gateway.books.files.reading import LARGEST_NUMBER, MAX_CELL, SMALLEST_STEP, Reading
from services.gateway.books.files.records import MAX_COLUMNS, Record, at_most_max_rows, misshapen
from services.gateway.books.files.sizes import check_size

_TITLE = re.compile(
    r"positions for (account )?(?P<account>.+?) as of (.*[, ])?(?P<day>[\d/\-]+)$", re.IGNORECASE
)
_MAX_TITLE = 200
LAYOUT = "Charles Schwab positions"
_NOTHING = ("", "-", "--", "n/a", "incomplete", "missing")
_REQUIRED = ("symbol", "quantity")
_NAMES = {
    "qty_(quantity)": "quantity",
    "mkt_val_(market_value)": "market_value",
    "cost/share": "cost_per_share",
    "asset_type": "security_type",
}
_CASH = "cash & cash investments"
_CASH_TYPE = "cash and money market"
_TOTALS = ("account total", "positions total", "total")
_FUTURES = ("futures cash", "futures positions market value")


def is_title(first: Sequence[str]) -> bool:
    """Whether a file starts with an export's title."""
    return first[0].lower().startswith("positions for ")


def is_export(first: Sequence[str]) -> bool:
    """Whether a row is an export's header."""
    names = set(_column_names(first))
    return names >= {*_REQUIRED, "market_value", "security_type"} and "entry_date" not in names


def is_header(cells: Sequence[str]) -> bool:
    """Whether a row below an export's title is its header."""
    head = cells[:MAX_COLUMNS]
    return any(cell.lower() == "symbol" for cell in head) and {*_REQUIRED} <= set(
        _column_names(head)
    )


def export_sheet(line: int, first: list[str], records: Iterator[Record]) -> Sheet:
    """The export's positions, and notices about its other lines.

    Raises `UnreadableFile` without a header.
    """
    parser = _Parser(line)
    parser.take(line, first)
    for number, cells in at_most_max_rows(records):
        parser.take(number, cells)
    return parser.sheet()


class _Parser:
    """Sorts an export's records into titles, headers, account names, positions and others."""

    def __init__(self, line: int) -> None:
        self.line = line
        self.columns: list[str] = []
        self.rows: list[Row] = []
        self.problems: list[Problem] = []
        self.skipped: list[Skipped] = []
        self.accounts: list[str] = []
        self.exported_on: date | None = None
        self.cash: Decimal | None = None
        self.total: Decimal | None = None

    def take(self, line: int, cells: list[str] | None) -> None:
        """One record."""
        title = _TITLE.match(cells[0][:_MAX_TITLE]) if cells else None
        if cells and title:
            self._title(title)
        elif cells and is_header(cells):
            self.columns = _column_names(cells)
        elif cells and not any(cells[1:]) and cells[0].lower() not in (_CASH, *_TOTALS, *_FUTURES):
            self.accounts.append(cells[0][:MAX_CELL])
        elif self.columns:
            self._row(line, cells)

    def sheet(self) -> Sheet:
        """What was found."""
        if not self.columns:
            message = "the export has no header with the columns Symbol and Quantity"
            raise UnreadableFile(self.line, "missing_column", message, field="symbol")
        accounts = [name for name in self.accounts if name.lower() != "all-accounts"]
        skipped = tuple(self.skipped)
        export = Export(tuple(accounts), self.exported_on, self.cash, skipped, self.total)
        found = (tuple(self.rows), tuple(self.problems), export)
        return Sheet(Source.SCHWAB, self.line, *found, layout=LAYOUT, undated=True)

    def _title(self, title: re.Match[str]) -> None:
        self.accounts.append(title["account"].strip()[:MAX_CELL])
        self.exported_on = broker_day(title["day"])

    def _row(self, line: int, cells: list[str] | None) -> None:
        problem = misshapen(line, cells, self.columns, _REQUIRED)
        if problem or cells is None:
            self.problems += [problem] if problem else []
            return
        row = Row(line, dict(zip(self.columns, cells, strict=False)))
        if not self._skip(row):
            self.rows.append(row)

    def _skip(self, row: Row) -> bool:
        """Whether the row is no position; cash is added up."""
        label = row.cells["symbol"]
        kind = row.cells.get("security_type", "").lower()
        if label.lower() in _TOTALS:
            self._add_total(row)
        elif label.lower() in _FUTURES:
            self.skipped.append(
                Skipped(row.line, label, "futures", "futures accounts are not imported")
            )
        elif label.lower() == _CASH or kind == _CASH_TYPE:
            self._add_cash(row)
        else:
            return False
        return True

    def _add_total(self, row: Row) -> None:
        """Each account's total; that of all accounts would count them again."""
        value = money(row.cells.get("market_value", ""))
        if row.cells["symbol"].lower() != "total":
            self.total = self.total if value is None else (self.total or Decimal(0)) + value
        label = row.cells["symbol"]
        self.skipped.append(Skipped(row.line, label, "total", "a total of the lines above"))

    def _add_cash(self, row: Row) -> None:
        value = money(row.cells.get("market_value", ""))
        self.cash = self.cash if value is None else (self.cash or Decimal(0)) + value
        message = (
            "cash is no position: it counts in the equity balance of a portfolio that is created"
        )
        self.skipped.append(Skipped(row.line, row.cells["symbol"][:MAX_CELL], "cash", message))


def _column_names(cells: Sequence[str]) -> list[str]:
    names = [snake_case(cell) for cell in cells]
    return [_NAMES.get(name, name) for name in names]


def entry_date(sheet: Sheet, rules: Rules) -> date:
    """The day on which the export's positions count as entered.

    As requested, else the export's own day, at most the day it is read for.
    """
    exported_on = sheet.export.exported_on if sheet.export else None
    return rules.entry_date or min(exported_on or rules.as_of, rules.as_of)


def assumptions(sheet: Sheet, rules: Rules) -> list[Problem]:
    """What is assumed of every position of the export, as warnings about its title."""
    price = "the export has no entry prices: cost basis / quantity is used"
    return [
        date_assumed(sheet, rules),
        Problem(sheet.line, "entry_price", "entry_price_derived", price),
    ]


def date_assumed(sheet: Sheet, rules: Rules) -> Problem:
    """The day that is assumed of every position of a file without entry dates, as a warning."""
    exported_on = sheet.export.exported_on if sheet.export else None
    day = f"is of {exported_on}" if exported_on else "does not say its day"
    entered = entry_date(sheet, rules)
    chosen = "as requested" if rules.entry_date else "send entry_date to choose another day"
    message = (
        f"the export {day} and has no entry dates: its positions count as entered on {entered} "
        f"({chosen})"
    )
    return Problem(sheet.line, "entry_date", "entry_date_assumed", message)


class ExportReading(Reading):
    """One position of the export."""

    def __init__(self, row: Row, rules: Rules, entered: date) -> None:
        super().__init__(row, rules)
        self.entered = entered

    def holding(self) -> Holding | None:
        """The row as a holding; None when it has problems."""
        instrument = self.instrument()
        quantity = self.quantity(self._number("quantity"))
        price = (
            self._entry_price(instrument, quantity) if instrument is not None and quantity else None
        )
        if instrument is not None:
            self.require_market_data("symbol", instrument)
            self.check_lifetime("symbol", "entry_date", instrument, self.entered)
        if instrument is not None and quantity:
            check_size(self, instrument, quantity, price)
        if self.problems or instrument is None or quantity is None or price is None:
            return None
        value = money(self.row.cells.get("market_value", ""))
        return Holding(self.row.line, instrument, quantity, price, self.entered, market_value=value)

    def instrument(self) -> Instrument | None:
        """What the row holds; None, with a problem, when it does not say."""
        text = self._filled("symbol")
        if text is None:
            return None
        symbol = text.rstrip("*").upper()
        return self.meant("symbol", broker_option(symbol) or listed_instrument(symbol))

    def _filled(self, field: str) -> str | None:
        text = self.row.cells.get(field, "")
        if text.lower() in _NOTHING:
            self.complain(field, "missing_value", f"{field} is empty")
            return None
        return self.text(field)

    def _number(self, field: str) -> Decimal | None:
        text = self._filled(field)
        value = money(text) if text else None
        if text is not None and value is None:
            self.complain(field, "not_a_number", f"{field} {text!r} is not a number")
        return self.number(field, str(value)) if value is not None else None

    def _entry_price(self, instrument: Instrument, quantity: Decimal) -> Decimal | None:
        """Cost basis / quantity, else the cost per share, else the export's own price.

        The last of these adds a warning.
        """
        multiplier = multiplier_of(instrument)
        basis = money(self.row.cells.get("cost_basis", ""))
        if basis is not None:
            return self._positive("cost_basis", abs(basis) / abs(quantity * multiplier))
        per_share = money(self.row.cells.get("cost_per_share", ""))
        if per_share is not None:
            return self._positive("cost_per_share", abs(per_share))
        price = self._number("price")
        if price is not None:
            message = "the export has no cost basis here: its price is used as the entry price"
            self.warn("cost_basis", "entry_price_from_market", message)
        return None if price is None else self._positive("price", price)

    def _positive(self, field: str, price: Decimal) -> Decimal | None:
        if price >= LARGEST_NUMBER:
            self.complain(
                field, "too_large", f"{field} gives an entry price of {LARGEST_NUMBER:,} or more"
            )
            return None
        rounded = price.quantize(SMALLEST_STEP, ROUND_HALF_UP)
        if rounded <= 0:
            message = f"{field} gives an entry price of {rounded}, which is not above 0"
            self.complain(field, "price_not_positive", message)
            return None
        return rounded


def export_holdings(sheet: Sheet, rules: Rules) -> Holdings:
    """The export's positions; one that several accounts hold is added up."""
    entered = entry_date(sheet, rules)
    sums: dict[str, Holding] = {}
    problems = list(sheet.problems)
    warnings = assumptions(sheet, rules)
    for reading in (ExportReading(row, rules, entered) for row in sheet.rows):
        holding = reading.holding()
        if holding is not None:
            first = sums.setdefault(holding.symbol, holding)
            if first is not holding:
                sums[holding.symbol] = _added(reading, first, holding)
            warnings += reading.warnings
        problems += reading.problems
    return Holdings(tuple(sums.values()), tuple(problems), tuple(warnings))


def _added(reading: ExportReading, first: Holding, more: Holding) -> Holding:
    """Both holdings as one at their average price.

    Where they cannot be added: the first alone, with a problem.
    """
    symbol = more.symbol
    quantity = first.quantity + more.quantity
    if (first.quantity > 0) != (more.quantity > 0):
        message = (
            f"{symbol} is held long and short, here and on line {first.line}: import one account "
            "at a time"
        )
        reading.complain("symbol", "long_and_short", message)
        return first
    if abs(quantity) >= LARGEST_NUMBER:
        message = f"{symbol} here and on line {first.line} add up to {LARGEST_NUMBER:,} or more"
        reading.complain("quantity", "too_large", message)
        return first
    cost = first.quantity * first.entry_price + more.quantity * more.entry_price
    price = (cost / quantity).quantize(SMALLEST_STEP, ROUND_HALF_UP)
    values = (first.market_value, more.market_value)
    value = None if None in values else sum((one for one in values if one is not None), Decimal(0))
    message = (
        f"{symbol} is on line {first.line} too: the quantities are added, at their average price"
    )
    reading.warn("symbol", "added_up", message)
    return replace(first, quantity=quantity, entry_price=price, market_value=value)
