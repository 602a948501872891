"""What the caller prefers: theme, default portfolio, saved views."""

from fastapi import Response

from services.gateway.accounts.queries import preferences as queries
from services.gateway.accounts.schemas.preferences import Preferences, PreferencesOut
from services.gateway.books.dependencies import owned_portfolio, refuse_draft
from services.gateway.edge.audit import record
from services.gateway.edge.conditional import IfMatch, refuse_other_version, refuse_unconditional
from services.gateway.edge.dependencies import Caller, OpenSession
from services.gateway.edge.problems import documented
from services.gateway.edge.routers import api_router
from services.gateway.tables import UserPreferences
from shared.database import Session

router = api_router("/me/preferences", "me", 401, 422)


@router.get("")
async def get_preferences(
    caller: Caller, session: OpenSession, response: Response
) -> PreferencesOut:
    """What the caller prefers; version 0 until something is saved."""
    stored = await queries.load_preferences(session, caller.user_id)
    return await _shown(session, stored, response)


@router.put("", responses=documented(404, 409, 412, 428))
async def save_preferences(
    wanted: Preferences,
    caller: Caller,
    session: OpenSession,
    response: Response,
    if_match: IfMatch = None,
) -> PreferencesOut:
    """Replace what the caller prefers; `If-Match` is required, so that two tabs lose nothing."""
    refuse_unconditional("preferences", if_match)
    before = await queries.lock_preferences(session, caller.user_id)
    refuse_other_version("preferences", before.version if before else 0, if_match)
    if wanted.default_portfolio_id is not None:
        await owned_portfolio(session, caller, wanted.default_portfolio_id)
        await refuse_draft(session, wanted.default_portfolio_id)
    await queries.save_preferences(session, caller.user_id, wanted.model_dump())
    await record(session, "preferences.changed", caller.user_id)
    stored = await queries.load_preferences(session, caller.user_id)
    return await _shown(session, stored, response)


async def _shown(
    session: Session, stored: UserPreferences | None, response: Response
) -> PreferencesOut:
    """The preferences with their tag, which changes when the default portfolio is deleted too.

    Or is shared with the user no longer: then there is none until it is again.
    """
    shown = (
        PreferencesOut(version=0)
        if stored is None
        else PreferencesOut.model_validate(stored, from_attributes=True)
    )
    portfolio = shown.default_portfolio_id
    if portfolio is not None and not await queries.is_readable(session, portfolio):
        portfolio = None
        shown = shown.model_copy(update={"default_portfolio_id": None})
    response.headers["ETag"] = f'"{shown.version}-{portfolio.hex if portfolio else ""}"'
    return shown
