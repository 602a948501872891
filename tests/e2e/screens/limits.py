"""Limits from a trial to their end."""

from playwright.sync_api import expect

from tests.e2e.dashboard import Dashboard


def test_a_limit_is_tried_set_and_deleted(dashboard: Dashboard) -> None:
    dashboard.page.on("dialog", lambda dialog: dialog.accept())
    limits = dashboard.page.get_by_role("region", name="Limits", exact=True).last

    dashboard.press("g", "l")
    expect(dashboard.page.get_by_text("No limit is set")).to_be_visible()
    dashboard.page.get_by_role("button", name="Try on past sessions").click()
    expect(dashboard.page.get_by_text("Sessions in breach")).to_be_visible()
    dashboard.page.get_by_role("button", name="Set", exact=True).click()
    expect(limits).to_contain_text("Concentration")
    dashboard.page.get_by_role("button", name="Delete").click()

    expect(dashboard.page.get_by_text("No limit is set")).to_be_visible()
