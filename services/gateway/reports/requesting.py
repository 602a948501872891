"""A report is requested, by a user or by a schedule: its frozen figures are stored, and the service
is notified through the outbox, in one transaction.
"""

from collections.abc import Sequence
from uuid import UUID, uuid4, uuid5

from services.gateway.books.dependencies import owned_or_first, owned_portfolio, refuse_draft
from services.gateway.drafts.dependencies import owned_draft
from services.gateway.edge import queries as edge_queries
from services.gateway.edge.audit import record
from services.gateway.edge.caps import caps_of
from services.gateway.edge.downloads import safe_name
from services.gateway.edge.outbox import trace_headers
from services.gateway.edge.problems import Problem, not_found
from services.gateway.reports import queries
from services.gateway.reports.reading import Frozen, Wanted
from services.gateway.reports.schemas import NewReport, ReportOut
from services.gateway.reports.shapes import Request, file_name
from services.gateway.tables import User
from shared.contracts.gateway import ReportsRequested
from shared.contracts.reports import TEMPLATES, SectionWord, TemplateWord
from shared.database import Session

MOST_QUEUED = 50
DRAFT = "draft"


async def wanted_report(session: Session, caller: User, new: NewReport) -> Wanted:
    """What a user wants; 404 for what is another user's, 422 for what no report can be."""
    sections = sections_of(new.template, new.sections)
    if (new.session_id is not None) != (new.template == DRAFT):
        detail = "the template draft, and no other, is about a modelling session: give session_id"
        raise _refused("session_id", "wrong_template", detail)
    if new.session_id is not None:
        if new.portfolio_ids:
            detail = "a report of a modelling session is about that alone: leave portfolio_ids out"
            raise _refused("portfolio_ids", "wrong_template", detail)
        draft = await owned_draft(session, caller, new.session_id)
        ids = [draft.draft_id]
        return Wanted(ids, new.template, new.format, sections, draft.base_session, draft)
    ids = await owned_ids(session, caller, new.portfolio_ids)
    return Wanted(ids, new.template, new.format, sections, new.as_of)


def sections_of(template: TemplateWord, wanted: Sequence[str] | None) -> list[SectionWord]:
    """The sections that are wanted in the order of the template; 422 for one it does not have."""
    _, offered = TEMPLATES[template]
    if wanted is None:
        return list(offered)
    foreign = [name for name in wanted if name not in offered]
    if foreign or not wanted:
        named = ", ".join(foreign) or "none"
        detail = f"sections of {template} are {', '.join(offered)}: not {named}"
        raise _refused("sections", "unknown_section", detail)
    return [name for name in offered if name in wanted]


def _refused(field: str, code: str, detail: str) -> Problem:
    errors = [{"field": field, "code": code, "message": detail}]
    return Problem(422, "invalid_request", detail, errors)


async def owned_ids(session: Session, caller: User, portfolio_ids: Sequence[UUID]) -> list[UUID]:
    """The user's portfolios, each once; without any, the first one. 409 for a draft."""
    if not portfolio_ids:
        return [(await owned_or_first(session, caller, None))["portfolio_id"]]
    ids = list(dict.fromkeys(portfolio_ids))
    for portfolio_id in ids:
        await owned_portfolio(session, caller, portfolio_id)
        await refuse_draft(session, portfolio_id)
    return ids


async def save_report(
    session: Session, user_id: UUID, wanted: Wanted, found: Frozen, schedule_id: UUID | None = None
) -> UUID:
    """Store the frozen figures and have them rendered; the id of the report.

    409 when the user's reports take as much room as may be.
    """
    await _refuse_full(session, user_id)
    report_id = uuid4() if schedule_id is None else uuid5(schedule_id, found.as_of.isoformat())
    values = {
        "report_id": report_id,
        "user_id": user_id,
        "schedule_id": schedule_id,
        "portfolio_ids": list(wanted.portfolio_ids),
        "template": wanted.template,
        "form": wanted.form,
        "sections": list(wanted.sections),
        **vars(found),
    }
    await queries.save_request(session, values)
    event = ReportsRequested.new(report_id, found.as_of, report_id=report_id)
    await edge_queries.save_event(session, event, trace_headers())
    about = {"template": wanted.template, "format": wanted.form}
    await record(session, "report.requested", report_id, **about)
    return report_id


async def _refuse_full(session: Session, user_id: UUID) -> None:
    caps = caps_of(session)
    if caps and await queries.count_stored_bytes(session, user_id) >= caps.stored_bytes_per_user:
        most = caps.stored_bytes_per_user / 1024**2
        detail = f"your reports take {most:,.0f} MB, which is all there is for a user: delete some"
        raise Problem(409, "storage_full", detail)


async def refuse_too_many(session: Session, user_id: UUID) -> None:
    """429 when as many of the user's reports wait as may."""
    if await queries.count_queued(session, user_id) >= MOST_QUEUED:
        detail = f"{MOST_QUEUED} of your reports wait to be rendered: try again in a moment"
        raise Problem(429, "too_many_reports", detail, headers={"Retry-After": "5"})


async def owned_request(session: Session, user_id: UUID, report_id: UUID) -> Request:
    """The user's report; 404 when there is none, or when it is another user's."""
    found = await queries.load_request(session, user_id, report_id)
    if found is None:
        raise not_found("report", report_id)
    return found


def shown(request: Request) -> ReportOut:
    """A report as answers show it."""
    known = {**vars(request), "state": request.state, "progress": request.progress}
    return ReportOut.model_validate(
        {**known, "format": request.form, "file_name": name_of(request)}
    )


def name_of(request: Request) -> str:
    """The name of its file."""
    several = len(request.names) > 1
    slug = "portfolios" if several else safe_name(request.names[0], request.report_id)[:60]
    return file_name(slug, request.template, request.as_of, request.form)
