"""The positions of a portfolio."""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from deploy.demo.books import DEMO_BOOKS, DemoBook
from deploy.local.api import connection
from sigmasight_client import SigmaSight
from tests.e2e.dashboard import Dashboard, money
from tests.e2e.local_stack import LocalStack, client_of, report_of, until

FILE = (
    "ticker,quantity,entry_price,entry_date,tags\n"
    "AAPL,100,130.00,2022-12-01,core\n"
    "XOM,-50,100.00,2022-12-01,\n"
    "AAPL230120C00120000,-2,9.00,2022-12-01,\n"
)
COLUMNS = ("market_value", "daily_pnl", "unrealised_pnl", "component_var")
SIGNED = ("daily_pnl", "unrealised_pnl")


def cents(value: float | None, *, plus: bool = False) -> str:
    """USD as the grid writes them; nothing for what is not known."""
    return "" if value is None else money(value, plus=plus)


def written(values: Mapping[str, Any]) -> list[str]:
    return [cents(values[name], plus=name in SIGNED) for name in COLUMNS]


def rows_of(page: Page) -> Locator:
    return page.locator(".rows tbody tr[aria-rowindex]")


def shown(rows: Locator) -> dict[str, list[str]]:
    """The cells of each row behind its first, by what that says first."""
    texts = [[cell.strip() for cell in row.split("\t")] for row in rows.all_inner_texts()]
    return {" ".join(row[0].split()): row[1:] for row in texts}


def table_of(client: SigmaSight, book: DemoBook) -> Any:
    return client.get_positions_table(
        portfolio_id=report_of(client, book)["portfolio"]["portfolio_id"]
    )


def open_grid(window: Dashboard, query: str = "") -> Page:
    """The grid with a query in the address."""
    base = re.sub(r"&screen=.*", "", window.page.url)
    window.page.goto(f"{base}&screen=positions&{query}")
    window.shows("positions")
    expect(window.page.locator(".rows tfoot th")).to_contain_text("position")
    return window.page


def listed(page: Page, name: str) -> None:
    """Choose what the screen lists."""
    page.get_by_role("group", name="What is listed").get_by_role("button", name=name).click()


def test_the_grid_holds_every_position_and_filters_by_keyboard(
    stack: LocalStack, dashboard: Dashboard, book: DemoBook
) -> None:
    with client_of(stack, book) as client:
        positions = report_of(client, book)["positions"]
    symbol, count = positions[0]["symbol"], len(positions)
    rows = rows_of(dashboard.page)

    dashboard.press("g", "p")
    dashboard.shows("positions")
    expect(dashboard.page.get_by_text(f"{count} of {count} positions")).to_be_visible()
    dashboard.press("/")
    dashboard.page.keyboard.type(symbol)

    expect(rows.first).to_contain_text(symbol)
    expect(rows.first).to_contain_text(f"${positions[0]['market_value']:,.2f}")
    assert f"filter={symbol}" in dashboard.page.url


def test_the_grid_and_its_groups_have_the_numbers_of_the_api(
    stack: LocalStack, dashboard: Dashboard, book: DemoBook
) -> None:
    with client_of(stack, book) as client:
        table = table_of(client, book)
        wanted = {"portfolio_id": table["portfolio_id"], "by": "sector"}
        sums = client.sum_positions(wanted)  # type: ignore[arg-type]
    columns = table["columns"]
    stock = {
        symbol: written({name: columns[name][place] for name in COLUMNS})
        for place, symbol in enumerate(columns["symbol"])
        if columns["strike"][place] is None
    }
    asked = f"columns=symbol,{','.join(COLUMNS)}"

    page = open_grid(dashboard, asked)
    alone = shown(rows_of(page))
    foot = [cell.strip() for cell in page.locator("tfoot td").all_inner_texts()]
    page = open_grid(dashboard, f"{asked}&group=sector")
    expect(rows_of(page).first).to_have_class("group")
    groups = shown(page.locator(".rows tbody tr.group"))

    assert len(alone) == table["positions"]
    assert {symbol: alone[symbol] for symbol in stock} == stock
    assert foot == written({**table["everything"]})
    assert {re.sub(r"^▾ ", "", name): cells for name, cells in groups.items()} == {
        f"{group['name']} {group['positions']}": written({**group}) for group in sums["groups"]
    }


