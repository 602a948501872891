"""SQL of users' exports, which the audit log has."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Uuid, cast, select

from services.gateway.edge.marks import Mark, behind
from services.gateway.tables import EXPORTED, AuditEntry
from shared.database import Session, sql_table

_log = sql_table(AuditEntry)
_export_id = cast(_log.c.details["export_id"].astext, Uuid)


@dataclass(frozen=True)
class Export:
    """A file that a user exported; `details`: what its entry says of it."""

    export_id: UUID
    exported_at: datetime
    about_id: UUID
    details: Mapping[str, object]


async def load_exports(
    session: Session, user_id: UUID, what: str | None, after: Mark | None, limit: int
) -> Sequence[Export]:
    """A user's exports, the last ones first, from behind a mark on; of one kind, if named."""
    row = _log.c
    page = select(_export_id, row.occurred_at, row.target, row.details).where(
        row.user_id == user_id, row.action == EXPORTED
    )
    if what is not None:
        page = page.where(row.details["what"].astext == what)
    if after is not None:
        page = page.where(behind(row.occurred_at, _export_id, after))
    ordered = page.order_by(row.occurred_at.desc(), _export_id.desc()).limit(limit)
    return [
        Export(export_id, exported_at, UUID(target), details)
        for export_id, exported_at, target, details in await session.execute(ordered)
    ]
