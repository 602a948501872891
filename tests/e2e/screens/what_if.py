"""Drafts from pasted lines to a kept portfolio: trades, what they change, suggestions, rebase."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, expect

from deploy.local.api import connection
from sigmasight_client import SigmaSight
from sigmasight_client.models import NewTransaction
from tests.e2e.dashboard import Dashboard, whole
from tests.e2e.local_stack import LocalStack
from tests.e2e.screens.texts import machine_names, published_names

HOLDINGS = b"""ticker,quantity,entry_price,entry_date,tags
AAPL,100,130,2022-12-01,
XOM,-50,100,2022-12-01,
"""
REFUSED = "the server responded with a status of 422"


@dataclass(frozen=True)
class Trader:
    """A user of a portfolio that no other test reads, in a window and over the API."""

    window: Dashboard
    client: SigmaSight
    portfolio_id: str

    @property
    def page(self) -> Page:
        return self.window.page

    def draft(self) -> Any:
        """The draft that the page shows, as the API has it."""
        drafts = self.client.list_drafts(base_id=self.portfolio_id)["items"]
        (shown,) = [each for each in drafts if each["draft_id"] in self.page.url]
        return self.client.get_draft(shown["draft_id"])

    def begin(self) -> None:
        """Begin a draft."""
        self.window.press("g", "w")
        self.page.get_by_role("button", name="New draft").click()
        expect(self.page.get_by_text("No trade yet")).to_be_visible()

    def paste(self, text: str) -> None:
        """Enter lines."""
        self.page.get_by_role("button", name="Paste lines").click()
        self.page.get_by_label("Lines of a spreadsheet").fill(text)
        self.page.get_by_role("button", name="Enter lines").click()

    def calculate(self) -> None:
        """Calculate, and wait for the figures."""
        self.page.get_by_role("button", name="Calculate", exact=True).click()
        table = self.page.get_by_role("region", name="Value and exposure").last
        expect(table).to_be_visible(timeout=60_000)
        expect(self.page.get_by_role("button", name="Save", exact=True)).to_be_enabled()


@pytest.fixture
def trader_account(stack: LocalStack) -> Iterator[tuple[str, str, SigmaSight, str]]:
    """A new user with two positions that are measured; requests of a user are limited."""
    email, password = f"{uuid4().hex}@example.com", "correct horse battery"
    with connection(stack.directory.load(), email, password) as client:
        client.register({"email": email, "password": password})
        form = {"portfolio_name": "Two stocks", "equity_balance": "50000", "as_of": "2022-12-28"}
        uploaded = client.upload_positions(HOLDINGS, form)
        assert uploaded["run_id"]
        assert uploaded["portfolio"]
        assert client.follow(uploaded["run_id"])["status"] == "completed"
        yield email, password, client, uploaded["portfolio"]["portfolio_id"]


@pytest.fixture
def trader(
    stack: LocalStack, browser: Browser, trader_account: tuple[str, str, SigmaSight, str]
) -> Iterator[Trader]:
    """The user's window; what was refused on purpose is on its console, and nothing else."""
    email, password, client, portfolio_id = trader_account
    window = Dashboard(browser, stack.directory.load().gateway_url)
    window.log_in(email, password)
    yield Trader(window, client, portfolio_id)
    window.context.close()
    assert [each for each in window.findings if REFUSED not in each] == []


def test_a_pasted_line_that_is_wrong_is_named_and_none_is_entered(trader: Trader) -> None:
    trader.begin()

    trader.paste("symbol\tquantity\nAAPL\tmany\nXOM\t20\n")
    problems = trader.page.get_by_role("alert", name="Problems")
    expect(problems).to_contain_text("Line 2, quantity: 'many' is not a number")
    assert trader.draft()["trades"] == []
    trader.paste("symbol\tquantity\nAAPL\t-40\nXOM\t20\n")

    trades = trader.page.get_by_role("region", name="Trades").last
    expect(trades).to_contain_text("1. Sell 40 AAPL")
    expect(trades).to_contain_text("2. Buy 20 XOM")
    wanted = [
        (leg["symbol"], leg["quantity"])
        for each in trader.draft()["trades"]
        for leg in each["legs"]
    ]
    assert wanted == [("AAPL", -40.0), ("XOM", 20.0)]
    assert any(REFUSED in each for each in trader.window.findings)


