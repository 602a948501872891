"""What is done with a draft: calculate, rebase."""

from dataclasses import replace
from uuid import UUID

from fastapi import Response

from services.gateway.drafts.booking import refuse_moved
from services.gateway.drafts.branching import write_branch
from services.gateway.drafts.dependencies import (
    ChangeableDraft,
    changeable,
    draft_answer,
    hold_named,
    keep_trades,
    locked_draft,
    valued_session,
    with_trades,
)
from services.gateway.drafts.endpoints.trades import WhoAsks, stored_wish
from services.gateway.drafts.queries import drafts as queries
from services.gateway.drafts.queries.drafts import StoredTrade
from services.gateway.drafts.schemas.drafts import DraftOut
from services.gateway.drafts.schemas.trades import DraftWithTrades
from services.gateway.drafts.schemas.work import Rebase
from services.gateway.drafts.trading.entering import checked_legs, priced
from services.gateway.edge.audit import record
from services.gateway.edge.conditional import IfMatch
from services.gateway.edge.dependencies import Caller, OpenSession
from services.gateway.edge.idempotency import once_router
from services.gateway.edge.problems import Problem, documented
from services.gateway.runs.starting import refuse_too_many_runs, start_draft_run

router = once_router("/modelling/sessions", "modelling", 401, 404, 422)


@router.post("/{draft_id}/calculate", status_code=202, responses=documented(409, 412, 429))
async def calculate_draft(
    draft: ChangeableDraft, caller: Caller, session: OpenSession, response: Response
) -> DraftOut:
    """Calculate the draft as a portfolio; `impacts` has the figures when its run has ended.

    Its events follow the run's id: `GET events?run_id=`.
    """
    refuse_moved(draft)
    await refuse_too_many_runs(session, caller.user_id, 1)
    trades = await queries.load_trades(session, draft.draft_id)
    await write_branch(session, draft, [leg for trade in trades for leg in trade.legs])
    run_id = await start_draft_run(session, caller.user_id, draft.draft_id, draft.base_session)
    await queries.save_calculation(session, draft, run_id)
    await record(session, "draft.calculated", draft.draft_id, run_id=run_id)
    response.headers["Location"] = f"/api/v1/modelling/sessions/{draft.draft_id}/impacts"
    return await draft_answer(session, caller, draft.draft_id, response)


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
        shared = await hold_named(session, asking.caller, wishes)
        draft = await locked_draft(session, asking.caller, draft_id, str(draft.version))
        legs, warnings = await checked_legs(session, branched, found.lines, wishes)
        rows = [
            StoredTrade(trade.trade_id, trade.terms, own)
            for trade, own in zip(stored, legs, strict=True)
        ]
        await keep_trades(session, draft, rows, shared)
        terms = {"base_session": day, "base_edits": edits, "base_sequence": sequence}
        await queries.save_terms(session, draft_id, terms)
        await record(session, "draft.rebased", draft_id, session_date=day)
        notices = [*found.warnings, *warnings]
        return await with_trades(session, asking.caller, draft_id, response, notices)
