"""Accounts at the provider of single sign-on, and log-ins that are under way there."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import Boolean, DateTime, String, UniqueConstraint, Uuid

from services.gateway.tables.base import Table, owned_by, stamped
from shared.database import key, optional, required


class LinkedAccount(Table, table=True):
    """An account at a provider that logs a user in; the provider knows it as `subject`.

    `email`: as the provider gave it when the account was linked, for the user to recognise it by.
    `made_user`: whether the user came to be with it, and so has no password and the role that the
    provider says.
    """

    __tablename__: ClassVar[str] = "linked_accounts"
    __table_args__: ClassVar[Any] = (
        UniqueConstraint("issuer", "subject", name="uq_linked_accounts_issuer_subject"),
    )

    link_id: UUID = key(Uuid)
    user_id: UUID = required(Uuid, owned_by("users.user_id"), index=True)
    issuer: str = required(String(300))
    subject: str = required(String(255))
    email: str | None = optional(String(320))
    made_user: bool = required(Boolean)
    linked_at: datetime = stamped()
    last_used_at: datetime | None = optional(DateTime(timezone=True))


class SignOnAttempt(Table, table=True):
    """A log-in that is under way at the provider, good once.

    `attempt_hash`: of the state that the provider returns and of a secret in the browser's cookie,
    so that no other browser can end it. `return_to`: where on the page it ends. With `user_id` it
    links an account to that user, as long as the user's log-in `family_id` is not over.
    """

    __tablename__: ClassVar[str] = "sign_on_attempts"

    attempt_hash: str = key(String(64))
    return_to: str = required(String(2000))
    user_id: UUID | None = optional(Uuid, owned_by("users.user_id"))
    family_id: UUID | None = optional(Uuid)
    expires_at: datetime = required(DateTime(timezone=True), index=True)
