"""What belongs to a user: tokens, channels, preferences, the password."""

import threading
import time
from base64 import b32decode
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import uuid4

import httpx2
import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from playwright.sync_api import Browser, Page, expect

from deploy.local.api import connection
from sigmasight_client import ApiError
from tests.e2e.dashboard import Dashboard
from tests.e2e.local_stack import LocalStack

PASSWORD = "correct horse battery"


@contextmanager
def a_receiver() -> Iterator[tuple[str, list[bytes]]]:
    """A webhook's receiver on this machine: its address, and the bodies that it was sent."""
    bodies: list[bytes] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing is printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hook", bodies
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def submit(page: Page, dialog: str, action: str) -> None:
    """Press a button of an open dialog, and wait until it is closed."""
    opened = page.get_by_role("dialog", name=dialog)
    opened.get_by_role("button", name=action, exact=True).click()
    expect(opened).to_have_count(0)


def test_a_token_made_in_the_page_reads_until_it_is_revoked(dashboard: Dashboard) -> None:
    page = dashboard.page
    dashboard.press("g", "e")
    dashboard.shows("settings")

    page.get_by_role("button", name="New token").click()
    page.get_by_role("textbox", name="Name").fill("Nightly report")
    dashboard.screenshot("settings-new-token")
    page.get_by_role("button", name="Make the token").click()
    secret = page.get_by_label("Shown only now")
    token = secret.input_value()
    dashboard.screenshot("settings-token")

    def read() -> httpx2.Response:
        headers = {"Authorization": f"Bearer {token}"}
        address = f"{dashboard.address}/api/v1/portfolios"
        return httpx2.get(address, headers=headers, trust_env=False)

    assert read().status_code == 200
    page.get_by_role("button", name="Done").click()
    tokens = page.get_by_role("region", name="Personal tokens").last
    expect(tokens).to_contain_text(token[:15])
    assert token not in page.content()
    page.get_by_role("button", name="Revoke Nightly report").click()
    submit(page, "Revoke Nightly report", "Revoke")
    expect(tokens).to_contain_text("revoked")
    refused = read()
    assert (refused.status_code, refused.json()["code"]) == (401, "token_revoked")


def test_a_form_says_what_the_api_refuses(dashboard: Dashboard) -> None:
    page = dashboard.page
    dashboard.press("g", "e")

    page.get_by_role("button", name="New token").click()
    page.get_by_role("textbox", name="Name").fill("Nothing")
    for box in page.get_by_role("checkbox").all():
        box.uncheck()
    page.get_by_role("button", name="Make the token").click()

    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("Scopes: ")
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    # a refusal is on the console of a browser
    dashboard.findings = [each for each in dashboard.findings if "422" not in each]


def test_a_channel_is_added_tested_paused_and_deleted(dashboard: Dashboard) -> None:
    page = dashboard.page
    dashboard.press("g", "e")
    channels = page.get_by_role("region", name="Notification channels").last

    with a_receiver() as (address, bodies):
        page.get_by_role("button", name="Add a channel").click()
        page.get_by_role("textbox", name="Name").fill("Risk desk")
        page.get_by_role("textbox", name="Address").fill(address)
        page.get_by_label("a breach is over").uncheck()
        page.get_by_role("button", name="Add", exact=True).click()
        assert page.get_by_label("Shown only now").input_value().startswith("whsec_")
        page.get_by_role("button", name="Done").click()
        expect(channels).to_contain_text("Risk desk")
        page.get_by_role("button", name="Test: Risk desk").click()
        expect(page.get_by_role("status").filter(has_text="on its way")).to_be_visible()
        page.get_by_role("button", name="Deliveries: Risk desk").click()
        deliveries = page.get_by_role("dialog", name="Deliveries to Risk desk")
        for _ in range(40):
            if deliveries.get_by_text("delivered").count():
                break
            page.wait_for_timeout(250)
            deliveries.get_by_role("button", name="Refresh").click()
        expect(deliveries).to_contain_text("delivered")
        assert b"channel.test" in bodies[0]
    assert "channel=" in page.url
    dashboard.screenshot("settings-deliveries")
    deliveries.get_by_role("button", name="Close").click()

    page.get_by_role("button", name="Edit: Risk desk").click()
    page.get_by_label("Active").uncheck()
    submit(page, "Edit Risk desk", "Save")
    expect(channels).to_contain_text("paused")
    page.get_by_role("button", name="New secret: Risk desk").click()
    page.get_by_role("button", name="Replace the secret").click()
    assert page.get_by_label("Shown only now").input_value().startswith("whsec_")
    page.get_by_role("button", name="Done").click()
    page.get_by_role("button", name="Delete: Risk desk").click()
    submit(page, "Delete Risk desk", "Delete")
    expect(page.get_by_text("Alerts are shown in this page only")).to_be_visible()


