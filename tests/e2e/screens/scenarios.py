"""Scenarios and the shock editor."""

from playwright.sync_api import expect

from deploy.demo.books import DemoBook
from tests.e2e.dashboard import Dashboard, whole
from tests.e2e.local_stack import LocalStack, client_of, report_of


def test_a_custom_shock_is_what_the_api_makes_of_it(
    stack: LocalStack, dashboard: Dashboard, book: DemoBook
) -> None:
    with client_of(stack, book) as client:
        portfolio_id = report_of(client, book)["portfolio"]["portfolio_id"]
        answer = client.evaluate_both(
            {"portfolio_id": portfolio_id, "shocks": {"market": -0.12}, "rate_shock": 0.005}
        )
    result = answer["scenarios"][0]["correlated"]
    assert result is not None

    dashboard.press("g", "s")
    dashboard.page.get_by_label("Market, %").fill("-12")
    dashboard.page.get_by_label("Yields, bp").fill("50")
    dashboard.page.get_by_role("button", name="Evaluate").click()

    outcome = dashboard.page.get_by_role("status", name="Outcome")
    expect(outcome).to_contain_text(whole(result["total_pnl"], plus=True))
