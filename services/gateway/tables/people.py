"""Users and their log-ins, the audit log, and stored answers."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    String,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.gateway.tables.base import Table, owned_by, stamped
from shared.database import key, optional, required, sql_table


class User(Table, table=True):
    """Someone who may log in, unless `disabled_at` is set.

    `email` is in lower case; `role` is "user" or "admin".
    """

    __tablename__: ClassVar[str] = "users"
    __table_args__: ClassVar[Any] = (
        CheckConstraint("role IN ('user', 'admin')", name="role_is_known"),
    )

    user_id: UUID = key(Uuid)
    email: str = required(String(320), unique=True)
    full_name: str = required(String(200), server_default="")
    password_hash: str = required(String(300))
    role: str = required(String(10), server_default="user")
    created_at: datetime = stamped()
    disabled_at: datetime | None = optional(DateTime(timezone=True))


class UserPreferences(Table, table=True):
    """How a user wants the page.

    `version`: raised by every change. `views`: saved views of screens, as the API takes them.
    """

    __tablename__: ClassVar[str] = "user_preferences"

    user_id: UUID = key(Uuid, owned_by("users.user_id"))
    version: int = required(BigInteger, server_default="1")
    theme: str = required(String(20), server_default="system")
    default_portfolio_id: UUID | None = optional(
        Uuid, ForeignKey("gateway.portfolios.portfolio_id", ondelete="SET NULL"), index=True
    )
    views: list[dict[str, Any]] = required(JSONB, server_default=text("'[]'::jsonb"))


class RefreshToken(Table, table=True):
    """A refresh token by its SHA-256; never stored itself. `used_at` is set once, on rotation.

    `successor_salt`: random bytes of that use, from which, with the token itself, the successor is
    derived (`successor_of`).

    `family_id`: the log-in it descends from; `revoked_at` ends a whole family, on log-out or when a
    used token returns. `link_id`: the account of single sign-on that the log-in came by, if any.
    """

    __tablename__: ClassVar[str] = "refresh_tokens"

    token_hash: str = key(String(64))
    user_id: UUID = required(Uuid, owned_by("users.user_id"), index=True)
    issued_at: datetime = stamped()
    expires_at: datetime = required(DateTime(timezone=True))
    used_at: datetime | None = optional(DateTime(timezone=True))
    successor_salt: bytes | None = optional(LargeBinary)
    family_id: UUID = required(Uuid, index=True)
    revoked_at: datetime | None = optional(DateTime(timezone=True))
    link_id: UUID | None = optional(
        Uuid, ForeignKey("gateway.linked_accounts.link_id", ondelete="SET NULL"), index=True
    )


Index(
    "ix_refresh_tokens_revoked_family",
    sql_table(RefreshToken).c.family_id,
    postgresql_where=text("revoked_at IS NOT NULL"),
)


class PersonalToken(Table, table=True):
    """A token of a user's programs by its SHA-256; never stored itself.

    `hint`: how it begins; `scopes`: what it may do; `last_used_at`: to the minute.
    """

    __tablename__: ClassVar[str] = "personal_tokens"

    token_id: UUID = key(Uuid)
    user_id: UUID = required(Uuid, owned_by("users.user_id"), index=True)
    token_hash: str = required(String(64), unique=True)
    name: str = required(String(100))
    hint: str = required(String(20))
    scopes: list[str] = required(JSONB)
    created_at: datetime = stamped()
    expires_at: datetime = required(DateTime(timezone=True))
    last_used_at: datetime | None = optional(DateTime(timezone=True))
    revoked_at: datetime | None = optional(DateTime(timezone=True))


class SecondFactor(Table, table=True):
    """The secret that a user shares with an authenticator application (RFC 6238).

    It counts from `confirmed_at` on, when a code proved that the application has it; `last_step`:
    the time step, in 30 seconds since 1970, of the last code that was accepted.
    """

    __tablename__: ClassVar[str] = "second_factors"

    user_id: UUID = key(Uuid, owned_by("users.user_id"))
    secret: bytes = required(LargeBinary)
    begun_at: datetime = stamped()
    confirmed_at: datetime | None = optional(DateTime(timezone=True))
    last_step: int | None = optional(BigInteger)


class RecoveryCode(Table, table=True):
    """An unused recovery code of a second factor by its SHA-256; never stored itself."""

    __tablename__: ClassVar[str] = "recovery_codes"

    user_id: UUID = key(Uuid, owned_by("second_factors.user_id"))
    code_hash: str = key(String(64))


class LoginAttempt(Table, table=True):
    """A failed log-in, counted by account and by network address.

    The account is an address in lower case, of a known user or not.
    """

    __tablename__: ClassVar[str] = "login_attempts"

    attempt_id: int = Field(
        default=None, sa_column=Column(BigInteger, Identity(), primary_key=True)
    )
    account: str = required(String(320))
    network_address: str = required(String(64))
    attempted_at: datetime = required(DateTime(timezone=True))


Index(
    "ix_login_attempts_account",
    sql_table(LoginAttempt).c.account,
    sql_table(LoginAttempt).c.attempted_at,
)


Index(
    "ix_login_attempts_network_address",
    sql_table(LoginAttempt).c.network_address,
    sql_table(LoginAttempt).c.attempted_at,
)


LOGGED_IN = "action = 'login.succeeded'"  # a condition: with a parameter no index follows from it
EXPORTED = "export.written"  # the action of every file that a user took out


class AuditEntry(Table, table=True):
    """Who did what, written in the transaction that did it.

    Outlives its user, hence no foreign key.

    `action`: a stable word such as `portfolio.deleted`; `target`: what it was done to; `details`:
    never a secret.
    """

    __tablename__: ClassVar[str] = "audit_log"

    audit_id: int = Field(default=None, sa_column=Column(BigInteger, Identity(), primary_key=True))
    occurred_at: datetime = required(DateTime(timezone=True), server_default=func.now(), index=True)
    user_id: UUID | None = optional(Uuid, index=True)
    network_address: str | None = optional(String(64))
    action: str = required(String(60), index=True)
    target: str | None = optional(String(200))
    details: dict[str, Any] = required(JSONB, server_default=text("'{}'::jsonb"))


Index(
    "audit_log_log_ins",
    sql_table(AuditEntry).c.user_id,
    sql_table(AuditEntry).c.occurred_at,
    postgresql_where=text(LOGGED_IN),
)


class EventTicket(Table, table=True):
    """A permission that is good once, by its SHA-256: to follow the user's events, or to log in.

    For browsers, whose streams carry no header, and for links. What is hashed names the purpose.
    """

    __tablename__: ClassVar[str] = "event_tickets"

    ticket_hash: str = key(String(64))
    user_id: UUID = required(Uuid, owned_by("users.user_id"))
    expires_at: datetime = required(DateTime(timezone=True), index=True)


class IdempotencyKey(Table, table=True):
    """The first answer to a write, given again to its repetition.

    `request_hash` distinguishes a repetition from another request with the same key.
    """

    __tablename__: ClassVar[str] = "idempotency_keys"

    user_id: UUID = key(Uuid, owned_by("users.user_id"))
    key: str = key(String(200))
    request_hash: str = required(String(64))
    answer: dict[str, Any] = required(JSONB)
    created_at: datetime = stamped()
