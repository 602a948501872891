"""A new user from a file to a booked trade."""

from pathlib import Path
from uuid import uuid4

from playwright.sync_api import Browser, expect

from deploy.local.api import connection
from tests.e2e.dashboard import Dashboard
from tests.e2e.local_stack import LocalStack


def test_a_new_user_goes_from_a_file_to_a_booked_trade(
    stack: LocalStack, browser: Browser, tmp_path: Path
) -> None:
    header = "ticker,quantity,entry_price,entry_date,tags\n"
    bad, good, none = (tmp_path / f"{name}.csv" for name in ("bad", "good", "none"))
    none.write_text(f"{header}AAPL,many,130.00,2022-12-01,core\n")
    good.write_text(f"{header}AAPL,100,130.00,2022-12-01,core\nXOM,-50,100.00,2022-12-01,\n")
    bad.write_text(f"{header}AAPL,many,130.00,2022-12-01,core\nXOM,-50,100.00,2022-12-01,\n")
    email, password = f"{uuid4().hex}@example.com", "correct horse battery"
    with connection(stack.directory.load(), email, password) as client:
        client.register({"email": email, "password": password})
    window = Dashboard(browser, stack.directory.load().gateway_url)
    window.enter(email, password)

    expect(window.page.get_by_role("heading", name="Your first portfolio")).to_be_visible()
    window.page.locator("input[type=file]").set_input_files(bad)
    window.page.get_by_role("button", name="Preview").click()
    expect(window.page.get_by_role("region", name="Problems by line")).to_contain_text("quantity")
    expect(window.page.get_by_text("As the preview shows it.")).to_be_visible()
    window.screenshot("import-preview")
    window.page.locator("input[type=file]").set_input_files(none)
    window.page.get_by_role("button", name="Preview").click()
    expect(window.page.get_by_text("Every line is refused")).to_be_visible()
    expect(window.page.get_by_role("button", name="Import", exact=True)).to_be_disabled()
    window.page.locator("input[type=file]").set_input_files(good)
    bring = window.page.get_by_role("button", name="Import", exact=True)
    expect(bring).to_be_disabled()
    window.page.get_by_role("button", name="Preview").click()
    expect(window.page.get_by_role("heading", name="Preview: nothing is written")).to_be_visible()
    start = window.page.get_by_text("NAV starts at the net value of the positions")
    expect(start).to_contain_text("longs that cost $13,000.00 less shorts of $5,000.00")
    bring.click()

    window.ready()
    assert window.strip()["NAV"] != "–"

    page = window.page
    window.press("g", "w")
    page.get_by_role("button", name="New draft").click()
    page.get_by_label("Action").select_option("sell")
    page.get_by_label("Symbol").fill("AAPL")
    page.get_by_label("Quantity").fill("40")
    page.get_by_role("button", name="Enter").click()
    expect(page.get_by_role("region", name="Trades").last).to_contain_text("AAPL")
    page.get_by_role("button", name="Calculate").click()
    expect(page.get_by_role("region", name="Value and exposure").last).to_be_visible(timeout=60_000)
    window.screenshot("what-if-calculated")
    page.get_by_role("button", name="See what would be written").click()
    page.get_by_role("button", name="Book 1 transaction").click()
    expect(page.get_by_text("booked", exact=True)).to_be_visible(timeout=30_000)
    with connection(stack.directory.load(), email, password) as client:
        portfolio_id = client.list_portfolios()["items"][0]["portfolio_id"]
        entered = client.list_transactions(portfolio_id)["items"]
    assert [(each["kind"], each["quantity"]) for each in entered if each["kind"] == "sell"] == [
        ("sell", -40.0)
    ]
    window.context.close()
    assert window.findings == []
