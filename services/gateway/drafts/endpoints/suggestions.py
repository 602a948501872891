"""Suggestions: trades that bring measures of a draft to targets, each as a new draft."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID, uuid4

from fastapi import Response

from services.gateway.drafts.booking import refuse_moved
from services.gateway.drafts.dependencies import (
    hold_named,
    keep_trades,
    owned_draft,
    refuse_too_many_drafts,
    with_trades,
)
from services.gateway.drafts.endpoints.trades import WhoAsks, stored_rows, stored_wish
from services.gateway.drafts.queries import drafts as queries
from services.gateway.drafts.queries import suggestions as standing_queries
from services.gateway.drafts.queries.drafts import StoredTrade
from services.gateway.drafts.schemas.suggestions import (
    SuggestedTrade,
    SuggestionOut,
    SuggestionsOut,
    WantedSuggestions,
)
from services.gateway.drafts.schemas.trades import MOST_TRADES, DraftWithTrades, NewTrade
from services.gateway.drafts.shapes import Draft, State
from services.gateway.drafts.suggesting.candidates import (
    Offer,
    Offered,
    Start,
    load_offers,
    offered,
)
from services.gateway.drafts.suggesting.reach import refuse_out_of_reach
from services.gateway.drafts.suggesting.targets import (
    Target,
    left_by,
    measures_beside,
    targets_of,
    with_limits,
)
from services.gateway.drafts.trading.entering import Asking, checked_legs, priced
from services.gateway.drafts.trading.resolving import Wanted
from services.gateway.edge.audit import record
from services.gateway.edge.idempotency import BEFORE_ASKING, LaterTransaction, once_router
from services.gateway.edge.problems import Problem, documented
from services.gateway.edge.values import Name, Warned
from shared.contracts.stress import SuggestTrades, TradesSuggested
from shared.database import Session
from shared.instruments import OPTION_MULTIPLIER, STOCK_MULTIPLIER

NOTE = "suggested"
router = once_router("/modelling/sessions", "modelling", 401, 404, 422)


@dataclass(frozen=True)
class _Found:
    """A draft with what is suggested for it."""

    draft: Draft
    stored: Sequence[StoredTrade]
    figures_id: UUID
    start: Start
    targets: Sequence[Target]
    offers: Sequence[Offer]


@router.post(
    "/{draft_id}/suggestions",
    status_code=201,
    responses=documented(409, 503),
    dependencies=[BEFORE_ASKING],
)
async def suggest_trades(
    draft_id: UUID,
    wanted: WantedSuggestions,
    asking: WhoAsks,
    later: LaterTransaction,
    response: Response,
) -> SuggestionsOut:
    """Trades with the fewest dollars that bring measures to targets: a new draft to open.

    They start from the draft with its trades so far, which has to be calculated where it has any.
    The draft stays as it is; the new one has its trades and then those suggested, at the same
    session's prices. Whole shares and contracts are traded.
    """
    about = await _load(asking, draft_id, wanted)
    found = await offered(asking, about.start, wanted, about.offers)
    if not found.candidates:
        message = "nothing can be traded: name candidates that have prices"
        error = {"field": "candidates", "code": "no_candidates", "message": message}
        raise Problem(422, "no_candidates", message, [error])
    answer = await asking.gateway.ask(
        SuggestTrades(
            user_id=asking.caller.user_id,
            portfolio_id=about.figures_id,
            as_of=about.draft.base_session,
            candidates=tuple(found.candidates),
            targets=tuple(target.asked for target in about.targets),
            before=_before(about),
            most_dollars=wanted.most_dollars,
            seconds=wanted.seconds,
            gap=wanted.gap,
        )
    )
    refuse_out_of_reach(answer, about.targets, about.offers)
    trades = _trades(answer, found)
    draft = await _new_draft(asking, about, trades, wanted.name, later, response)
    return _shown(about, found, answer, trades, draft)


async def _load(asking: Asking, draft_id: UUID, wanted: WantedSuggestions) -> _Found:
    async with asking.database.transaction() as session:
        draft = await owned_draft(session, asking.caller, draft_id)
        refuse_moved(draft)
        await refuse_too_many_drafts(session, asking.caller)
        figures_id = _figures_of(draft)
        owner_id = draft.user_id if figures_id == draft.draft_id else draft.base_owner_id
        owned = (owner_id, figures_id)
        standing = await standing_queries.load_standing(session, owned, draft.base_session)
        limit_ids = [each.limit_id for each in wanted.targets if each.limit_id is not None]
        limits = await standing_queries.load_limits(
            session, asking.caller.user_id, draft.base_id, limit_ids
        )
        targets = targets_of(with_limits(wanted.targets, limits), standing)
        held = await standing_queries.load_positions(session, figures_id, draft.base_session)
        start = Start(draft.base_session, standing, held)
        offers = await load_offers(session, start, wanted)
        stored = await queries.load_trades(session, draft_id)
    return _Found(draft, stored, figures_id, start, targets, offers)


def _figures_of(draft: Draft) -> UUID:
    """The portfolio that has the draft's figures: without trades its base; 409 without any."""
    if draft.state in (State.CALCULATED, State.SAVED):
        return draft.draft_id
    if not draft.trades_entered:
        return draft.base_id
    detail = (
        f"the draft has trades that are not calculated: POST modelling/sessions/{draft.draft_id}"
        "/calculate, and ask again when its run has ended"
    )
    raise Problem(409, "draft_not_calculated", detail)