def test_pills_are_entered_edited_and_removed_by_keyboard(
    stack: LocalStack, dashboard: Dashboard, book: DemoBook
) -> None:
    with client_of(stack, book) as client:
        columns = table_of(client, book)["columns"]
    sector = next(each for each in columns["sector"] if each)
    inside = [place for place, each in enumerate(columns["sector"]) if each == sector]
    lost = [place for place in inside if (columns["daily_pnl"][place] or 0) < 0]
    page = open_grid(dashboard)
    count = page.locator(".toolbar [role=status]")
    of = f"of {len(columns['symbol'])} positions"

    dashboard.press("/")
    page.keyboard.type("sect")
    dashboard.press("ArrowDown", "Enter", "Enter")
    page.keyboard.type(sector[:5])
    dashboard.press("Enter")
    expect(page.get_by_role("button", name=f"Filter: Sector is {sector}")).to_be_visible()
    expect(count).to_have_text(f"{len(inside)} {of}")
    page.keyboard.type("day p&l < oops")
    dashboard.press("Enter")
    expect(page.locator(".filter [role=alert]")).to_contain_text("a number such as")
    for _ in "oops":
        dashboard.press("Backspace")
    page.keyboard.type("0")
    dashboard.press("Enter")
    expect(count).to_have_text(f"{len(lost)} {of}")
    page.reload()
    expect(count).to_have_text(f"{len(lost)} {of}")

    dashboard.press("/", "ArrowLeft", "ArrowLeft", "Delete")
    expect(page.get_by_role("button", name="Filter: Sector")).to_have_count(0)
    dashboard.press("Backspace", "Backspace", "Backspace", "Backspace")
    expect(count).to_have_text(f"{len(columns['symbol'])} {of}")


def test_arrows_lead_through_the_grid_and_enter_opens_a_position(
    stack: LocalStack, fund: Dashboard
) -> None:
    with client_of(stack, DEMO_BOOKS[-1]) as client:
        columns = table_of(client, DEMO_BOOKS[-1])["columns"]
        place = next(n for n, strike in enumerate(columns["strike"]) if strike is not None)
        position = client.get_position(columns["position_id"][place])
        history = client.get_position_history(position["position_id"])["items"]
        (lot,) = client.list_lots(position["portfolio_id"], symbol=position["symbol"])["items"]
    page = open_grid(fund, "where=instrument.eq.option")
    panel = page.get_by_role("complementary", name="Position")

    fund.press("/", "Enter", "ArrowRight", "ArrowRight", "Space")
    explained = page.get_by_role("heading", name="Price", exact=True)
    expect(explained).to_be_visible()
    fund.press("Escape")
    expect(explained).to_have_count(0)
    page.get_by_role("grid").focus()
    fund.press("Home", "Enter")
    figures = panel.locator(".numbers .item")
    expect(figures.filter(has_text="Market value")).to_contain_text(cents(position["market_value"]))
    expect(figures.filter(has_text="Component VaR")).to_contain_text(
        cents(history[-1]["component_var"])
    )
    expect(figures.filter(has_text="Theta")).to_contain_text(
        cents(position["greeks"]["theta"], plus=True)
    )
    expect(panel.locator(".chart canvas").first).to_be_visible()
    panel.get_by_role("button", name="Table").click()
    expect(panel.get_by_text(f"{len(history)} sessions")).to_be_visible()
    last = panel.locator("tbody tr").first
    expect(last).to_contain_text(history[-1]["as_of"])
    expect(last).to_contain_text(cents(history[-1]["daily_pnl"], plus=True))
    panel.get_by_role("button", name="Lots").click()
    expect(panel.locator("tbody tr").first).to_contain_text(cents(lot["cost"]))
    expect(panel.locator("tbody tr").first).to_contain_text(cents(lot["unrealised_pnl"], plus=True))
    fund.screenshot("position")
    fund.press("Escape")
    expect(panel).to_have_count(0)


