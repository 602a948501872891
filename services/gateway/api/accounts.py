"""For administrators: who may use this, and what everybody did."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from services.gateway.api.audit import record
from services.gateway.api.auth import Email, Password, UserOut
from services.gateway.api.dependencies import Admin, GatewayParts, Limit, Offset, OpenSession
from services.gateway.api.problems import Problem, documented, not_found
from services.gateway.api.schemas import SOME_ID, Page, body_example, example
from services.gateway.repository import audit, logins, users
from services.gateway.repository.audit import AuditFilter
from services.gateway.repository.users import UserFilter
from services.gateway.tables import User
from shared.database import Session

# No Idempotency-Key here: a fingerprint of the request would be a fast hash of a password, kept in
# the database.
router = APIRouter(prefix="/admin", tags=["admin"], responses=documented(401, 403, 422))
Role = Literal["user", "admin"]


class ManagedUser(UserOut):
    """A user as administrators see one. `disabled_at`: since when the user may not log in."""

    model_config = example(
        user_id=SOME_ID,
        email="ada@example.com",
        full_name="Ada Lovelace",
        role="user",
        created_at="2022-12-28T21:05:00Z",
        disabled_at=None,
    ) | {"from_attributes": True}

    disabled_at: datetime | None


class NewUser(BaseModel):
    """A user made by an administrator, who may log in at once."""

    model_config = body_example(
        email="grace@example.com",
        password="correct horse battery",
        full_name="Grace Hopper",
        role="user",
    )

    email: Email
    password: Password
    full_name: str = Field(default="", max_length=200)
    role: Role = "user"


class UserTerms(BaseModel):
    """What may be changed; what is left out stays. `disabled` ends every log-in and refuses new
    ones.
    """

    model_config = body_example(disabled=True)

    full_name: str | None = Field(default=None, max_length=200)
    role: Role | None = None
    disabled: bool | None = None

    def changes(self, user: User, now: datetime) -> dict[str, Any]:
        """The columns to write."""
        columns = self.model_dump(include={"full_name", "role"}, exclude_none=True)
        if self.disabled is not None:
            columns["disabled_at"] = (user.disabled_at or now) if self.disabled else None
        return columns


class PasswordReset(BaseModel):
    """Another password for somebody, who will be logged out everywhere."""

    model_config = body_example(new_password="staple of another colour")

    new_password: Password


class AuditEntryOut(BaseModel):
    """Something that somebody did."""

    model_config = example(
        audit_id=7,
        occurred_at="2022-12-28T21:05:00Z",
        user_id=SOME_ID,
        network_address="192.0.2.1",
        action="portfolio.deleted",
        target="5d0c8a51-5a0b-4d6c-8a5f-0a1b2c3d4e5f",
        details={"name": "Growth"},
    )

    audit_id: int
    occurred_at: datetime
    user_id: UUID | None = Field(description="null when nobody had proven who they are")
    network_address: str | None
    action: str
    target: str | None = Field(description="the id, or the address, of what it was done to")
    details: dict[str, Any]


@router.get("/users", response_model=Page[ManagedUser])
async def list_users(
    _: Admin,
    session: OpenSession,
    search: Annotated[
        str | None, Query(max_length=100, description="a part of the address or the name")
    ] = None,
    role: Annotated[Role | None, Query()] = None,
    disabled: Annotated[bool | None, Query()] = None,
    limit: Limit = 100,
    offset: Offset = 0,
) -> dict[str, Any]:
    """The users that meet every condition given, by address."""
    items, total = await users.load_users(
        session, UserFilter(search, role, disabled), limit, offset
    )
    return {"items": items, "total": total, "limit": limit, "offset": offset}


@router.post("/users", status_code=201, response_model=ManagedUser, responses=documented(409))
async def create_user(
    wanted: NewUser, _: Admin, session: OpenSession, gateway: GatewayParts
) -> User:
    """Create a user, whether or not registration is open."""
    password_hash = await gateway.passwords.hash(wanted.password.get_secret_value())
    user = await users.save_user(
        session, wanted.email, password_hash, full_name=wanted.full_name.strip(), role=wanted.role
    )
    if user is None:
        raise Problem(
            409, "email_taken", f"there is a user with the address {wanted.email} already"
        )
    await record(session, "user.created", user.user_id, email=user.email, role=user.role)
    return user


@router.get("/users/{user_id}", response_model=ManagedUser, responses=documented(404))
async def get_user(user_id: UUID, _: Admin, session: OpenSession) -> User:
    """One user."""
    return await _known(session, user_id)


@router.patch("/users/{user_id}", response_model=ManagedUser, responses=documented(404, 409))
async def change_user(user_id: UUID, wanted: UserTerms, _: Admin, session: OpenSession) -> User:
    """Rename a user, change the role, disable or enable. One administrator always remains."""
    user, now = await _known(session, user_id), datetime.now(UTC)
    changes = wanted.changes(user, now)
    if changes.get("role") == "user" or changes.get("disabled_at"):
        await _keep_an_administrator(session, user)
    if changes.get("disabled_at"):
        await logins.end_families(session, user_id, now)
    if not changes:
        return user
    await record(session, "user.changed", user_id, **wanted.model_dump(exclude_none=True))
    return await users.save_user_terms(session, user_id, changes) or await _known(session, user_id)


@router.put("/users/{user_id}/password", status_code=204, responses=documented(404))
async def reset_password(
    user_id: UUID, wanted: PasswordReset, _: Admin, session: OpenSession, gateway: GatewayParts
) -> Response:
    """Give a user another password; every log-in of the user's ends."""
    password_hash = await gateway.passwords.hash(wanted.new_password.get_secret_value())
    if not await users.save_password(session, user_id, password_hash):
        raise not_found("user", user_id)
    await logins.end_families(session, user_id, datetime.now(UTC))
    await record(session, "user.password_reset", user_id)
    return Response(status_code=204)


@router.delete("/users/{user_id}", status_code=204, responses=documented(404, 409))
async def delete_user(user_id: UUID, _: Admin, session: OpenSession) -> Response:
    """Delete a user with every portfolio of theirs. One administrator always remains."""
    user = await _known(session, user_id)
    await _keep_an_administrator(session, user)
    await record(session, "user.deleted", user_id, email=user.email)
    await users.delete_user(session, user_id)
    return Response(status_code=204)


async def _known(session: Session, user_id: UUID) -> User:
    user = await users.load_user(session, user_id)
    if user is None:
        raise not_found("user", user_id)
    return user


async def _keep_an_administrator(session: Session, user: User) -> None:
    if user.role == "admin" and not await users.another_administrator(session, user.user_id):
        raise Problem(
            409, "last_administrator", f"{user.email} is the only administrator: make another first"
        )


@router.get("/audit-log", response_model=Page[AuditEntryOut])
async def list_audit_log(
    _: Admin,
    session: OpenSession,
    user_id: Annotated[UUID | None, Query(description="done by this user")] = None,
    action: Annotated[
        str | None, Query(max_length=60, description="portfolio.deleted, say")
    ] = None,
    target: Annotated[str | None, Query(max_length=200, description="done to this")] = None,
    since: Annotated[datetime | None, Query(description="at or after this moment")] = None,
    until: Annotated[datetime | None, Query(description="before this moment")] = None,
    limit: Limit = 100,
    offset: Offset = 0,
) -> dict[str, Any]:
    """Who did what, newest first: every condition given holds."""
    wanted = AuditFilter(user_id, action, target, since, until)
    items, total = await audit.load_entries(session, wanted, limit, offset)
    return {"items": items, "total": total, "limit": limit, "offset": offset}
