"""Reports through all services: from the request to the document, and what it holds."""

import asyncio
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from services.gateway.edge.dependencies import Gateway
from services.gateway.reports.scheduling import Scheduler
from services.gateway.runs.shapes import REPORT
from services.reports.handlers.render_report import render_report
from services.reports.repository import delete_expired
from shared.contracts.event import utc_now
from shared.contracts.gateway import ReportsRequested
from shared.contracts.reports import ReportsFailed
from shared.database import Database
from shared.errors import Permanent, Unrenderable
from shared.messaging import publish
from shared.messaging.division import public_reason
from tests.builders import AS_OF
from tests.integration.gateway.people import Person
from tests.integration.gateway.reporting import ended, generated, requested
from tests.integration.gateway.seeds import StoredBook, a_stored_book
from tests.pipeline import Pipeline
from tests.servers import Role

# --- requests ---


@pytest.fixture
async def book(ann: Person, market: None, admin: Database) -> StoredBook:
    return await a_stored_book(ann, admin)


async def test_a_report_is_listed_followed_downloaded_and_deleted(
    ann: Person, book: StoredBook, pipeline: Pipeline, admin: Database
) -> None:
    report, content = await generated(ann, template="investor", format="md")
    more = [await requested(ann, template="investor", format="json") for _ in range(2)]
    for report_id in more:
        await ended(ann, report_id)

    page = (await ann.get("reports", limit=2)).json()
    rest = (await ann.get("reports", limit=2, after=page["next"])).json()
    stored = (await ann.get(f"reports/{report['report_id']}/status")).json()
    async with admin.transaction() as session:
        kinds = list(await session.scalars(text("select kind from gateway.run_events")))
        left = await session.scalar(
            text("select count(*) from gateway.report_requests where figures is not null")
        )
    deleted = await ann.request("DELETE", f"reports/{report['report_id']}")

    assert [each["report_id"] for each in page["items"]] == more[::-1]
    assert [each["report_id"] for each in rest["items"]] == [report["report_id"]]
    assert rest["next"] is None
    assert (stored["progress"], stored["byte_count"]) == (1.0, len(content))
    assert stored["downloaded_at"] is not None
    assert kinds.count(REPORT) == 3
    assert left == 0  # figures are needed until the document is there
    assert deleted.status_code == 204
    assert (await ann.get(f"reports/{report['report_id']}/status")).status_code == 404


async def test_what_no_report_can_be_is_refused_by_field(ann: Person, book: StoredBook) -> None:
    unknown = await ann.post("reports/generate", {"template": "daily", "sections": ["greeks"]})
    draft = await ann.post("reports/generate", {"template": "draft"})
    foreign = await ann.post("reports/generate", {"portfolio_ids": [str(uuid4())]})
    early = await ann.post("reports/generate", {"as_of": "2010-01-04"})
    made = await ann.post("modelling/sessions", {"portfolio_id": book.portfolio_id})
    of_draft = {"portfolio_ids": [made.json()["draft_id"]]}
    as_portfolio = await ann.post("reports/generate", of_draft)
    as_scheduled = await ann.post(
        "reports/schedules", of_draft | {"template": "daily", "format": "pdf", "name": "Drafts"}
    )

    assert as_portfolio.json()["code"] == as_scheduled.json()["code"] == "is_draft"
    assert unknown.json()["errors"][0]["field"] == "sections"
    assert "summary, changes" in unknown.json()["detail"]
    assert draft.json()["errors"][0]["field"] == "session_id"
    assert (foreign.status_code, foreign.json()["code"]) == (404, "portfolio_not_found")
    assert (early.status_code, early.json()["code"]) == (422, "not_calculated")


# --- the life of a request ---


