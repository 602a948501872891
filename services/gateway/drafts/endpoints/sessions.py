"""Modelling sessions: list, create, get, change, discard."""

from typing import Annotated
from uuid import UUID

from fastapi import Header, Query, Response

from services.gateway.books.dependencies import owned_portfolio, refuse_draft
from services.gateway.drafts import shapes
from services.gateway.drafts.dependencies import (
    ChangeableDraft,
    NamedDraft,
    draft_answer,
    refuse_too_many_drafts,
    valued_session,
    with_trades,
)
from services.gateway.drafts.queries import drafts as queries
from services.gateway.drafts.schemas.drafts import DraftOut, DraftTerms, NewDraft
from services.gateway.drafts.schemas.trades import DraftWithTrades
from services.gateway.edge.audit import record
from services.gateway.edge.conditional import refuse_unconditional
from services.gateway.edge.dependencies import Caller, ChosenPage, OpenSession
from services.gateway.edge.idempotency import once_router
from services.gateway.edge.problems import documented
from services.gateway.edge.values import Page
from services.gateway.tables import OWNER

router = once_router("/modelling/sessions", "modelling", 401, 404, 422)


@router.get("")
async def list_drafts(
    caller: Caller,
    session: OpenSession,
    page: ChosenPage,
    base_id: Annotated[UUID | None, Query(description="branches of this portfolio only")] = None,
) -> Page[DraftOut]:
    """The caller's drafts, newest first."""
    found, total = await queries.load_drafts(
        session, caller.user_id, base_id, page.limit, page.offset
    )
    items = [shapes.shown(draft) for draft in found]
    return Page[DraftOut].model_validate(page.page(items, total))


@router.post("", status_code=201, responses=documented(409))
async def create_draft(
    wanted: NewDraft, caller: Caller, session: OpenSession, response: Response
) -> DraftOut:
    """Branch a portfolio at a session: the draft holds what it held at that close."""
    base = await owned_portfolio(session, caller, wanted.portfolio_id)
    await refuse_draft(session, wanted.portfolio_id)
    day = await valued_session(session, caller, wanted.portfolio_id, wanted.as_of)
    await refuse_too_many_drafts(session, caller)
    edits, sequence = await queries.load_branch_point(session, wanted.portfolio_id)
    terms = {
        "user_id": caller.user_id,
        "base_id": wanted.portfolio_id,
        "shared_with": None if base["access"] == OWNER else caller.user_id,
        "base_session": day,
        "name": wanted.name or f"{base['name'][:92]} (draft)",
        "note": wanted.note,
        "base_edits": edits,
        "base_sequence": sequence,
    }
    draft_id = await queries.save_draft(session, terms)
    await record(session, "draft.created", draft_id, base_id=wanted.portfolio_id, session_date=day)
    return await draft_answer(session, caller, draft_id, response)


@router.get("/{draft_id}")
async def get_draft(
    draft: NamedDraft, caller: Caller, session: OpenSession, response: Response
) -> DraftWithTrades:
    """One draft: its trades, its state, and what has changed in its base since it was branched."""
    return await with_trades(session, caller, draft.draft_id, response)


@router.patch("/{draft_id}", responses=documented(409, 412, 428))
async def change_draft(
    draft: ChangeableDraft,
    terms: DraftTerms,
    caller: Caller,
    session: OpenSession,
    response: Response,
    if_match: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> DraftOut:
    """Rename a draft or note something down; `If-Match` is required."""
    refuse_unconditional("the draft", if_match)
    changes = terms.model_dump(exclude_none=True)
    if changes:
        await queries.save_named(session, draft, changes)
        await record(session, "draft.changed", draft.draft_id, **changes)
    return await draft_answer(session, caller, draft.draft_id, response)


@router.delete("/{draft_id}", status_code=204)
async def discard_draft(draft: NamedDraft, session: OpenSession) -> Response:
    """Discard a draft, saved or not: no row of it is left, its figures go within the hour."""
    await queries.delete_draft(session, draft.draft_id)
    await record(session, "draft.discarded", draft.draft_id, name=draft.name)
    return Response(status_code=204)
