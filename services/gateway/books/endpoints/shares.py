"""Sharing a portfolio with other users: who reads it, who edits it."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from fastapi import Response

from services.gateway.books.dependencies import (
    NamedPortfolio,
    owned_portfolio,
    refuse_draft,
    refuse_less,
)
from services.gateway.books.queries import shares
from services.gateway.books.schemas.shares import NewShare, ShareList, ShareOut
from services.gateway.edge.audit import Actor, act_as, record
from services.gateway.edge.dependencies import (
    Caller,
    CallersDatabase,
    CallersProof,
    Gateway,
    GatewayParts,
    NetworkAddress,
    OpenSession,
)
from services.gateway.edge.idempotency import once_router
from services.gateway.edge.problems import Problem, documented, not_found
from services.gateway.runs.queries import revisions
from services.gateway.tables import OWNER

MOST_SHARES = 50
MOST_UNKNOWN = 20  # addresses a day
UNKNOWN = "portfolio.share_refused"
router = once_router("/portfolios", "portfolios", 401, 403, 404, 422)


@router.get("/{portfolio_id}/shares")
async def list_shares(portfolio: NamedPortfolio, session: OpenSession) -> ShareList:
    """Everyone with whom the caller's portfolio is shared."""
    rows = await shares.load_shares(session, portfolio["portfolio_id"])
    items = [ShareOut.model_validate(vars(row)) for row in rows]
    return ShareList(items=items, total=len(items))


@router.put("/{portfolio_id}/shares", responses=documented(409, 429))
async def share_portfolio(
    portfolio_id: UUID,
    wanted: NewShare,
    caller: Caller,
    proof: CallersProof,
    gateway: GatewayParts,
    address: NetworkAddress,
    database: CallersDatabase,
) -> ShareOut:
    """Share the caller's portfolio with another user, or for something else than before.

    404 for an address of no user who may log in: whether the address is unknown or the user
    disabled is not said, and only so many a day are looked up.
    """
    async with database.transaction() as session:
        await owned_portfolio(session, caller, portfolio_id)
        await refuse_draft(session, portfolio_id)
        user_id = await shares.load_shared_user(session, portfolio_id, wanted.email)
    if wanted.email == caller.email:
        detail = "the portfolio is yours: share it with another user"
        errors = [{"field": "email", "code": "shared_with_oneself", "message": detail}]
        raise Problem(422, "shared_with_oneself", detail, errors)
    if user_id is None:
        actor = Actor(caller.user_id, address, proof.token_id)
        user_id = await _addressee(gateway, actor, wanted)
    async with database.transaction() as session:
        await shares.lock_shares(session, portfolio_id)
        await owned_portfolio(session, caller, portfolio_id)
        known = await shares.load_shares(session, portfolio_id)
        before = {row.user_id: row.role for row in known}
        if user_id not in before and len(before) >= MOST_SHARES:
            detail = f"the portfolio is shared with {MOST_SHARES} users, the most: remove one"
            raise Problem(409, "too_many_shares", detail)
        if before.get(user_id) != wanted.role:
            await shares.save_share(session, portfolio_id, caller.user_id, user_id, wanted.role)
            was = before.get(user_id)
            action = "portfolio.share_changed" if was else "portfolio.shared"
            about = {"user_id": user_id, "role": wanted.role.value, "was": was}
            await record(session, action, portfolio_id, **about)
            await revisions.raise_revision(session, [portfolio_id])
        known = await shares.load_shares(session, portfolio_id)
        saved = next(row for row in known if row.user_id == user_id)
        return ShareOut.model_validate(vars(saved))


async def _addressee(gateway: Gateway, actor: Actor, wanted: NewShare) -> UUID:
    """Who has the address; 404 when no user does who may log in, 429 after too many of those.

    Each of those is recorded, so that a list of addresses is not tried in silence.
    """
    since = datetime.now(UTC) - timedelta(days=1)
    async with gateway.database.transaction() as session:
        act_as(session, actor)
        if await shares.count_entries(session, actor, UNKNOWN, since) >= MOST_UNKNOWN:
            detail = f"{MOST_UNKNOWN} addresses of a day belong to no user: try again tomorrow"
            raise Problem(429, "too_many_addresses", detail, headers={"Retry-After": "86400"})
        user_id = await shares.load_addressee(session, wanted.email)
        if user_id is None:
            await record(session, UNKNOWN, wanted.email)
    if user_id is None:
        detail = f"no user logs in with {wanted.email}: check the address, or have them register"
        errors = [{"field": "email", "code": "user_not_found", "message": detail}]
        raise Problem(404, "user_not_found", detail, errors)
    return user_id


@router.delete("/{portfolio_id}/shares/{user_id}", status_code=204)
async def unshare_portfolio(
    portfolio_id: UUID, user_id: UUID, caller: Caller, session: OpenSession
) -> Response:
    """Share a portfolio with a user no longer, at once; that user may do so too, to leave it.

    The drafts that they have of it are deleted, and their reports of it are not shown any more.
    """
    portfolio = await owned_portfolio(session, caller, portfolio_id)
    if user_id != caller.user_id:
        refuse_less(portfolio, OWNER)
    await shares.lock_shares(session, portfolio_id)
    role = await shares.delete_share(session, portfolio_id, user_id)
    if role is None:
        raise not_found("share", user_id)
    await record(session, "portfolio.unshared", portfolio_id, user_id=user_id, was=role)
    return Response(status_code=204)