def turn_second_factor_on(window: Dashboard) -> str:
    """Turn it on with an authenticator, and renew the recovery codes; one of the new ones."""
    page = window.page
    page.get_by_role("button", name="Turn on").click()
    page.get_by_label("Your password").fill("staple of another colour")
    page.get_by_role("button", name="Continue").click()
    adding = page.get_by_role("dialog", name="Add it to your authenticator")
    secret = b32decode(adding.get_by_label("Key").input_value().replace(" ", ""))
    window.screenshot("settings-second-factor")
    code = TOTP(secret, 6, SHA1(), 30).generate(int(time.time())).decode()
    adding.get_by_label("Code").fill(code)
    adding.get_by_role("button", name="Confirm").click()
    codes = page.get_by_label("Shown only now").input_value().split()
    window.screenshot("settings-recovery-codes")
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_role("region", name="Second factor").last).to_contain_text("10 recovery")
    page.get_by_role("button", name="New recovery codes").click()
    renewing = page.get_by_role("dialog", name="New recovery codes")
    renewing.get_by_label("Your password").fill("staple of another colour")
    renewing.get_by_role("textbox", name="Code").fill(codes[0])
    renewing.get_by_role("button", name="Make new ones").click()
    shown = page.get_by_role("dialog", name="Recovery codes", exact=True)
    renewed = shown.get_by_label("Shown only now").input_value().split()
    assert not {*renewed} & {*codes}
    page.get_by_role("button", name="Done").click()
    return str(renewed[0])


def test_a_user_without_a_portfolio_prefers_and_changes_the_password(
    stack: LocalStack, browser: Browser
) -> None:
    state = stack.directory.load()
    email = f"{uuid4().hex}@example.com"
    with connection(state, email, PASSWORD) as client:
        client.register({"email": email, "password": PASSWORD})
    window = Dashboard(browser, state.gateway_url)
    window.enter(email, PASSWORD)
    page = window.page
    expect(page.get_by_role("heading", name="Your first portfolio")).to_be_visible()

    window.press("g", "e")
    window.shows("settings")
    page.get_by_role("button", name="dark", exact=True).click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.get_by_label("Current password").fill(PASSWORD)
    page.get_by_label("New password", exact=False).first.fill("staple of another colour")
    page.get_by_label("New password again").fill("staple of another colour")
    page.get_by_role("button", name="Change the password").click()
    expect(page.get_by_text("The password is changed")).to_be_visible()
    window.screenshot("settings-first")
    page.reload()
    window.shows("settings")  # still logged in
    with connection(state, email, PASSWORD) as client, pytest.raises(ApiError) as refused:
        client.me()
    assert refused.value.code == "wrong_credentials"

    code = turn_second_factor_on(window)
    elsewhere = Dashboard(browser, state.gateway_url)
    elsewhere.enter(email, "staple of another colour")
    elsewhere.page.get_by_label("Code").fill(code)
    elsewhere.page.get_by_role("button", name="Log in").click()
    expect(elsewhere.page.locator("html")).to_have_attribute("data-theme", "dark")
    for each in (window, elsewhere):
        each.context.close()
        assert each.findings == []
