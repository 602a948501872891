"""A provider of single sign-on that answers in memory, and does wrong what a test wants."""

import base64
import hashlib
import hmac
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
from joserfc import jwt
from joserfc.jwk import RSAKey
from sqlalchemy import select

from services.gateway.edge.cookies import COOKIE, PAGE_HEADER
from services.gateway.edge.dependencies import Gateway
from services.gateway.identity.sign_on.terms import SignOnTerms
from services.gateway.tables import AuditEntry
from shared.database import sql_table
from tests.integration.gateway.people import PASSWORD, Person

API = "/api/v1"
PAGE = {"Sec-Fetch-Site": "same-origin", PAGE_HEADER: "1"}
ISSUER = "https://login.example.org/realms/desk"
HOME = "https://risk.example.org"
CLIENT, SECRET = "sigmasight", "a secret of ours"


def terms(**other: object) -> SignOnTerms:
    """What the gateway knows of it."""
    usual = {
        **{"issuer": ISSUER, "client_id": CLIENT, "client_secret": SECRET, "home": HOME},
        **{"scopes": "openid email", "name": "Desk", "groups_claim": "groups"},
        **{"allowed_domains": frozenset({"example.org"}), "allowed_groups": frozenset()},
        **{"role_claim": "realm_access.roles", "admin_value": "risk-admin"},
    }
    return SignOnTerms(**{**usual, **other})  # type: ignore[arg-type]


@cache
def a_key(name: str) -> RSAKey:
    """A key of this name; making one takes time."""
    return RSAKey.generate_key(2048, {"kid": name, "use": "sig"}, private=True)


