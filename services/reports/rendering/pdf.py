"""PDF by typst: no system library, no network, no clock, and tagged for readers (PDF/UA-1).

The template is ours and static. What users wrote goes in as one JSON text, so no name is ever read
as typst's language; the root holds nothing that a template could read.
"""

import json
import re
from pathlib import Path

from services.reports.calculations.words import MINUS, shown
from services.reports.inputs import (
    Block,
    Chart,
    Fact,
    Facts,
    Kind,
    Question,
    Remark,
    Report,
    Section,
    Table,
    Value,
)
from services.reports.rendering.pictures import svg
from services.reports.rendering.typesetting import NotSet, pdf_of

TEMPLATE = Path(__file__).with_name("report.typ")
FONT = "Libertinus Serif"  # typst carries it
REPLACEMENT = "\ufffd"
USUAL = frozenset(map(chr, (*range(0x20, 0x7F), *range(0xA1, 0x180)))) | frozenset(f"{MINUS}–…’")
_TITLED = '#set document(title: "glyphs", date: none)'
_CONTROL = re.compile(r"\\(?:[bf]|u00[01][0-9a-f])")
_ESCAPE = re.compile(rf'\\(["\\/nrt])|{_CONTROL.pattern}')
_LINE = re.compile(r"^ +┌─ [^\n]*?:(\d+):\d+$", re.MULTILINE)
MOST_ASKED = 2_000  # characters, 0.3 s; a document that has more shows signs for the rest
MOST_ROWS = 1_000  # of a table: no reader turns more pages
MOST_CELLS = 20_000  # of a document: each takes 9 kB of memory until the end
LEAST_ROWS = 10  # of a table, in a document of any size


def write(report: Report, _: Question) -> bytes:
    """The report as a PDF; the same report has the same bytes."""
    text = _without_controls(json.dumps(_described(report), ensure_ascii=False))
    try:
        return pdf_of(TEMPLATE.read_bytes(), shown_as_far(text, without_glyph(text)))
    except NotSet:  # some are there alone, and missing where they are joined
        return pdf_of(TEMPLATE.read_bytes(), shown_as_far(text, unusual(text)))


# --- characters ---


def unusual(text: str) -> set[str]:
    """The characters of the text that the fonts may not have."""
    return {each for each in set(text) - USUAL if not each.isspace()}


def without_glyph(text: str) -> set[str]:
    """The characters of the text that no font has. PDF/UA-1 refuses a document that shows one.

    Each is a line of a document that has nothing else: its lines with errors are those.
    """
    asked = sorted(unusual(text))
    if not asked:
        return set()
    more = set(asked[MOST_ASKED:])
    asked = asked[:MOST_ASKED]
    lines = "".join(f'#"\\u{{{ord(each):x}}}" #parbreak()\n' for each in asked)
    try:
        pdf_of(f"{_TITLED}\n{lines}".encode(), "")
    except NotSet as error:
        return more | {asked[int(line) - 2] for line in _LINE.findall(error.diagnostic)}
    return more


def _without_controls(text: str) -> str:
    """JSON with a sign in place of each control character, which it has as an escape."""
    if _CONTROL.search(text) is None:
        return text
    return _ESCAPE.sub(lambda found: found[0] if found[1] else REPLACEMENT, text)


def shown_as_far(text: str, missing: set[str]) -> str:
    """The text with a sign in place of each of these characters."""
    return text.translate(dict.fromkeys(map(ord, missing), REPLACEMENT)) if missing else text


def _described(report: Report) -> dict[str, object]:
    most = _most_rows(report)
    names = ", ".join(chapter.name for chapter in report.chapters)
    return {
        "heading": f"{names}: {report.title}, {report.as_of}",
        "names": names,
        "title": report.title,
        "as_of": report.as_of,
        "basis": report.basis[:12],
        "chapters": [
            {
                "name": chapter.name,
                "as_of": chapter.as_of,
                "sections": [
                    {
                        "title": section.title,
                        "blocks": [_block(section, each, most) for each in section.blocks],
                    }
                    for section in chapter.sections
                ],
            }
            for chapter in report.chapters
        ],
    }


def _most_rows(report: Report) -> int:
    """How many rows a table may have, so that all of them have as many cells as a document may.

    The longest tables are cut first.
    """
    tables = [
        block
        for chapter in report.chapters
        for section in chapter.sections
        for block in section.blocks
        if isinstance(block, Table)
    ]

    def cells(most: int) -> int:
        return sum(min(len(each.rows), most) * len(each.columns) for each in tables)

    fitting = (most for most in range(MOST_ROWS, LEAST_ROWS, -10) if cells(most) <= MOST_CELLS)
    return next(fitting, min(LEAST_ROWS, MOST_ROWS))


def _block(section: Section, block: Block, most: int) -> dict[str, object]:
    match block:
        case Table():
            return _table(block, section.caption(block), most)
        case Facts():
            return {"type": "facts", "facts": [_fact(each) for each in block.facts]}
        case Chart():
            return {
                "type": "chart",
                "title": block.title,
                "says": block.says,
                "svg": svg(block, FONT),
            }
        case Remark():
            return {"type": "remark", "text": block.text, "warning": block.tone == "warning"}


def _fact(fact: Fact) -> dict[str, object]:
    is_loss = isinstance(fact.value, float | int) and fact.value < 0
    return {
        "name": fact.name,
        "value": _text(fact.value, fact.kind),
        "negative": is_loss,
        "note": fact.reason,
    }


def _table(table: Table, title: str, most: int) -> dict[str, object]:
    kept = table.rows[:most]
    cut = len(table.rows) - len(kept)
    more = f"{cut:,} more rows are in the xlsx, csv and html of this report." if cut else ""
    return {
        "type": "table",
        "title": title,
        "columns": [
            {"name": each.name, "number": each.kind is not Kind.TEXT, "wide": each.wide}
            for each in table.columns
        ],
        "rows": [
            [_text(value, table.kind_of(place, number)) for number, value in enumerate(row)]
            for place, row in enumerate(kept)
        ],
        "totals": 0 if cut else table.totals,
        "note": " ".join(filter(None, (table.note, more))),
    }


def _text(value: Value, kind: Kind) -> str:
    if kind is Kind.TEXT:
        return "" if value is None else str(value)
    return shown(value, kind).replace("-", MINUS)
