"""Identity: register, log in, refresh, log out, me, change the password, browsers' sessions.

Everything here runs in the gateway's own role: the caller is not yet known.
"""

import secrets
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from fastapi import Depends, Request, Response

from services.gateway.edge.audit import Actor, act_as, record
from services.gateway.edge.cookies import end_session, refuse_other_pages, set_session
from services.gateway.edge.dependencies import (
    Caller,
    Gateway,
    GatewayParts,
    NetworkAddress,
)
from services.gateway.edge.problems import Problem, documented, unauthorised
from services.gateway.edge.rate_limits import network_of
from services.gateway.edge.routers import api_router
from services.gateway.edge.tokens import (
    Bearer,
    new_refresh_token,
    successor_of,
    token_hash,
)
from services.gateway.identity import queries
from services.gateway.identity.proving import (
    after_code,
    count_attempt,
    prove_password,
    require_code,
)
from services.gateway.identity.schemas import (
    Credentials,
    LoginCode,
    LoginLink,
    Logout,
    PasswordChange,
    RefreshRequest,
    Registered,
    Registration,
    TokenPair,
    UserOut,
    account_named,
)
from services.gateway.tables import RefreshToken, User
from shared.database import Session

SALT_BYTES = 32
LOGIN_LINK = "login"  # distinguishes such a ticket from those of event streams
LOGIN_LINK_SECONDS = 600
router = api_router("/auth", "auth")


@router.post("/register", status_code=202, responses=documented(403, 422))
async def register(
    wanted: Registration, gateway: GatewayParts, address: NetworkAddress
) -> Registered:
    """Create a user with the role `user`.

    Answers the same when the address is taken; the existing user stays as it is.
    """
    if gateway.settings.registration != "open":
        raise Problem(403, "registration_closed", "administrators make the users here: ask one")
    password_hash = await gateway.passwords.hash(wanted.password.get_secret_value())
    async with gateway.database.transaction() as session:
        user = await queries.save_user(
            session, wanted.email, password_hash, full_name=wanted.full_name.strip()
        )
        act_as(session, Actor(user.user_id if user else None, address))
        await record(session, "user.registered" if user else "user.registered_again", wanted.email)
    return Registered(email=wanted.email)


@router.post("/login", responses=documented(401, 403, 422, 429))
async def login(proof: Credentials, gateway: GatewayParts, address: NetworkAddress) -> TokenPair:
    """Exchange an address and a password for tokens.

    A user with a second factor sends `code`, too: without it the answer to the right password is
    401 `second_factor_required`.
    """
    user = await _proven(proof, gateway, address)

    async def log_in(session: Session) -> TokenPair:
        return await _logged_in(session, gateway, user, address)

    return await after_code(gateway, user, proof.given_code, address, log_in)


async def _proven(proof: Credentials, gateway: Gateway, address: str) -> User:
    """The user whose password this is; 401, 403 or 429 otherwise."""
    account = account_named(proof.email)
    async with gateway.database.transaction() as session:
        await count_attempt(session, gateway, account, address)
        user = await queries.load_user_by_email(session, account)
    proven = await gateway.passwords.matches(
        proof.password.get_secret_value(), user.password_hash if user else None
    )
    if user is not None and proven and user.disabled_at is None:
        return user
    async with gateway.database.transaction() as session:
        act_as(session, Actor(None, address))
        await record(session, "login.failed", account)
    if user is not None and proven:
        raise Problem(403, "user_disabled", "an administrator disabled this user")
    raise unauthorised("wrong_credentials", "the address or the password is wrong")


async def _logged_in(session: Session, gateway: Gateway, user: User, address: str) -> TokenPair:
    await _accept(session, user, address)
    return await _new_tokens(session, gateway, Bearer(user.user_id, uuid4()), new_refresh_token())


async def _accept(session: Session, user: User, address: str) -> None:
    await queries.delete_attempts(session, user.email, network_of(address))
    await record(session, "login.succeeded", user.user_id)


