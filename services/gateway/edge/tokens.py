"""Passwords (Argon2id) and tokens (EdDSA access tokens, opaque refresh tokens)."""

import asyncio
import hashlib
import hmac
import os
import re
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property, lru_cache
from time import time
from typing import TypeVar
from uuid import UUID, uuid4

import jwt
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from services.gateway.settings import GatewaySettings
from shared.errors import Misconfigured
from shared.settings import DEFAULT_PASSWORD, Settings

ALGORITHM = "EdDSA"
ISSUER = "sigmasight"
AUDIENCE = "sigmasight-api"
TOKENS_REMEMBERED = 4096
SHORTEST_ADMIN_PASSWORD = 12
_CLAIMS = ["sub", "sid", "iat", "exp", "jti", "iss", "aud"]
_PUBLIC_KEY = re.compile(r"-----BEGIN PUBLIC KEY-----.*?-----END PUBLIC KEY-----", re.DOTALL)
Answer = TypeVar("Answer")
log = structlog.get_logger("sigmasight.gateway")


class InvalidToken(Exception):
    """An access token that is expired, forged, or not one of ours."""


def signing_key(own: GatewaySettings, shared: Settings) -> Ed25519PrivateKey:
    """The configured Ed25519 key.

    On loopback, when none is configured, a new one that ends with the process.

    Raises `Misconfigured` when the key is unusable, or missing although others can reach the
    listener.
    """
    if own.token_signing_key is not None:
        return _parsed(own.token_signing_key.get_secret_value())
    if shared.exposed:
        it = "it (or its _FILE twin) to an Ed25519 private key in PEM"
        raise Misconfigured(
            f"refusing to listen on {shared.listen_host} without "
            "SIGMASIGHT_GATEWAY_TOKEN_SIGNING_KEY: "
            f"{shared.remedy(it)}"
        )
    log.warning("no token signing key is configured: tokens end with this process")
    return Ed25519PrivateKey.generate()


def refuse_guessable_administrator(own: GatewaySettings, shared: Settings) -> None:
    """Refuse a default or short administrator password when others can reach the listener.

    Raises `Misconfigured`.
    """
    password = own.admin_password.get_secret_value() if own.admin_password else None
    if password is None or not shared.exposed:
        return
    if password == DEFAULT_PASSWORD or len(password) < SHORTEST_ADMIN_PASSWORD:
        it = f"it to {SHORTEST_ADMIN_PASSWORD} characters or more"
        raise Misconfigured(
            f"refusing to listen on {shared.listen_host} with so easy a "
            "SIGMASIGHT_GATEWAY_ADMIN_PASSWORD: "
            f"{shared.remedy(it)}"
        )


def _parsed(pem: str) -> Ed25519PrivateKey:
    fix = "SIGMASIGHT_GATEWAY_TOKEN_SIGNING_KEY must be an unencrypted Ed25519 private key in PEM"
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError) as error:
        raise Misconfigured(fix) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise Misconfigured(fix)
    return key


def verification_keys(own: GatewaySettings) -> tuple[Ed25519PublicKey, ...]:
    """The configured public keys that are accepted besides the signing key's own.

    Raises `Misconfigured`.
    """
    text = own.token_verification_keys.get_secret_value() if own.token_verification_keys else ""
    if _PUBLIC_KEY.sub("", text).strip():
        raise Misconfigured(_PUBLIC_KEYS_WANTED)
    return tuple(_parsed_public(pem) for pem in _PUBLIC_KEY.findall(text))


_PUBLIC_KEYS_WANTED = (
    "SIGMASIGHT_GATEWAY_TOKEN_VERIFICATION_KEYS must be Ed25519 public keys in PEM, "
    "one after the other"
)


def _parsed_public(pem: str) -> Ed25519PublicKey:
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, TypeError) as error:
        raise Misconfigured(_PUBLIC_KEYS_WANTED) from error
    if not isinstance(key, Ed25519PublicKey):
        raise Misconfigured(_PUBLIC_KEYS_WANTED)
    return key


