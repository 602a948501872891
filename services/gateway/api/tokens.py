"""Passwords (Argon2id) and tokens (EdDSA access tokens, opaque refresh tokens)."""

import asyncio
import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import jwt
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from services.gateway.settings import GatewaySettings
from shared.errors import Misconfigured
from shared.settings import Settings, is_loopback

ALGORITHM = "EdDSA"
ISSUER = "sigmasight"
AUDIENCE = "sigmasight-api"
log = structlog.get_logger("sigmasight.gateway")


class InvalidToken(Exception):
    """An access token that proves nothing: expired, forged, or not one of ours."""


def signing_key(own: GatewaySettings, shared: Settings) -> Ed25519PrivateKey:
    """The configured Ed25519 key; on loopback, when none is configured, a new one that dies with the process.

    Raises `Misconfigured` when the key is unusable, or missing although others can reach the listener.
    """
    if own.token_signing_key is not None:
        return _parsed(own.token_signing_key.get_secret_value())
    if not is_loopback(shared.listen_host):
        raise Misconfigured(
            f"refusing to listen on {shared.listen_host} without SIGMASIGHT_GATEWAY_TOKEN_SIGNING_KEY: set it (or "
            "its _FILE twin) to an Ed25519 private key in PEM, or SIGMASIGHT_LISTEN_HOST=127.0.0.1"
        )
    log.warning("no token signing key is configured: tokens end with this process")
    return Ed25519PrivateKey.generate()


def _parsed(pem: str) -> Ed25519PrivateKey:
    fix = "SIGMASIGHT_GATEWAY_TOKEN_SIGNING_KEY must be an unencrypted Ed25519 private key in PEM"
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError) as error:
        raise Misconfigured(fix) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise Misconfigured(fix)
    return key


@dataclass(frozen=True)
class Tokens:
    """Issues and reads access tokens; times are seconds."""

    key: Ed25519PrivateKey
    access_seconds: int

    def access_token(self, user_id: UUID, now: datetime) -> str:
        """A signed statement that its bearer is the user, for `access_seconds` from `now`."""
        claims = {
            "sub": str(user_id),
            "iat": now,
            "exp": now + timedelta(seconds=self.access_seconds),
            "jti": uuid4().hex,
            "iss": ISSUER,
            "aud": AUDIENCE,
        }
        return jwt.encode(claims, self.key, algorithm=ALGORITHM)

    def user_id(self, token: str) -> UUID:
        """Whose token it is; raises `InvalidToken`."""
        try:
            claims = jwt.decode(
                token,
                self.key.public_key(),
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                issuer=ISSUER,
                options={"require": ["sub", "iat", "exp", "jti", "iss", "aud"]},
            )
            return UUID(claims["sub"])
        except (jwt.InvalidTokenError, ValueError) as error:
            raise InvalidToken(str(error)) from error


def new_refresh_token() -> str:
    """An unguessable token; only its hash is stored."""
    return secrets.token_urlsafe(48)


def token_hash(token: str) -> str:
    """What the database remembers of a refresh token: enough entropy went in that a plain hash is safe."""
    return hashlib.sha256(token.encode()).hexdigest()


class Passwords:
    """Argon2id in a thread. Checking takes as long for an unknown user as for a known one."""

    def __init__(self) -> None:
        self._hasher = PasswordHash((Argon2Hasher(),))
        self._nobody = self._hasher.hash(secrets.token_urlsafe(16))

    async def hash(self, password: str) -> str:
        """The password's salted hash."""
        return await asyncio.to_thread(self._hasher.hash, password)

    async def matches(self, password: str, password_hash: str | None) -> bool:
        """Whether the password is the one behind the hash; None stands for a user who does not exist."""
        same = await asyncio.to_thread(self._hasher.verify, password, password_hash or self._nobody)
        return same and password_hash is not None
