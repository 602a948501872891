"""Requesting reports, and waiting for their documents."""

import asyncio
from typing import Any

from tests.integration.gateway.people import Person


async def ended(person: Person, report_id: str) -> dict[str, Any]:
    """The report once nothing works on it any more."""
    async with asyncio.timeout(30):
        while True:
            status: dict[str, Any] = (await person.get(f"reports/{report_id}/status")).json()
            if status["state"] not in ("queued", "rendering"):
                return status
            await asyncio.sleep(0.05)


async def requested(person: Person, **wanted: Any) -> str:
    """The id of a report that is requested."""
    answer = await person.post("reports/generate", wanted)
    assert answer.status_code == 202, answer.text
    assert answer.headers["location"] == f"/api/v1/reports/{answer.json()['report_id']}/status"
    return str(answer.json()["report_id"])


async def generated(person: Person, **wanted: Any) -> tuple[dict[str, Any], bytes]:
    """A report of these wishes and its document."""
    report = await ended(person, await requested(person, **wanted))
    assert report["state"] == "rendered", report
    document = await person.get(f"reports/{report['report_id']}/download")
    assert document.status_code == 200, document.text
    name = f'attachment; filename="{report["file_name"]}"'
    assert document.headers["content-disposition"] == name
    return report, document.content
