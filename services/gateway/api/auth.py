"""Who is asking: register, log in, refresh, me."""

from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

from email_validator import EmailNotValidError, validate_email
from fastapi import APIRouter
from pydantic import AfterValidator, BaseModel, Field, SecretStr

from services.gateway.api.dependencies import Caller, Gateway, GatewayParts, unauthorised
from services.gateway.api.problems import Problem, documented
from services.gateway.api.schemas import SOME_ID, example
from services.gateway.api.tokens import new_refresh_token, token_hash
from services.gateway.repository import users
from services.gateway.tables import User
from shared.database import Session

MIN_PASSWORD = 8
MAX_PASSWORD = 200  # hashing a longer one would only cost time
router = APIRouter(prefix="/auth", tags=["auth"])


def normalised_email(text: str) -> str:
    """The address in lower case; raises `ValueError` when it is none. Nothing is looked up."""
    try:
        address = validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise ValueError(str(error)) from None
    return address.normalized.lower()


Email = Annotated[
    str, Field(max_length=320, json_schema_extra={"format": "email"}), AfterValidator(normalised_email)
]


def _of_usable_length(password: SecretStr) -> SecretStr:
    if not MIN_PASSWORD <= len(password.get_secret_value()) <= MAX_PASSWORD:
        raise ValueError(f"a password has {MIN_PASSWORD} to {MAX_PASSWORD} characters")
    return password


Password = Annotated[
    SecretStr,
    Field(json_schema_extra={"minLength": MIN_PASSWORD, "maxLength": MAX_PASSWORD}),
    AfterValidator(_of_usable_length),
]


class Registration(BaseModel):
    """A new user."""

    model_config = example(
        email="ada@example.com", password="correct horse battery", full_name="Ada Lovelace"
    )

    email: Email
    password: Password
    full_name: str = Field(default="", max_length=200)


class Credentials(BaseModel):
    """A user's proof."""

    model_config = example(email="ada@example.com", password="correct horse battery")

    email: str = Field(max_length=320)
    password: SecretStr = Field(max_length=200)


class RefreshRequest(BaseModel):
    """A refresh token, good for one use."""

    model_config = example(refresh_token="e0Zk...")

    refresh_token: str = Field(max_length=200)


class UserOut(BaseModel):
    """A user."""

    model_config = example(
        user_id=SOME_ID,
        email="ada@example.com",
        full_name="Ada Lovelace",
        role="user",
        created_at="2022-12-28T21:05:00Z",
    ) | {"from_attributes": True}

    user_id: UUID
    email: str
    full_name: str
    role: str
    created_at: datetime


class TokenPair(BaseModel):
    """What a log-in gives: send the access token as `Authorization: Bearer`."""

    model_config = example(
        access_token="eyJhbGciOiJFZERTQSJ9...", refresh_token="e0Zk...", token_type="bearer", expires_in=900
    )

    access_token: str
    refresh_token: str
    token_type: str = "bearer"
    expires_in: int = Field(description="seconds until the access token ends")


@router.post("/register", status_code=201, response_model=UserOut, responses=documented(409, 422))
async def register(wanted: Registration, gateway: GatewayParts) -> User:
    """Create a user. The role is always `user`."""
    password_hash = await gateway.passwords.hash(wanted.password.get_secret_value())
    async with gateway.database.transaction() as session:
        user = await users.save_user(session, wanted.email, password_hash, full_name=wanted.full_name.strip())
    if user is None:
        raise Problem(409, "email_taken", f"there is a user with the address {wanted.email} already")
    return user


@router.post("/login", responses=documented(401, 422))
async def login(proof: Credentials, gateway: GatewayParts) -> TokenPair:
    """Exchange an address and a password for tokens."""
    async with gateway.database.transaction() as session:
        user = await users.load_user_by_email(session, proof.email.strip().lower())
    known_hash = user.password_hash if user else None
    if not await gateway.passwords.matches(proof.password.get_secret_value(), known_hash) or user is None:
        raise unauthorised("wrong_credentials", "the address or the password is wrong")
    async with gateway.database.transaction() as session:
        return await _new_tokens(session, gateway, user.user_id)


@router.post("/refresh", responses=documented(401, 422))
async def refresh(request: RefreshRequest, gateway: GatewayParts) -> TokenPair:
    """Exchange a refresh token, which is used up by this, for new tokens."""
    async with gateway.database.transaction() as session:
        user_id = await users.use_refresh_token(session, token_hash(request.refresh_token), datetime.now(UTC))
        if user_id is not None:
            return await _new_tokens(session, gateway, user_id)
    raise unauthorised("invalid_refresh_token", "the refresh token is unknown, expired or used: log in again")


async def _new_tokens(session: Session, gateway: Gateway, user_id: UUID) -> TokenPair:
    now = datetime.now(UTC)
    refresh_token = new_refresh_token()
    expires_at = now + timedelta(days=gateway.settings.refresh_token_days)
    await users.save_refresh_token(session, token_hash(refresh_token), user_id, expires_at)
    access_token = gateway.tokens.access_token(user_id, now)
    return TokenPair(
        access_token=access_token, refresh_token=refresh_token, expires_in=gateway.tokens.access_seconds
    )


@router.get("/me", response_model=UserOut, responses=documented(401))
async def me(caller: Caller) -> User:
    """The user behind the access token."""
    return caller
