"""Reports: generate, follow, cancel, download, list; templates and schedules."""

from typing import Annotated, get_args
from uuid import UUID, uuid4

from fastapi import Query, Response

from services.gateway.books.dependencies import owned_portfolio
from services.gateway.edge.audit import record
from services.gateway.edge.dependencies import (
    Caller,
    CallersDatabase,
    Limit,
    OpenSession,
    RecordingDatabase,
)
from services.gateway.edge.idempotency import (
    BEFORE_ASKING,
    LaterTransaction,
    once_router,
)
from services.gateway.edge.marks import After, Mark, following
from services.gateway.edge.problems import Problem, documented, not_found
from services.gateway.reports import queries
from services.gateway.reports.reading import frozen
from services.gateway.reports.requesting import (
    name_of,
    owned_ids,
    owned_request,
    refuse_too_many,
    save_report,
    sections_of,
    shown,
    wanted_report,
)
from services.gateway.reports.schemas import (
    NewReport,
    NewSchedule,
    ReportOut,
    ReportPage,
    ReportSection,
    ReportTemplate,
    ReportTemplates,
    ScheduleList,
    ScheduleOut,
)
from services.gateway.reports.shapes import Schedule
from services.gateway.tables import User
from shared.contracts.reports import TEMPLATES, FormWord
from shared.database import Session

MOST_SCHEDULES = 50
router = once_router("/reports", "reports", 401, 404, 422)


@router.get("")
async def list_reports(
    caller: Caller,
    session: OpenSession,
    after: After,
    portfolio_id: Annotated[UUID | None, Query(description="about this portfolio")] = None,
    limit: Limit = 100,
) -> ReportPage:
    """The caller's reports, the last ones first, with what has become of each."""
    if portfolio_id is not None:
        await owned_portfolio(session, caller, portfolio_id)
    user_id = caller.user_id
    found = await queries.load_requests(session, user_id, portfolio_id, after, limit + 1)
    marks = [Mark(each.created_at, each.report_id) for each in found]
    items = [shown(each) for each in found[:limit]]
    return ReportPage(items=items, limit=limit, next=following(marks, limit))


@router.get("/templates", responses=documented(401))
async def list_report_templates(_: Caller) -> ReportTemplates:
    """The templates with their sections, and the formats."""
    items = [
        ReportTemplate(
            template=name, description=description, sections=list(map(ReportSection, sections))
        )
        for name, (description, sections) in TEMPLATES.items()
    ]
    return ReportTemplates(items=items, formats=list(get_args(FormWord)))


@router.post(
    "/generate",
    status_code=202,
    responses=documented(409, 429),
    dependencies=[BEFORE_ASKING],
)
async def generate_report(
    new: NewReport,
    caller: Caller,
    database: CallersDatabase,
    later: LaterTransaction,
    response: Response,
) -> ReportOut:
    """Freeze the figures as they are now, and render them; the status says when it is there."""
    async with database.at_one_moment().transaction() as session:
        await refuse_too_many(session, caller.user_id)
        wanted = await wanted_report(session, caller, new)
        found = await frozen(session, caller.user_id, wanted)
    session = await later.open()
    await queries.lock_queue(session, caller.user_id)
    await refuse_too_many(session, caller.user_id)
    report_id = await save_report(session, caller.user_id, wanted, found)
    response.headers["Location"] = f"/api/v1/reports/{report_id}/status"
    return shown(await owned_request(session, caller.user_id, report_id))


# --- schedules ---


@router.get("/schedules", responses=documented(401))
async def list_report_schedules(caller: Caller, session: OpenSession) -> ScheduleList:
    """The caller's schedules, by name."""
    items = [_shown(each) for each in await queries.load_schedules(session, caller.user_id)]
    return ScheduleList(items=items, total=len(items))


@router.post("/schedules", status_code=201, responses=documented(409))
async def create_report_schedule(
    wanted: NewSchedule, caller: Caller, session: OpenSession
) -> ScheduleOut:
    """Have a report rendered after every session to come, or the last of each week or month."""
    await queries.lock_schedules(session, caller.user_id)
    if len(await queries.load_schedules(session, caller.user_id)) >= MOST_SCHEDULES:
        detail = f"you have {MOST_SCHEDULES} schedules, as many as a user may have: delete one"
        raise Problem(409, "too_many_schedules", detail)
    return await _saved(session, caller, uuid4(), wanted, is_new=True)


