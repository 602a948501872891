"""Answers that are files to download, their names, and the record of what a user exported."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

from fastapi import Response

from services.gateway.edge.audit import record
from services.gateway.tables import EXPORTED
from shared.database import Session

CSV = "text/csv; charset=utf-8"
BINARY = "application/octet-stream"


class Exported(StrEnum):
    """What a file has."""

    TRADES = "trades"
    POSITIONS = "positions"
    TRANSACTIONS = "transactions"
    SERIES = "series"


class Form(StrEnum):
    """How positions, transactions and series are written."""

    CSV = "csv"
    JSON = "json"


class TradeForm(StrEnum):
    """How trades are written."""

    CSV = "csv"
    JSON = "json"
    FIX = "fix"


_MEDIA = {TradeForm.CSV: CSV, TradeForm.JSON: "application/json", TradeForm.FIX: BINARY}


@dataclass(frozen=True)
class ExportedFile:
    """A file that a user exports. `rows`: of what it has; `about`: a portfolio or a draft.

    `name`: without the ending, which is the format.
    """

    what: Exported
    form: Form | TradeForm
    content: str | bytes
    rows: int
    name: str
    about: UUID

    @property
    def file_name(self) -> str:
        """The name that a browser saves it under."""
        return f"{self.name}.{self.form}"


def csv_documented(sample: str) -> dict[str, Any]:
    """How the API's document describes a CSV answer, with an example."""
    return {"content": {"text/csv": {"schema": {"type": "string"}, "example": sample}}}


def csv_download(text: str, filename: str) -> Response:
    """The text as a file that a browser saves under this name."""
    return _download(text, CSV, filename)


async def exported(session: Session, file: ExportedFile) -> Response:
    """The file as a download; what it is, and the hash of its bytes, go into the audit log."""
    content = file.content.encode() if isinstance(file.content, str) else file.content
    await record(
        session,
        EXPORTED,
        file.about,
        export_id=uuid4(),
        what=file.what,
        format=file.form,
        rows=file.rows,
        byte_count=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        file_name=file.file_name,
    )
    return _download(content, _MEDIA[TradeForm(file.form)], file.file_name)


def _download(content: str | bytes, media_type: str, filename: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{filename}"'}
    return Response(content, media_type=media_type, headers=headers)


def safe_name(name: str, otherwise: object) -> str:
    """A name in letters that any file system takes; without any such letter, `otherwise`."""
    letters = (letter if letter.isascii() and letter.isalnum() else " " for letter in name.lower())
    return "-".join("".join(letters).split()) or str(otherwise)