def test_a_view_is_saved_and_there_after_a_reload(dashboard: Dashboard) -> None:
    name = f"Losers {uuid4().hex[:6]}"
    page = open_grid(dashboard, "where=daily_pnl.lt.0&group=sector&sort=daily_pnl")
    menu = page.locator(".menu summary").first

    menu.click()
    page.get_by_label("Name of this view").fill(name)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(menu).to_contain_text(name)
    page.get_by_role("button", name="All positions").click()
    expect(menu).to_contain_text("All positions")
    assert "where=" not in page.url
    page.reload()
    menu.click()
    page.get_by_role("button", name=name, exact=True).click()

    expect(menu).to_contain_text(name)
    expect(page.get_by_role("button", name="Filter: Day P&L < 0")).to_be_visible()
    assert "group=sector" in page.url
    menu.click()
    page.get_by_role("button", name=f"Delete the view {name}").click()
    expect(menu).to_contain_text("custom")
    page.get_by_role("button", name="All positions", exact=True).click()
    menu.click()
    page.get_by_label("Name of this view").fill(f"As usual {name}")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(menu).to_have_text(f"View: As usual {name}")
    page.get_by_role("button", name=f"Delete the view As usual {name}").click()
    expect(menu).to_have_text("View: All positions")


def test_the_calendar_shows_what_every_expiry_would_do(stack: LocalStack, fund: Dashboard) -> None:
    book = DEMO_BOOKS[-1]  # long and short options
    with client_of(stack, book) as client:
        portfolio_id = report_of(client, book)["portfolio"]["portfolio_id"]
        expiries = client.list_expiries(portfolio_id)["items"]
    fund.press("g", "p")
    fund.shows("positions")

    listed(fund.page, "Expiries")

    for expiry in expiries:
        panel = fund.page.get_by_role("region", name=expiry["expiry"], exact=True)
        expect(panel).to_contain_text(cents(expiry["cash"], plus=True))
        rows = panel.locator("tbody tr")
        expect(rows).to_have_count(len(expiry["options"]))
        for place, option in enumerate(expiry["options"]):
            expect(rows.nth(place)).to_contain_text(str(option["outcome"]).replace("_", " "))
    first = expiries[0]["expiry"]
    fund.page.locator(".month button").first.click()
    expect(fund.page.locator("section.panel h2").nth(1)).to_have_text(first)
    assert f"expiry={first}" in fund.page.url
    fund.screenshot("expiries")
    assert fund.accessibility() == []


@pytest.fixture
def newcomer(stack: LocalStack, browser: Browser) -> Iterator[tuple[Dashboard, SigmaSight, str]]:
    """A user with a small measured portfolio for one test alone."""
    email, password = f"{uuid4().hex}@example.com", "correct horse battery"
    with connection(stack.directory.load(), email, password) as client:
        client.register({"email": email, "password": password})
        portfolio = client.create_portfolio({"name": "Small"})["portfolio_id"]
        window = Dashboard(browser, stack.directory.load().gateway_url)
        yield window, client, portfolio
        window.context.close()
        # What the API refuses, the browser puts on the console too.
    assert [each for each in window.findings if "422 (Unprocessable" not in each] == []


