"""The caller's personal tokens: list, make, revoke. No token may do any of it."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from fastapi import Response
from sqlalchemy import RowMapping

from services.gateway.accounts.queries import tokens as queries
from services.gateway.accounts.queries.tokens import TokenTerms
from services.gateway.accounts.schemas.tokens import NewToken, TokenCreated, TokenList, TokenOut
from services.gateway.edge.audit import record
from services.gateway.edge.dependencies import Caller, OpenSession
from services.gateway.edge.personal import hint_of, new_personal_token, state_of
from services.gateway.edge.problems import Problem, documented, not_found
from services.gateway.edge.routers import api_router
from services.gateway.edge.tokens import token_hash

MOST_TOKENS = 50
# No Idempotency-Key: the answer that is stored would hold the token.
router = api_router("/me/tokens", "me", 401, 403, 422)


@router.get("")
async def list_tokens(caller: Caller, session: OpenSession) -> TokenList:
    """The caller's personal tokens, the newest first, with when each was last used."""
    now = datetime.now(UTC)
    rows = await queries.load_tokens(session, caller.user_id)
    items = [_shown(row, now) for row in rows]
    return TokenList(items=items, total=len(items))


@router.post("", status_code=201, responses=documented(409))
async def create_token(wanted: NewToken, caller: Caller, session: OpenSession) -> TokenCreated:
    """Make a personal token, which is shown now and never again: `Authorization: Bearer`."""
    now = datetime.now(UTC)
    if await queries.count_active(session, caller.user_id, now) >= MOST_TOKENS:
        raise Problem(409, "too_many_tokens", f"you have {MOST_TOKENS} tokens: revoke one")
    token = new_personal_token()
    terms = TokenTerms(
        token_hash(token),
        wanted.name,
        hint_of(token),
        wanted.scopes,
        now + timedelta(days=wanted.expires_in_days),
    )
    row = await queries.save_token(session, caller.user_id, terms, now)
    facts = {"name": wanted.name, "scopes": wanted.scopes, "expires_at": terms.expires_at}
    await record(session, "token.created", row["token_id"], **facts)
    return TokenCreated(**_shown(row, now).model_dump(), token=token)


def _shown(row: RowMapping, now: datetime) -> TokenOut:
    state = state_of(row["revoked_at"], row["expires_at"], now)
    return TokenOut.model_validate({**row, "state": state})


@router.delete("/{token_id}", status_code=204, responses=documented(404))
async def revoke_token(token_id: UUID, caller: Caller, session: OpenSession) -> Response:
    """Revoke a token: it is refused from now on."""
    if not await queries.revoke_token(session, caller.user_id, token_id, datetime.now(UTC)):
        raise not_found("token", token_id)
    await record(session, "token.revoked", token_id)
    return Response(status_code=204)