def test_every_figure_of_a_draft_is_that_of_the_api(trader: Trader) -> None:
    page = trader.page
    trader.begin()
    trader.paste("AAPL,-40\n")
    expect(page.get_by_role("region", name="Trades").last).to_contain_text("AAPL")
    page.get_by_role("button", name="One trade").click()
    page.get_by_label("Action").select_option("strategy")
    page.get_by_label("Kind").select_option("vertical")
    page.get_by_label("Underlying").fill("AAPL")
    page.get_by_label("Expiry").fill("2023-06-16")
    page.get_by_label("Strike bought").fill("130")
    page.get_by_label("Strike sold").fill("150")
    page.get_by_role("button", name="Enter", exact=True).click()
    expect(page.get_by_role("region", name="Trades").last).to_contain_text("AAPL 150 call")
    page.get_by_role("button", name="Edit Sell 40 AAPL").click()
    page.get_by_label("Quantity").fill("30")
    page.get_by_role("button", name="Change", exact=True).click()
    expect(page.get_by_role("region", name="Trades").last).to_contain_text("Sell 30 AAPL")
    trader.calculate()

    draft_id = trader.draft()["draft_id"]
    found = trader.client.get_impacts(draft_id)["impacts"]
    assert found is not None
    cash = found["nav"]["cash"]
    (tail,) = [each for each in found["metrics"] if each["metric"] == "var_99_1d_historical"]
    worst = min(found["scenarios"], key=lambda each: each["correlated"]["after"] or 0.0)
    rows = {
        "Value and exposure": ("Cash", whole(cash["before"]), whole(cash["after"])),
        "Risk": ("Historical VaR, one day, 99 %", whole(tail["before"]), whole(tail["after"])),
        "Scenarios": (worst["name"], whole(worst["correlated"]["after"])),
    }
    for table, texts in rows.items():
        row = page.get_by_role("region", name=table).last.locator("tbody tr", has_text=texts[0])
        for text in texts:
            expect(row.first).to_contain_text(text)
    curves = trader.client.evaluate_draft_curve(draft_id, {"days_forward": [0, 30]})
    assert curves["before"]
    assert curves["after"]
    picture = page.get_by_role("region", name="Curves before and after").first
    expect(picture.locator("canvas").first).to_be_visible()
    picture.get_by_role("button", name="Table").click()
    last = page.get_by_role("region", name="Curves before and after").last.locator("tbody tr").last
    for side in (curves["before"], curves["after"]):
        expect(last).to_contain_text(f"{abs(side['dates'][0]['pnl'][-1]):,.2f}")
    trader.window.screenshot("what-if-draft")
    assert trader.window.accessibility() == []
    report = trader.client.get_report(trader.portfolio_id)
    page.get_by_role("button", name="Only what changes").click()
    assert machine_names(page, published_names(trader.client, report)) == []


def test_suggestions_meet_a_target_or_say_what_is_in_the_way(trader: Trader) -> None:
    page = trader.page
    trader.begin()
    page.get_by_role("button", name="Suggest", exact=True).click()
    page.get_by_label("Trade these").fill("SPY")
    page.get_by_label("At most, USD in all").fill("1")
    page.get_by_role("button", name="Find trades").click()
    expect(page.get_by_role("heading", name="No trades reach the targets")).to_be_visible()
    expect(page.get_by_role("alert", name="Problems")).to_contain_text("1.00 USD")
    page.get_by_label("At most, USD in all").fill("")
    page.get_by_role("button", name="Find trades").click()

    found = page.get_by_role("region", name="Suggested trades").last
    expect(found).to_contain_text("SPY", timeout=30_000)
    moved = page.get_by_role("region", name="What else moves").last
    exposure = moved.locator("tr", has_text="Market exposure").locator("td").nth(2)
    expect(exposure).to_have_text(re.compile(r"^−?\$[\d,]+$"))
    page.get_by_role("button", name="Open the suggestion").click()
    trades = page.get_by_role("region", name="Trades").last
    expect(trades).to_contain_text("SPY")
    (trade,) = trader.draft()["trades"]
    expect(trades).to_contain_text(f"{abs(trade['legs'][0]['quantity']):,.0f}")


def test_an_edit_of_the_portfolio_makes_a_draft_stale_until_it_is_rebased_and_kept(
    trader: Trader,
) -> None:
    page = trader.page
    trader.begin()
    trader.paste("AAPL,-10\n")
    expect(page.get_by_role("region", name="Trades").last).to_contain_text("Sell 10 AAPL")
    bought: NewTransaction = {"kind": "buy", "trade_date": "2022-12-28", "symbol": "MSFT"}
    bought |= {"quantity": 5, "price": 234}
    entered = trader.client.add_transactions(trader.portfolio_id, {"transactions": [bought]})
    if run_id := entered.get("run_id"):
        trader.client.follow(run_id)
    page.reload()
    trader.window.ready()

    stale = page.get_by_role("status", name="Stale")
    expect(stale).to_contain_text("was edited since")
    expect(stale).to_contain_text("MSFT")
    stale.get_by_role("button", name="Rebase").click()
    expect(stale).to_have_count(0)
    trader.calculate()
    page.get_by_role("button", name="Rename", exact=True).click()
    page.get_by_label("Name", exact=True).fill("Ten fewer")
    page.get_by_role("dialog").get_by_role("button", name="Rename").click()
    expect(page.get_by_role("combobox", name="Draft")).to_contain_text("Ten fewer")
    for form in ("CSV", "FIX"):
        with page.expect_download() as download:
            page.get_by_role("link", name=f"Export {form}").click()
        assert "AAPL" in download.value.path().read_text()
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Save").click()

    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    kept = trader.draft()
    assert (kept["state"], kept["name"]) == ("saved", "Ten fewer")
    page.get_by_role("button", name="See what would be written").click()
    page.get_by_role("button", name="Book 1 transaction").click()
    expect(page.get_by_text("booked", exact=True)).to_be_visible()
    assert trader.draft()["booked_at"] is not None
    page.get_by_role("button", name="Discard", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Discard it").click()
    expect(page.get_by_role("region", name="Drafts").last).to_be_visible()
    assert kept["draft_id"] not in page.url
