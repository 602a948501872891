"""A user acknowledges a breach, or waives a limit for some time."""

from services.limits import repository
from services.limits.handlers.evaluate_limits import evaluate
from services.limits.handlers.manage_limits import unknown
from services.limits.inputs import Action, ActionKind, Level
from services.limits.repository import LastState, Scope
from shared.contracts.limits import AcknowledgeLimit, LimitMarked, WaiveLimit
from shared.database import Session
from shared.errors import Unanswerable
from shared.messaging import ServiceRouter

router = ServiceRouter("limits")


@router.answers(AcknowledgeLimit)
async def acknowledge_limit(request: AcknowledgeLimit, session: Session) -> LimitMarked:
    """Note that the user knows of the breach of the last session, until it is over."""
    last = await _claim(request, session)
    if last.level is not Level.BREACHED:
        message = f"the limit is not breached on {last.as_of}: there is nothing to acknowledge"
        raise Unanswerable("not_breached", message)
    return await _mark(request, session, Action(ActionKind.ACKNOWLEDGED, last.as_of))


@router.answers(WaiveLimit)
async def waive_limit(request: WaiveLimit, session: Session) -> LimitMarked:
    """Raise no alert of the limit from the last session on, until a day."""
    last = await _claim(request, session)
    if request.until < last.as_of:
        message = f"the last session is {last.as_of}: give a day from then on"
        raise Unanswerable("waived_too_early", message)
    return await _mark(request, session, Action(ActionKind.WAIVED, last.as_of, request.until))


async def _claim(request: AcknowledgeLimit | WaiveLimit, session: Session) -> LastState:
    """The last state of the limit in the portfolio, held until the transaction ends."""
    await repository.claim_portfolios(session, [request.portfolio_id])
    if await repository.load_limit(session, request.user_id, request.limit_id) is None:
        raise unknown(request.limit_id)
    last = await repository.load_last_state(session, request.limit_id, request.portfolio_id)
    if last is None:
        message = "the limit is not evaluated in this portfolio yet: its next session does that"
        raise Unanswerable("not_evaluated", message)
    return last


async def _mark(
    request: AcknowledgeLimit | WaiveLimit, session: Session, action: Action
) -> LimitMarked:
    """Record the action; the states follow from it, from its session on."""
    about = (request.limit_id, request.portfolio_id)
    await repository.save_action(session, request.event_id, about, action, request.reason)
    firsts = {request.portfolio_id: action.as_of}
    scope = Scope(firsts, reads=False, limit_ids=[request.limit_id])
    await evaluate(session, scope, run_id=request.event_id)
    now = await repository.load_last_state(session, *about)
    assert now is not None
    return LimitMarked(
        limit_id=request.limit_id,
        portfolio_id=request.portfolio_id,
        as_of=now.as_of,
        state=now.state.value,
    )
