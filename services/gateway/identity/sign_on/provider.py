"""The OpenID provider: its document, its keys, the exchange of a code, what its tokens say.

Nothing is fetched before the first log-in by it, every request has a time limit, and what is
remembered is used while the provider is away. So the gateway starts and answers without it.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import httpx2
import structlog
from authlib.common.errors import AuthlibBaseError
from authlib.common.security import is_secure_transport
from authlib.common.urls import add_params_to_uri
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from services.gateway.identity.sign_on.terms import SignOnTerms

# Signatures alone: with an HMAC the provider's public key would be a secret that anyone knows.
ALGORITHMS = frozenset(f"{kind}{bits}" for kind in ("RS", "PS", "ES") for bits in (256, 384, 512))
REMEMBERED_SECONDS = 3_600.0
RENEWED_APART_SECONDS = 30.0  # keys, for tokens that name an unknown one: anyone can send those
FAILED_SECONDS = 5.0  # for which no further request waits for a provider that is away
REQUEST_SECONDS = 5.0
CLOCKS_APART_SECONDS = 60
MOST_SUBJECT = 255  # characters, by the specification
log = structlog.get_logger("sigmasight.gateway")
Claims = Mapping[str, object]


class ProviderAway(Exception):
    """The provider gave no usable answer in time."""


class InvalidSignOn(Exception):
    """What came from the provider is not for this log-in; the message says why, for people."""


@dataclass(frozen=True)
class Secrets:
    """What ties an answer of the provider to one log-in: PKCE's verifier and the token's nonce."""

    verifier: str
    nonce: str


class Remembered:
    """A document of the provider's, fetched when it is first needed and when it is too old."""

    def __init__(self, fetch: Callable[[], Awaitable[Claims]]) -> None:
        self._fetch = fetch
        self._lock = asyncio.Lock()
        self._found: Claims | None = None
        self._fetched_at = self._failed_at = float("-inf")

    async def within(self, seconds: float) -> Claims:
        """The document, at most so old, or older while the provider is away.

        Raises `ProviderAway` when there was none yet.
        """
        async with self._lock:
            now = time.monotonic()
            is_due = now - self._fetched_at > seconds and now - self._failed_at > FAILED_SECONDS
            if is_due:
                await self._renew(now)
            if self._found is None:
                raise ProviderAway
            return self._found

    async def _renew(self, now: float) -> None:
        try:
            self._found = await self._fetch()
            self._fetched_at = now
        except (httpx2.HTTPError, TimeoutError, ValueError, ProviderAway) as error:
            self._failed_at = time.monotonic()
            log.warning("the sign-on provider is away", reason=repr(error))


