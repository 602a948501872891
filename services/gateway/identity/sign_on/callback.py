"""Where the provider sends a browser back to: a log-in, a link, or a page that says why neither.

No part of the API: providers add further parameters, and people read the answer.
"""

import re
import secrets
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from services.gateway.edge import queries as edge_queries
from services.gateway.edge.audit import Actor, act_as, record
from services.gateway.edge.cookies import set_session
from services.gateway.edge.dependencies import Gateway
from services.gateway.edge.problems import Problem
from services.gateway.edge.tokens import Bearer, new_refresh_token, token_hash
from services.gateway.identity import queries as identity_queries
from services.gateway.identity.sign_on import queries
from services.gateway.identity.sign_on.browser import (
    ATTEMPT_COOKIE,
    attempt_hash,
    forget_secret,
    secrets_of,
)
from services.gateway.identity.sign_on.endpoints import (
    not_configured,
    provider_away,
    provider_of,
)
from services.gateway.identity.sign_on.pages import refusal_page
from services.gateway.identity.sign_on.provider import InvalidSignOn, Provider, ProviderAway
from services.gateway.identity.sign_on.shapes import Identity, identity_of, refusal_of
from services.gateway.identity.sign_on.terms import CALLBACK_PATH
from services.gateway.tables import LinkedAccount, SignOnAttempt
from shared.database import Session

_PROVIDERS_CODE = re.compile("[a-z_]{1,60}")
_UNGUESSABLE_BYTES = 48
log = structlog.get_logger("sigmasight.gateway")


def callback_routes() -> list[Route]:
    """The route of the callback."""
    return [Route(CALLBACK_PATH, _come_back, methods=["GET"])]


async def _come_back(request: Request) -> Response:
    gateway: Gateway = request.app.state.gateway
    address = request.client.host if request.client else "unknown"
    try:
        response = await _entered(request, gateway, address)
    except Problem as problem:
        request_id = secrets.token_hex(8)
        log.warning("a sign-on was refused", code=problem.code, request_id=request_id)
        async with gateway.database.transaction() as session:
            act_as(session, Actor(None, address))
            facts = {"code": problem.code, "request_id": request_id}
            await record(session, "sign_on.refused", None, **facts)
        response = refusal_page(problem, request_id)
    forget_secret(response)
    return response


async def _entered(request: Request, gateway: Gateway, address: str) -> Response:
    """The redirect to the page of a browser that is logged in, or whose account is linked."""
    provider = provider_of(request)
    if provider is None:
        raise not_configured()
    attempt = await _attempt_of(request, gateway)
    identity = await _identity_of(request, provider)
    response = RedirectResponse(provider.terms.home + attempt.return_to, 303)
    if attempt.user_id is not None:
        await _link(gateway, attempt, identity, address)
        return response
    link = await _known_or_new(gateway, identity, address)
    await _log_in(gateway, link, address, response)
    return response


async def _attempt_of(request: Request, gateway: Gateway) -> SignOnAttempt:
    """The log-in that this browser started, which is used up by this."""
    state = request.query_params.get("state", "")
    secret = request.cookies.get(ATTEMPT_COOKIE, "")
    async with gateway.database.transaction() as session:
        hashed = attempt_hash(state, secret)
        attempt = await queries.take_attempt(session, hashed, datetime.now(UTC))
    if attempt is None:
        detail = (
            "this log-in was started in another browser, is older than ten minutes, or was used "
            "before: start again"
        )
        raise Problem(400, "sign_on_expired", detail)
    return attempt


async def _identity_of(request: Request, provider: Provider) -> Identity:
    """The account behind the provider's answer, if it may come in."""
    answer = request.query_params
    code = answer.get("code")
    if code is None:
        reason = answer.get("error", "")
        shown = f": {reason}" if _PROVIDERS_CODE.fullmatch(reason) else ""
        raise Problem(403, "sign_on_denied", f"the provider did not log you in{shown}")
    try:
        browser = secrets_of(request.cookies[ATTEMPT_COOKIE])
        claims = await provider.claims(code, answer.get("iss"), browser)
    except ProviderAway:
        raise provider_away() from None
    except InvalidSignOn as error:
        raise Problem(403, "sign_on_invalid", f"{error}: start again") from None
    identity = identity_of(claims, provider.terms)
    refusal = refusal_of(identity, provider.terms)
    if refusal is not None:
        detail = f"{refusal}: ask an administrator of this page"
        raise Problem(403, "sign_on_not_allowed", detail)
    return identity


