"""The positions of a portfolio."""

from playwright.sync_api import expect

from deploy.demo.books import DemoBook
from tests.e2e.dashboard import Dashboard
from tests.e2e.local_stack import LocalStack, client_of, report_of


def test_the_grid_holds_every_position_and_filters_by_keyboard(
    stack: LocalStack, dashboard: Dashboard, book: DemoBook
) -> None:
    with client_of(stack, book) as client:
        positions = report_of(client, book)["positions"]
    symbol, count = positions[0]["symbol"], len(positions)
    rows = dashboard.page.locator(".rows tbody tr[aria-rowindex]")

    dashboard.press("g", "p")
    dashboard.shows("positions")
    expect(dashboard.page.get_by_text(f"{count} of {count} positions")).to_be_visible()
    dashboard.press("/")
    dashboard.page.keyboard.type(symbol)

    expect(rows.first).to_contain_text(symbol)
    expect(rows.first).to_contain_text(f"${positions[0]['market_value']:,.2f}")
    assert f"filter={symbol}" in dashboard.page.url
