"""Reports from the request to the file, and a schedule."""

from pathlib import Path

from playwright.sync_api import expect

from deploy.demo.books import DemoBook
from tests.e2e.dashboard import Dashboard


def test_a_report_is_generated_and_downloaded(dashboard: Dashboard) -> None:
    page = dashboard.page
    reports = page.get_by_role("region", name="Reports", exact=True).last

    dashboard.press("g", "r")
    page.get_by_label("Template").select_option("daily")
    page.get_by_role("button", name="Generate", exact=True).click()
    link = reports.get_by_role("link", name="Download")
    expect(link).to_be_visible(timeout=20_000)
    with page.expect_download() as download:
        link.click()
    content = Path(download.value.path()).read_bytes()
    dashboard.screenshot("reports")

    assert content.startswith(b"%PDF-")
    assert download.value.suggested_filename.endswith("-daily-2022-12-28.pdf")
    expect(reports).to_contain_text("kB")
    reports.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete it").click()
    expect(page.get_by_text("No report was generated yet.")).to_be_visible()


def test_a_schedule_is_set_paused_and_deleted(dashboard: Dashboard, book: DemoBook) -> None:
    page = dashboard.page
    schedules = page.get_by_role("region", name="Schedules", exact=True).last

    dashboard.press("g", "r")
    page.get_by_role("button", name="Schedule", exact=True).click()
    expect(schedules).to_contain_text("Active")
    expect(schedules).to_contain_text(f"of {book.portfolio}")
    schedules.get_by_role("button", name="Pause").click()
    expect(schedules).to_contain_text("Paused")
    schedules.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete it").click()

    expect(page.get_by_text("No report is scheduled.")).to_be_visible()
