"""Models of personal tokens."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field

from services.gateway.edge.scopes import Scope
from services.gateway.edge.values import SOME_ID, Name, RequestBody, body_example, example

LONGEST_DAYS = 366
_TOKEN = {
    "token_id": SOME_ID,
    "name": "Nightly report",
    "hint": "sigmasight_kQ3v",
    "scopes": ["portfolio:read", "risk:read"],
    "state": "active",
    "created_at": "2022-12-28T21:05:00Z",
    "expires_at": "2023-03-28T21:05:00Z",
    "last_used_at": None,
    "revoked_at": None,
}


def _each_once(scopes: list[Scope]) -> list[Scope]:
    return [scope for scope in Scope if scope in scopes]


class NewToken(RequestBody):
    """A token to make: what it is for, what it may do, and for how long."""

    model_config = body_example(
        name="Nightly report", scopes=["portfolio:read", "risk:read"], expires_in_days=90
    )

    name: Name = Field(description="what uses it: shown in lists")
    scopes: Annotated[
        list[Scope],
        Field(min_length=1, max_length=10, description="none includes another"),
        AfterValidator(_each_once),
    ]
    expires_in_days: int = Field(default=90, ge=1, le=LONGEST_DAYS)


class TokenOut(BaseModel):
    """A personal token, without the token itself."""

    model_config = example(**_TOKEN)

    token_id: UUID
    name: str
    hint: str = Field(description="how the token begins, to find the program that has it")
    scopes: list[Scope]
    state: str = Field(description="active, expired or revoked")
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None = Field(description="to the minute; null: never")
    revoked_at: datetime | None


class TokenList(BaseModel):
    """The caller's personal tokens, the newest first; those over for 90 days are deleted."""

    model_config = example(items=[_TOKEN], total=1)

    items: list[TokenOut]
    total: int


class TokenCreated(TokenOut):
    """A personal token, which is shown only once."""

    model_config = example(**_TOKEN, token="sigmasight_kQ3v...")

    token: str = Field(description="keep it: no other answer shows it")
