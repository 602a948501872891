"""A workbook: a sheet per section, numbers as numbers, charts that are the spreadsheet's.

Text is never read as a formula or a link, and rows go to disk as they are written.
"""

import io
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from services.reports.calculations.words import title_of
from services.reports.inputs import (
    Block,
    Chapter,
    Chart,
    Facts,
    Kind,
    Question,
    Remark,
    Report,
    Section,
    Shape,
    Table,
    Value,
)

OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
NUMBERS = {
    Kind.TEXT: "General",
    Kind.MONEY: "#,##0.00;[Red]-#,##0.00",
    Kind.SHARE: "0.00%;[Red]-0.00%",
    Kind.RATIO: "#,##0.0000",
    Kind.GREEK: "#,##0.00####",
    Kind.QUANTITY: "#,##0.######",
    Kind.PRICE: "#,##0.00####",
    Kind.COUNT: "#,##0",
}
WIDTHS = {Kind.TEXT: 18.0}
NUMBER_WIDTH = 16.0
FIRST_WIDTH = 38.0
WIDEST = 12
CHART_ROWS = 16
LONGEST_NAME = 31
DRAWN = {Shape.LINES: "line", Shape.COLUMNS: "column", Shape.BARS: "bar"}


def write(report: Report, _: Question) -> bytes:
    """The report as a workbook; the same report has the same bytes."""
    out = io.BytesIO()
    with Workbook(out, OPTIONS) as book:
        created = datetime.fromisoformat(report.as_of)
        book.set_properties({"title": report.title, "author": "SigmaSight", "created": created})
        styles = _Styles(book)
        _cover(book, styles, report)
        for number, chapter in enumerate(report.chapters, start=1):
            for section in chapter.sections:
                _Sheet(book, styles, _sheet_name(report, number, section), chapter).fill(section)
    return out.getvalue()


def _sheet_name(report: Report, number: int, section: Section) -> str:
    several = len(report.chapters) > 1
    return (f"{number} {section.title}" if several else section.title)[:LONGEST_NAME]


class _Styles:
    """The formats of a workbook, each made once."""

    def __init__(self, book: Workbook) -> None:
        self.title: Format = book.add_format({"bold": True, "font_size": 14})
        self.heading: Format = book.add_format({"bold": True, "font_size": 12})
        self.header: Format = book.add_format(
            {"bold": True, "bottom": 1, "text_wrap": True, "valign": "bottom"}
        )
        self.header_number: Format = book.add_format(
            {"bold": True, "bottom": 1, "text_wrap": True, "valign": "bottom", "align": "right"}
        )
        self.note: Format = book.add_format({"italic": True, "font_color": "#57606a"})
        self.by_kind = {
            kind: book.add_format({"num_format": form}) for kind, form in NUMBERS.items()
        }
        self.totals = {
            kind: book.add_format({"num_format": form, "bold": True, "top": 1})
            for kind, form in NUMBERS.items()
        }


def _cover(book: Workbook, styles: _Styles, report: Report) -> None:
    sheet: Worksheet = book.add_worksheet("Report")
    sheet.set_column(0, 0, FIRST_WIDTH)
    sheet.set_column(1, 1, 24)
    sheet.write_string(0, 0, report.title, styles.title)
    facts = [("As of the close of", report.as_of), ("Template", title_of(report.template))]
    facts += [("Figures", report.basis)]
    for place, (name, text) in enumerate(facts, start=1):
        sheet.write_string(place, 0, name)
        sheet.write_string(place, 1, text)
    row = len(facts) + 2
    sheet.write_string(row, 0, "Portfolio", styles.header)
    sheet.write_string(row, 1, "As of", styles.header)
    for place, chapter in enumerate(report.chapters, start=row + 1):
        sheet.write_string(place, 0, chapter.name)
        sheet.write_string(place, 1, chapter.as_of)


class Writing(Protocol):
    """What writes a block, and moves on to the next free row."""

    def __call__(self, block: Block) -> None: ...


