"""The mappings that users saved for their files. Every statement is narrowed to one user's own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, and_, delete, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from services.gateway.tables import ImportProfile
from shared.database import Session, folded_column, lock, sql_table
from shared.texts import folded

profiles = sql_table(ImportProfile)


@dataclass(frozen=True)
class StoredProfile:
    """A row of the table."""

    profile_id: UUID
    name: str
    fingerprint: str
    header: Sequence[str]
    mapping: Mapping[str, object]
    created_at: datetime


_COLUMNS = [profiles.c[name] for name in StoredProfile.__dataclass_fields__]
_BY_NAME = (folded_column(profiles.c.name), profiles.c.profile_id)


def _own(user_id: UUID, profile_id: UUID) -> ColumnElement[bool]:
    return and_(profiles.c.user_id == user_id, profiles.c.profile_id == profile_id)


async def load_profiles(
    session: Session, user_id: UUID, fingerprint: str | None = None
) -> list[StoredProfile]:
    """All of the user's, by name; with a fingerprint, those for files with that header."""
    own = select(*_COLUMNS).where(profiles.c.user_id == user_id)
    if fingerprint is not None:
        own = own.where(profiles.c.fingerprint == fingerprint)
    return [StoredProfile(*row) for row in await session.execute(own.order_by(*_BY_NAME))]


async def load_profile(session: Session, user_id: UUID, profile_id: UUID) -> StoredProfile | None:
    """One of the user's; None when it is not."""
    found = await session.execute(select(*_COLUMNS).where(_own(user_id, profile_id)))
    row = found.one_or_none()
    return None if row is None else StoredProfile(*row)


async def lock_profiles(session: Session, user_id: UUID) -> None:
    """Let changes of a user's profiles wait for each other until the transaction ends."""
    await lock(session, "import_profiles", user_id)


async def load_taken(
    session: Session, user_id: UUID, name: str, fingerprint: str, besides: UUID | None
) -> str | None:
    """The name of another profile of the user's with this name or this header, or None."""
    same = or_(
        folded_column(profiles.c.name) == folded(name), profiles.c.fingerprint == fingerprint
    )
    taken = select(profiles.c.name).where(profiles.c.user_id == user_id, same)
    if besides is not None:
        taken = taken.where(profiles.c.profile_id != besides)
    found: str | None = await session.scalar(taken.order_by(*_BY_NAME).limit(1))
    return found


async def save_profile(session: Session, user_id: UUID, terms: Mapping[str, object]) -> UUID:
    """A new one's id."""
    profile_id = uuid4()
    row = {"profile_id": profile_id, "user_id": user_id, **terms}
    await session.execute(insert(profiles).values(row))
    return profile_id


async def save_profile_terms(
    session: Session, user_id: UUID, profile_id: UUID, terms: Mapping[str, object]
) -> None:
    """Replace what one of the user's says."""
    await session.execute(update(profiles).where(_own(user_id, profile_id)).values(**terms))


async def delete_profile(session: Session, user_id: UUID, profile_id: UUID) -> None:
    """Delete one of the user's."""
    await session.execute(delete(profiles).where(_own(user_id, profile_id)))
