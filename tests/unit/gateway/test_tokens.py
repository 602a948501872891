"""Tokens prove who is asking, and nothing else does."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from pydantic import SecretStr

from services.gateway.edge.tokens import (
    AUDIENCE,
    ISSUER,
    Bearer,
    InvalidToken,
    Passwords,
    Tokens,
    key_id,
    new_refresh_token,
    refuse_guessable_administrator,
    signing_key,
    token_hash,
    verification_keys,
)
from services.gateway.settings import GatewaySettings
from shared.errors import Misconfigured
from shared.settings import DEFAULT_PASSWORD, Settings

NOW = datetime.now(UTC)  # when the tests were collected


def now() -> datetime:
    """A token's time: a long run of all tests outlives a token that was made at its beginning."""
    return datetime.now(UTC)


def some_tokens() -> Tokens:
    return Tokens(Ed25519PrivateKey.generate(), access_seconds=900)


def a_pem(key: PrivateKeyTypes) -> SecretStr:
    written = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return SecretStr(written.decode())


def open_to_the_world() -> Settings:
    return Settings(
        listen_host="0.0.0.0",
        database_password=SecretStr("one"),
        nats_password=SecretStr("two"),
    )


def a_bearer() -> Bearer:
    return Bearer(uuid4(), uuid4())


def a_public_pem(key: Ed25519PrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


CLAIMS = {
    "sub": str(uuid4()),
    "sid": str(uuid4()),
    "iat": NOW,
    "exp": NOW + timedelta(hours=1),
    "jti": "1",
    "iss": ISSUER,
    "aud": AUDIENCE,
}


def test_access_token_names_its_user_and_log_in() -> None:
    tokens, bearer = some_tokens(), a_bearer()

    assert tokens.bearer(tokens.access_token(bearer, now())) == bearer


def test_expired_token_proves_nothing() -> None:
    tokens = some_tokens()

    with pytest.raises(InvalidToken):
        tokens.user_id(tokens.access_token(a_bearer(), now() - timedelta(seconds=901)))


def test_another_key_proves_nothing() -> None:
    with pytest.raises(InvalidToken):
        some_tokens().user_id(some_tokens().access_token(a_bearer(), now()))


def signed(tokens: Tokens, claims: dict[str, object], **headers: object) -> str:
    return jwt.encode(
        claims, tokens.key, algorithm="EdDSA", headers={"kid": tokens.signing_key_id, **headers}
    )


def test_a_valid_token_is_accepted() -> None:
    tokens = some_tokens()

    assert str(tokens.user_id(signed(tokens, CLAIMS))) == CLAIMS["sub"]


@pytest.mark.parametrize(("algorithm", "key"), [("none", ""), ("HS256", "k" * 64)])
def test_other_algorithms_are_refused(algorithm: str, key: str) -> None:
    tokens = some_tokens()
    forged = jwt.encode(CLAIMS, key, algorithm=algorithm, headers={"kid": tokens.signing_key_id})

    with pytest.raises(InvalidToken):
        tokens.user_id(forged)


@pytest.mark.parametrize("left_out", CLAIMS)
def test_every_claim_is_required(left_out: str) -> None:
    tokens = some_tokens()
    claims = {key: value for key, value in CLAIMS.items() if key != left_out}

    with pytest.raises(InvalidToken):
        tokens.user_id(signed(tokens, claims))


@pytest.mark.parametrize(
    "claim", [{"sub": "nobody"}, {"sid": 7}, {"aud": "other"}, {"iss": "other"}]
)
def test_claims_that_are_not_ours_are_refused(claim: dict[str, object]) -> None:
    tokens = some_tokens()

    with pytest.raises(InvalidToken):
        tokens.user_id(signed(tokens, CLAIMS | claim))


@pytest.mark.parametrize("kid", ["", "0" * 16])
def test_a_token_of_an_unknown_key_is_refused(kid: str) -> None:
    tokens = some_tokens()

    with pytest.raises(InvalidToken):
        tokens.user_id(signed(tokens, CLAIMS, kid=kid))


@pytest.mark.parametrize("text", ["", "nonsense", "a.b.c", "e30.e30.e30"])
def test_what_is_no_token_is_refused(text: str) -> None:
    with pytest.raises(InvalidToken):
        some_tokens().user_id(text)


def test_a_token_names_the_key_that_signed_it() -> None:
    tokens = some_tokens()

    header = jwt.get_unverified_header(tokens.access_token(a_bearer(), now()))

    assert (header["kid"], header["alg"]) == (key_id(tokens.key.public_key()), "EdDSA")


def test_keys_rotate_without_a_token_being_refused() -> None:
    old, new = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    before = Tokens(old, 900, (new.public_key(),))
    after = Tokens(new, 900, (old.public_key(),))
    bearer = a_bearer()

    for issuer in (before, after):
        for reader in (before, after):
            assert reader.bearer(issuer.access_token(bearer, now())) == bearer
    with pytest.raises(InvalidToken):
        Tokens(new, 900).bearer(before.access_token(bearer, now()))


def test_verification_keys_stand_one_after_the_other() -> None:
    keys = [Ed25519PrivateKey.generate() for _ in range(2)]
    text = SecretStr("\n".join(a_public_pem(key) for key in keys))

    found = verification_keys(GatewaySettings(token_verification_keys=text))

    assert [key_id(key) for key in found] == [key_id(key.public_key()) for key in keys]
    assert verification_keys(GatewaySettings()) == ()


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
        a_pem(Ed25519PrivateKey.generate()).get_secret_value(),
    ],
)
def test_unusable_verification_keys_stop_the_start(text: str) -> None:
    with pytest.raises(Misconfigured, match="SIGMASIGHT_GATEWAY_TOKEN_VERIFICATION_KEYS"):
        verification_keys(GatewaySettings(token_verification_keys=SecretStr(text)))


def test_configured_key_is_used() -> None:
    key = Ed25519PrivateKey.generate()

    found = signing_key(GatewaySettings(token_signing_key=a_pem(key)), Settings())

    assert found.public_key() == key.public_key()


def test_missing_key_stops_the_start_beyond_loopback() -> None:
    with pytest.raises(Misconfigured, match="SIGMASIGHT_GATEWAY_TOKEN_SIGNING_KEY"):
        signing_key(GatewaySettings(), open_to_the_world())


def test_missing_key_stops_the_start_in_production() -> None:
    behind_a_proxy = open_to_the_world().model_copy(
        update={"listen_host": "127.0.0.1", "production": True}
    )

    with pytest.raises(Misconfigured, match="SIGMASIGHT_GATEWAY_TOKEN_SIGNING_KEY"):
        signing_key(GatewaySettings(), behind_a_proxy)


@pytest.mark.parametrize("password", [DEFAULT_PASSWORD, "short"])
def test_an_easy_administrator_password_stays_on_loopback(password: str) -> None:
    own = GatewaySettings(admin_email="root@example.com", admin_password=SecretStr(password))

    refuse_guessable_administrator(own, Settings())
    with pytest.raises(Misconfigured, match="SIGMASIGHT_GATEWAY_ADMIN_PASSWORD"):
        refuse_guessable_administrator(own, open_to_the_world())


@pytest.mark.parametrize("password", [None, SecretStr("correct horse battery")])
def test_a_good_administrator_password_or_none_starts_anywhere(password: SecretStr | None) -> None:
    refuse_guessable_administrator(GatewaySettings(admin_password=password), open_to_the_world())


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
