"""Models of single sign-on."""

from datetime import datetime
from typing import Annotated
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field

from services.gateway.edge.values import SOME_ID, RequestBody, body_example, example


def _own_page(path: str) -> str:
    parts = urlsplit(path)
    is_path = path.startswith("/") and not path.startswith("//")
    if parts.scheme or parts.netloc or not is_path or "\\" in path or not path.isprintable():
        raise ValueError("an address of this page begins with one slash: /?screen=settings")
    return path


class SignOnStart(RequestBody):
    """Where on the page the browser comes back to."""

    model_config = body_example(return_to="/?screen=overview")

    return_to: Annotated[str, Field(max_length=2_000), AfterValidator(_own_page)] = "/"


class SignOnAddress(BaseModel):
    """Where to send the browser; null: nowhere."""

    model_config = example(url="https://login.example.com/authorize?client_id=sigmasight")

    url: str | None


class SignOnOffer(BaseModel):
    """Whether there is single sign-on, and what its button says."""

    model_config = example(configured=True, name="Single sign-on")

    configured: bool
    name: str | None


SOME_LINK = {
    "link_id": SOME_ID,
    "issuer": "https://login.example.com/realms/desk",
    "email": "ada@example.com",
    "made_user": False,
    "linked_at": "2022-12-28T21:05:00Z",
    "last_used_at": None,
}


class LinkedAccountOut(BaseModel):
    """An account at the provider that logs the caller in."""

    model_config = example(**SOME_LINK) | {"from_attributes": True}

    link_id: UUID
    issuer: str
    email: str | None
    made_user: bool = Field(description="whether the user has no other way to log in")
    linked_at: datetime
    last_used_at: datetime | None


class LinkedAccountList(BaseModel):
    """All of them, the oldest first."""

    model_config = example(provider="Single sign-on", items=[SOME_LINK])

    provider: str | None = Field(description="what its button says; null where there is none")
    items: list[LinkedAccountOut]
