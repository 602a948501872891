"""SQL for administrators: users and the audit log."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, delete, or_, select, update

from services.gateway.edge.queries import Row, page_of
from services.gateway.tables import AuditEntry, User
from shared.database import Session, has_part, lock, sql_table


@dataclass(frozen=True)
class UserFilter:
    """Conditions that all hold for a user.

    `search`: a part of the address or of the name.
    """

    search: str | None = None
    role: str | None = None
    disabled: bool | None = None


def _user_conditions(wanted: UserFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.search:
        columns = (users.c.email, users.c.full_name)
        conditions.append(or_(*(has_part(column, wanted.search) for column in columns)))
    if wanted.role:
        conditions.append(users.c.role == wanted.role)
    if wanted.disabled is not None:
        conditions.append(users.c.disabled_at.is_not(None) == wanted.disabled)
    return conditions


async def load_users(
    session: Session, wanted: UserFilter, limit: int, offset: int
) -> tuple[list[Row], int]:
    """A page of users by address, and how many match."""
    conditions = _user_conditions(wanted)
    page = select(users).where(*conditions).order_by(users.c.email)
    return await page_of(session, page, limit, offset)


async def save_user_terms(
    session: Session, user_id: UUID, terms: Mapping[str, object]
) -> User | None:
    """The user with another name, role or `disabled_at`; None when there is no such user."""
    changed = update(users).where(users.c.user_id == user_id).values(**terms)
    statement = select(User).from_statement(changed.returning(users))
    return (
        await session.execute(statement.execution_options(populate_existing=True))
    ).scalar_one_or_none()


async def delete_user(session: Session, user_id: UUID) -> str | None:
    """Delete a user with everything that is the user's; the address, None when unknown."""
    email: str | None = await session.scalar(
        delete(users).where(users.c.user_id == user_id).returning(users.c.email)
    )
    return email


async def another_administrator(session: Session, user_id: UUID) -> bool:
    """Whether an administrator who may log in remains without this one.

    Other changes of administrators wait until this transaction ends.
    """
    await lock(session, "administrators")
    others = select(users.c.user_id).where(
        users.c.role == "admin", users.c.disabled_at.is_(None), users.c.user_id != user_id
    )
    return bool(await session.scalar(select(others.exists())))


@dataclass(frozen=True)
class AuditFilter:
    """Conditions that all hold for an entry: `since` is included, `until` is not."""

    user_id: UUID | None = None
    action: str | None = None
    target: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def _entry_conditions(wanted: AuditFilter) -> list[ColumnElement[bool]]:
    equals = {"user_id": wanted.user_id, "action": wanted.action, "target": wanted.target}
    conditions: list[ColumnElement[bool]] = [
        log.c[name] == value for name, value in equals.items() if value is not None
    ]
    conditions += [log.c.occurred_at >= wanted.since] if wanted.since else []
    conditions += [log.c.occurred_at < wanted.until] if wanted.until else []
    return conditions


async def load_entries(
    session: Session, wanted: AuditFilter, limit: int, offset: int
) -> tuple[list[Row], int]:
    """A page of entries, newest first, and how many match."""
    conditions = _entry_conditions(wanted)
    named = log.outerjoin(users, users.c.user_id == log.c.user_id)
    page = select(*log.c, users.c.email).select_from(named).where(*conditions)
    ordered = page.order_by(log.c.occurred_at.desc(), log.c.audit_id.desc())
    return await page_of(session, ordered, limit, offset)


users = sql_table(User)
log = sql_table(AuditEntry)
