"""Limits from a trial to their end."""

import pytest
from playwright.sync_api import expect

from deploy.demo.books import DemoBook
from tests.e2e.dashboard import Dashboard
from tests.e2e.local_stack import LocalStack, client_of, report_of


def test_a_limit_is_tried_set_and_deleted(dashboard: Dashboard) -> None:
    page = dashboard.page
    limits = page.get_by_role("region", name="Limits", exact=True).last

    dashboard.press("g", "l")
    expect(page.get_by_text("No limit is set")).to_be_visible()
    page.get_by_role("button", name="Try on past sessions").click()
    expect(page.get_by_text("Sessions in breach")).to_be_visible()
    page.get_by_role("button", name="Set", exact=True).click()
    expect(limits).to_contain_text("Concentration")
    in_strip = page.locator(".numbers .item", has_text="Limits")
    expect(in_strip).not_to_contain_text("none")
    page.get_by_role("button", name="Delete Concentration").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete it").click()

    expect(page.get_by_text("No limit is set")).to_be_visible()
    expect(in_strip).to_contain_text("none")


def test_a_breach_is_acknowledged_waived_edited_and_followed(
    stack: LocalStack, dashboard: Dashboard, book: DemoBook
) -> None:
    page = dashboard.page
    dashboard.press("g", "l")
    toast = page.get_by_role("status", name="New alerts").locator(".toast")
    page.get_by_role("textbox", name="Name").fill("Narrow")
    page.get_by_role("textbox", name="Warning").fill("0.5")
    page.get_by_role("textbox", name="Breach").fill("1")
    page.get_by_role("button", name="Try on past sessions").click()
    beyond = page.get_by_role("region", name="Sessions beyond a level")
    expect(beyond.locator("tbody tr").first).to_contain_text("Breached")
    page.get_by_role("button", name="Set", exact=True).click()
    row = page.get_by_role("row", name="Narrow")
    expect(row).to_contain_text("Breached")
    with client_of(stack, book) as client:
        portfolio_id = report_of(client, book)["portfolio"]["portfolio_id"]
        (limit,) = client.list_limits(portfolio_id=portfolio_id, recent=60)["items"]
        try:
            worst = limit["worst"]
            assert worst
            assert worst["value"]
            assert worst["used"]
            expect(row).to_contain_text(f"{worst['value']:.2%}")
            expect(row).to_contain_text(f"{worst['used']:,.0%} of 1.00%")
            expect(row).to_contain_text("Market value of each underlying")
            expect(toast).to_contain_text("1 new alert")
            toast.hover()  # it would leave by itself

            row.get_by_role("button", name="Acknowledge").click()
            page.get_by_label("Reason").fill("Reduced this week")
            page.get_by_role("dialog").get_by_role("button", name="Acknowledge").click()
            expect(row).to_contain_text("Acknowledged")
            expect(row).to_contain_text("Reduced this week")
            expect(toast).to_have_count(0)
            standing = page.locator(".numbers .item", has_text="Limits")
            expect(standing).to_contain_text("acknowledged")
            assert standing.evaluate("item => item.scrollWidth <= item.clientWidth")
            row.get_by_role("button", name="1.00%").click()
            drawer = page.locator(".drawer")
            expect(drawer.get_by_role("heading").first).to_contain_text("Levels of a limit")
            dashboard.press("Escape")
            row.get_by_role("button", name="Waive").click()
            page.get_by_label("Until, that day included").fill("2023-01-31")
            page.get_by_label("Reason").fill("Approved")
            page.get_by_role("dialog").get_by_role("button", name="Waive").click()
            expect(row).to_contain_text("until 2023-01-31")
            expect(row).to_contain_text("Approved")

            row.get_by_role("button", name="History of Narrow").click()
            history = page.get_by_role("region", name="History of Narrow").first
            done = page.get_by_role("region", name="What was done")
            expect(done.locator("tbody tr")).to_have_count(2)
            history.get_by_role("button", name="Table").click()
            sessions = page.get_by_role("region", name="History of Narrow").last
            expect(sessions.locator("tbody tr").first).to_contain_text("Waived")
            alerts = page.get_by_role("list", name="Alerts")
            expect(alerts).to_contain_text("Narrow")
            expect(alerts).to_contain_text("sent to no channel")

            row.get_by_role("button", name="Edit Narrow").click()
            page.get_by_role("textbox", name="Breach").fill("99")
            page.get_by_role("textbox", name="Warning").fill("")
            page.get_by_role("button", name="Change", exact=True).click()
            expect(row).to_contain_text("Within")
            assert client.get_limit(limit["limit_id"])["breach"] == pytest.approx(0.99)
        finally:
            client.delete_limit(limit["limit_id"])


def test_what_may_be_done_about_a_breach_is_in_sight_on_a_phone(
    stack: LocalStack, dashboard: Dashboard, book: DemoBook
) -> None:
    with client_of(stack, book) as client:
        portfolio_id = report_of(client, book)["portfolio"]["portfolio_id"]
        (template,) = [
            each["limit"]
            for each in client.list_templates()["items"]
            if each["template"] == "concentration"
        ]
        template |= {"portfolio_id": portfolio_id, "warning": None, "breach": 0.01}
        limit = client.create_limit(template)
        try:
            dashboard.page.set_viewport_size({"width": 390, "height": 844})
            dashboard.press("g", "l")
            button = dashboard.page.get_by_role("button", name="Acknowledge")
            expect(button).to_be_visible()
            box = button.bounding_box()
            assert box
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= 390
            dashboard.screenshot("limits-phone")
            frame = dashboard.page.locator("#screen").evaluate("e => e.getBoundingClientRect().top")
            assert frame <= 844 / 3
            dashboard.page.get_by_role("button", name="Menu").click()
            expect(dashboard.page.get_by_role("button", name="Log out")).to_be_visible()
            dashboard.page.get_by_role("button", name="Close", exact=True).click()
            dashboard.page.get_by_role("button", name="All figures").click()
            expect(dashboard.page.get_by_text("live", exact=True)).to_be_visible()
            assert dashboard.accessibility() == []
        finally:
            client.delete_limit(limit["limit_id"])