@router.post("/refresh", responses=documented(401, 422))
async def refresh(
    request: RefreshRequest, gateway: GatewayParts, address: NetworkAddress
) -> TokenPair:
    """Exchange a refresh token, which is used up by this, for new tokens.

    A second use within ten seconds, by another tab, gets the same refresh token as the first, or
    the one that has replaced that since. Later the token was stolen, from its owner or by its
    owner's thief: it ends the whole log-in.
    """
    now = datetime.now(UTC)
    token = request.refresh_token
    salt = secrets.token_bytes(SALT_BYTES)
    hashed = token_hash(token)
    async with gateway.database.transaction() as session:
        used = await queries.use_refresh_token(session, hashed, salt, now)
        if used is not None:
            return await _new_tokens(session, gateway, used, successor_of(token, salt))
        recent = await queries.load_recent_use(session, hashed, now)
        if recent is not None:
            return _token_pair(gateway, recent[0], await _newest(session, token, now), now)
        await _end_family_of_reused(session, hashed, address, now)
    raise unauthorised(
        "invalid_refresh_token", "the refresh token is unknown, expired or used: log in again"
    )


async def _newest(session: Session, token: str, now: datetime) -> str:
    """The unused token at the end of the successors of a token that was used just now.

    A fast tab may have used its successor already: a slow one that got a used token would end the
    log-in of both with its next refresh.
    """
    while (recent := await queries.load_recent_use(session, token_hash(token), now)) is not None:
        token = successor_of(token, recent[1])
    return token


async def _end_family_of_reused(session: Session, hashed: str, address: str, now: datetime) -> None:
    token = await queries.load_refresh_token(session, hashed)
    if token is None or token.used_at is None or token.revoked_at is not None:
        return
    await queries.end_family(session, token.family_id, now)
    act_as(session, Actor(None, address))
    await record(session, "login.ended_by_reuse", token.user_id, login=token.family_id)


@router.post("/logout", status_code=204, responses=documented(422))
async def logout(request: Logout, gateway: GatewayParts, address: NetworkAddress) -> Response:
    """End the log-in that a refresh token belongs to, its access tokens included.

    Needs no access token, and answers the same for an unknown refresh token.
    """
    now = datetime.now(UTC)
    async with gateway.database.transaction() as session:
        token = await queries.load_refresh_token(session, token_hash(request.refresh_token))
        if token is not None and token.expires_at > now:
            await _end(session, token, everywhere=request.everywhere, now=now)
            act_as(session, Actor(token.user_id, address))
            await record(session, "login.ended", token.user_id, everywhere=request.everywhere)
    return Response(status_code=204)


async def _end(session: Session, token: RefreshToken, *, everywhere: bool, now: datetime) -> None:
    # only a log-in that is still valid may end the others
    if everywhere and token.used_at is None and token.revoked_at is None:
        await queries.end_families(session, token.user_id, now)
    else:
        await queries.end_family(session, token.family_id, now)


@router.get("/me", response_model=UserOut, responses=documented(401))
async def me(caller: Caller) -> User:
    """The user behind the access token."""
    return caller


@router.put("/password", responses=documented(401, 403, 422, 429))
async def change_password(
    wanted: PasswordChange, caller: Caller, gateway: GatewayParts, address: NetworkAddress
) -> TokenPair:
    """Change the caller's password. Every log-in of the caller's ends; the answer is a new one.

    A caller with a second factor sends `code`, too.
    """
    current = wanted.current_password.get_secret_value()
    await prove_password(gateway, caller, current, address)
    password_hash = await gateway.passwords.hash(wanted.new_password.get_secret_value())
    now = datetime.now(UTC)
    async with gateway.database_of_operator(caller.user_id, address).transaction() as session:
        await require_code(session, caller.user_id, wanted.given_code, now)
        await queries.save_password(session, caller.user_id, password_hash)
        await queries.end_families(session, caller.user_id, now)
        await record(session, "user.password_changed", caller.user_id)
        return await _logged_in(session, gateway, caller, address)


# --- sessions of browsers ---


@router.post(
    "/session",
    status_code=201,
    response_model=UserOut,
    responses=documented(401, 403, 422, 429),
    dependencies=[Depends(refuse_other_pages)],
)
async def open_page_session(
    proof: Credentials, gateway: GatewayParts, address: NetworkAddress, response: Response
) -> User:
    """Log a browser in: the answer sets a cookie that no script can read.

    Needs the header `X-SigmaSight-Page`, as every write with the cookie does, and of a user with a
    second factor `code`, as `auth/login` does.
    """
    user = await _proven(proof, gateway, address)

    async def log_in(session: Session) -> str:
        await _accept(session, user, address)
        return await _page_token(session, gateway, user)

    token = await after_code(gateway, user, proof.given_code, address, log_in)
    set_session(response, token, gateway.settings.page_session_seconds)
    return user