class _Sheet:
    """One section's sheet, filled from the top: no row is written twice."""

    def __init__(self, book: Workbook, styles: _Styles, name: str, chapter: Chapter) -> None:
        self.book = book
        self.styles = styles
        self.name = name
        self.chapter = chapter
        self.sheet: Worksheet = book.add_worksheet(name)
        self.row = 0

    def fill(self, section: Section) -> None:
        """Write the section's blocks, one below the other."""
        self.sheet.set_column(0, 0, FIRST_WIDTH)
        self.sheet.set_column(1, WIDEST, NUMBER_WIDTH)
        self.sheet.set_landscape()
        self.sheet.fit_to_pages(1, 0)
        self._text(f"{self.chapter.name}: {section.title}", self.styles.title)
        self._text(f"As of the close of {self.chapter.as_of}", self.styles.note)
        self.row += 1
        for block in section.blocks:
            self._block(block)
            self.row += 1

    def _text(self, text: str, style: Format | None = None) -> None:
        self.sheet.write_string(self.row, 0, text, style)
        self.row += 1

    def _block(self, block: Block) -> None:
        match block:
            case Table():
                self._table(block)
            case Facts():
                for fact in block.facts:
                    self.sheet.write_string(self.row, 0, fact.name)
                    self._cell(1, fact.value, self.styles.by_kind[fact.kind])
                    self.sheet.write_string(self.row, 2, fact.reason)
                    self.row += 1
            case Remark():
                self._text(block.text, self.styles.note)
            case Chart():
                self._chart(block)

    def _header(self, names: Sequence[str], kinds: Sequence[Kind]) -> None:
        for place, (name, kind) in enumerate(zip(names, kinds, strict=True)):
            style = self.styles.header if kind is Kind.TEXT else self.styles.header_number
            self.sheet.write_string(self.row, place, name, style)
        self.row += 1

    def _cell(self, place: int, value: Value, style: Format) -> None:
        if isinstance(value, str):
            self.sheet.write_string(self.row, place, value, style)
        elif value is None:
            self.sheet.write_blank(self.row, place, None, style)
        else:
            self.sheet.write_number(self.row, place, value, style)

    def _table(self, table: Table) -> None:
        self._text(table.title, self.styles.heading)
        self._header([each.name for each in table.columns], [each.kind for each in table.columns])
        first_total = len(table.rows) - table.totals
        for place, row in enumerate(table.rows):
            styles = self.styles.totals if place >= first_total else self.styles.by_kind
            for number, value in enumerate(row):
                self._cell(number, value, styles[table.kind_of(place, number)])
            self.row += 1
        if table.note:
            self._text(table.note, self.styles.note)

    def _chart(self, chart: Chart) -> None:
        """The values as a table, and the spreadsheet's chart of them next to it."""
        top = self.row
        self._text(chart.title, self.styles.heading)
        names = ["", *(each.name for each in chart.series)]
        self._header(names, [Kind.TEXT, *(chart.kind for _ in chart.series)])
        first = self.row
        for place, label in enumerate(chart.labels):
            self.sheet.write_string(self.row, 0, label)
            for number, each in enumerate(chart.series, start=1):
                self._cell(number, each.values[place], self.styles.by_kind[chart.kind])
            self.row += 1
        last = self.row - 1
        drawn = self.book.add_chart({"type": DRAWN[chart.shape]})
        for number in range(1, len(names)):
            drawn.add_series(
                {
                    "name": [self.name, first - 1, number],
                    "categories": [self.name, first, 0, last, 0],
                    "values": [self.name, first, number, last, number],
                }
            )
        drawn.set_title({"name": chart.title, "name_font": {"size": 11}})
        if len(chart.series) == 1:
            drawn.set_legend({"none": True})
        if chart.shape is Shape.BARS:
            drawn.set_y_axis({"reverse": True, "label_position": "low"})
        else:
            drawn.set_x_axis({"label_position": "low"})
        self.sheet.insert_chart(top, len(names) + 1, drawn, {"description": chart.says})
        self.row = max(self.row, top + CHART_ROWS)