def key_id(key: Ed25519PublicKey) -> str:
    """A key's name, derived from the key: the same everywhere, with nothing to configure."""
    return hashlib.sha256(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()[:16]


@dataclass(frozen=True)
class Bearer:
    """What an access token says: who, and through which log-in."""

    user_id: UUID
    family_id: UUID


@dataclass(frozen=True)
class Tokens:
    """Issues and reads access tokens; times are seconds.

    One key signs; tokens of the others, earlier or later keys, are accepted too.
    """

    key: Ed25519PrivateKey
    access_seconds: int
    others: tuple[Ed25519PublicKey, ...] = ()

    @cached_property
    def signing_key_id(self) -> str:
        """The name of the key that signs."""
        return key_id(self.key.public_key())

    @cached_property
    def accepted(self) -> dict[str, Ed25519PublicKey]:
        """Every key whose tokens are accepted, by its name."""
        return {key_id(key): key for key in (*self.others, self.key.public_key())}

    def access_token(self, bearer: Bearer, now: datetime, seconds: int | None = None) -> str:
        """A signed statement of who its bearer is, from `now`: for `access_seconds`, or others."""
        lasts = timedelta(seconds=seconds or self.access_seconds)
        claims = {
            "sub": str(bearer.user_id),
            "sid": str(bearer.family_id),
            "iat": now,
            "exp": now + lasts,
            "jti": uuid4().hex,
            "iss": ISSUER,
            "aud": AUDIENCE,
        }
        return jwt.encode(
            claims, self.key, algorithm=ALGORITHM, headers={"kid": self.signing_key_id}
        )

    def user_id(self, token: str) -> UUID:
        """The token's user; raises `InvalidToken`.

        Says nothing about whether the log-in is still valid.
        """
        return self.bearer(token).user_id

    def bearer(self, token: str) -> Bearer:
        """The token's user and log-in; raises `InvalidToken`."""
        bearer, expires_at = self._verified(token)
        if expires_at <= time():
            raise InvalidToken("Signature has expired")
        return bearer

    @cached_property
    def _verified(self) -> Callable[[str], tuple[Bearer, float]]:
        """Verification with a cache: a valid signature stays valid.

        Of the last tokens seen, only the time is checked again.
        """
        return lru_cache(TOKENS_REMEMBERED)(self._verify)

    def _verify(self, token: str) -> tuple[Bearer, float]:
        try:
            claims = jwt.decode(
                token,
                self.accepted[jwt.get_unverified_header(token)["kid"]],
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                issuer=ISSUER,
                options={"require": _CLAIMS},
            )
            return Bearer(UUID(claims["sub"]), UUID(claims["sid"])), float(claims["exp"])
        except (jwt.InvalidTokenError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise InvalidToken(str(error)) from error


def new_refresh_token() -> str:
    """An unguessable token; only its hash is stored."""
    return secrets.token_urlsafe(48)


def successor_of(token: str, salt: bytes) -> str:
    """The refresh token that replaces `token`, by the 32 random bytes of its first use.

    Every replica derives the same. The salt is stored and the token is not, so neither a reader of
    the database nor a holder of a used token can derive the successor.
    """
    derived = hmac.digest(token.encode(), b"sigmasight refresh token" + salt, hashlib.sha384)
    return urlsafe_b64encode(derived).decode()


def token_hash(token: str) -> str:
    """The hash by which the database stores a refresh token.

    The token holds enough entropy for a plain hash to be safe.
    """
    return hashlib.sha256(token.encode()).hexdigest()


class Passwords:
    """Argon2id in separate threads. Checking takes as long for an unknown user as for a known one.

    No other work can take these threads, so log-ins go on under any load; there are `THREADS`, each
    with the memory of one hash, for half of the processors: guesses leave the others to readers.
    `memory_kib` per hash: RFC 9106 recommends 64 MiB. Stored hashes say what they were made with.
    """

    THREADS = max(1, min(4, (os.cpu_count() or 1) // 2))

    def __init__(self, memory_kib: int = 65_536) -> None:
        self._hasher = PasswordHash((Argon2Hasher(memory_cost=memory_kib),))
        self._threads = ThreadPoolExecutor(self.THREADS, "passwords")
        self._unknown_user = self._hasher.hash(secrets.token_urlsafe(16))

    async def hash(self, password: str) -> str:
        """The password's salted hash."""
        return await self._in_thread(self._hasher.hash, password)

    async def matches(self, password: str, password_hash: str | None) -> bool:
        """Whether the password matches the hash; None means that the user does not exist."""
        same = await self._in_thread(
            self._hasher.verify, password, password_hash or self._unknown_user
        )
        return same and password_hash is not None

    async def _in_thread(self, work: Callable[..., Answer], *arguments: str) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)
