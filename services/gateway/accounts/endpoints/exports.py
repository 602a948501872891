"""The caller's exports: what, when, in which format, and the hash of the file."""

from typing import Annotated

from fastapi import Query

from services.gateway.accounts.queries.exports import load_exports
from services.gateway.accounts.schemas.exports import ExportOut, ExportPage
from services.gateway.edge.dependencies import Caller, Limit, OpenSession
from services.gateway.edge.downloads import Exported
from services.gateway.edge.marks import After, Mark, following
from services.gateway.edge.routers import api_router

router = api_router("/export", "export", 401, 422)


@router.get("/history")
async def list_exports(
    caller: Caller,
    session: OpenSession,
    after: After,
    what: Annotated[Exported | None, Query(description="files of this only")] = None,
    limit: Limit = 100,
) -> ExportPage:
    """The files that the caller exported, the last ones first."""
    found = await load_exports(session, caller.user_id, what, after, limit + 1)
    marks = [Mark(each.exported_at, each.export_id) for each in found]
    items = [ExportOut.model_validate({**vars(each), **each.details}) for each in found[:limit]]
    return ExportPage(items=items, limit=limit, next=following(marks, limit))