class MadeUpProvider(httpx2.AsyncBaseTransport):
    """Its document, keys and tokens, as the transport of the gateway's requests to it.

    `account`: who logs in; `forged`: claims of the token that replace the right ones, None for
    those left out; `header`: of the token. `key` signs, `published` are the keys it shows.
    """

    def __init__(self) -> None:
        self.key = a_key("first")
        self.published = [self.key]
        self.account: dict[str, object] = {
            **{"sub": "42", "email": "ada@example.org", "email_verified": True, "name": "Ada"},
            "realm_access": {"roles": ["trader"]},
        }
        self.forged: dict[str, object] = {}
        self.header: dict[str, str] = {"alg": "RS256", "kid": "first"}
        self.document: dict[str, object] = {
            "issuer": ISSUER,
            **{
                f"{name}_endpoint": f"{ISSUER}/{name}"
                for name in ("authorization", "token", "userinfo", "end_session")
            },
            "jwks_uri": f"{ISSUER}/keys",
        }
        self.is_away = False
        self.asked: list[str] = []
        self._codes: dict[str, Mapping[str, str]] = {}

    def logged_in(self, url: str) -> dict[str, str]:
        """What the provider adds to the callback after the account has logged in at `url`."""
        asked = {name: each[0] for name, each in parse_qs(urlsplit(url).query).items()}
        code = f"code-{len(self._codes)}"
        self._codes[code] = asked
        return {"code": code, "state": asked["state"], "iss": ISSUER, "session_state": "x"}

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """The answer to one request of the gateway's."""
        if self.is_away:
            raise httpx2.ConnectTimeout("away", request=request)
        path = request.url.path.removeprefix("/realms/desk/")
        self.asked.append(path)
        if path == ".well-known/openid-configuration":
            return httpx2.Response(200, json=self.document)
        if path == "keys":
            keys = [each.as_dict(private=False) for each in self.published]
            return httpx2.Response(200, json={"keys": keys})
        if path == "userinfo":
            return httpx2.Response(200, json=self.account)
        return self._exchanged(request)

    def _exchanged(self, request: httpx2.Request) -> httpx2.Response:
        given = {name: each[0] for name, each in parse_qs(request.content.decode()).items()}
        asked = self._codes.pop(given["code"], None)
        who = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        digest = hashlib.sha256(given["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if (
            asked is None
            or request.headers["authorization"] != f"Basic {who}"
            or given["redirect_uri"] != asked["redirect_uri"]
            or (asked["code_challenge_method"], asked["code_challenge"]) != ("S256", challenge)
        ):
            return httpx2.Response(400, json={"error": "invalid_grant"})
        token = self._signed(self._claims(asked["nonce"]))
        content = {"access_token": "opaque", "token_type": "Bearer", "id_token": token}
        return httpx2.Response(200, json=content)

    def _claims(self, nonce: str) -> dict[str, object]:
        now = int(time.time())
        claims = {
            **{"iss": ISSUER, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": nonce},
            **self.account,
            **self.forged,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def _signed(self, claims: dict[str, object]) -> str:
        algorithm = self.header["alg"]
        if algorithm not in ("none", "HS256"):
            return jwt.encode(dict(self.header), claims, self.key, algorithms=[algorithm])
        text = ".".join(_encoded(json.dumps(each).encode()) for each in (self.header, claims))
        known_to_all = self.key.as_pem(private=False)
        signature = hmac.digest(known_to_all, text.encode(), "sha256")
        return f"{text}.{_encoded(signature) if algorithm == 'HS256' else ''}"


def _encoded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).decode().rstrip("=")


@dataclass
class Browser:
    """Keeps cookies as a browser does."""

    http: httpx2.AsyncClient
    cookies: dict[str, str] = field(default_factory=dict)

    async def ask(self, method: str, path: str, site: str = "same-origin", **more: Any) -> Any:
        """One request of the page's, or with `site` one that another page led to."""
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers = PAGE | {"Sec-Fetch-Site": site, "Cookie": cookies}
        answer = await self.http.request(method, f"{API}/{path}", headers=headers, **more)
        for each in answer.headers.get_list("set-cookie"):
            name, value = each.partition(";")[0].split("=", 1)
            self.cookies.pop(name, None)
            if "Max-Age=0" not in each:
                self.cookies[name] = value
        return answer

    async def started(self, path: str = "auth/oidc/login", return_to: str = "/?screen=risk") -> str:
        """The address at the provider that the page is sent to."""
        answer = await self.ask("POST", path, json={"return_to": return_to})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["url"])

    async def come_back(self, answer: dict[str, str]) -> httpx2.Response:
        """The provider sends the browser back."""
        found: httpx2.Response = await self.ask(
            "GET", "auth/oidc/callback", site="cross-site", params=answer
        )
        return found

    async def me(self) -> dict[str, Any]:
        """Who is logged in here."""
        answer = await self.ask("GET", "auth/me")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


async def logged_in_by(browser: Browser, desk: MadeUpProvider) -> httpx2.Response:
    """The whole way there and back."""
    return await browser.come_back(desk.logged_in(await browser.started()))


def code_of(answer: httpx2.Response) -> str:
    """The code on the page that says why a log-in failed."""
    found = re.search("Code <code>([a-z_]+)</code>, request <code>[0-9a-f]{16}</code>", answer.text)
    assert found, answer.text
    return found[1]


async def refused(browser: Browser, desk: MadeUpProvider) -> tuple[int, str]:
    """The status and the code with which the whole way ends; no one is logged in."""
    answer = await logged_in_by(browser, desk)
    assert COOKIE not in browser.cookies
    return answer.status_code, code_of(answer)


async def recorded(gateway: Gateway, action: str) -> list[AuditEntry]:
    """What the audit log has of an action."""
    wanted = select(AuditEntry).where(sql_table(AuditEntry).c.action == action)
    async with gateway.database.transaction() as session:
        return list((await session.scalars(wanted)).all())


async def of_page(http: httpx2.AsyncClient, person: Person) -> Browser:
    """A browser in which the person has logged in with the password."""
    browser = Browser(http)
    await browser.ask("POST", "auth/session", json={"email": person.email, "password": PASSWORD})
    return browser
