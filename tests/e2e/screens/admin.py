"""What administrators see, and no other user."""

from uuid import uuid4

import pytest
from playwright.sync_api import Browser, expect

from deploy.demo.books import DEMO_BOOKS, LAST_SESSION
from deploy.local.administrator import administrator_of
from sigmasight_client import ApiError
from tests.e2e.dashboard import Dashboard
from tests.e2e.local_stack import LocalStack, client_of
from tests.e2e.screens.settings import submit


def test_a_user_sees_no_administration_and_the_api_refuses_it(
    stack: LocalStack, dashboard: Dashboard
) -> None:
    dashboard.press("g", "a")
    dashboard.page.goto(f"{dashboard.address}/?screen=admin")
    dashboard.ready()

    expect(dashboard.page.locator("main[aria-label=overview]")).to_be_visible()
    expect(dashboard.page.get_by_role("button", name="Administration")).to_have_count(0)
    with client_of(stack, DEMO_BOOKS[0]) as client, pytest.raises(ApiError) as refused:
        client.list_users()
    assert refused.value.code == "admin_only"


def test_an_administrator_manages_users_runs_and_reads_the_log(
    stack: LocalStack, browser: Browser
) -> None:
    state = stack.directory.load()
    window = Dashboard(browser, state.gateway_url)
    window.enter(*administrator_of(state))
    page = window.page
    expect(page.get_by_role("heading", name="Your first portfolio")).to_be_visible()
    expect(page.get_by_role("button", name="Administration")).to_be_visible()
    window.press("g", "a")
    window.shows("admin")

    users = page.get_by_role("region", name="Users").last
    for book in DEMO_BOOKS:
        expect(users).to_contain_text(book.email)
    email = f"{uuid4().hex}@example.com"
    page.get_by_role("button", name="New user").click()
    page.get_by_role("textbox", name="E-mail", exact=True).fill(email)
    page.get_by_role("textbox", name="Password").fill("correct horse battery")
    submit(page, "New user", "Create")
    page.get_by_label("Search users").fill(email)
    expect(users.locator("tbody tr")).to_have_count(1)
    page.get_by_role("button", name=f"Edit: {email}").click()
    page.get_by_label("Locked").check()
    submit(page, f"Edit {email}", "Save")
    expect(users).to_contain_text("locked")
    found = look(window, "users")

    page.get_by_role("button", name="Runs", exact=True).click()
    runs = page.get_by_role("region", name="Runs").last
    page.get_by_label("Session").fill(LAST_SESSION.isoformat())
    expect(runs.locator("tbody tr").first).to_contain_text(LAST_SESSION.isoformat())
    page.get_by_role("button", name="Start a run").click()
    page.get_by_label("Correlations").check()
    page.get_by_label("Session").last.fill(LAST_SESSION.isoformat())
    submit(page, "Start a run", "Start")
    stages = page.get_by_role("region", name=f"Run of {LAST_SESSION}")
    expect(stages).to_be_visible()
    runs.get_by_role("button", name="Stages: run").last.click()
    expect(page.get_by_role("region", name="Stages").last).to_contain_text("Greeks")
    found |= look(window, "runs")

    page.get_by_role("button", name="Dead letters", exact=True).click()
    expect(page.get_by_text("No service gave up on a message.")).to_be_visible()
    found |= look(window, "letters")

    page.get_by_role("button", name="Audit log", exact=True).click()
    log = page.get_by_role("region", name="Audit log").last
    page.get_by_label("Did").fill("user.created")
    page.get_by_label("Did").press("Enter")
    expect(log.locator("tbody tr").first).to_contain_text(email)
    assert "action=user.created" in page.url
    found |= look(window, "audit")

    page.get_by_role("button", name="Users", exact=True).click()
    page.get_by_label("Search users").fill(email)
    page.get_by_role("button", name=f"Delete: {email}").click()
    page.get_by_label("Type the address").fill(email)
    submit(page, f"Delete {email}", "Delete")
    expect(page.get_by_text("No user is like this.")).to_be_visible()

    window.context.close()
    assert {part: each for part, each in found.items() if each} == {}
    assert window.findings == []


def look(window: Dashboard, part: str) -> dict[str, list[str]]:
    """What keeps readers out of a part, in both themes; with a picture of each."""
    found: dict[str, list[str]] = {}
    for theme in ("dark", "light"):
        window.page.emulate_media(color_scheme=theme)
        window.theme = theme
        window.screenshot(f"admin-{part}")
        found[f"{part} {theme}"] = window.accessibility(only_colours=theme == "light")
    return found
