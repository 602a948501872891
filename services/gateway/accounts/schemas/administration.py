"""Models of the administration of users, and of the audit log."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from services.gateway.edge.values import SOME_ID, FullName, RequestBody, body_example, example
from services.gateway.identity.schemas import SOME_USER, Password, Registration, UserOut
from services.gateway.tables import User

Role = Literal["user", "admin"]


class ManagedUser(UserOut):
    """A user as administrators see one. `disabled_at`: since when the user may not log in."""

    model_config = example(**SOME_USER, disabled_at=None) | {"from_attributes": True}

    disabled_at: datetime | None


class NewUser(Registration):
    """A user made by an administrator, who may log in at once."""

    model_config = body_example(
        email="grace@example.com",
        password="correct horse battery",
        full_name="Grace Hopper",
        role="user",
    )

    role: Role = "user"


class UserTerms(RequestBody):
    """What may be changed; what is left out stays.

    `disabled` ends every log-in and refuses new ones.
    """

    model_config = body_example(disabled=True)

    full_name: FullName | None = None
    role: Role | None = None
    disabled: bool | None = None

    def changes(self, user: User, now: datetime) -> dict[str, object]:
        """The columns to write."""
        columns: dict[str, object] = self.model_dump(
            include={"full_name", "role"}, exclude_none=True
        )
        if self.disabled is not None:
            columns["disabled_at"] = (user.disabled_at or now) if self.disabled else None
        return columns


class PasswordReset(RequestBody):
    """A new password for a user, who will be logged out everywhere."""

    model_config = body_example(new_password="staple of another colour")

    new_password: Password


class AuditEntryOut(BaseModel):
    """One recorded action of a user."""

    model_config = example(
        audit_id=7,
        occurred_at="2022-12-28T21:05:00Z",
        user_id=SOME_ID,
        email="ada@example.com",
        network_address="192.0.2.1",
        action="portfolio.deleted",
        target="5d0c8a51-5a0b-4d6c-8a5f-0a1b2c3d4e5f",
        details={"name": "Growth"},
    )

    audit_id: int
    occurred_at: datetime
    user_id: UUID | None = Field(description="null when the caller was not authenticated")
    email: str | None = Field(description="the user's address; null without one, or once deleted")
    network_address: str | None
    action: str
    target: str | None = Field(description="the id, or the address, of what it was done to")
    details: dict[str, Any]
