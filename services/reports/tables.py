"""The table of reports, and the view it publishes."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import DateTime, Double, Index, Integer, LargeBinary, Select, String, Uuid
from sqlalchemy import Table as SqlTable
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import MetaData, SQLModel

from shared.database import key, optional, published_columns, required
from shared.published import reports as published

MOMENT = DateTime(timezone=True)
WORD = String(12)


class Table(SQLModel):
    """The base of the tables of reports."""

    metadata = MetaData(schema="reports")


class Document(Table, table=True):
    """The document of a report, or how far its rendering is.

    `basis`: the hash of the figures that it is made of, `revisions` those of the portfolios.
    `content` is null while it is rendered and once it has expired. `expires_at`: when its content
    is deleted, as long as no user downloads it.
    """

    __tablename__: ClassVar[str] = "documents"
    __table_args__: ClassVar[Any] = (
        Index("ix_documents_expiry", "expires_at"),
        Index("ix_documents_user", "user_id"),
    )

    report_id: UUID = key(Uuid)
    user_id: UUID = required(Uuid)
    template: str = required(WORD)
    form: str = required(WORD)
    sections: list[str] = required(ARRAY(String(20)))
    basis: str = required(String(64))
    revisions: dict[str, str] = required(JSONB)
    state: str = required(WORD)
    progress: float = required(Double)
    media_type: str | None = optional(String(100))
    content: bytes | None = optional(LargeBinary)
    sha256: str | None = optional(String(64))
    byte_count: int | None = optional(Integer)
    started_at: datetime = required(MOMENT)
    rendered_at: datetime | None = optional(MOMENT)
    expires_at: datetime | None = optional(MOMENT)


PUBLISHED: dict[SqlTable, Select[Any]] = {
    published.documents: published_columns(Document, published.documents),
}
