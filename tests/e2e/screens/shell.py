"""The frame of every screen: navigation, the strip, the drawer, events, log-in, readers."""

import pytest
from playwright.sync_api import Browser, expect

from deploy.demo.books import DEMO_BOOKS, LAST_SESSION, DemoBook
from deploy.local.api import admin_connection
from tests.e2e.dashboard import NAMES, SCREENS, Dashboard, expected_strip
from tests.e2e.local_stack import LocalStack, client_of, report_of


def test_every_screen_opens_by_key_and_by_click(dashboard: Dashboard) -> None:
    for key, screen in SCREENS.items():
        dashboard.press("g", key)
        dashboard.shows(screen)
    for name, screen in zip(NAMES, SCREENS.values(), strict=True):
        dashboard.page.get_by_role("button", name=name).first.click()
        dashboard.shows(screen)


def test_the_strip_shows_the_numbers_of_the_api_on_any_session(
    stack: LocalStack, dashboard: Dashboard, book: DemoBook
) -> None:
    with client_of(stack, book) as client:
        latest = report_of(client, book)
        before = latest["history"][-2]["as_of"]
        earlier = report_of(client, book, before)

    now = dashboard.strip()
    dashboard.press("[")
    expect(dashboard.page.get_by_label("As of")).to_have_value(before)
    then = dashboard.strip()

    assert expected_strip(latest).items() <= now.items()
    assert expected_strip(earlier).items() <= then.items()
    assert f"as_of={before}" in dashboard.page.url


def test_any_number_says_what_it_is_and_how_it_came_to_be(dashboard: Dashboard) -> None:
    dashboard.page.locator(".numbers .item", has_text="VaR 99 %").locator(".figure").click()
    drawer = dashboard.page.locator(".drawer")

    expect(drawer.get_by_role("heading", name="Historical VaR, one day")).to_be_visible()
    expect(drawer.locator(".spark")).to_be_visible()
    expect(drawer).to_contain_text("252 days")
    expect(drawer).to_contain_text("Prices come from the bundled files")
    dashboard.screenshot("drawer")
    dashboard.page.reload()
    expect(drawer.get_by_role("heading", name="Historical VaR, one day")).to_be_visible()
    dashboard.press("Escape")
    expect(drawer).to_have_count(0)


def test_new_results_arrive_without_a_reload(stack: LocalStack, dashboard: Dashboard) -> None:
    expect(dashboard.page.get_by_text("live", exact=True)).to_be_visible()

    with (
        admin_connection(stack.directory.load()) as admin,
        dashboard.page.expect_response(lambda answer: "/report" in answer.url, timeout=60_000),
    ):
        admin.close_market({"session_date": LAST_SESSION.isoformat()})

    dashboard.ready()


def test_a_session_ends_in_every_tab_and_a_link_opens_another(
    stack: LocalStack, browser: Browser, dashboard: Dashboard, book: DemoBook
) -> None:
    other = dashboard.another_tab()
    other.goto(dashboard.page.url)
    expect(other.locator(".numbers")).to_be_visible()

    dashboard.page.get_by_role("button", name="Log out").click()
    expect(dashboard.page.get_by_label("Password")).to_be_visible()
    other.keyboard.press("[")
    expect(other.get_by_label("Password")).to_be_visible()

    with client_of(stack, book) as client:
        code = client.create_login_link()["code"]
    dashboard.follow_link(code)
    assert "login" not in dashboard.page.url


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_screen_shuts_readers_out(stack: LocalStack, browser: Browser, theme: str) -> None:
    book = DEMO_BOOKS[-1]  # long and short, with options
    window = Dashboard(browser, stack.directory.load().gateway_url, theme)
    window.page.goto(f"{window.address}/")
    expect(window.page.get_by_label("Password")).to_be_visible()
    found = {"log-in": window.accessibility()}
    window.log_in(book.email, book.password)

    for key, screen in SCREENS.items():
        window.press("g", key)
        window.shows(screen)
        window.screenshot(screen)
        found[screen] = window.accessibility()
    window.context.close()

    assert {screen: each for screen, each in found.items() if each} == {}
    assert window.findings == []


def test_the_documentation_needs_no_other_server(stack: LocalStack, browser: Browser) -> None:
    window = Dashboard(browser, stack.directory.load().gateway_url)

    window.page.goto(f"{window.address}/docs")
    expect(window.page.locator(".opblock").first).to_be_visible(timeout=30_000)
    window.context.close()

    assert window.findings == []
