"""Limits: set, change, delete; how portfolios stand; what is done about breaches; trials."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID, uuid4, uuid5

from fastapi import Depends, Query, Request, Response

from services.gateway.books.dependencies import owned_portfolio, refuse_draft
from services.gateway.books.queries.revisions import portfolios_of
from services.gateway.edge.audit import record
from services.gateway.edge.dependencies import (
    Caller,
    CallersDatabase,
    ChosenPage,
    GatewayParts,
    OpenSession,
    SessionsBetween,
)
from services.gateway.edge.idempotency import BEFORE_ASKING, HEADER, LaterTransaction, once_router
from services.gateway.edge.problems import Problem, documented, not_found
from services.gateway.edge.values import Page
from services.gateway.limits import queries
from services.gateway.limits.reading import (
    dated,
    limit_answer,
    limits_shown,
    owned_limit,
    unit_of,
)
from services.gateway.limits.schemas import (
    Acknowledgement,
    LimitHistory,
    LimitOut,
    LimitTemplates,
    LimitTrial,
    LimitWithStandings,
    NewLimit,
    Waiver,
)
from services.gateway.limits.shapes import templates
from services.gateway.runs.queries.revisions import raise_revision
from services.gateway.runs.tracking import report_alerts_of_limit
from shared.contracts.event import Reply
from shared.contracts.event import Request as BusRequest
from shared.contracts.limits import (
    AcknowledgeLimit,
    DeleteLimit,
    LimitDefinition,
    SaveLimit,
    StateWord,
    TryLimit,
    WaiveLimit,
)
from shared.database import Session
from shared.messaging import Refused

MOST_RECENT = 250
router = once_router("/limits", "limits", 401, 404, 422)
OfPortfolio = Annotated[UUID | None, Query(description="of this portfolio only")]


@dataclass(frozen=True)
class LimitParts:
    """What a request about limits takes that the service answers."""

    caller: Caller
    database: CallersDatabase
    gateway: GatewayParts

    async def ask(self, request: BusRequest[Reply], limit_id: UUID | None = None) -> Reply:
        """The service's reply; 404 when the caller has no such limit."""
        try:
            return await self.gateway.ask(request)
        except Refused as refused:
            if refused.refusal.code == "unknown_limit" and limit_id is not None:
                raise not_found("limit", limit_id) from None
            raise


Asking = Annotated[LimitParts, Depends()]


@router.get("")
async def list_limits(
    caller: Caller,
    session: OpenSession,
    page: ChosenPage,
    portfolio_id: OfPortfolio = None,
    state: Annotated[
        StateWord | None, Query(description="those with a portfolio in this state")
    ] = None,
    recent: Annotated[
        int,
        Query(ge=0, le=MOST_RECENT, description="with so many last sessions of the portfolio"),
    ] = 0,
) -> Page[LimitOut]:
    """The caller's limits by name, with how many portfolios are in each state and the worst."""
    if portfolio_id is not None:
        await owned_portfolio(session, caller, portfolio_id)
    if state is None:
        rows, total = await queries.load_limits(
            session, caller.user_id, portfolio_id, page.limit, page.offset
        )
        items = await limits_shown(session, caller.user_id, rows, portfolio_id, recent)
        return Page[LimitOut].model_validate(page.page(items, total), from_attributes=True)
    rows = await queries.load_all_limits(session, caller.user_id, portfolio_id)
    every = await limits_shown(session, caller.user_id, rows, portfolio_id, recent)
    chosen = [each for each in every if state in each.states]
    return Page[LimitOut].model_validate(page.of(chosen), from_attributes=True)


@router.get("/templates", responses=documented(401))
async def list_templates(_: Caller) -> LimitTemplates:
    """The usual limits, to be set as they are or with other levels."""
    return LimitTemplates.model_validate({"items": templates()})


@router.post("", status_code=201, responses=documented(503), dependencies=[BEFORE_ASKING])
async def create_limit(
    wanted: NewLimit, asking: Asking, later: LaterTransaction, request: Request
) -> LimitWithStandings:
    """Set a limit; it is evaluated on the last session at once, and on every one from then on."""
    key = request.headers.get(HEADER)
    user_id = asking.caller.user_id
    limit_id = uuid4() if key is None else uuid5(user_id, key)  # a repetition sets it once
    return await _save(wanted, asking, later, limit_id, is_new=True)


