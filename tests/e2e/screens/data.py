"""What is stored for a portfolio's figures, and how its runs went."""

from decimal import ROUND_HALF_UP, Decimal

from playwright.sync_api import expect

from deploy.demo.books import DemoBook
from tests.e2e.dashboard import Dashboard
from tests.e2e.local_stack import LocalStack, client_of, report_of


def rounded(seconds: float | None, step: str) -> Decimal:
    """As the page does: a half goes up."""
    return Decimal(str(seconds)).quantize(Decimal(step), ROUND_HALF_UP)


def test_symbols_and_runs_are_those_of_the_api(
    stack: LocalStack, dashboard: Dashboard, book: DemoBook
) -> None:
    with client_of(stack, book) as client:
        portfolio_id = report_of(client, book)["portfolio"]["portfolio_id"]
        quality = client.get_quality(portfolio_id)
        run = client.list_own_runs(portfolio_id=portfolio_id, limit=1)["items"][0]
    stages = run["portfolios"][0]["stages"]
    symbol = quality["symbols"][0]

    dashboard.page.goto(f"{dashboard.address}/?portfolio={portfolio_id}")
    dashboard.ready()
    dashboard.press("g", "d")
    dashboard.shows("data")
    symbols = dashboard.page.get_by_role("region", name="Symbols").last.locator("tbody tr")
    row = symbols.filter(has=dashboard.page.get_by_text(symbol["symbol"], exact=True))

    expect(symbols).to_have_count(len(quality["symbols"]))
    expect(row).to_contain_text(f"{symbol['prices']}")
    expect(row).to_contain_text(str(symbol["last_session"]))
    runs = dashboard.page.get_by_role("region", name="Runs").last.locator("tbody tr")
    expect(runs.first).to_contain_text(run["as_of"])
    expect(runs.first).to_contain_text(f"{rounded(run['elapsed_seconds'], '0.01')} s")
    timeline = dashboard.page.locator(".timeline li")
    expect(timeline).to_have_count(len(stages))
    expect(timeline.first).to_contain_text(f"{rounded(stages[0]['seconds'], '0.001')} s")
