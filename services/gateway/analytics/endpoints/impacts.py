"""What a draft changes in every measure; and what keeps that: saving and booking a draft."""

from fastapi import Request, Response

from services.gateway.analytics.reading.impacts import impacts_report, impacts_to_keep
from services.gateway.analytics.schemas.impacts import Impacts
from services.gateway.drafts.booking import book, booking_plan, load_legs
from services.gateway.drafts.dependencies import (
    BookableDraft,
    ChangeableDraft,
    NamedDraft,
    draft_answer,
)
from services.gateway.drafts.queries import drafts as queries
from services.gateway.drafts.schemas.drafts import DraftOut
from services.gateway.drafts.schemas.work import Booking, BookingOut, Save
from services.gateway.drafts.shapes import State
from services.gateway.edge.audit import record
from services.gateway.edge.dependencies import Caller, OpenSession
from services.gateway.edge.idempotency import forget_answer, once_router
from services.gateway.edge.problems import Problem, documented

router = once_router("/modelling/sessions", "modelling", 401, 404, 422)


@router.get("/{draft_id}/impacts")
async def get_impacts(draft: NamedDraft, session: OpenSession) -> Impacts:
    """Every measure of the base, of the draft, and the difference; and each trade's part in it.

    Of a saved draft as they were when it was saved.
    """
    return await impacts_report(session, draft)


@router.post("/{draft_id}/save", responses=documented(409, 412))
async def save_draft(
    draft: ChangeableDraft, wanted: Save, caller: Caller, session: OpenSession, response: Response
) -> DraftOut:
    """Keep a calculated draft and its impacts, under a name: it does not change any more."""
    if draft.state is not State.CALCULATED:
        detail = f"the draft is in state {draft.state}: calculate it, then save what that shows"
        raise Problem(409, "draft_not_calculated", detail)
    impacts = await impacts_to_keep(session, draft)
    await queries.save_as(session, draft.draft_id, wanted.name, impacts)
    await record(session, "draft.saved", draft.draft_id, name=wanted.name or draft.name)
    return await draft_answer(session, caller, draft.draft_id, response)


@router.post(
    "/{draft_id}/book",
    status_code=201,
    responses={200: {"model": BookingOut}, **documented(409, 412)},
)
async def book_draft(
    draft: BookableDraft,
    wanted: Booking,
    caller: Caller,
    session: OpenSession,
    request: Request,
    response: Response,
) -> BookingOut:
    """Say what entering the trades into the base's ledger would write (200), or do it (201).

    The `hash` of the dry run is needed to enter them: what is entered is what was read. The draft
    is saved then, where it was not before. A saved draft is booked as it was saved: not when its
    base has been edited since, as it cannot be rebased.
    """
    legs = await load_legs(session, draft)
    plan = booking_plan(draft, legs, dry_run=wanted.dry_run)
    if wanted.dry_run:
        forget_answer(request)
        response.status_code = 200
        return plan
    if wanted.hash != plan.hash:
        detail = "hash is not that of a dry run of the draft as it is now: read that first"
        raise Problem(409, "booking_changed", detail)
    impacts = await impacts_to_keep(session, draft)
    return await book(session, caller, draft, legs, impacts)
