"""What a draft changes in every measure."""

from services.gateway.analytics.reading.impacts import impacts_report
from services.gateway.analytics.schemas.impacts import Impacts
from services.gateway.drafts.dependencies import NamedDraft
from services.gateway.edge.dependencies import OpenSession
from services.gateway.edge.idempotency import once_router

router = once_router("/modelling/sessions", "modelling", 401, 404, 422)


@router.get("/{draft_id}/impacts")
async def get_impacts(draft: NamedDraft, session: OpenSession) -> Impacts:
    """Every measure of the base, of the draft, and the difference; and each trade's part in it."""
    return await impacts_report(session, draft)
