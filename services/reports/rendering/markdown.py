"""Markdown: headings, lists of figures and tables, for notes and for language models."""

import re
from collections.abc import Iterator

from services.reports.calculations.words import shown
from services.reports.inputs import (
    Block,
    Chart,
    Facts,
    Kind,
    Question,
    Remark,
    Report,
    Table,
    Value,
)

# What Markdown, or the HTML inside it, would read as more than text.
_MARKUP = re.compile(r"([\\`*_{}\[\]<>()#+!|~$&-])")


def write(report: Report, _: Question) -> bytes:
    """The report as a text that renders anywhere."""
    return "\n".join(_lines(report)).encode() + b"\n"


def _lines(report: Report) -> Iterator[str]:
    names = ", ".join(chapter.name for chapter in report.chapters)
    yield f"# {safe(names)}: {report.title}"
    yield f"\nAs of the close of {report.as_of}. Figures {report.basis[:12]}."
    for chapter in report.chapters:
        level = "##"
        if len(report.chapters) > 1:
            yield f"\n## {safe(chapter.name)}, {chapter.as_of}"
            level = "###"
        for section in chapter.sections:
            yield f"\n{level} {section.title}"
            for block in section.blocks:
                yield from _block(block)


def _block(block: Block) -> Iterator[str]:
    match block:
        case Table():
            yield from _table(block)
        case Facts():
            yield ""
            for fact in block.facts:
                unit = " USD" if fact.kind is Kind.MONEY and fact.value is not None else ""
                reason = f" ({safe(fact.reason)})" if fact.reason else ""
                yield f"- {safe(fact.name)}: **{_cell(fact.value, fact.kind)}{unit}**{reason}"
        case Remark():
            mark = "> " if block.tone == "warning" else ""
            yield f"\n{mark}{safe(block.text)}"
        case Chart():
            yield f"\n*{safe(block.title)}: {safe(block.says)}*"


def _table(table: Table) -> Iterator[str]:
    yield f"\n**{safe(table.title)}**\n"
    yield _row([safe(column.name) for column in table.columns])
    yield _row(["---" if column.kind is Kind.TEXT else "---:" for column in table.columns])
    for place, row in enumerate(table.rows):
        yield _row([_cell(value, table.kind_of(place, n)) for n, value in enumerate(row)])
    if table.note:
        yield f"\n{safe(table.note)}"


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(value: Value, kind: Kind) -> str:
    if isinstance(value, str):
        return safe(value)
    return "" if value is None and kind is Kind.TEXT else shown(value, kind)


def safe(text: str) -> str:
    """The text on one line, with every mark of Markdown escaped."""
    return _MARKUP.sub(r"\\\1", " ".join(text.split()))
