"""For operators: what services gave up on, and telling it again once the cause is gone."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field, ValidationError

from services.gateway.api.audit import record
from services.gateway.api.background import trace_headers
from services.gateway.api.dependencies import Admin, Limit, Offset, OpenSession
from services.gateway.api.problems import Problem, documented, not_found
from services.gateway.api.schemas import SOME_ID, Page, example
from services.gateway.repository import dead_letters, outbox
from services.gateway.repository.rows import Row
from shared.contracts.event import Event
from shared.contracts.ingest import PricesUpdated
from shared.topology import EVENTS, TOPOLOGY

router = APIRouter(
    prefix="/admin/dead-letters", tags=["admin"], responses=documented(401, 403, 422)
)
Service = StrEnum("Service", list(TOPOLOGY))  # type: ignore[misc]


class DeadLetterOut(BaseModel):
    """A message that a service gave up on."""

    model_config = example(
        letter_id=SOME_ID,
        service="greeks",
        heard=PricesUpdated.subject,
        run_id=SOME_ID,
        attempts=5,
        error="MarketDataNotReady",
        message="close of AAPL not stored yet for 2022-12-28",
        payload='{"event_id": "..."}',
        buried_at="2022-12-28T21:00:45Z",
        replayed_at=None,
        replayed_by=None,
    )

    letter_id: UUID
    service: str = Field(description="which service gave up")
    heard: str = Field(description="the message's subject")
    run_id: UUID | None = Field(description="null when the message could not be read")
    attempts: int
    error: str
    message: str
    payload: str = Field(description="the message as it was")
    buried_at: datetime
    replayed_at: datetime | None = Field(description="when it was told again; null when it was not")
    replayed_by: UUID | None


@router.get("", response_model=Page[DeadLetterOut])
async def list_letters(
    _: Admin,
    session: OpenSession,
    service: Annotated[Service | None, Query(description="of this service only")] = None,
    replayed: Annotated[bool | None, Query(description="only those told again, or not")] = None,
    limit: Limit = 100,
    offset: Offset = 0,
) -> dict[str, Any]:
    """What services gave up on, newest first."""
    items, total = await dead_letters.load_letters(session, service, replayed, limit, offset)
    return {"items": items, "total": total, "limit": limit, "offset": offset}


@router.post("/{letter_id}/replay", response_model=DeadLetterOut, responses=documented(404))
async def replay_letter(letter_id: UUID, admin: Admin, session: OpenSession) -> Row:
    """Tell the message again, to everybody who hears it: what was done already is not done twice.

    A letter is replayed once, however often this is called; a message that fails again leaves a
    letter of its own.
    """
    letter = await dead_letters.load_letter(session, letter_id)
    if letter is None:
        raise not_found("dead_letter", letter_id)
    if letter["replayed_at"] is not None:
        return letter
    await outbox.save_event(session, _event_of(letter), trace_headers(), told_as=letter_id)
    now = datetime.now(UTC)
    await dead_letters.save_replayed(session, letter_id, admin.user_id, now)
    facts = {name: letter[name] for name in ("service", "heard", "run_id")}
    await record(session, "dead_letter.replayed", letter_id, **facts)
    return {**letter, "replayed_at": now, "replayed_by": admin.user_id}


def _event_of(letter: Row) -> Event:
    """The event that the letter holds; 422 when nobody could read it this time either."""
    kind = EVENTS.get(letter["heard"])
    try:
        if kind is not None:
            return kind.model_validate_json(letter["payload"])
    except ValidationError:
        pass  # said below
    detail = "the message is no event that this version understands: it would be given up again"
    raise Problem(422, "unreadable_letter", detail)
