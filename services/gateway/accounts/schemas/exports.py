"""Models of what a user exported."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from services.gateway.edge.downloads import Exported, TradeForm
from services.gateway.edge.values import SOME_ID, example

_EXPORT: dict[str, Any] = {
    "export_id": SOME_ID,
    "exported_at": "2022-12-28T21:05:00Z",
    "what": "trades",
    "format": "fix",
    "about_id": "5d0c8a51-5a0b-4d6c-8a5f-0a1b2c3d4e5f",
    "file_name": "trades-less-technology-2022-12-28.fix",
    "rows": 4,
    "byte_count": 1180,
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "token_id": None,
}


class ExportOut(BaseModel):
    """A file that the caller exported."""

    model_config = example(**_EXPORT)

    export_id: UUID
    exported_at: datetime
    what: Exported
    format: TradeForm
    about_id: UUID = Field(description="the portfolio, or the modelling session")
    file_name: str
    rows: int = Field(description="trades, positions, transactions or sessions in it")
    byte_count: int
    sha256: str = Field(description="of the file's bytes")
    token_id: UUID | None = Field(
        default=None, description="the personal token that it was exported with; null: a log-in"
    )


class ExportPage(BaseModel):
    """A part of the caller's exports, the last ones first."""

    model_config = example(items=[_EXPORT], limit=100, next=None)

    items: list[ExportOut]
    limit: int
    next: str | None = Field(description="send it as `after` for the next page; null on the last")
