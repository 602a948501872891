"""One file of HTML: styles and pictures inside, no script, no address of another place."""

from collections.abc import Iterator
from html import escape
from pathlib import Path

from services.reports.calculations.words import MINUS, shown
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
    Table,
)
from services.reports.rendering.pictures import svg

STYLE = Path(__file__).with_name("report.css")
FONT = "inherit"
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def write(report: Report, _: Question) -> bytes:
    """The report as a page that needs nothing but itself."""
    return "".join(_page(report)).encode()


def _page(report: Report) -> Iterator[str]:
    names = ", ".join(chapter.name for chapter in report.chapters)
    title = escape(f"{names}: {report.title}, {report.as_of}")
    yield (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{STYLE.read_text(encoding='utf-8')}</style></head><body>"
    )
    yield f'<header><p class="what">{escape(report.title)}</p>'
    yield f"<h1>{escape(names)}</h1>"
    yield f"<p>As of the close of {escape(report.as_of)}. Amounts in USD.</p></header><main>"
    for number, chapter in enumerate(report.chapters):
        yield from _chapter(chapter, number, alone=len(report.chapters) == 1)
    yield (
        f"</main><footer>SigmaSight. Figures {escape(report.basis[:12])}: the same figures have "
        "the same report.</footer></body></html>\n"
    )


def _chapter(chapter: Chapter, number: int, *, alone: bool) -> Iterator[str]:
    yield "<article>"
    if not alone:
        yield f'<h2 class="portfolio">{escape(chapter.name)} <small>{chapter.as_of}</small></h2>'
    if len(chapter.sections) > 2:
        yield '<nav aria-label="Sections"><ul>'
        for section in chapter.sections:
            yield f'<li><a href="#{section.name}-{number}">{escape(section.title)}</a></li>'
        yield "</ul></nav>"
    for section in chapter.sections:
        yield from _section(section, number)
    yield "</article>"


def _section(section: Section, number: int) -> Iterator[str]:
    yield f'<section id="{section.name}-{number}"><h2>{escape(section.title)}</h2>'
    for block in section.blocks:
        yield from _block(section, block)
    yield "</section>"


def _block(section: Section, block: Block) -> Iterator[str]:
    match block:
        case Table():
            yield from _table(block, section.caption(block))
        case Facts():
            yield from _facts(block)
        case Chart():
            caption = f"<figcaption>{escape(block.title)}</figcaption>"
            yield f"<figure>{caption}{svg(block, FONT)}</figure>"
        case Remark():
            yield f'<p class="{block.tone}">{escape(block.text)}</p>'


def _facts(block: Facts) -> Iterator[str]:
    yield '<dl class="facts">'
    for fact in block.facts:
        reason = f"<small>{escape(fact.reason)}</small>" if fact.reason else ""
        unit = ' <span class="unit">USD</span>' if fact.kind is Kind.MONEY else ""
        unit = "" if fact.value is None else unit
        yield (
            f"<div><dt>{escape(fact.name)}</dt>"
            f"<dd{_tone(fact.value, fact.kind)}>{_value(fact.value, fact.kind)}"
            f"{unit}{reason}</dd></div>"
        )
    yield "</dl>"


def _table(table: Table, title: str) -> Iterator[str]:
    caption = f"<caption>{escape(title)}</caption>" if title else ""
    yield f'<div class="table"><table>{caption}<thead><tr>'
    for column in table.columns:
        yield f'<th scope="col"{_align(column.kind)}>{escape(column.name)}</th>'
    yield "</tr></thead><tbody>"
    first_total = len(table.rows) - table.totals
    for place, row in enumerate(table.rows):
        yield '<tr class="total">' if place >= first_total else "<tr>"
        for number, value in enumerate(row):
            kind = table.kind_of(place, number)
            if number == 0:
                yield f'<th scope="row">{_value(value, kind)}</th>'
            else:
                yield f"<td{_align(kind)}>{_value(value, kind)}</td>"
        yield "</tr>"
    yield "</tbody></table></div>"
    if table.note:
        yield f'<p class="note">{escape(table.note)}</p>'


def _align(kind: Kind) -> str:
    return "" if kind is Kind.TEXT else ' class="number"'


def _tone(value: object, kind: Kind) -> str:
    is_loss = isinstance(value, float | int) and value < 0 and kind is not Kind.TEXT
    return ' class="negative"' if is_loss else ""


def _value(value: str | float | None, kind: Kind) -> str:
    text = shown(value, kind)
    if kind is Kind.TEXT:
        return "" if value in (None, "") else escape(text)
    return text.replace("-", MINUS)