def _before(about: _Found) -> dict[str, float | None]:
    standing = about.start.standing
    named = {target.measure: standing.measures.get(target.measure) for target in about.targets}
    return {**measures_beside(standing), **named}


def _trades(answer: TradesSuggested, found: Offered) -> list[SuggestedTrade]:
    contracts = {each.symbol for each in found.candidates if each.option is not None}
    return [
        SuggestedTrade(
            symbol=symbol,
            quantity=quantity,
            price=found.prices[symbol].price,
            dollars=_multiplier(symbol in contracts) * quantity * found.prices[symbol].price,
        )
        for symbol, quantity in (answer.trades or {}).items()
    ]


def _multiplier(is_option: bool) -> int:
    return OPTION_MULTIPLIER if is_option else STOCK_MULTIPLIER


async def _new_draft(
    asking: Asking,
    about: _Found,
    trades: Sequence[SuggestedTrade],
    name: Name | None,
    later: LaterTransaction,
    response: Response,
) -> DraftWithTrades | None:
    """A branch like the draft's with its trades and these; none without any to add."""
    if not trades:
        return None
    wishes = [stored_wish(each) for each in about.stored]
    wishes += [_wish(place, each) for place, each in enumerate(trades)]
    if len(wishes) > MOST_TRADES:
        detail = f"a draft has at most {MOST_TRADES} trades, and these would be {len(wishes)}"
        raise Problem(422, "too_many_trades", detail)
    found = await priced(asking, about.draft, wishes)
    session = await later.open()
    shared = await hold_named(session, asking.caller, wishes)
    draft_id = await _save(session, asking, about.draft, name)
    draft = await owned_draft(session, asking.caller, draft_id)
    legs, warnings = await checked_legs(session, draft, found.lines, wishes)
    rows = stored_rows([uuid4() for _ in wishes], wishes, legs)
    await keep_trades(session, draft, rows, shared)
    await record(session, "draft.suggested", draft_id, of=about.draft.draft_id, trades=len(trades))
    response.headers["Location"] = f"/api/v1/modelling/sessions/{draft_id}"
    notices = [*found.warnings, *warnings]
    return await with_trades(session, asking.caller, draft_id, response, notices)


def _wish(place: int, trade: SuggestedTrade) -> Wanted:
    terms = {"action": "open", "symbol": trade.symbol, "quantity": Decimal(trade.quantity)}
    return Wanted(f"suggestions.{place}", NewTrade.model_validate({**terms, "note": NOTE}))


async def _save(session: Session, asking: Asking, draft: Draft, name: Name | None) -> UUID:
    await refuse_too_many_drafts(session, asking.caller)
    terms = {
        "user_id": asking.caller.user_id,
        "base_id": draft.base_id,
        "shared_with": None if draft.base_owner_id == draft.user_id else draft.user_id,
        "base_session": draft.base_session,
        "name": name or f"{draft.name[:88]} ({NOTE})",
        "note": "",
        "base_edits": draft.base_edits,
        "base_sequence": draft.base_sequence,
    }
    return await queries.save_draft(session, terms)


def _shown(
    about: _Found,
    found: Offered,
    answer: TradesSuggested,
    trades: Sequence[SuggestedTrade],
    draft: DraftWithTrades | None,
) -> SuggestionsOut:
    moved = {each.measure: each for each in answer.measures}
    suggestion = SuggestionOut(
        draft=draft,
        trades=list(trades),
        dollars_traded=answer.traded,
        least_dollars=answer.least,
        gap=round(answer.gap, 6),
        cash=-sum(each.dollars for each in trades),
        targets=[target.shown(moved[target.measure]) for target in about.targets],
        leaves=left_by(moved, about.targets, about.start.standing.nav),
    )
    left_out = [Warned(**each.model_dump()) for each in answer.left_out]
    return SuggestionsOut(
        draft_id=about.draft.draft_id,
        as_of=about.draft.base_session,
        candidates=len(found.candidates) - sum(each.count for each in left_out),
        suggestions=[suggestion],
        left_out=[*found.left_out, *left_out],
    )
