"""For administrators: users, and the log of what they did."""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Response

from services.gateway.accounts.queries import administration as queries
from services.gateway.accounts.queries.administration import AuditFilter, UserFilter
from services.gateway.accounts.queries.tokens import revoke_tokens
from services.gateway.accounts.schemas.administration import (
    AuditEntryOut,
    ManagedUser,
    NewUser,
    PasswordReset,
    Role,
    UserTerms,
)
from services.gateway.edge.audit import record
from services.gateway.edge.dependencies import Admin, ChosenPage, GatewayParts, OpenSession
from services.gateway.edge.problems import Problem, documented, not_found
from services.gateway.edge.routers import api_router
from services.gateway.edge.values import Page
from services.gateway.identity import factors
from services.gateway.identity import queries as identity_queries
from services.gateway.tables import User
from shared.database import Session

# No Idempotency-Key here: a fingerprint of the request would be a fast hash of a password, kept in
# the database.
router = api_router("/admin", "admin", 401, 403, 422)


@router.get("/users", response_model=Page[ManagedUser])
async def list_users(
    _: Admin,
    session: OpenSession,
    page: ChosenPage,
    search: Annotated[
        str | None, Query(max_length=100, description="a part of the address or the name")
    ] = None,
    role: Annotated[Role | None, Query()] = None,
    disabled: Annotated[bool | None, Query()] = None,
) -> dict[str, Any]:
    """The users that meet every condition given, by address."""
    wanted = UserFilter(search, role, disabled)
    return page.page(*await queries.load_users(session, wanted, page.limit, page.offset))


@router.post("/users", status_code=201, response_model=ManagedUser, responses=documented(409))
async def create_user(
    wanted: NewUser, _: Admin, session: OpenSession, gateway: GatewayParts
) -> User:
    """Create a user, whether or not registration is open."""
    password_hash = await gateway.passwords.hash(wanted.password.get_secret_value())
    user = await identity_queries.save_user(
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
    user = await _known(session, user_id)
    now = datetime.now(UTC)
    changes = wanted.changes(user, now)
    if changes.get("role") == "user" or changes.get("disabled_at"):
        await _keep_an_administrator(session, user)
    if changes.get("disabled_at"):
        await identity_queries.end_families(session, user_id, now)
    if not changes:
        return user
    await record(session, "user.changed", user_id, **wanted.model_dump(exclude_none=True))
    return await queries.save_user_terms(session, user_id, changes) or await _known(
        session, user_id
    )


@router.put("/users/{user_id}/password", status_code=204, responses=documented(404))
async def reset_password(
    user_id: UUID, wanted: PasswordReset, _: Admin, session: OpenSession, gateway: GatewayParts
) -> Response:
    """Give a user another password; every log-in and personal token of the user's ends."""
    password_hash = await gateway.passwords.hash(wanted.new_password.get_secret_value())
    if not await identity_queries.save_password(session, user_id, password_hash):
        raise not_found("user", user_id)
    now = datetime.now(UTC)
    await identity_queries.end_families(session, user_id, now)
    await revoke_tokens(session, user_id, now)
    await record(session, "user.password_reset", user_id)
    return Response(status_code=204)


@router.delete("/users/{user_id}/second-factor", status_code=204, responses=documented(404, 409))
async def remove_users_second_factor(
    user_id: UUID, caller: Admin, session: OpenSession
) -> Response:
    """Turn a user's second factor off, for one who lost the application and the recovery codes.

    An administrator's own needs the password and a code: `DELETE me/second-factor`.
    """
    user = await _known(session, user_id)
    if user_id == caller.user_id:
        detail = "remove your own second factor with DELETE me/second-factor"
        raise Problem(409, "own_second_factor", detail)
    if not await factors.delete_factor(session, user_id):
        raise Problem(404, "second_factor_not_found", f"{user.email} has no second factor")
    await record(session, "second_factor.removed_by_administrator", user_id)
    return Response(status_code=204)


@router.delete("/users/{user_id}", status_code=204, responses=documented(404, 409))
async def delete_user(user_id: UUID, _: Admin, session: OpenSession) -> Response:
    """Delete a user with every portfolio of theirs. One administrator always remains."""
    user = await _known(session, user_id)
    await _keep_an_administrator(session, user)
    await record(session, "user.deleted", user_id, email=user.email)
    await queries.delete_user(session, user_id)
    return Response(status_code=204)


async def _known(session: Session, user_id: UUID) -> User:
    user = await identity_queries.load_user(session, user_id)
    if user is None:
        raise not_found("user", user_id)
    return user


async def _keep_an_administrator(session: Session, user: User) -> None:
    if user.role == "admin" and not await queries.another_administrator(session, user.user_id):
        raise Problem(
            409, "last_administrator", f"{user.email} is the only administrator: make another first"
        )


@router.get("/audit-log", response_model=Page[AuditEntryOut])
async def list_audit_log(
    _: Admin,
    session: OpenSession,
    page: ChosenPage,
    user_id: Annotated[UUID | None, Query(description="done by this user")] = None,
    action: Annotated[
        str | None, Query(max_length=60, description="portfolio.deleted, say")
    ] = None,
    target: Annotated[str | None, Query(max_length=200, description="done to this")] = None,
    since: Annotated[datetime | None, Query(description="at or after this moment")] = None,
    until: Annotated[datetime | None, Query(description="before this moment")] = None,
) -> dict[str, Any]:
    """Who did what, newest first: every condition given holds."""
    wanted = AuditFilter(user_id, action, target, since, until)
    return page.page(*await queries.load_entries(session, wanted, page.limit, page.offset))
