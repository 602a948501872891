"""Entering a draft's trades into its base: what would be written, its hash, and the writing."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace

from services.gateway.books.booking import follow_lines
from services.gateway.books.queries import ledger, portfolios
from services.gateway.books.schemas.uploads import RestatedSessions
from services.gateway.drafts.dependencies import shown_leg
from services.gateway.drafts.queries import drafts as queries
from services.gateway.drafts.schemas.work import BookingOut
from services.gateway.drafts.shapes import Draft
from services.gateway.drafts.trading.entering import lines_of
from services.gateway.drafts.trading.legs import Leg
from services.gateway.edge.audit import record
from services.gateway.edge.problems import Problem
from services.gateway.tables import User
from shared.database import Session


def refuse_moved(draft: Draft) -> None:
    """409 when the base was edited since it was branched."""
    if draft.has_moved:
        way_out = (
            "the draft is saved and cannot be rebased, so branch the portfolio again"
            if draft.saved_at
            else "rebase the draft first"
        )
        detail = (
            f"{draft.base_name} was edited since it was branched (the draft names its new lines): "
            f"{way_out}"
        )
        raise Problem(409, "base_moved", detail)


async def load_legs(session: Session, draft: Draft) -> list[Leg]:
    """The legs of all trades of a draft; 409 without any, or when the base has moved."""
    refuse_moved(draft)
    trades = await queries.load_trades(session, draft.draft_id)
    legs = [leg for trade in trades for leg in trade.legs]
    if not legs:
        raise Problem(409, "nothing_to_book", "the draft has no trades")
    return legs


def booking_plan(draft: Draft, legs: Sequence[Leg], *, dry_run: bool) -> BookingOut:
    """What entering the legs writes, with its hash."""
    return BookingOut(
        draft_id=draft.draft_id,
        portfolio_id=draft.base_id,
        trade_date=draft.base_session,
        dry_run=dry_run,
        hash=_fingerprint(draft, legs),
        transactions=[shown_leg(leg) for leg in legs],
        run_id=None,
        restated=None,
    )


def _fingerprint(draft: Draft, legs: Sequence[Leg]) -> str:
    """The hash of everything that is entered, and of what it is entered into."""
    about = [str(draft.base_id), str(draft.base_session), draft.base_edits]
    text = json.dumps([about, [leg.stored() for leg in legs]], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


async def book(
    session: Session,
    caller: User,
    draft: Draft,
    legs: Sequence[Leg],
    impacts: queries.Impacts | None,
) -> BookingOut:
    """Enter the lines, and save the draft if it is not.

    409 when the base was edited since the draft was read. The run of the base is started.
    """
    await portfolios.lock_portfolio(session, draft.base_id)
    edits, _ = await queries.load_branch_point(session, draft.base_id)
    refuse_moved(replace(draft, edits_now=edits))
    rows = lines_of(draft, draft.base_id, legs)
    await ledger.append_transactions(session, rows)
    identities = [row.transaction_id for row in rows]
    booked = await follow_lines(session, caller, draft.base_id, identities, draft.base_session)
    await queries.save_as(session, draft.draft_id, None, impacts, booked=True)
    await record(session, "draft.booked", draft.draft_id, portfolio_id=draft.base_id)
    plan = booking_plan(draft, legs, dry_run=False)
    restated = RestatedSessions.of(booked.restated)
    return plan.model_copy(update={"run_id": booked.run_id, "restated": restated})
