"""What two users see of one portfolio: to read it, and when it is taken back and shared again."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, expect

from deploy.local.api import connection
from sigmasight_client import SigmaSight
from tests.e2e.dashboard import Dashboard
from tests.e2e.local_stack import LocalStack

HOLDING = b"ticker,quantity,entry_price,entry_date,tags\nAAPL,100,130,2022-12-01,\n"
PASSWORD = "correct horse battery"
# A minute without an event, and a second.
IDLE_MILLISECONDS = 61_000
LOST = "the server responded with a status of 404"


@pytest.fixture
def owner(stack: LocalStack) -> Iterator[tuple[str, SigmaSight, str]]:
    """The address and the client of a new user with a measured portfolio, and its id."""
    email = f"{uuid4().hex}@example.com"
    with connection(stack.directory.load(), email, PASSWORD) as client:
        client.register({"email": email, "password": PASSWORD})
        form = {"portfolio_name": "Shared", "as_of": "2022-12-28"}
        uploaded = client.upload_positions(HOLDING, form)
        assert uploaded["run_id"]
        assert uploaded["portfolio"]
        client.follow(uploaded["run_id"])
        yield email, client, uploaded["portfolio"]["portfolio_id"]


@pytest.fixture
def reader(stack: LocalStack, browser: Browser) -> Iterator[tuple[str, Dashboard]]:
    """The long address of a new user without a portfolio, and a window with a clock."""
    email = f"{'reader' * 9}{uuid4().hex[:8]}@example.com"
    with connection(stack.directory.load(), email, PASSWORD) as client:
        client.register({"email": email, "password": PASSWORD})
    window = Dashboard(browser, stack.directory.load().gateway_url)
    window.page.clock.install()
    yield email, window
    window.context.close()
    assert [each for each in window.findings if LOST not in each] == []


def test_a_share_appears_ends_and_says_so_without_a_reload(
    owner: tuple[str, SigmaSight, str], reader: tuple[str, Dashboard]
) -> None:
    _, client, portfolio_id = owner
    email, window = reader
    page = window.page
    window.enter(email, PASSWORD)
    expect(page.get_by_role("heading", name="Your first portfolio")).to_be_visible()

    share = client.share_portfolio(portfolio_id, {"email": email, "role": "viewer"})
    page.clock.fast_forward(IDLE_MILLISECONDS)
    window.ready()
    window.press("g", "p")
    window.shows("positions")
    expect(page.get_by_text("shares this portfolio with you to read it")).to_be_visible()
    lists = page.get_by_role("group", name="What is listed")
    for name in ("Tags", "Positions", "Expiries", "Positions", "Transactions", "Positions"):
        button = lists.get_by_role("button", name=name, exact=True)
        button.click(timeout=5_000)
        expect(button).to_have_attribute("aria-pressed", "true")
    client.unshare_portfolio(portfolio_id, share["user_id"])
    page.clock.fast_forward(IDLE_MILLISECONDS)

    expect(page.get_by_role("alert")).to_contain_text("Shared of")
    expect(page.get_by_role("alert")).to_contain_text("is no longer shared with you")
    expect(page.locator(".numbers")).to_have_count(0)
    expect(page.get_by_role("heading", name="Your first portfolio")).to_be_visible()
    assert portfolio_id not in page.url


def test_every_part_of_the_share_dialog_is_within_it(
    stack: LocalStack,
    browser: Browser,
    owner: tuple[str, SigmaSight, str],
    reader: tuple[str, Dashboard],
) -> None:
    email, client, portfolio_id = owner
    client.share_portfolio(portfolio_id, {"email": reader[0], "role": "viewer"})
    window = Dashboard(browser, stack.directory.load().gateway_url)
    window.log_in(email, PASSWORD)

    window.page.get_by_role("button", name="Share", exact=True).click()
    remove = window.page.get_by_role("button", name=f"Remove {reader[0]}")
    right = _right_of(window.page, "dialog[open]")
    box = remove.bounding_box()
    assert box is not None
    assert box["x"] + box["width"] <= right
    remove.click()

    expect(window.page.get_by_text("It is shared with no one.")).to_be_visible()
    window.context.close()
    assert window.findings == []


def _right_of(page: Page, selector: str) -> float:
    box = page.locator(selector).bounding_box()
    assert box is not None
    return box["x"] + box["width"]
