"""Drafts as routes require them, of the caller or 404, and as answers show them."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Response

from services.gateway.books.dependencies import owned_portfolio
from services.gateway.books.ledger import cash_moved
from services.gateway.books.queries import shares
from services.gateway.drafts import shapes
from services.gateway.drafts.queries import drafts as queries
from services.gateway.drafts.queries.drafts import StoredTrade
from services.gateway.drafts.schemas.drafts import DraftOut
from services.gateway.drafts.schemas.trades import DraftWithTrades, LegOut, TradeAction, TradeOut
from services.gateway.drafts.shapes import Draft
from services.gateway.drafts.trading.legs import Leg
from services.gateway.drafts.trading.resolving import Wanted
from services.gateway.edge.audit import note_shared
from services.gateway.edge.conditional import IfMatch, refuse_other_version
from services.gateway.edge.dependencies import Caller, OpenSession
from services.gateway.edge.problems import Problem, not_found
from services.gateway.edge.values import Warned
from services.gateway.tables import EDITOR, OWNER, VIEWER, User
from shared.database import Session

MOST_DRAFTS = 100


async def owned_draft(session: Session, caller: User, draft_id: UUID) -> Draft:
    """The caller's draft; 404 when there is none, or when it is another user's."""
    draft = await queries.load_draft(session, caller.user_id, draft_id)
    if draft is None:
        raise not_found("draft", draft_id)
    for portfolio_id in draft.shown_while_shared:
        note_shared(session, portfolio_id, VIEWER)
    return draft


async def hold_named(session: Session, caller: User, wanted: Iterable[Wanted]) -> set[UUID]:
    """The portfolios of others that trades add or subtract, directly or by a draft that shows them.

    404 when one is not shared any more; the shares of the others do not end before the transaction
    does. Before the draft is locked: the end of a share locks the drafts that end with it.
    """
    named = {each.trade.portfolio_id for each in wanted if each.trade.portfolio_id is not None}
    found = [await owned_portfolio(session, caller, each) for each in sorted(named)]
    shared = {row["portfolio_id"] for row in found if row["access"] != OWNER}
    if named:
        shared |= await queries.load_shown_while_shared(session, named)
    for portfolio_id in sorted(shared):
        await shares.hold_shares(session, portfolio_id)
        await owned_portfolio(session, caller, portfolio_id)
    return shared


async def keep_trades(
    session: Session, draft: Draft, rows: Sequence[StoredTrade], shared: Collection[UUID]
) -> None:
    """Let these be the draft's trades; it ends with these shares (`hold_named`), too.

    And with those of portfolios that a trade had named which is removed: figures of an earlier
    version may still show them.
    """
    await queries.save_trades(session, draft.draft_id, rows)
    if shared:
        await queries.save_shared(session, draft.draft_id, {*draft.shared_ids, *shared})


async def named_draft(draft_id: UUID, caller: Caller, session: OpenSession) -> Draft:
    """The draft of the path, read in the transaction of the endpoint."""
    return await owned_draft(session, caller, draft_id)


async def changeable_draft(
    draft_id: UUID, caller: Caller, session: OpenSession, if_match: IfMatch = None
) -> Draft:
    """The draft of the path, locked, as `If-Match` knows it; 409 once it is saved."""
    return await locked_draft(session, caller, draft_id, if_match)


async def bookable_draft(
    draft_id: UUID, caller: Caller, session: OpenSession, if_match: IfMatch = None
) -> Draft:
    """The draft of the path, locked, as `If-Match` knows it; 409 once it is booked.

    403 when its base is shared with the caller to be read only.
    """
    known = await owned_draft(session, caller, draft_id)
    await owned_portfolio(session, caller, known.base_id, EDITOR)
    await queries.lock_draft(session, draft_id)
    draft = await owned_draft(session, caller, draft_id)
    refuse_other_version("the draft", draft.version, if_match)
    if draft.booked_at is not None:
        detail = "the draft is booked: its trades are in the portfolio. Branch the portfolio again"
        raise Problem(409, "draft_booked", detail)
    return draft


NamedDraft = Annotated[Draft, Depends(named_draft)]
ChangeableDraft = Annotated[Draft, Depends(changeable_draft)]
BookableDraft = Annotated[Draft, Depends(bookable_draft)]


async def locked_draft(
    session: Session, caller: User, draft_id: UUID, if_match: str | None
) -> Draft:
    """The same as `changeable`, held for a change until the transaction ends."""
    await owned_draft(session, caller, draft_id)
    await queries.lock_draft(session, draft_id)
    return await changeable(session, caller, draft_id, if_match)


async def changeable(session: Session, caller: User, draft_id: UUID, if_match: str | None) -> Draft:
    """The caller's draft, to be changed.

    404 without it, 412 when it is not the version of `if_match`, 409 once it is saved.
    """
    draft = await owned_draft(session, caller, draft_id)
    refuse_other_version("the draft", draft.version, if_match)
    if draft.saved_at is not None:
        detail = "the draft is saved: it does not change any more. Branch the portfolio again"
        raise Problem(409, "draft_saved", detail)
    return draft


async def draft_answer(
    session: Session, caller: User, draft_id: UUID, response: Response
) -> DraftOut:
    """The draft as it is now, with what changed in its base; its tag goes into the response."""
    draft = await owned_draft(session, caller, draft_id)
    changes = await queries.load_changes(session, draft) if draft.has_moved else []
    response.headers["ETag"] = draft.etag
    return DraftOut.model_validate(shapes.shown(draft, changes))


async def refuse_too_many_drafts(session: Session, caller: User) -> None:
    """409 when the caller has as many drafts as may be; other new ones wait for the end of this."""
    await queries.lock_drafts(session, caller.user_id)
    if await queries.count_drafts(session, caller.user_id) >= MOST_DRAFTS:
        detail = f"you have {MOST_DRAFTS} modelling sessions: discard one"
        raise Problem(409, "too_many_drafts", detail)


async def valued_session(session: Session, caller: User, base_id: UUID, as_of: date | None) -> date:
    """The last session, at or before a day, that the caller's portfolio can be branched on.

    422 when it has no snapshot that its NAV reaches.
    """
    base = await owned_portfolio(session, caller, base_id)
    day = await queries.latest_valued(session, base_id, as_of)
    if day is None or (base["valued_from"] is not None and day < base["valued_from"]):
        detail = (
            f"the portfolio has no snapshot at or before {as_of} that its NAV reaches"
            if as_of
            else "the portfolio has no snapshot yet: branch it when its run has ended"
        )
        raise Problem(422, "not_calculated", detail)
    return day


def shown_leg(leg: Leg) -> LegOut:
    """A leg as answers show it, with what it does to cash."""
    cash = cash_moved(leg.quantity, leg.multiplier, leg.price) - leg.fees
    return LegOut.model_validate({**vars(leg), "cash": cash})


async def with_trades(
    session: Session,
    caller: User,
    draft_id: UUID,
    response: Response,
    warnings: Sequence[Warned] = (),
) -> DraftWithTrades:
    """The draft as it is now with its trades."""
    draft = await draft_answer(session, caller, draft_id, response)
    stored = await queries.load_trades(session, draft_id)
    trades = [
        TradeOut(
            trade_id=trade.trade_id,
            place=place,
            action=TradeAction(str(trade.terms["action"])),
            wanted=dict(trade.terms),
            legs=[shown_leg(leg) for leg in trade.legs],
        )
        for place, trade in enumerate(stored, start=1)
    ]
    return DraftWithTrades(**draft.model_dump(), trades=trades, warnings=list(warnings))
