"""Tokens prove who is asking, and nothing else does."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic import SecretStr

from services.gateway.api.tokens import (
    AUDIENCE,
    ISSUER,
    InvalidToken,
    Passwords,
    Tokens,
    new_refresh_token,
    signing_key,
    token_hash,
)
from services.gateway.settings import GatewaySettings
from shared.errors import Misconfigured
from shared.settings import Settings

NOW = datetime.now(UTC)


def some_tokens() -> Tokens:
    return Tokens(Ed25519PrivateKey.generate(), access_seconds=900)


def a_pem(key: object) -> SecretStr:
    return SecretStr(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()  # type: ignore[attr-defined]
    )


def open_to_the_world() -> Settings:
    return Settings(
        listen_host="0.0.0.0",
        database_password=SecretStr("one"),
        nats_password=SecretStr("two"),
    )


def test_access_token_names_its_user() -> None:
    tokens, user_id = some_tokens(), uuid4()

    assert tokens.user_id(tokens.access_token(user_id, NOW)) == user_id


def test_expired_token_proves_nothing() -> None:
    tokens = some_tokens()

    with pytest.raises(InvalidToken):
        tokens.user_id(tokens.access_token(uuid4(), NOW - timedelta(seconds=901)))


def test_another_key_proves_nothing() -> None:
    with pytest.raises(InvalidToken):
        some_tokens().user_id(some_tokens().access_token(uuid4(), NOW))


@pytest.mark.parametrize(("algorithm", "key"), [("none", ""), ("HS256", "k" * 64)])
def test_other_algorithms_are_refused(algorithm: str, key: str) -> None:
    claims = {"sub": str(uuid4()), "iat": NOW, "exp": NOW + timedelta(hours=1), "jti": "1", "iss": ISSUER}
    forged = jwt.encode(claims | {"aud": AUDIENCE}, key, algorithm=algorithm)

    with pytest.raises(InvalidToken):
        some_tokens().user_id(forged)


@pytest.mark.parametrize("left_out", ["sub", "iat", "exp", "jti", "iss", "aud"])
def test_every_claim_is_required(left_out: str) -> None:
    tokens = some_tokens()
    claims = {"sub": str(uuid4()), "iat": NOW, "exp": NOW + timedelta(hours=1), "jti": "1", "iss": ISSUER}
    claims = {key: value for key, value in (claims | {"aud": AUDIENCE}).items() if key != left_out}

    with pytest.raises(InvalidToken):
        tokens.user_id(jwt.encode(claims, tokens.key, algorithm="EdDSA"))


def test_configured_key_is_used() -> None:
    key = Ed25519PrivateKey.generate()

    found = signing_key(GatewaySettings(token_signing_key=a_pem(key)), Settings())

    assert found.public_key() == key.public_key()


def test_missing_key_stops_the_start_beyond_loopback() -> None:
    with pytest.raises(Misconfigured, match="SIGMASIGHT_GATEWAY_TOKEN_SIGNING_KEY"):
        signing_key(GatewaySettings(), open_to_the_world())


def test_missing_key_is_made_on_loopback() -> None:
    assert isinstance(signing_key(GatewaySettings(), Settings()), Ed25519PrivateKey)


@pytest.mark.parametrize("pem", [SecretStr("nonsense"), a_pem(generate_private_key(65537, 2048))])
def test_unusable_key_stops_the_start(pem: SecretStr) -> None:
    with pytest.raises(Misconfigured, match="Ed25519"):
        signing_key(GatewaySettings(token_signing_key=pem), Settings())


def test_refresh_tokens_differ_and_hide_behind_their_hash() -> None:
    one, other = new_refresh_token(), new_refresh_token()

    assert one != other
    assert one not in token_hash(one)


async def test_password_matches_its_own_hash_only() -> None:
    passwords = Passwords()
    stored = await passwords.hash("correct horse")

    assert await passwords.matches("correct horse", stored)
    assert not await passwords.matches("wrong horse", stored)
    assert not await passwords.matches("correct horse", None)