@router.put("/schedules/{schedule_id}")
async def change_report_schedule(
    schedule_id: UUID, wanted: NewSchedule, caller: Caller, session: OpenSession
) -> ScheduleOut:
    """Change a schedule, pause it or resume it."""
    await _owned(session, caller, schedule_id)
    return await _saved(session, caller, schedule_id, wanted, is_new=False)


@router.delete("/schedules/{schedule_id}", status_code=204)
async def delete_report_schedule(
    schedule_id: UUID, caller: Caller, session: OpenSession
) -> Response:
    """Delete a schedule; the reports that it requested stay."""
    await _owned(session, caller, schedule_id)
    await queries.delete_schedule(session, schedule_id)
    await record(session, "report_schedule.deleted", schedule_id)
    return Response(status_code=204)


async def _owned(session: Session, caller: User, schedule_id: UUID) -> Schedule:
    found = await queries.load_schedule(session, caller.user_id, schedule_id)
    if found is None:
        raise not_found("schedule", schedule_id)
    return found


async def _saved(
    session: Session, caller: User, schedule_id: UUID, wanted: NewSchedule, *, is_new: bool
) -> ScheduleOut:
    ids = await owned_ids(session, caller, wanted.portfolio_ids)
    values = {
        **wanted.model_dump(exclude={"format"}),
        "schedule_id": schedule_id,
        "user_id": caller.user_id,
        "portfolio_ids": ids,
        "form": wanted.format,
        "sections": sections_of(wanted.template, wanted.sections),
    }
    if is_new:  # it is about the sessions to come
        values["last_session"] = await queries.last_taken(session, ids)
    await queries.save_schedule(session, values)
    action = "report_schedule.created" if is_new else "report_schedule.changed"
    await record(session, action, schedule_id, name=wanted.name)
    return _shown(await _owned(session, caller, schedule_id))


def _shown(schedule: Schedule) -> ScheduleOut:
    return ScheduleOut.model_validate({**vars(schedule), "format": schedule.form})


# --- one report ---


@router.get("/{report_id:uuid}/status")
async def get_report_status(report_id: UUID, caller: Caller, session: OpenSession) -> ReportOut:
    """How far a report is, and what its document is."""
    return shown(await owned_request(session, caller.user_id, report_id))


@router.post("/{report_id:uuid}/cancel", responses=documented(409))
async def cancel_report(report_id: UUID, caller: Caller, session: OpenSession) -> ReportOut:
    """Give up a report that is not rendered yet; 409 when it is."""
    request = await owned_request(session, caller.user_id, report_id)
    if request.state not in ("queued", "rendering", "cancelled"):
        detail = f"the report is {request.state}: there is nothing to cancel"
        raise Problem(409, "report_ended", detail)
    if await queries.save_ended(session, report_id, "cancelled") is not None:
        await record(session, "report.cancelled", report_id)
    return shown(await owned_request(session, caller.user_id, report_id))


@router.delete("/{report_id:uuid}", status_code=204)
async def delete_report(report_id: UUID, caller: Caller, session: OpenSession) -> Response:
    """Delete a report with its document."""
    await owned_request(session, caller.user_id, report_id)
    await queries.delete_request(session, report_id)
    await record(session, "report.deleted", report_id)
    return Response(status_code=204)


@router.get(
    "/{report_id:uuid}/download",
    response_class=Response,
    responses={
        200: {
            "description": "the document, in the format that was chosen",
            "content": {
                "application/octet-stream": {"schema": {"format": "binary", "type": "string"}}
            },
        },
        **documented(409, 410),
    },
)
async def download_report(
    report_id: UUID,
    caller: Caller,
    database: CallersDatabase,
    recording: RecordingDatabase,
) -> Response:
    """The document as a file; 409 while it is not rendered, 410 once it has expired."""
    async with database.transaction() as session:
        request = await owned_request(session, caller.user_id, report_id)
        found = await queries.load_content(session, report_id)
    if found is None or request.state != "rendered":
        raise _no_document(request.state, request.reason)
    if request.downloaded_at is None:  # apart from the reading, which sees one moment
        async with recording.transaction() as session:
            await queries.save_downloaded(session, report_id)
            await record(session, "report.downloaded", report_id)
    content, media_type = found
    headers = {
        "Content-Disposition": f'attachment; filename="{name_of(request)}"',
        "ETag": f'"{request.sha256}"',
        "Cache-Control": "private, no-store",
    }
    return Response(content, media_type=media_type, headers=headers)


def _no_document(state: str, reason: str | None) -> Problem:
    if state == "expired":
        return Problem(410, "report_expired", "the document has expired: generate it again")
    detail = f"the report is {state}" + (f": {reason}" if reason else "")
    return Problem(409, "report_not_rendered", detail)