@router.put("/{limit_id:uuid}", responses=documented(503))
async def change_limit(
    limit_id: UUID, wanted: NewLimit, asking: Asking, later: LaterTransaction
) -> LimitWithStandings:
    """Change a limit's levels from the last session on, its name, owner and note.

    What it is about does not change: its history would be of something else.
    """
    return await _save(wanted, asking, later, limit_id, is_new=False)


async def _save(
    wanted: NewLimit, asking: LimitParts, later: LaterTransaction, limit_id: UUID, *, is_new: bool
) -> LimitWithStandings:
    user_id = asking.caller.user_id
    async with asking.database.transaction() as session:
        if not is_new:
            await owned_limit(session, user_id, limit_id)
        definition = await _definition(session, asking, wanted)
    saved = await asking.ask(
        SaveLimit(user_id=user_id, limit_id=limit_id, is_new=is_new, definition=definition),
        limit_id,
    )
    if saved.alerts:  # the log of events is the gateway's: no user writes it
        async with asking.gateway.database.transaction() as news:
            await report_alerts_of_limit(news, saved)
    session = await later.open()
    action = "limit.created" if is_new else "limit.changed"
    await record(session, action, limit_id, **wanted.model_dump(mode="json"))
    await _outdate(session, user_id)
    return await limit_answer(session, user_id, limit_id)


async def _definition(session: Session, asking: LimitParts, wanted: NewLimit) -> LimitDefinition:
    """What the service is to store; 404 for another's portfolio, 422 for an unknown measure."""
    if wanted.portfolio_id is not None:
        await owned_portfolio(session, asking.caller, wanted.portfolio_id)
        await refuse_draft(session, wanted.portfolio_id)
    unit = await unit_of(session, asking.caller.user_id, wanted.measure)
    return LimitDefinition(
        **wanted.model_dump(exclude={"key"}), member=wanted.key, measure_unit=unit
    )


async def _outdate(session: Session, user_id: UUID) -> None:
    """Answers about the user's portfolios count limits by state."""
    await raise_revision(session, await portfolios_of(session, user_id))


@router.get("/{limit_id:uuid}")
async def get_limit(limit_id: UUID, caller: Caller, session: OpenSession) -> LimitWithStandings:
    """One limit with every portfolio, the worst first."""
    return await limit_answer(session, caller.user_id, limit_id)


@router.delete("/{limit_id:uuid}", status_code=204, responses=documented(503))
async def delete_limit(limit_id: UUID, asking: Asking) -> Response:
    """Delete a limit with its history and alerts."""
    user_id = asking.caller.user_id
    async with asking.database.transaction() as session:
        await owned_limit(session, user_id, limit_id)
    await asking.ask(DeleteLimit(user_id=user_id, limit_id=limit_id), limit_id)
    async with asking.database.transaction() as session:
        await record(session, "limit.deleted", limit_id)
        await _outdate(session, user_id)
    return Response(status_code=204)


@router.post("/{limit_id:uuid}/acknowledge", responses=documented(409, 503))
async def acknowledge_limit(
    limit_id: UUID, wanted: Acknowledgement, asking: Asking
) -> LimitWithStandings:
    """Note that a breach is known, and why it stays; it is shown as such until it is over."""
    portfolio_id = await _portfolio(asking, limit_id, wanted)
    request = AcknowledgeLimit(
        event_id=uuid4(),
        user_id=asking.caller.user_id,
        limit_id=limit_id,
        portfolio_id=portfolio_id,
        reason=wanted.reason,
    )
    await asking.ask(request, limit_id)
    return await _marked(asking, limit_id, "limit.acknowledged", portfolio_id, wanted)


@router.post("/{limit_id:uuid}/waive", responses=documented(409, 503))
async def waive_limit(limit_id: UUID, wanted: Waiver, asking: Asking) -> LimitWithStandings:
    """Raise no alert of a limit in a portfolio until a day; if it is breached then, it alerts."""
    portfolio_id = await _portfolio(asking, limit_id, wanted)
    request = WaiveLimit(
        event_id=uuid4(),
        user_id=asking.caller.user_id,
        limit_id=limit_id,
        portfolio_id=portfolio_id,
        until=wanted.until,
        reason=wanted.reason,
    )
    await asking.ask(request, limit_id)
    return await _marked(asking, limit_id, "limit.waived", portfolio_id, wanted)


