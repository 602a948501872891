"""Models of registration and log-in."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from email_validator import EmailNotValidError, validate_email
from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
)

from services.gateway.edge.values import SOME_ID, FullName, RequestBody, body_example, example
from services.gateway.identity.guessable import why_guessable

MIN_PASSWORD = 8
MAX_PASSWORD = 200  # hashing a longer one would only cost time
LONGEST_CODE = 40


def normalised_email(text: str) -> str:
    """The address in lower case; raises `ValueError` when it is none. Nothing is looked up."""
    try:
        address = validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise ValueError(str(error)) from None
    return address.normalized.lower()


def account_named(text: str) -> str:
    """The account that a log-in names, in the spelling that accounts are stored in."""
    try:
        return normalised_email(text.strip())
    except ValueError:  # no account has it: the attempt counts by what was sent
        return text.strip().lower()


Email = Annotated[
    str,
    Field(max_length=320, json_schema_extra={"format": "email"}),
    AfterValidator(normalised_email),
]


def _usable(password: SecretStr) -> SecretStr:
    if not MIN_PASSWORD <= len(password.get_secret_value()) <= MAX_PASSWORD:
        raise ValueError(f"a password has {MIN_PASSWORD} to {MAX_PASSWORD} characters")
    refuse_guessable(password)
    return password


def refuse_guessable(password: SecretStr, *own: str) -> None:
    """Raise `ValueError` for a password that is tried first; `own`: what names its user."""
    reason = why_guessable(password.get_secret_value(), *own)
    if reason is not None:
        raise ValueError(f"a password {reason}: choose another, it is among the first tried")


Password = Annotated[
    SecretStr,
    Field(json_schema_extra={"minLength": MIN_PASSWORD, "maxLength": MAX_PASSWORD}),
    AfterValidator(_usable),
]


class Registration(RequestBody):
    """A new user."""

    model_config = body_example(
        email="ada@example.com", password="correct horse battery", full_name="Ada Lovelace"
    )

    email: Email
    password: Password
    full_name: FullName = ""

    @field_validator("password")
    @classmethod
    def _not_the_address(cls, password: SecretStr, others: ValidationInfo) -> SecretStr:
        refuse_guessable(password, others.data.get("email", ""))
        return password


class WithCode(RequestBody):
    """A proof to which a user with a second factor adds a code."""

    code: SecretStr | None = Field(
        default=None,
        max_length=LONGEST_CODE,
        description="of a user with a second factor: six digits or a recovery code, good once",
    )

    @property
    def given_code(self) -> str | None:
        """The code, if one was sent."""
        return self.code.get_secret_value() if self.code else None


class Credentials(WithCode):
    """A user's proof."""

    model_config = body_example(email="ada@example.com", password="correct horse battery")

    email: str = Field(max_length=320)
    password: SecretStr = Field(max_length=200)


class LoginCode(RequestBody):
    """The code of a log-in link, good for one use."""

    model_config = body_example(code="kQ3v...")

    code: str = Field(max_length=200)


class LoginLink(BaseModel):
    """What to put behind the page's address: `/#login=<code>`."""

    model_config = example(code="kQ3v...", expires_at="2022-12-28T21:10:00Z")

    code: str
    expires_at: datetime


class RefreshRequest(RequestBody):
    """A refresh token, good for one use."""

    model_config = body_example(refresh_token="e0Zk...")

    refresh_token: str = Field(max_length=200)


class Logout(RequestBody):
    """The refresh token of the log-in to end; `everywhere` ends all of the user's."""

    model_config = body_example(refresh_token="e0Zk...", everywhere=False)

    refresh_token: str = Field(max_length=200)
    everywhere: bool = False


class PasswordChange(WithCode):
    """Another password for the caller."""

    model_config = body_example(
        current_password="correct horse battery", new_password="staple of another colour"
    )

    current_password: SecretStr = Field(max_length=MAX_PASSWORD)
    new_password: Password


class Registered(BaseModel):
    """The address can log in now.

    With the password just given or, if it was registered before, with the existing one.
    """

    model_config = example(email="ada@example.com")

    email: str


SOME_USER = {
    "user_id": SOME_ID,
    "email": "ada@example.com",
    "full_name": "Ada Lovelace",
    "role": "user",
    "created_at": "2022-12-28T21:05:00Z",
}


class UserOut(BaseModel):
    """A user."""

    model_config = example(**SOME_USER) | {"from_attributes": True}

    user_id: UUID
    email: str
    full_name: str
    role: str
    created_at: datetime


class TokenPair(BaseModel):
    """The tokens of a log-in: send the access token as `Authorization: Bearer`."""

    model_config = example(
        access_token="eyJhbGciOiJFZERTQSJ9...",
        refresh_token="e0Zk...",
        token_type="bearer",
        expires_in=900,
    )

    access_token: str
    refresh_token: str
    token_type: str = "bearer"
    expires_in: int = Field(description="seconds until the access token ends")
