"""Files from what they are to their receipts, and beside a portfolio."""

from pathlib import Path
from uuid import uuid4

from playwright.sync_api import Page, expect

from deploy.demo.books import DEMO_BOOKS
from deploy.local.api import connection
from tests.e2e.dashboard import Dashboard
from tests.e2e.local_stack import LocalStack

BANK = """\
Depot 4711, Stand 28.12.2022
Titel;Stueck;Einstand;Kauf
AAPL;1.000,5;148.710,00;01.06.2022
XOM;-50;5.100,00;2022-06-01
"""
STATEMENT = """\
<FlexQueryResponse><FlexStatements><FlexStatement accountId="U1" toDate="20221228">
<OpenPosition currency="USD" assetCategory="STK" symbol="AAPL" position="1" costBasisPrice="1"/>
<Trade currency="USD" assetCategory="STK" symbol="AAPL" buySell="BUY" quantity="1" tradePrice="1"/>
</FlexStatement></FlexStatements></FlexQueryResponse>
"""


def previewed(dashboard: Dashboard, path: Path) -> Page:
    """The screen with a file chosen."""
    dashboard.press("g", "i")
    dashboard.shows("import")
    dashboard.page.locator("input[type=file]").set_input_files(path)
    return dashboard.page


def test_an_unknown_file_is_mapped_saved_and_recognised_again(
    stack: LocalStack, dashboard: Dashboard, tmp_path: Path
) -> None:
    file = tmp_path / f"{uuid4().hex}.csv"
    file.write_text(BANK)
    statement = tmp_path / "statement.xml"
    statement.write_text(STATEMENT)
    name = f"Bank {uuid4().hex[:6]}"

    page = previewed(dashboard, statement)
    expect(page.get_by_role("status", name="What the file is")).to_contain_text("Flex (XML), 1 row")
    expect(page.get_by_label("The file lists both")).to_have_value("positions")
    page.locator("input[type=file]").set_input_files(file)
    expect(page.get_by_role("status", name="What the file is")).to_contain_text("Not recognised")
    expect(page.get_by_label("Cells are separated by")).to_have_value(";")
    page.get_by_label("The header is line").select_option("3")
    expect(page.get_by_label("1.000,5 is")).to_be_visible()
    page.get_by_label("The header is line").select_option("2")
    expect(page.get_by_label("Stueck is")).to_have_value("quantity")
    for column, field in (("Titel", "symbol"), ("Stueck", "quantity"), ("Einstand", "cost")):
        page.get_by_label(f"{column} is").select_option(field)
    page.get_by_label("Kauf is").select_option("date")
    page.get_by_role("combobox", name="Dates").select_option("DD.MM.YYYY")
    page.get_by_role("combobox", name="Decimals").select_option(",")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("region", name="Problems by line")).to_contain_text("2022-06-01")
    expect(page.get_by_role("region", name="Positions by line")).to_contain_text("1,000.5")
    expect(page.get_by_role("region", name="Positions by line")).to_contain_text("$148.64")
    dashboard.screenshot("import-mapping")
    page.get_by_label("Save as").fill(name)
    page.get_by_role("button", name="Save the mapping").click()

    expect(page.get_by_role("status", name="What the file is")).to_contain_text(name)
    with connection(stack.directory.load(), DEMO_BOOKS[0].email, DEMO_BOOKS[0].password) as client:
        saved = [each for each in client.list_profiles()["items"] if each["name"] == name]
        assert [each["mapping"]["decimal_mark"] for each in saved] == [","]
        client.delete_profile(saved[0]["profile_id"])


def test_a_file_is_compared_and_a_difference_entered(
    stack: LocalStack, dashboard: Dashboard, tmp_path: Path
) -> None:
    name = f"Compared {uuid4().hex[:6]}"
    book, file = tmp_path / "book.csv", tmp_path / "file.csv"
    header = "ticker,quantity,entry_price,entry_date,tags\n"
    book.write_text(f"{header}AAPL,100,130.00,2022-12-01,\nXOM,50,100.00,2022-12-01,\n")
    file.write_text(f"{header}AAPL,120,130.00,2022-12-01,\nXOM,50,100.00,2022-12-01,\n")
    with connection(stack.directory.load(), DEMO_BOOKS[0].email, DEMO_BOOKS[0].password) as client:
        with book.open("rb") as content:
            uploaded = client.upload_positions(content.read(), portfolio_name=name)
        assert uploaded["portfolio"] is not None
        portfolio_id = uploaded["portfolio"]["portfolio_id"]

        dashboard.page.goto(f"{dashboard.address}/?portfolio={portfolio_id}&screen=import")
        page = previewed(dashboard, file)
        page.get_by_role("button", name="Compare with a portfolio").click()
        expect(page.get_by_role("combobox", name="Portfolio")).to_have_value(portfolio_id)
        page.get_by_role("button", name="Compare", exact=True).click()
        row = page.get_by_role("region", name="Differences").last.locator("tbody tr")
        expect(row.first).to_contain_text("AAPL")
        expect(row.first).to_contain_text("Buy 20 at $130.00")
        sums = page.locator("dl.counts div", has_text="Its positions")
        expect(sums.locator("dd")).to_have_text("– the file has no total and no market values")
        expect(page.get_by_role("button", name="Enter 0 differences")).to_be_disabled()
        expect(page.get_by_text("Mark the differences that shall be entered first")).to_be_visible()
        row.first.get_by_role("button", name="120").click()
        expect(page.locator(".drawer").get_by_role("heading", name="Quantity")).to_be_visible()
        page.get_by_role("button", name="Close", exact=True).click()
        dashboard.screenshot("reconcile")
        row.first.get_by_role("checkbox").check()
        page.get_by_role("button", name="Enter 1 difference").click()
        expect(page.get_by_role("region", name="Transactions entered")).to_contain_text("AAPL")

        lines = client.list_transactions(portfolio_id)["items"]
        client.delete_portfolio(portfolio_id)
    assert [(each["kind"], each["quantity"]) for each in lines if each["kind"] == "buy"] == [
        ("buy", 20.0)
    ]