# --- log in ---


async def _known_or_new(gateway: Gateway, identity: Identity, address: str) -> LinkedAccount:
    """The account's link, to a new user if there is none yet."""
    async with gateway.database.transaction() as session:
        link = await queries.lock_account(session, identity)
        if link is not None:
            await _follow_role(session, link, identity, address)
            return link
    # no password has this hash: the provider is this user's only way in
    unguessable = secrets.token_urlsafe(_UNGUESSABLE_BYTES)
    password_hash = await gateway.passwords.hash(unguessable)
    async with gateway.database.transaction() as session:
        link = await queries.lock_account(session, identity)
        return link or await _made(session, identity, password_hash, address)


async def _made(
    session: Session, identity: Identity, password_hash: str, address: str
) -> LinkedAccount:
    if identity.email is None:
        detail = "the provider gives no verified e-mail address for the account"
        raise Problem(403, "sign_on_not_allowed", f"{detail}: verify it there")
    role = "admin" if identity.is_admin else "user"
    user = await identity_queries.save_user(
        session, identity.email, password_hash, full_name=identity.full_name, role=role
    )
    if user is None:
        detail = (
            f"{identity.email} already belongs to a user with a password: log in with that, "
            "then link this account in Settings"
        )
        raise Problem(409, "address_taken", detail)
    act_as(session, Actor(user.user_id, address))
    await queries.save_link(session, identity, user.user_id, made_user=True)
    await record(session, "user.registered", identity.email, by=identity.issuer)
    link = await queries.lock_account(session, identity)
    assert link is not None
    return link


async def _follow_role(
    session: Session, link: LinkedAccount, identity: Identity, address: str
) -> None:
    """Give a user whom the provider made the role that it says; others keep theirs."""
    if not link.made_user or identity.is_admin is None:
        return
    role = "admin" if identity.is_admin else "user"
    if await queries.save_role(session, link.user_id, role):
        act_as(session, Actor(link.user_id, address))
        await record(session, "user.role_changed", link.user_id, role=role, by=link.issuer)


async def _log_in(gateway: Gateway, link: LinkedAccount, address: str, response: Response) -> None:
    """A separate log-in of the linked user, as one by a password is.

    What is counted against the account stays: this proves no password.
    """
    now = datetime.now(UTC)
    seconds = gateway.settings.page_session_seconds
    bearer = Bearer(link.user_id, uuid4())
    async with gateway.database.transaction() as session:
        act_as(session, Actor(link.user_id, address))
        user = await identity_queries.load_user(session, link.user_id)
        if user is None or user.disabled_at is not None:
            raise Problem(403, "user_disabled", "an administrator disabled this user")
        await queries.save_use(session, link.link_id, now)
        await record(session, "login.succeeded", link.user_id, by=link.issuer)
        await identity_queries.save_refresh_token(
            session,
            token_hash(new_refresh_token()),
            bearer.user_id,
            bearer.family_id,
            now + timedelta(seconds=seconds),
            link.link_id,
        )
    set_session(response, gateway.tokens.access_token(bearer, now, seconds), seconds)


# --- link ---


async def _link(gateway: Gateway, attempt: SignOnAttempt, identity: Identity, address: str) -> None:
    """Link the account to the user who started this, unless the log-in is over that did."""
    assert attempt.user_id is not None
    assert attempt.family_id is not None
    async with gateway.database_of_operator(attempt.user_id, address).transaction() as session:
        user = await edge_queries.load_caller(session, attempt.user_id, attempt.family_id)
        if user is None:
            raise Problem(401, "log_in_over", "you logged out meanwhile: log in, then link again")
        known = await queries.lock_account(session, identity)
        if known is not None and known.user_id != user.user_id:
            detail = "another user here is linked to this account: unlink it there first"
            raise Problem(409, "linked_elsewhere", detail)
        if known is None:
            link_id = await queries.save_link(session, identity, user.user_id, made_user=False)
            await record(session, "sign_on.linked", link_id, subject=identity.subject)