@router.post(
    "/session/by-link",
    status_code=201,
    response_model=UserOut,
    responses=documented(401, 403, 422),
    dependencies=[Depends(refuse_other_pages)],
)
async def open_page_session_by_link(
    link: LoginCode, gateway: GatewayParts, address: NetworkAddress, response: Response
) -> User:
    """The same by the code of a link of `auth/session/link`, which is used up by this.

    A link is made by a log-in, so it needs no second factor.
    """
    async with gateway.database.transaction() as session:
        hashed = token_hash(f"{LOGIN_LINK} {link.code}")
        user_id = await queries.take_ticket(session, hashed, datetime.now(UTC))
        user = await queries.load_user(session, user_id) if user_id else None
    if user is None or user.disabled_at is not None:
        raise unauthorised("invalid_link", "the log-in link is unknown, used or expired")
    async with gateway.database.transaction() as session:
        act_as(session, Actor(user.user_id, address))
        # What is counted against the account stays: a link proves no password.
        await record(session, "login.succeeded", user.user_id)
        token = await _page_token(session, gateway, user)
    set_session(response, token, gateway.settings.page_session_seconds)
    return user


@router.post("/session/link", status_code=201, responses=documented(401))
async def create_login_link(
    caller: Caller, gateway: GatewayParts, address: NetworkAddress
) -> LoginLink:
    """A code that logs a browser in as the caller: `/#login=<code>`, once, within ten minutes."""
    code = new_refresh_token()
    expires_at = datetime.now(UTC) + timedelta(seconds=LOGIN_LINK_SECONDS)
    async with gateway.database.transaction() as session:
        act_as(session, Actor(caller.user_id, address))
        hashed = token_hash(f"{LOGIN_LINK} {code}")
        await queries.save_ticket(session, hashed, caller.user_id, expires_at)
        await record(session, "login_link.issued", caller.user_id)
    return LoginLink(code=code, expires_at=expires_at)


@router.delete("/session", status_code=204, responses=documented(401))
async def close_page_session(
    caller: Caller, gateway: GatewayParts, address: NetworkAddress, request: Request
) -> Response:
    """End the log-in that the request comes with, and let the browser forget its cookie."""
    bearer = gateway.tokens.bearer(request.headers["authorization"].partition(" ")[2].strip())
    async with gateway.database.transaction() as session:
        await queries.end_family(session, bearer.family_id, datetime.now(UTC))
        act_as(session, Actor(caller.user_id, address))
        await record(session, "login.ended", caller.user_id, everywhere=False)
    response = Response(status_code=204)
    end_session(response)
    return response


async def _page_token(session: Session, gateway: Gateway, user: User) -> str:
    """A separate log-in, which ends as any other does; its refresh token is never given out."""
    now = datetime.now(UTC)
    seconds = gateway.settings.page_session_seconds
    bearer = Bearer(user.user_id, uuid4())
    hashed = token_hash(new_refresh_token())
    expires_at = now + timedelta(seconds=seconds)
    await queries.save_refresh_token(session, hashed, bearer.user_id, bearer.family_id, expires_at)
    return gateway.tokens.access_token(bearer, now, seconds)


async def _new_tokens(
    session: Session, gateway: Gateway, bearer: Bearer, refresh_token: str
) -> TokenPair:
    now = datetime.now(UTC)
    expires_at = now + timedelta(days=gateway.settings.refresh_token_days)
    await queries.save_refresh_token(
        session, token_hash(refresh_token), bearer.user_id, bearer.family_id, expires_at
    )
    return _token_pair(gateway, bearer, refresh_token, now)


def _token_pair(gateway: Gateway, bearer: Bearer, refresh_token: str, now: datetime) -> TokenPair:
    return TokenPair(
        access_token=gateway.tokens.access_token(bearer, now),
        refresh_token=refresh_token,
        expires_in=gateway.tokens.access_seconds,
    )
