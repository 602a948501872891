"""What is done with a draft: calculate, rebase, save, book."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from fastapi import Request, Response

from services.gateway.books.booking import follow_lines
from services.gateway.books.queries import ledger, portfolios
from services.gateway.books.schemas.uploads import RestatedSessions
from services.gateway.drafts.branching import write_branch
from services.gateway.drafts.dependencies import (
    ChangeableDraft,
    IfMatch,
    changeable,
    draft_answer,
    locked_draft,
    shown_leg,
    valued_session,
    with_trades,
)
from services.gateway.drafts.endpoints.trades import WhoAsks, stored_wish
from services.gateway.drafts.queries import drafts as queries
from services.gateway.drafts.queries.drafts import StoredTrade
from services.gateway.drafts.schemas.drafts import DraftOut
from services.gateway.drafts.schemas.trades import DraftWithTrades
from services.gateway.drafts.schemas.work import Booking, BookingOut, Rebase, Save
from services.gateway.drafts.shapes import Draft, State
from services.gateway.drafts.trading.entering import checked_legs, lines_of, priced
from services.gateway.drafts.trading.legs import Leg
from services.gateway.edge.audit import record
from services.gateway.edge.dependencies import Caller, OpenSession
from services.gateway.edge.idempotency import forget_answer, once_router
from services.gateway.edge.problems import Problem, documented
from services.gateway.runs.starting import refuse_too_many_runs, start_draft_run
from shared.database import Session

router = once_router("/modelling/sessions", "modelling", 401, 404, 422)


@router.post("/{draft_id}/calculate", status_code=202, responses=documented(409, 412, 429))
async def calculate_draft(
    draft: ChangeableDraft, caller: Caller, session: OpenSession, response: Response
) -> DraftOut:
    """Calculate the draft as a portfolio; `impacts` has the figures when its run has ended.

    Its events follow the run's id: `GET events?run_id=`.
    """
    _refuse_moved(draft)
    await refuse_too_many_runs(session, caller.user_id, 1)
    trades = await queries.load_trades(session, draft.draft_id)
    await write_branch(session, draft, [leg for trade in trades for leg in trade.legs])
    run_id = await start_draft_run(session, caller.user_id, draft.draft_id, draft.base_session)
    await queries.save_calculation(session, draft, run_id)
    await record(session, "draft.calculated", draft.draft_id, run_id=run_id)
    response.headers["Location"] = f"/api/v1/modelling/sessions/{draft.draft_id}/impacts"
    return await draft_answer(session, caller, draft.draft_id, response)


def _refuse_moved(draft: Draft) -> None:
    """409 when the base was edited since it was branched."""
    if draft.has_moved:
        detail = (
            f"{draft.base_name} was edited since it was branched (the draft names its new lines): "
            "rebase the draft first"
        )
        raise Problem(409, "base_moved", detail)


@router.post("/{draft_id}/rebase", responses=documented(409, 412, 503))
async def rebase_draft(
    draft_id: UUID,
    wanted: Rebase,
    asking: WhoAsks,
    response: Response,
    if_match: IfMatch = None,
) -> DraftWithTrades:
    """Branch from the base as it is now, on the same session or another.

    Trades are priced again, and what follows from holdings (close, adjust, hedge) is worked out
    again.
    """
    async with asking.database.transaction() as session:
        draft = await changeable(session, asking.caller, draft_id, if_match)
        day = await valued_session(
            session, asking.caller, draft.base_id, wanted.as_of or draft.base_session
        )
        if day < draft.base_session:
            detail = f"the draft is of {draft.base_session}: to model {day}, branch the portfolio"
            raise Problem(422, "earlier_session", detail)
        edits, sequence = await queries.load_branch_point(session, draft.base_id)
        stored = await queries.load_trades(session, draft_id)
    branched = replace(draft, base_session=day)
    wishes = [stored_wish(trade) for trade in stored]
    found = await priced(asking, branched, wishes)
    async with asking.database.transaction() as session:
        await locked_draft(session, asking.caller, draft_id, str(draft.version))
        legs, warnings = await checked_legs(session, branched, found.lines, wishes)
        rows = [
            StoredTrade(trade.trade_id, trade.terms, own)
            for trade, own in zip(stored, legs, strict=True)
        ]
        await queries.save_trades(session, draft_id, rows)
        terms = {"base_session": day, "base_edits": edits, "base_sequence": sequence}
        await queries.save_terms(session, draft_id, terms)
        await record(session, "draft.rebased", draft_id, session_date=day)
        notices = [*found.warnings, *warnings]
        return await with_trades(session, asking.caller, draft_id, response, notices)


@router.post("/{draft_id}/save", responses=documented(409, 412))
async def save_draft(
    draft: ChangeableDraft, wanted: Save, caller: Caller, session: OpenSession, response: Response
) -> DraftOut:
    """Keep a calculated draft as it is, under a name: it does not change any more."""
    if draft.state is not State.CALCULATED:
        detail = f"the draft is in state {draft.state}: calculate it, then save what that shows"
        raise Problem(409, "draft_not_calculated", detail)
    await queries.save_as(session, draft.draft_id, wanted.name)
    await record(session, "draft.saved", draft.draft_id, name=wanted.name or draft.name)
    return await draft_answer(session, caller, draft.draft_id, response)


@router.post(
    "/{draft_id}/book",
    status_code=201,
    responses={200: {"model": BookingOut}, **documented(409, 412)},
)
async def book_draft(
    draft: ChangeableDraft,
    wanted: Booking,
    caller: Caller,
    session: OpenSession,
    request: Request,
    response: Response,
) -> BookingOut:
    """Say what entering the trades into the base's ledger would write (200), or do it (201).

    The `hash` of the dry run is needed to enter them: what is entered is what was read. The draft
    is saved then.
    """
    _refuse_moved(draft)
    trades = await queries.load_trades(session, draft.draft_id)
    legs = [leg for trade in trades for leg in trade.legs]
    if not legs:
        raise Problem(409, "nothing_to_book", "the draft has no trades")
    fingerprint = _fingerprint(draft, legs)
    plan = BookingOut(
        draft_id=draft.draft_id,
        portfolio_id=draft.base_id,
        trade_date=draft.base_session,
        dry_run=wanted.dry_run,
        hash=fingerprint,
        transactions=[shown_leg(leg) for leg in legs],
        run_id=None,
        restated=None,
    )
    if wanted.dry_run:
        forget_answer(request)
        response.status_code = 200
        return plan
    if wanted.hash != fingerprint:
        detail = "hash is not that of a dry run of the draft as it is now: read that first"
        raise Problem(409, "booking_changed", detail)
    return await _book(session, caller, draft, legs, plan)


def _fingerprint(draft: Draft, legs: Sequence[Leg]) -> str:
    """The hash of everything that is entered, and of what it is entered into."""
    about = [str(draft.base_id), str(draft.base_session), draft.base_edits]
    text = json.dumps([about, [leg.stored() for leg in legs]], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


async def _book(
    session: Session, caller: Caller, draft: Draft, legs: Sequence[Leg], plan: BookingOut
) -> BookingOut:
    """Enter the lines; 409 when the base was edited since the draft was read."""
    await portfolios.lock_portfolio(session, draft.base_id)
    edits, _ = await queries.load_branch_point(session, draft.base_id)
    _refuse_moved(replace(draft, edits_now=edits))
    rows = lines_of(draft, draft.base_id, legs)
    await ledger.append_transactions(session, rows)
    identities = [row.transaction_id for row in rows]
    booked = await follow_lines(session, caller, draft.base_id, identities, draft.base_session)
    await queries.save_as(session, draft.draft_id, None, booked=True)
    await record(session, "draft.booked", draft.draft_id, portfolio_id=draft.base_id)
    restated = RestatedSessions.of(booked.restated)
    return plan.model_copy(update={"run_id": booked.run_id, "restated": restated})
