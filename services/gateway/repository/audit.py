"""Who did what: the audit log."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select

from services.gateway.repository.rows import Row, all_rows
from services.gateway.tables import AuditEntry
from shared.database import Session, sql_table

log = sql_table(AuditEntry)


@dataclass(frozen=True)
class AuditFilter:
    """Which entries are wanted: all conditions hold. `since` is included, `until` is not."""

    user_id: UUID | None = None
    action: str | None = None
    target: str | None = None
    since: datetime | None = None
    until: datetime | None = None


async def save_entry(
    session: Session,
    user_id: UUID | None,
    network_address: str | None,
    action: str,
    target: str | None,
    details: dict[str, Any],
) -> None:
    """Write one entry, in the caller's transaction."""
    row = {
        "user_id": user_id,
        "network_address": network_address,
        "action": action,
        "target": target,
        "details": details,
    }
    await session.execute(
        insert(log).values(row).inline()
    )  # returning nothing: a user may write but not read


def _conditions(wanted: AuditFilter) -> list[Any]:
    equals = {"user_id": wanted.user_id, "action": wanted.action, "target": wanted.target}
    conditions: list[Any] = [
        log.c[name] == value for name, value in equals.items() if value is not None
    ]
    conditions += [log.c.occurred_at >= wanted.since] if wanted.since else []
    conditions += [log.c.occurred_at < wanted.until] if wanted.until else []
    return conditions


async def load_entries(
    session: Session, wanted: AuditFilter, limit: int, offset: int
) -> tuple[list[Row], int]:
    """A page of entries, newest first, and how many match."""
    conditions = _conditions(wanted)
    page = select(log).where(*conditions).order_by(log.c.occurred_at.desc(), log.c.audit_id.desc())
    found = await all_rows(session, page.limit(limit).offset(offset))
    count = await session.scalar(select(func.count()).select_from(log).where(*conditions))
    return found, int(count or 0)
