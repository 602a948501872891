"""For operators: messages that services gave up on, and their replay."""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import ValidationError

from services.gateway.edge import queries as edge_queries
from services.gateway.edge.audit import record
from services.gateway.edge.dependencies import Admin, ChosenPage, OpenSession
from services.gateway.edge.outbox import trace_headers
from services.gateway.edge.problems import Problem, documented, not_found
from services.gateway.edge.queries import Row
from services.gateway.edge.values import Page
from services.gateway.operators.schemas import DeadLetterOut, Service
from services.gateway.runs.queries import dead_letters
from shared.contracts.event import Event
from shared.topology import EVENTS

router = APIRouter(
    prefix="/admin/dead-letters", tags=["admin"], responses=documented(401, 403, 422)
)


@router.get("", response_model=Page[DeadLetterOut])
async def list_letters(
    _: Admin,
    session: OpenSession,
    page: ChosenPage,
    service: Annotated[Service | None, Query(description="of this service only")] = None,
    replayed: Annotated[
        bool | None, Query(description="true: only replayed ones; false: only others")
    ] = None,
) -> dict[str, Any]:
    """What services gave up on, newest first."""
    return page.page(
        *await dead_letters.load_letters(session, service, replayed, page.limit, page.offset)
    )


@router.post("/{letter_id}/replay", response_model=DeadLetterOut, responses=documented(404))
async def replay_letter(letter_id: UUID, admin: Admin, session: OpenSession) -> Row:
    """Publish the message again to every subscriber; completed work is not repeated.

    A letter is replayed once, however often this is called; a message that fails again leaves a new
    letter.
    """
    letter = await dead_letters.lock_letter(session, letter_id)
    if letter is None:
        raise not_found("dead_letter", letter_id)
    if letter["replayed_at"] is not None:
        return letter
    await edge_queries.save_event(session, _event_of(letter), trace_headers(), replay_id=letter_id)
    now = datetime.now(UTC)
    await dead_letters.save_replayed(session, letter_id, admin.user_id, now)
    facts = {name: letter[name] for name in ("service", "heard", "run_id")}
    await record(session, "dead_letter.replayed", letter_id, **facts)
    return {**letter, "replayed_at": now, "replayed_by": admin.user_id}


def _event_of(letter: Row) -> Event:
    """The event that the letter holds; 422 when it still cannot be read."""
    kind = EVENTS.get(letter["heard"])
    try:
        if kind is not None:
            return kind.model_validate_json(letter["payload"])
    except ValidationError:
        pass  # said below
    detail = "the message is no event that this version understands: it would be given up again"
    raise Problem(422, "unreadable_letter", detail)
