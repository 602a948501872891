"""Users."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import delete, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert

from services.gateway.repository.logins import is_over
from services.gateway.repository.rows import Row, all_rows
from services.gateway.tables import USER_SETTING, USERS_ROLE, User
from shared.database import Session, lock, sql_table

users = sql_table(User)
_BECOME = text("select set_config('role', :role, true), set_config(:setting, :user_id, true)")


async def become(session: Session, user_id: UUID) -> None:
    """From here to the transaction's end its statements find and leave only what is the user's."""
    named = {"role": USERS_ROLE, "setting": USER_SETTING, "user_id": str(user_id)}
    await session.execute(_BECOME, named)


async def load_user(session: Session, user_id: UUID) -> User | None:
    """The user, or None when there is none with this id."""
    return await session.get(User, user_id)


async def load_caller(session: Session, user_id: UUID, family_id: UUID) -> User | None:
    """The user behind an access token, in one statement; None when disabled, gone, or the log-in is
    over.
    """
    standing = select(User).where(
        users.c.user_id == user_id, users.c.disabled_at.is_(None), ~is_over(family_id)
    )
    return (await session.execute(standing)).scalar_one_or_none()


async def load_user_by_email(session: Session, email: str) -> User | None:
    """The user with this address (lower case), or None."""
    found = await session.execute(select(User).where(users.c.email == email))
    return found.scalar_one_or_none()


async def save_user(
    session: Session, email: str, password_hash: str, *, full_name: str = "", role: str = "user"
) -> User | None:
    """A new user with this address (lower case); None when the address is taken."""
    row = {
        "user_id": uuid4(),
        "email": email,
        "password_hash": password_hash,
        "full_name": full_name,
        "role": role,
    }
    new = insert(users).values(row).on_conflict_do_nothing(index_elements=[users.c.email])
    statement = select(User).from_statement(
        new.returning(users)
    )  # one statement, whether or not it is taken
    return (await session.execute(statement)).scalar_one_or_none()


async def save_password(session: Session, user_id: UUID, password_hash: str) -> bool:
    """Another password; whether there is such a user."""
    changed = update(users).where(users.c.user_id == user_id).values(password_hash=password_hash)
    return await session.scalar(changed.returning(users.c.user_id)) is not None


# --- for administrators ---


@dataclass(frozen=True)
class UserFilter:
    """Which users are wanted: all conditions hold. `search`: a part of the address or of the
    name.
    """

    search: str | None = None
    role: str | None = None
    disabled: bool | None = None


def _conditions(wanted: UserFilter) -> list[Any]:
    conditions: list[Any] = []
    if wanted.search:
        columns = (users.c.email, users.c.full_name)
        conditions.append(
            or_(*(column.icontains(wanted.search, autoescape=True) for column in columns))
        )
    if wanted.role:
        conditions.append(users.c.role == wanted.role)
    if wanted.disabled is not None:
        conditions.append(users.c.disabled_at.is_not(None) == wanted.disabled)
    return conditions


async def load_users(
    session: Session, wanted: UserFilter, limit: int, offset: int
) -> tuple[list[Row], int]:
    """A page of users by address, and how many match."""
    conditions = _conditions(wanted)
    page = select(users).where(*conditions).order_by(users.c.email)
    found = await all_rows(session, page.limit(limit).offset(offset))
    count = await session.scalar(select(func.count()).select_from(users).where(*conditions))
    return found, int(count or 0)


async def save_user_terms(session: Session, user_id: UUID, terms: Mapping[str, Any]) -> User | None:
    """The user with another name, role or `disabled_at`; None when there is no such user."""
    changed = update(users).where(users.c.user_id == user_id).values(**terms)
    statement = select(User).from_statement(changed.returning(users))
    return (
        await session.execute(statement.execution_options(populate_existing=True))
    ).scalar_one_or_none()


async def delete_user(session: Session, user_id: UUID) -> str | None:
    """Delete a user with everything that is the user's; the address, or None when there was no such
    user.
    """
    email: str | None = await session.scalar(
        delete(users).where(users.c.user_id == user_id).returning(users.c.email)
    )
    return email


async def another_administrator(session: Session, user_id: UUID) -> bool:
    """Whether an administrator who may log in remains without this one; changes of administrators
    wait for ours.
    """
    await lock(session, "administrators")
    others = select(users.c.user_id).where(
        users.c.role == "admin", users.c.disabled_at.is_(None), users.c.user_id != user_id
    )
    return bool(await session.scalar(select(others.exists())))
