"""Models of files whose columns are mapped: the mapping, profiles, what a file is."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from services.gateway.books.files import Source
from services.gateway.books.files.mapping import (
    ColumnMapping,
    DateFormat,
    DecimalMark,
    Meaning,
    Multiplier,
    Separator,
    Sign,
    Use,
)
from services.gateway.edge.problems import FieldError
from services.gateway.edge.values import SOME_ID, Name, RequestBody, body_example, example

MOST_COLUMNS = 200
MOST_HEADER_LINE = 1_000
ColumnName = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]
Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
SOME_MAPPING: dict[str, Any] = {
    "use": "positions",
    "columns": {"Instrument": "symbol", "Held": "quantity", "Cost": "cost", "Since": "date"},
    "sign": "quantity",
    "words": {},
    "date_format": "DD.MM.YYYY",
    "decimal_mark": ",",
    "multiplier": "price_per_share",
    "separator": ";",
    "header_line": None,
}
SOME_HEADER = ["Instrument", "Held", "Cost", "Since"]
SOME_PROFILE = {
    "profile_id": SOME_ID,
    "name": "My bank",
    "fingerprint": "9f0e",
    "header": SOME_HEADER,
    "mapping": SOME_MAPPING,
    "created_at": "2022-12-28T21:05:00Z",
}


class FileMapping(RequestBody):
    """What each column of a file is, and how its cells are written."""

    model_config = body_example(**SOME_MAPPING)

    use: Use = Field(description="what the file lists")
    columns: dict[ColumnName, Meaning] = Field(
        max_length=MOST_COLUMNS,
        description=(
            "what a column of the file is, by its name; the others are left out, unless they "
            "would change what is held: then the row is refused, and `ignored` leaves them out. "
            "`cost` is the whole cost of the row; `price` is USD per share."
        ),
    )
    sign: Sign = Field(
        default=Sign.QUANTITY,
        description=(
            "which rows are short, or sold: what a column says, quantities below 0, or (inverted) "
            "quantities above 0"
        ),
    )
    words: dict[Word, Word] = Field(
        default={},
        max_length=100,
        description=(
            "the file's words in the column of sides or types, and what each means: long or short; "
            "buy, sell, sell short, buy to cover, deposit, withdrawal, dividend, interest, fee"
        ),
    )
    date_format: DateFormat = DateFormat.ISO
    decimal_mark: DecimalMark = DecimalMark.POINT
    multiplier: Multiplier = Field(
        default=Multiplier.PRICE_PER_SHARE,
        description="of options: a price per share or per contract, or a quantity in shares",
    )

    separator: Separator | None = Field(
        default=None,
        description="what separates cells; null: as the file's header is found",
    )
    header_line: int | None = Field(
        default=None,
        ge=1,
        le=MOST_HEADER_LINE,
        description="the line of the header, from 1; null: the first line that has the columns",
    )

    def as_mapping(self) -> ColumnMapping:
        """It as the reader of files has it."""
        words = {" ".join(word.lower().split()): meant for word, meant in self.words.items()}
        terms = {name: getattr(self, name) for name in type(self).model_fields}
        return ColumnMapping(**{**terms, "words": words})


class NewProfile(RequestBody):
    """A mapping to be saved by a name, for files with this header."""

    model_config = body_example(name="My bank", header=SOME_HEADER, mapping=SOME_MAPPING)

    name: Name
    header: list[ColumnName] = Field(
        min_length=1, max_length=MOST_COLUMNS, description="the file's columns, in any order"
    )
    mapping: FileMapping


class ProfileOut(NewProfile):
    """A saved mapping: files with its header are read by it."""

    model_config = example(**SOME_PROFILE)

    profile_id: UUID
    fingerprint: str = Field(description="of the header, in any order and case of its names")
    created_at: datetime


class FileColumnOut(BaseModel):
    """A column of a file, with some of its values."""

    model_config = example(name="Held", samples=["100", "-50"], suggested="quantity")

    name: str
    samples: list[str]
    suggested: Meaning | None = Field(description="what it may be, by its name")


class FirstLineOut(BaseModel):
    """A line at the beginning of a file, and its first cells."""

    model_config = example(line=1, cells=SOME_HEADER)

    line: int
    cells: list[str]


class RecognisedFile(BaseModel):
    """What a file is, and how its columns may be mapped where no layout reads it."""

    model_config = example(
        format=None,
        layout=None,
        profile_id=None,
        lists=[],
        fingerprint="9f0e",
        line=1,
        separator=";",
        first_lines=[{"line": 1, "cells": SOME_HEADER}],
        header=SOME_HEADER,
        columns=[{"name": "Held", "samples": ["100", "-50"], "suggested": "quantity"}],
        suggested=SOME_MAPPING,
        rows=None,
        problem={"field": "ticker", "code": "missing_column", "message": "...", "line": 1},
    )

    format: Source | None = Field(description="how it is read; null when no layout reads it")
    layout: str | None = Field(description="the broker's layout or the saved profile that reads it")
    profile_id: UUID | None
    lists: list[Use] = Field(description="what the layout finds in it: of both, `use` chooses one")
    fingerprint: str | None = Field(description="null when no header was found")
    line: int | None = Field(description="the header's")
    separator: Separator | None = Field(description="what separates cells, by the header")
    first_lines: list[FirstLineOut] = Field(
        description="among which `header_line` may say which is the header"
    )
    header: list[str]
    columns: list[FileColumnOut]
    suggested: FileMapping | None = Field(description="a mapping to begin with")
    rows: int | None = Field(description="how many rows the layout finds")
    problem: FieldError | None = Field(description="why no layout reads it")
