"""Models of shares of a portfolio."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel, Field

from services.gateway.edge.values import SOME_ID, RequestBody, body_example, example
from services.gateway.identity.schemas import Email
from services.gateway.tables import EDITOR, VIEWER


class ShareRole(StrEnum):
    """What a portfolio is shared for: to be read, or to be edited as well."""

    VIEWER = VIEWER
    EDITOR = EDITOR


class NewShare(RequestBody):
    """With whom a portfolio is to be shared, by the address that they log in with, and for what."""

    model_config = body_example(email="analyst@example.com", role="viewer")

    email: Email
    role: ShareRole = ShareRole.VIEWER


class ShareOut(BaseModel):
    """A user with whom a portfolio is shared."""

    model_config = example(
        user_id=SOME_ID,
        email="analyst@example.com",
        name="Ann Analyst",
        role="viewer",
        created_at="2022-12-01T15:00:00Z",
    )

    user_id: UUID
    email: str
    name: str = Field(description="the user's full name; empty: none is known")
    role: ShareRole
    created_at: datetime


class ShareList(BaseModel):
    """Everyone with whom a portfolio is shared, by address."""

    model_config = example(items=[], total=0)

    items: list[ShareOut]
    total: int
