"""How users' files are read: the mappings that they saved."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import Index, String, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from services.gateway.tables.base import Table, owned_by, stamped, unique_name
from shared.database import key, required, sql_table


class ImportProfile(Table, table=True):
    """A user's mapping for files with one header, found again by the header's fingerprint.

    `header`: the names of the columns; `mapping`: what each is, and how its cells are written.
    """

    __tablename__: ClassVar[str] = "import_profiles"

    profile_id: UUID = key(Uuid)
    user_id: UUID = required(Uuid, owned_by("users.user_id"))
    name: str = required(String(100))
    fingerprint: str = required(String(64))
    header: list[str] = required(JSONB)
    mapping: dict[str, Any] = required(JSONB)
    created_at: datetime = stamped()


unique_name(ImportProfile, "uq_import_profiles_user_name")
_own = sql_table(ImportProfile).c
Index("uq_import_profiles_user_fingerprint", _own.user_id, _own.fingerprint, unique=True)
