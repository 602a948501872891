"""PDF by typst: no system library, no network, no clock, and tagged for readers (PDF/UA-1).

The template is ours and static. What users wrote goes in as one JSON text, so no name is ever read
as typst's language; the root holds nothing that a template could read.
"""

import json
from pathlib import Path

import typst

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

TEMPLATE = Path(__file__).with_name("report.typ")
FONT = "Libertinus Serif"  # typst carries it
STANDARD = "ua-1"
FORGOTTEN_AFTER = 12
_NOTHING = typst.Compiler(b"", font_paths=typst.Fonts(include_system_fonts=False))
MOST_ROWS = 1_000  # of a table: no reader turns more pages, and each takes memory until the end


def write(report: Report, _: Question) -> bytes:
    """The report as a PDF; the same report has the same bytes."""
    content: bytes = typst.compile(  # type: ignore[call-overload]
        TEMPLATE.read_bytes(),
        format="pdf",
        ignore_system_fonts=True,
        sys_inputs={"report": json.dumps(_described(report), ensure_ascii=False)},
        pdf_standards=[STANDARD],
    )
    _forget()
    return content


def _forget() -> None:
    """Free what typst remembers of a document for the next ones, which are of other figures.

    It forgets what the last ten compilations did not need; without this, the memory of a process
    grows to three times as much.
    """
    for _ in range(FORGOTTEN_AFTER):
        _NOTHING.compile(b"", format="pdf")


def _described(report: Report) -> dict[str, object]:
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
                        "blocks": [_block(section, each) for each in section.blocks],
                    }
                    for section in chapter.sections
                ],
            }
            for chapter in report.chapters
        ],
    }


def _block(section: Section, block: Block) -> dict[str, object]:
    match block:
        case Table():
            return _table(block, section.caption(block))
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


def _table(table: Table, title: str) -> dict[str, object]:
    kept = table.rows if len(table.rows) <= MOST_ROWS else table.rows[:MOST_ROWS]
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