async def test_a_cancelled_report_is_not_rendered(
    ann: Person, book: StoredBook, role: Role
) -> None:
    report_id = await requested(ann, template="investor", format="csv")

    cancelled = await ann.post(f"reports/{report_id}/cancel", None)
    event = await render_report(an_event(report_id), role("reports"))

    assert cancelled.json()["state"] == "cancelled"
    assert event is None
    assert (await ann.get(f"reports/{report_id}/download")).json()["code"] == "report_not_rendered"


def an_event(report_id: str) -> ReportsRequested:
    return ReportsRequested.new(UUID(report_id), AS_OF, report_id=UUID(report_id))


async def test_replicas_and_redeliveries_store_one_document(
    ann: Person, book: StoredBook, role: Role, admin: Database
) -> None:
    report_id = await requested(ann, template="investor", format="html")
    event = an_event(report_id)

    both = await asyncio.gather(*(render_report(event, role("reports")) for _ in range(2)))
    first = (await ann.get(f"reports/{report_id}/download")).content
    again = await render_report(event, role("reports"))

    assert both[0] is not None
    assert both[1] is not None
    assert again is not None
    assert both[0].sha256 == both[1].sha256
    assert both[0].event_id == both[1].event_id
    assert again.event_id == both[0].event_id  # so the bus drops the repetition
    assert (await ann.get(f"reports/{report_id}/download")).content == first
    async with admin.transaction() as session:
        assert await session.scalar(text("select count(*) from reports.documents")) == 1


async def test_a_document_that_no_user_downloads_expires(
    ann: Person, book: StoredBook, role: Role
) -> None:
    ids = [await requested(ann, template="investor", format="csv") for _ in range(2)]
    for report_id in ids:
        await render_report(an_event(report_id), role("reports"))
    await ann.get(f"reports/{ids[0]}/download")

    later = utc_now() + timedelta(days=15)
    async with role("reports").transaction() as session:
        expired = await delete_expired(session, later, timedelta(days=365))

    assert expired == 1
    assert (await ann.get(f"reports/{ids[0]}/download")).status_code == 200
    gone = await ann.get(f"reports/{ids[1]}/download")
    assert (gone.status_code, gone.json()["code"]) == (410, "report_expired")
    assert (await ann.get(f"reports/{ids[1]}/status")).json()["state"] == "expired"


async def test_another_users_report_does_not_exist(
    ann: Person, bob: Person, book: StoredBook, role: Role
) -> None:
    report_id = await requested(ann, template="investor", format="csv")
    await render_report(an_event(report_id), role("reports"))

    answers = [
        await bob.get(f"reports/{report_id}/status"),
        await bob.get(f"reports/{report_id}/download"),
        await bob.post(f"reports/{report_id}/cancel", None),
        await bob.request("DELETE", f"reports/{report_id}"),
        await bob.post("reports/generate", {"portfolio_ids": [book.portfolio_id]}),
    ]

    assert [answer.status_code for answer in answers] == [404] * 5
    assert (await bob.get("reports")).json()["items"] == []


async def test_a_report_that_fails_says_so_to_its_user(
    ann: Person, book: StoredBook, gateway: Gateway
) -> None:
    report_id = await requested(ann, template="investor", format="pdf")
    failed = ReportsFailed.new(
        UUID(report_id),
        AS_OF,
        heard=ReportsRequested.subject,
        attempts=4,
        error="TypstError",
        message="for operators alone",
    )

    await publish(gateway.runtime.broker, failed)
    status = await ended(ann, report_id)

    assert status["state"] == "failed"
    assert status["reason"] == "this could not be calculated; the operators have the cause"