def test_an_empty_portfolio_begins_on_the_page_and_is_edited_there(
    newcomer: tuple[Dashboard, SigmaSight, str],
) -> None:
    window, client, portfolio_id = newcomer
    email = client.me()["email"]
    window.enter(email, "correct horse battery")
    page = window.page
    expect(page.get_by_role("heading", name="No positions yet")).to_be_visible()
    window.press("g", "p")
    expect(page.get_by_role("heading", name="Nothing is held")).to_be_visible()
    window.screenshot("positions-empty")

    page.get_by_text("New position").click()
    form = page.get_by_role("form", name="Enter a position")
    form.get_by_label("Symbol").fill("AAPL")
    form.get_by_label("Quantity").fill("many")
    form.get_by_label("Entry price").fill("130")
    form.get_by_label("Entry date").fill("2022-12-01")
    form.get_by_label("Tags").fill("core")
    form.get_by_role("button", name="Enter").click()
    expect(form.locator(".bad [role=alert]").first).to_be_visible()
    form.get_by_label("Quantity").fill("100")
    form.get_by_role("button", name="Enter").click()
    expect(form.get_by_text("Entered.")).to_be_visible()
    window.press("Escape")
    window.ready()

    rows = rows_of(page)
    expect(rows.first).to_contain_text(re.compile(r"\$12,\d{3}\.\d\d"), timeout=30_000)
    rows.first.get_by_role("button", name="AAPL").click()
    panel = page.get_by_role("complementary", name="Position")
    panel.get_by_label("Add a tag").last.fill("growth")
    window.press("Enter")
    expect(panel.get_by_role("button", name="Take off the tag growth")).to_be_visible()
    panel.get_by_role("button", name="Take off the tag core").click()
    expect(panel.get_by_role("button", name="Take off the tag core")).to_have_count(0)
    panel.get_by_role("button", name="Edit").click()
    panel.get_by_label("Entry price").fill("-1")
    panel.get_by_role("button", name="Save").click()
    expect(panel.locator(".field.bad")).to_contain_text("Entry price")
    panel.get_by_label("Entry price").fill("131.50")
    panel.get_by_role("button", name="Save").click()
    expect(panel.get_by_text("Saved.")).to_be_visible()
    (saved,) = client.list_positions(portfolio_id=portfolio_id)["items"]
    assert (saved["entry_price"], saved["tags"]) == (131.5, ["growth"])
    window.press("Escape")

    box = page.locator("label.mark").first.bounding_box()
    assert box
    assert min(box["width"], box["height"]) >= 24
    page.get_by_label("Mark AAPL").check()
    page.get_by_label("Tag positions", exact=True).first.click()
    bulk = page.get_by_role("form", name="Tag positions")
    bulk.get_by_label("Tag", exact=True).fill("income")
    bulk.get_by_role("button", name="Put on").click()
    expect(page.get_by_text("1 of 1 positions changed.")).to_be_visible()
    (saved,) = client.list_positions(portfolio_id=portfolio_id)["items"]
    assert sorted(saved["tags"]) == ["growth", "income"]
    bulk.get_by_label("Tag", exact=True).fill("not/allowed")
    bulk.get_by_role("button", name="Put on").click()
    expect(page.get_by_role("alert", name="Not tagged")).to_contain_text("AAPL")
    window.press("Escape")

    listed(page, "Tags")
    page.get_by_label("Name of growth").fill("Quality growth")
    window.press("Enter")
    expect(page.get_by_label("Colour of Quality growth")).to_be_visible()
    page.get_by_label("Colour of Quality growth").fill("#16a34a")
    until(
        lambda: (
            ("Quality growth", "#16a34a")
            in [(tag["name"], tag["colour"]) for tag in client.list_tags()["items"]]
        ),
        seconds=5,
    )


def test_a_transaction_is_entered_and_reversed(
    newcomer: tuple[Dashboard, SigmaSight, str],
) -> None:
    window, client, portfolio_id = newcomer
    client.upload_positions(FILE.encode(), portfolio_id=portfolio_id)
    window.log_in(client.me()["email"], "correct horse battery")
    page = window.page
    window.press("g", "p")

    listed(page, "Transactions")
    form = page.get_by_role("form", name="Enter a transaction")
    form.get_by_label("Kind").select_option("sell")
    form.get_by_label("Symbol").fill("AAPL")
    form.get_by_label("Quantity").fill("40")
    form.get_by_label("Day").fill("2022-12-20")
    form.get_by_role("button", name="Enter").click()
    expect(form.locator(".field.bad")).to_contain_text("Price")
    form.get_by_label("Price").fill("132.30")
    form.get_by_role("button", name="Enter").click()
    expect(form.get_by_text("Entered.")).to_be_visible()
    listed(page, "Lots")
    (lot,) = [
        each
        for each in client.list_lots(portfolio_id, symbol="AAPL")["items"]
        if each["symbol"] == "AAPL"
    ]
    assert (lot["quantity"], lot["realised_pnl"]) == (60.0, 92.0)
    expect(page.get_by_label("Totals of lots")).to_contain_text("+$92.00")
    expect(page.locator("tbody tr").filter(has_text="2022-12-20")).to_contain_text("+$92.00")

    listed(page, "Transactions")
    page.get_by_role("button", name="Reverse sell AAPL 2022-12-20").click()
    page.get_by_role("dialog").get_by_role("button", name="Reverse it").click()
    expect(page.get_by_text("Reversed.")).to_be_visible()
    expect(page.locator("tbody tr").filter(has_text="reversed")).to_have_count(1)

    kinds = [
        each["counts"] for each in client.list_transactions(portfolio_id, kind=["sell"])["items"]
    ]
    assert kinds == [False, False]
