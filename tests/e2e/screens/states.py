"""What screens show when there is nothing to show, on paper, and when something is closed again."""

from pathlib import Path
from uuid import uuid4

from playwright.sync_api import Browser, expect

from deploy.demo.books import DEMO_BOOKS
from deploy.local.api import connection
from tests.e2e.dashboard import Dashboard
from tests.e2e.local_stack import LocalStack
from tests.e2e.users import Users

PASSWORD = "correct horse battery"


def test_a_portfolio_without_positions_says_so_on_every_screen_of_figures(
    stack: LocalStack, browser: Browser
) -> None:
    state, email = stack.directory.load(), f"{uuid4().hex}@example.com"
    with connection(state, email, PASSWORD) as client:
        client.register({"email": email, "password": PASSWORD})
        client.create_portfolio({"name": "Not yet filled"})
    window = Dashboard(browser, state.gateway_url)
    window.enter(email, PASSWORD)
    page = window.page

    for key in "osvfct":
        page.locator("#screen").focus()
        window.press("g", key)
        expect(page.get_by_role("heading", name="No positions yet")).to_be_visible()
        expect(page.locator("#screen").get_by_role("button", name="Import a file")).to_be_visible()
    assert window.accessibility() == []
    window.context.close()
    assert window.findings == []


def test_counts_of_a_file_explain_themselves_before_there_is_a_portfolio(
    stack: LocalStack, browser: Browser, tmp_path: Path
) -> None:
    state, email = stack.directory.load(), f"{uuid4().hex}@example.com"
    file = tmp_path / "file.csv"
    file.write_text("ticker,quantity,entry_price,entry_date,tags\nAAPL,100,130,2022-12-01,\n")
    with connection(state, email, PASSWORD) as client:
        client.register({"email": email, "password": PASSWORD})
    window = Dashboard(browser, state.gateway_url)
    window.enter(email, PASSWORD)
    page = window.page
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="Preview").click()
    lines = page.locator("dl.counts div", has_text="Cost of longs").get_by_role("button")
    lines.click()

    drawer = page.locator(".drawer")
    expect(drawer.get_by_role("heading", name="Cost of a file")).to_be_visible()
    expect(drawer).to_contain_text("$13,000.00")
    expect(drawer).to_contain_text("The preview: Cost of longs")
    expect(drawer.get_by_text("Last run")).to_have_count(0)
    expect(drawer.get_by_role("button", name="Copy as link")).to_be_visible()
    window.press("Escape")
    expect(drawer).to_have_count(0)
    expect(lines).to_be_focused()
    window.context.close()
    assert window.findings == []


def test_escape_closes_what_is_in_front_and_returns_the_focus(dashboard: Dashboard) -> None:
    page = dashboard.page
    number = page.locator(".numbers .item", has_text="VaR 99 %").locator(".figure")
    number.press("Enter")
    expect(page.locator(".drawer")).to_be_focused()
    dashboard.press("Escape")
    expect(number).to_be_focused()

    dashboard.press("g", "e")
    dashboard.shows("settings")
    number.press("Enter")
    expect(page.locator(".drawer")).to_be_focused()
    page.get_by_role("button", name="New token").press("Enter")
    expect(page.get_by_role("dialog", name="New token")).to_be_visible()
    dashboard.press("Escape")
    expect(page.get_by_role("dialog", name="New token")).to_have_count(0)
    expect(page.get_by_role("button", name="New token")).to_be_focused()
    expect(page.locator(".drawer")).to_be_visible()
    dashboard.press("Escape")
    expect(page.locator(".drawer")).to_have_count(0)


def test_no_number_of_a_table_in_half_of_the_screen_is_cut(fund: Dashboard) -> None:
    halves = fund.page.locator(".grid > .panel:not(.wide) .scroll")

    for key, screen in (("o", "overview"), ("c", "correlation"), ("d", "data")):
        fund.press("g", key)
        fund.shows(screen)
        expect(halves.first).to_be_visible()
        cut = "all => all.filter(it => it.scrollWidth > it.clientWidth).map(it => it.ariaLabel)"
        assert halves.evaluate_all(cut) == []


def test_paper_is_white_and_has_the_whole_screen(users: Users) -> None:
    with users.window(DEMO_BOOKS[-1], "dark") as window:
        page = window.page
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")

        page.emulate_media(media="print")
        expect(page.locator("html")).to_have_attribute("data-theme", "light")
        expect(page.get_by_role("navigation")).to_be_hidden()
        assert page.locator("#screen").evaluate("it => getComputedStyle(it).overflowY") == "visible"
        window.screenshot("overview-print")
        page.emulate_media(media="screen")
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")