async def _portfolio(asking: LimitParts, limit_id: UUID, wanted: Acknowledgement) -> UUID:
    """The portfolio that the request is about: the caller's, and one of the limit's."""
    async with asking.database.transaction() as session:
        limit = await owned_limit(session, asking.caller.user_id, limit_id)
        chosen = wanted.portfolio_id or limit.portfolio_id
        if chosen is None:
            message = "the limit is in all of your portfolios: name the one that this is about"
            raise _wrong_portfolio(message)
        await owned_portfolio(session, asking.caller, chosen)
        await refuse_draft(session, chosen)
        if limit.portfolio_id not in (None, chosen):
            raise _wrong_portfolio(f"the limit is in the portfolio {limit.portfolio_id} alone")
    return chosen


def _wrong_portfolio(message: str) -> Problem:
    errors = [{"field": "portfolio_id", "code": "wrong_portfolio", "message": message}]
    return Problem(422, "invalid_request", message, errors)


async def _marked(
    asking: LimitParts, limit_id: UUID, action: str, portfolio_id: UUID, wanted: Acknowledgement
) -> LimitWithStandings:
    said = {**wanted.model_dump(mode="json"), "portfolio_id": str(portfolio_id)}
    async with asking.database.transaction() as session:
        await record(session, action, limit_id, **said)
        await raise_revision(session, [portfolio_id])
        return await limit_answer(session, asking.caller.user_id, limit_id)


@router.get("/{limit_id:uuid}/history")
async def get_limit_history(
    limit_id: UUID,
    caller: Caller,
    session: OpenSession,
    page: ChosenPage,
    span: SessionsBetween,
    portfolio_id: Annotated[
        UUID | None, Query(description="needed for a limit in all of the caller's portfolios")
    ] = None,
) -> LimitHistory:
    """A limit in a portfolio on every session, newest first, and what was done about it."""
    limit = await owned_limit(session, caller.user_id, limit_id)
    chosen = portfolio_id or limit.portfolio_id
    if chosen is None:
        raise _wrong_portfolio("the limit is in all of your portfolios: name one of them")
    await owned_portfolio(session, caller, chosen)
    wanted = (page.limit, page.offset)
    rows, total = await queries.load_history(session, limit_id, chosen, span, wanted)
    actions = await queries.load_actions(session, limit_id, chosen)
    items = [dated(row, limit.direction) for row in rows]
    return LimitHistory.model_validate(
        {"limit_id": limit_id, "actions": [vars(each) for each in actions]}
        | page.page(items, total)
    )


@router.post("/test", responses=documented(503))
async def try_new_limit(
    wanted: NewLimit, asking: Asking, span: SessionsBetween, portfolio_id: OfPortfolio = None
) -> LimitTrial:
    """How often a limit that is not set would have fired on the sessions that are stored."""
    async with asking.database.transaction() as session:
        if portfolio_id is not None:
            await owned_portfolio(session, asking.caller, portfolio_id)
        definition = await _definition(session, asking, wanted)
    request = TryLimit(
        user_id=asking.caller.user_id,
        definition=definition,
        portfolio_id=portfolio_id,
        first=span.start,
        last=span.end,
    )
    return LimitTrial.model_validate((await asking.ask(request)).model_dump())


@router.post("/{limit_id:uuid}/test", responses=documented(503))
async def try_limit(
    limit_id: UUID, asking: Asking, span: SessionsBetween, portfolio_id: OfPortfolio = None
) -> LimitTrial:
    """How often a limit would have fired on the sessions that are stored, by its present levels."""
    async with asking.database.transaction() as session:
        await owned_limit(session, asking.caller.user_id, limit_id)
        if portfolio_id is not None:
            await owned_portfolio(session, asking.caller, portfolio_id)
    request = TryLimit(
        user_id=asking.caller.user_id,
        limit_id=limit_id,
        portfolio_id=portfolio_id,
        first=span.start,
        last=span.end,
    )
    return LimitTrial.model_validate((await asking.ask(request, limit_id)).model_dump())