class Provider:
    """One OpenID provider; `transport` replaces the network in tests."""

    def __init__(
        self, terms: SignOnTerms, transport: httpx2.AsyncBaseTransport | None = None
    ) -> None:
        self.terms = terms
        self._transport = transport
        self._document = Remembered(self._fetch_document)
        self._keys = Remembered(self._fetch_keys)

    async def authorization_url(self, state: str, secrets: Secrets) -> str:
        """Where a browser logs in; raises `ProviderAway`."""
        document = await self._document.within(REMEMBERED_SECONDS)
        async with self._client(document) as client:
            url, _ = client.create_authorization_url(
                document["authorization_endpoint"],
                state=state,
                code_verifier=secrets.verifier,
                nonce=secrets.nonce,
            )
        return str(url)

    async def end_session_url(self) -> str | None:
        """Where a browser ends its log-in at the provider; None where that has no such page.

        Also None while the provider is away: the log-in here ends all the same.
        """
        try:
            endpoint = (await self._document.within(REMEMBERED_SECONDS)).get("end_session_endpoint")
        except ProviderAway:
            return None
        if not isinstance(endpoint, str):
            return None
        back = {
            "client_id": self.terms.client_id,
            "post_logout_redirect_uri": f"{self.terms.home}/",
        }
        return str(add_params_to_uri(endpoint, back))

    async def claims(self, code: str, issuer: str | None, secrets: Secrets) -> Claims:
        """What the provider says of the account that the code is for, verified.

        `issuer`: who the callback says that it comes from, if it does (RFC 9207). Raises
        `ProviderAway` and `InvalidSignOn`.
        """
        document = await self._document.within(REMEMBERED_SECONDS)
        names_itself = document.get("authorization_response_iss_parameter_supported") is True
        if issuer != self.terms.issuer and (issuer is not None or names_itself):
            raise InvalidSignOn("the answer comes from another provider")
        async with self._client(document) as client:
            token = await self._exchanged(client, document, code, secrets)
            access_token = token.get("access_token")
            claims = await self._verified(token, secrets.nonce)
            userinfo = document.get("userinfo_endpoint")
            if not self._are_complete(claims) and userinfo and isinstance(access_token, str):
                claims = await self._completed(client, claims, str(userinfo), access_token)
        return claims

    # --- requests ---

    def _client(self, document: Claims) -> AsyncOAuth2Client:
        ways = document.get("token_endpoint_auth_methods_supported")
        only_post = isinstance(ways, list) and "client_secret_basic" not in ways
        way = "client_secret_post" if only_post else "client_secret_basic"
        return AsyncOAuth2Client(
            self.terms.client_id,
            self.terms.client_secret,
            token_endpoint_auth_method=way if self.terms.client_secret else "none",
            scope=self.terms.scopes,
            redirect_uri=self.terms.redirect_uri,
            code_challenge_method="S256",
            timeout=REQUEST_SECONDS,
            transport=self._transport,
        )

    async def _fetch_document(self) -> Claims:
        address = self.terms.issuer.rstrip("/") + "/.well-known/openid-configuration"
        document = await self._read(address)
        if document.get("issuer") != self.terms.issuer:
            raise ValueError(f"{address} is of the issuer {document.get('issuer')!r}")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            if not is_secure_transport(str(document.get(name, ""))):
                raise ValueError(f"{address} has no usable {name}")
        return document

    async def _fetch_keys(self) -> Claims:
        document = await self._document.within(REMEMBERED_SECONDS)
        return await self._read(str(document["jwks_uri"]))

    async def _read(self, address: str) -> Claims:
        async with asyncio.timeout(REQUEST_SECONDS), self._plain() as client:
            answer = await client.get(address, headers={"Accept": "application/json"})
            answer.raise_for_status()
            return _object(answer.json())

    def _plain(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(timeout=REQUEST_SECONDS, transport=self._transport)

    async def _exchanged(
        self, client: AsyncOAuth2Client, document: Claims, code: str, secrets: Secrets
    ) -> Claims:
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                return _object(
                    await client.fetch_token(
                        document["token_endpoint"],
                        grant_type="authorization_code",
                        code=code,
                        code_verifier=secrets.verifier,
                    )
                )
        except AuthlibBaseError as error:
            log.warning("the sign-on provider refused a code", reason=str(error))
            raise InvalidSignOn("the provider does not accept the code") from error
        except (httpx2.HTTPError, TimeoutError, ValueError) as error:
            raise _away(error) from error

    # --- what its tokens say ---

    async def _verified(self, token: Claims, nonce: str) -> Claims:
        id_token = token.get("id_token")
        if not isinstance(id_token, str):
            raise InvalidSignOn("the provider sent no identity token")
        try:
            signed = await self._signed(id_token)
            claims = CodeIDToken(
                signed.claims,
                signed.header,
                {
                    "iss": {"essential": True, "value": self.terms.issuer},
                    "aud": {"essential": True, "value": self.terms.client_id},
                    "sub": {"essential": True},
                },
                {
                    "nonce": nonce,
                    "client_id": self.terms.client_id,
                    "access_token": token.get("access_token"),
                },
            )
            claims.validate(leeway=CLOCKS_APART_SECONDS)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            log.warning("an identity token was refused", reason=repr(error))
            raise InvalidSignOn("the provider's identity token is not valid for us") from error
        subject = claims["sub"]
        if not isinstance(subject, str) or not subject.isprintable() or len(subject) > MOST_SUBJECT:
            raise InvalidSignOn("the provider gives the account no usable name")
        return dict(claims)

    async def _signed(self, id_token: str) -> jwt.Token:
        try:
            return self._decoded(id_token, await self._keys.within(REMEMBERED_SECONDS))
        except InvalidKeyIdError:
            return self._decoded(id_token, await self._keys.within(RENEWED_APART_SECONDS))

    def _decoded(self, id_token: str, document: Claims) -> jwt.Token:
        listed = document.get("keys")
        keys = [each for each in listed if _signs(each)] if isinstance(listed, list) else []
        registry = JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)
        return jwt.decode(id_token, KeySet.import_key_set({"keys": keys}), registry=registry)

    def _are_complete(self, claims: Claims) -> bool:
        """Whether the token itself says all that is looked at."""
        wanted = ["email", "email_verified"]
        wanted += [self.terms.groups_claim] if self.terms.allowed_groups else []
        wanted += [self.terms.role_claim] if self.terms.role_claim else []
        return all(name.partition(".")[0] in claims or name in claims for name in wanted)

    async def _completed(
        self, client: AsyncOAuth2Client, claims: Claims, address: str, access_token: str
    ) -> Claims:
        """The claims, with those that the provider gives apart from its token."""
        if not is_secure_transport(address):
            raise InvalidSignOn("the provider's userinfo_endpoint is no https address")
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                headers = {"Authorization": f"Bearer {access_token}", "Accept": "application/json"}
                answer = await client.request("GET", address, withhold_token=True, headers=headers)
                answer.raise_for_status()
                more = _object(answer.json())
        except (httpx2.HTTPError, TimeoutError, ValueError) as error:
            raise _away(error) from error
        if more.get("sub") != claims["sub"]:
            raise InvalidSignOn("the provider's user information is of another account")
        return {**more, **claims}


def _away(error: Exception) -> ProviderAway:
    log.warning("the sign-on provider is away", reason=repr(error))
    return ProviderAway(str(error))


def _object(answer: object) -> Claims:
    if not isinstance(answer, dict):
        raise ProviderAway("the provider's answer is no JSON object")
    return answer


def _signs(key: object) -> bool:
    return isinstance(key, dict) and key.get("kty") in ("RSA", "EC") and key.get("use") != "enc"
