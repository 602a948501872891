"""What a browser keeps of a log-in that is under way, so that no other browser can end it.

A secret in a cookie. With the state that the provider returns it names the attempt; the nonce and
the verifier of PKCE are derived from it, so that the database holds nothing that would help its
reader.
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode

from starlette.responses import Response

from services.gateway.edge.tokens import token_hash
from services.gateway.identity.sign_on.provider import Secrets

ATTEMPT_COOKIE = "__Host-sigmasight-sign-on"
ATTEMPT_SECONDS = 600


def attempt_hash(state: str, secret: str) -> str:
    """The name of the attempt that a state and a browser's secret belong to."""
    return token_hash(f"sign-on {len(state)} {state} {secret}")


def secrets_of(secret: str) -> Secrets:
    """The verifier and the nonce of the attempt that the browser's secret belongs to."""
    return Secrets(verifier=_derived(secret, b"verifier"), nonce=_derived(secret, b"nonce"))


def _derived(secret: str, purpose: bytes) -> str:
    digest = hmac.digest(secret.encode(), b"sigmasight sign-on " + purpose, hashlib.sha256)
    return urlsafe_b64encode(digest).decode().rstrip("=")


def keep_secret(response: Response, secret: str) -> None:
    """Let the browser keep the secret until it comes back.

    `lax`: it comes back by a link of the provider's.
    """
    response.set_cookie(
        ATTEMPT_COOKIE,
        secret,
        max_age=ATTEMPT_SECONDS,
        path="/",
        secure=True,
        httponly=True,
        samesite="lax",
    )


def forget_secret(response: Response) -> None:
    """Let the browser forget it."""
    response.delete_cookie(ATTEMPT_COOKIE, path="/", secure=True, httponly=True, samesite="lax")