@pytest.mark.parametrize(
    ("limit", "path", "refusal"),
    [
        ("services.gateway.reports.endpoints.MOST_SCHEDULES", "reports/schedules", 409),
        ("services.gateway.reports.requesting.MOST_QUEUED", "reports/generate", 429),
        ("services.gateway.drafts.dependencies.MOST_DRAFTS", "modelling/sessions", 409),
    ],
)
async def test_requests_in_parallel_do_not_pass_a_limit(
    ann: Person,
    book: StoredBook,
    monkeypatch: pytest.MonkeyPatch,
    limit: str,
    path: str,
    refusal: int,
) -> None:
    monkeypatch.setattr(limit, 2)
    bodies: dict[str, dict[str, object]] = {
        "reports/schedules": {"name": "After the close"},
        "reports/generate": {"template": "daily", "format": "csv"},
        "modelling/sessions": {"portfolio_id": book.portfolio_id},
    }

    answers = await asyncio.gather(*(ann.post(path, bodies[path]) for _ in range(6)))

    statuses = sorted(answer.status_code for answer in answers)
    assert statuses[2:] == [refusal] * 4
    assert {status // 100 for status in statuses[:2]} == {2}


async def test_what_cannot_be_rendered_fails_at_once_with_a_reason(
    ann: Person, book: StoredBook, role: Role, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report_id = await requested(ann, template="investor", format="pdf")
    broken = tmp_path / "report.typ"
    broken.write_text("#nonsense")
    monkeypatch.setattr("services.reports.rendering.pdf.TEMPLATE", broken)

    with pytest.raises(Unrenderable) as refused:
        await render_report(an_event(report_id), role("reports"))

    assert isinstance(refused.value, Permanent)
    assert public_reason(refused.value) == ("report_not_rendered", str(refused.value))
    assert "unknown variable" in str(refused.value.__cause__)


# --- schedules ---


async def test_a_schedule_reports_each_session_once(
    ann: Person, book: StoredBook, gateway: Gateway, admin: Database
) -> None:
    wanted = {"name": "After the close", "template": "investor", "format": "csv"}
    created = await ann.post("reports/schedules", wanted)
    schedule_id = created.json()["schedule_id"]
    scheduler = Scheduler(gateway, 3600.0)

    before = await scheduler.request_due()
    async with admin.transaction() as session:  # as if the last session had not been looked at
        await session.execute(text("update gateway.report_schedules set last_session = null"))
    due = await asyncio.gather(*(scheduler.request_due() for _ in range(2)))
    after = await scheduler.request_due()

    assert created.status_code == 201
    assert created.json()["last_session"] == str(AS_OF)
    assert (before, sum(due), after) == (0, 1, 0)
    (report,) = (await ann.get("reports")).json()["items"]
    assert (report["schedule_id"], report["as_of"]) == (schedule_id, str(AS_OF))


async def test_a_paused_or_weekly_schedule_waits(
    ann: Person, book: StoredBook, gateway: Gateway, admin: Database
) -> None:
    for cadence, enabled in (("weekly", True), ("monthly", True), ("daily", False)):
        wanted = {"name": cadence, "format": "csv", "cadence": cadence, "enabled": enabled}
        assert (await ann.post("reports/schedules", wanted)).status_code == 201
    async with admin.transaction() as session:
        await session.execute(text("update gateway.report_schedules set last_session = null"))

    requested_reports = await Scheduler(gateway, 3600.0).request_due()

    assert requested_reports == 0  # a Wednesday, in the last week of the year
    listed = (await ann.get("reports/schedules")).json()["items"]
    looked_at = {each["name"]: each["last_session"] for each in listed}
    assert looked_at == {"weekly": str(AS_OF), "monthly": str(AS_OF), "daily": None}


async def test_schedules_are_their_users(ann: Person, bob: Person, book: StoredBook) -> None:
    created = await ann.post("reports/schedules", {"name": "Mine"})
    path = f"reports/schedules/{created.json()['schedule_id']}"

    changed = await ann.request("PUT", path, json={"name": "Paused", "enabled": False})
    foreign = await bob.request("PUT", path, json={"name": "Mine now"})
    deleted = [await bob.request("DELETE", path), await ann.request("DELETE", path)]

    assert (changed.json()["name"], changed.json()["enabled"]) == ("Paused", False)
    assert (foreign.status_code, foreign.json()["code"]) == (404, "schedule_not_found")
    assert [each.status_code for each in deleted] == [404, 204]
