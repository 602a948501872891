"""For operators: messages that services gave up on, and their replay."""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query

from services.gateway.edge.audit import record
from services.gateway.edge.dependencies import Admin, ChosenPage, OpenSession
from services.gateway.edge.problems import Problem, documented, not_found
from services.gateway.edge.queries import Row
from services.gateway.edge.routers import api_router
from services.gateway.edge.values import Page
from services.gateway.operators.replaying import UnreadableLetter, replay
from services.gateway.operators.schemas import DeadLetterOut, Service
from services.gateway.runs.queries import dead_letters

router = api_router("/admin/dead-letters", "admin", 401, 403, 422)


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


@router.get("/{letter_id}", responses=documented(404))
async def get_letter(letter_id: UUID, _: Admin, session: OpenSession) -> DeadLetterOut:
    """One of them, with the message as it was."""
    letter = await dead_letters.load_letter(session, letter_id)
    if letter is None:
        raise not_found("dead_letter", letter_id)
    return DeadLetterOut.model_validate(letter, from_attributes=True)


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
    now = datetime.now(UTC)
    try:
        await replay(session, letter, admin.user_id, now)
    except UnreadableLetter as error:
        raise Problem(422, "unreadable_letter", str(error)) from error
    facts = {name: letter[name] for name in ("service", "heard", "run_id")}
    await record(session, "dead_letter.replayed", letter_id, **facts)
    return {**letter, "replayed_at": now, "replayed_by": admin.user_id}
