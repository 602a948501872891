"""Single sign-on: log in, link an account, come back from the provider, unlink, log out.

Everything here runs in the gateway's own role, but for the list of the caller's accounts: the
caller is not yet known, or ends log-ins.
"""

import secrets
from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request, Response
from starlette.requests import HTTPConnection

from services.gateway.edge.audit import Actor, act_as, record
from services.gateway.edge.cookies import end_session, refuse_other_pages
from services.gateway.edge.dependencies import (
    Caller,
    CallersProof,
    Gateway,
    GatewayParts,
    NetworkAddress,
    OpenSession,
)
from services.gateway.edge.problems import Problem, documented, not_found
from services.gateway.edge.routers import api_router
from services.gateway.identity import queries as identity_queries
from services.gateway.identity.sign_on import queries
from services.gateway.identity.sign_on.browser import (
    ATTEMPT_SECONDS,
    attempt_hash,
    keep_secret,
    secrets_of,
)
from services.gateway.identity.sign_on.provider import Provider, ProviderAway
from services.gateway.identity.sign_on.schemas import (
    LinkedAccountList,
    LinkedAccountOut,
    SignOnAddress,
    SignOnOffer,
    SignOnStart,
)
from services.gateway.tables import SignOnAttempt

router = api_router("/auth/oidc", "auth")


def provider_of(connection: HTTPConnection) -> Provider | None:
    """The provider that the settings name."""
    provider: Provider | None = connection.app.state.sign_on
    return provider


def not_configured() -> Problem:
    """What is said where the settings name no provider."""
    return Problem(404, "sign_on_not_configured", "there is no single sign-on here")


def provider_away() -> Problem:
    """What is said while the provider does not answer."""
    detail = (
        "the provider of single sign-on does not answer: try again later, or log in with a password"
    )
    return Problem(503, "provider_unreachable", detail)


async def _configured(connection: HTTPConnection) -> Provider:
    provider = provider_of(connection)
    if provider is None:
        raise not_configured()
    return provider


ConfiguredProvider = Annotated[Provider, Depends(_configured)]


@router.get("")
async def offer_sign_on(request: Request) -> SignOnOffer:
    """Whether users may log in by a provider of single sign-on."""
    provider = provider_of(request)
    return SignOnOffer(configured=provider is not None, name=provider and provider.terms.name)


@router.post(
    "/login",
    status_code=201,
    responses=documented(403, 404, 422, 503),
    dependencies=[Depends(refuse_other_pages)],
)
async def start_sign_on(
    wanted: SignOnStart, provider: ConfiguredProvider, gateway: GatewayParts, response: Response
) -> SignOnAddress:
    """Where to send the browser to log in; it comes back to `auth/oidc/callback`.

    The answer sets a cookie, which ties what follows to this browser. Needs the header
    `X-SigmaSight-Page`, as every write with the cookie does.
    """
    return await _started(gateway, provider, response, wanted.return_to)


@router.post("/link", status_code=201, responses=documented(401, 403, 404, 422, 503))
async def start_linking(
    wanted: SignOnStart,
    caller: Caller,
    proof: CallersProof,
    provider: ConfiguredProvider,
    gateway: GatewayParts,
    response: Response,
) -> SignOnAddress:
    """The same, to let the account that logs in there log the caller in here from then on."""
    return await _started(
        gateway, provider, response, wanted.return_to, caller.user_id, proof.family_id
    )


async def _started(
    gateway: Gateway,
    provider: Provider,
    response: Response,
    return_to: str,
    user_id: UUID | None = None,
    family_id: UUID | None = None,
) -> SignOnAddress:
    state = secrets.token_urlsafe(32)
    secret = secrets.token_urlsafe(32)
    try:
        url = await provider.authorization_url(state, secrets_of(secret))
    except ProviderAway:
        raise provider_away() from None
    attempt = SignOnAttempt(
        attempt_hash=attempt_hash(state, secret),
        return_to=return_to,
        user_id=user_id,
        family_id=family_id,
        expires_at=datetime.now(UTC) + timedelta(seconds=ATTEMPT_SECONDS),
    )
    async with gateway.database.transaction() as session:
        await queries.save_attempt(session, attempt)
    keep_secret(response, secret)
    return SignOnAddress(url=url)


@router.get("/links", responses=documented(401, 403))
async def list_linked_accounts(
    caller: Caller, session: OpenSession, request: Request
) -> LinkedAccountList:
    """The accounts of single sign-on that log the caller in."""
    provider = provider_of(request)
    found = await queries.load_links(session, caller.user_id)
    return LinkedAccountList(
        provider=provider and provider.terms.name,
        items=[LinkedAccountOut.model_validate(each) for each in found],
    )


@router.delete("/links/{link_id}", status_code=204, responses=documented(401, 403, 404, 409, 422))
async def unlink_account(
    link_id: UUID, caller: Caller, gateway: GatewayParts, address: NetworkAddress
) -> Response:
    """Unlink an account; the log-ins that came by it end. The only way to log in stays."""
    async with gateway.database_of_operator(caller.user_id, address).transaction() as session:
        link = await queries.lock_link(session, caller.user_id, link_id)
        if link is None:
            raise not_found("link", link_id)
        if link.made_user:
            detail = "you have no password: without this account you could not log in any more"
            raise Problem(409, "only_log_in", detail)
        await queries.delete_link(session, link_id, datetime.now(UTC))
        await record(session, "sign_on.unlinked", link_id, subject=link.subject)
    return Response(status_code=204)


@router.post("/logout", responses=documented(401, 403, 404))
async def end_sign_on(
    caller: Caller,
    proof: CallersProof,
    provider: ConfiguredProvider,
    gateway: GatewayParts,
    address: NetworkAddress,
    response: Response,
) -> SignOnAddress:
    """End the log-in that the request comes with, and say where it ends at the provider too.

    Nowhere (`url` is null) when it came by a password, or when the provider has no such page.
    """
    assert proof.family_id is not None, "no personal token opens this route"
    async with gateway.database.transaction() as session:
        by_link = await queries.came_by_link(session, proof.family_id)
        await identity_queries.end_family(session, proof.family_id, datetime.now(UTC))
        act_as(session, Actor(caller.user_id, address))
        await record(session, "login.ended", caller.user_id, everywhere=False)
    end_session(response)
    return SignOnAddress(url=await provider.end_session_url() if by_link else None)
