"""Parquet: the positions, the P&L vectors and every table of the report, in one ZIP archive."""

import io
import re
import zipfile
from collections.abc import Iterator, Sequence

from arro3.core import Array, DataType, Table
from arro3.io import write_parquet

from services.reports import inputs
from services.reports.calculations import (
    POSITION_COLUMNS,
    VECTOR_COLUMNS,
    position_rows,
    vector_rows,
)
from services.reports.inputs import Column, Kind, Question, Report, Value

EPOCH = (1980, 1, 1, 0, 0, 0)  # ZIP's first moment: an archive of the same files has the same bytes
WRITER = "sigmasight"
Part = tuple[str, Sequence[Column], Sequence[Sequence[Value]]]


def write(report: Report, question: Question) -> bytes:
    """An archive of tables; numbers are doubles, text is text, null is null."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:  # the tables are compressed
        for name, columns, rows in _parts(report, question):
            archive.writestr(zipfile.ZipInfo(f"{name}.parquet", EPOCH), _table(columns, rows))
    return out.getvalue()


def _parts(report: Report, question: Question) -> Iterator[Part]:
    positions = [(name, *row) for name, row in position_rows(question)]
    yield "positions", (Column("Portfolio"), *POSITION_COLUMNS), positions
    yield "pnl_vectors", VECTOR_COLUMNS, list(vector_rows(question))
    for number, chapter in enumerate(report.chapters, start=1):
        for section in chapter.sections:
            tables = [block for block in section.blocks if isinstance(block, inputs.Table)]
            for place, table in enumerate(tables, start=1):
                name = f"{number}-{section.name}-{place}-{_word(table.title)}"
                yield name, table.columns, table.rows


def _word(title: str) -> str:
    """A table's title, which no user wrote, as a part of a file's name."""
    return re.sub("[^a-z0-9]+", "-", title.lower()).strip("-")[:40]


def _table(columns: Sequence[Column], rows: Sequence[Sequence[Value]]) -> bytes:
    arrays = [
        _array(column.kind, [row[place] for row in rows]) for place, column in enumerate(columns)
    ]
    table = Table.from_arrays(arrays, names=[column.name for column in columns])
    out = io.BytesIO()
    write_parquet(table, out, compression="zstd(3)", created_by=WRITER)
    return out.getvalue()


def _array(kind: Kind, values: Sequence[Value]) -> Array:
    if kind is Kind.TEXT:
        return Array([None if each is None else str(each) for each in values], DataType.utf8())
    return Array([None if each is None else float(each) for each in values], DataType.float64())
