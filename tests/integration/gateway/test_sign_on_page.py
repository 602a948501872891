"""Single sign-on in a browser: the page, the gateway, and a provider on another site."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlencode

import httpx2
import pytest
from fastapi import FastAPI
from playwright.async_api import Page, async_playwright, expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from deploy.local.ports import free_port
from deploy.page import is_current
from services.gateway.identity.sign_on.provider import Provider
from tests.e2e.dashboard import BROWSER, browser_program
from tests.integration.gateway import providing
from tests.integration.gateway.providing import MadeUpProvider, terms
from tests.serving import serving

PATIENCE_MILLISECONDS = 30_000


@asynccontextmanager
async def a_window() -> AsyncIterator[Page]:
    path, arguments = browser_program()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=arguments)
        page = await browser.new_page()
        page.set_default_timeout(PATIENCE_MILLISECONDS)
        yield page
        await browser.close()


def site_of(provider: MadeUpProvider) -> Starlette:
    """The provider's pages: each visitor is logged in as its account, without a question."""

    async def authorize(request: Request) -> Response:
        answer = urlencode(provider.logged_in(str(request.url)))
        return RedirectResponse(f"{request.query_params['redirect_uri']}?{answer}")

    async def end_session(request: Request) -> Response:
        return RedirectResponse(request.query_params["post_logout_redirect_uri"])

    async def other(request: Request) -> Response:
        sent = httpx2.Request(
            request.method,
            str(request.url),
            content=await request.body(),
            headers=dict(request.headers),
        )
        answer = await provider.handle_async_request(sent)
        return Response(answer.content, answer.status_code, media_type="application/json")

    return Starlette(
        routes=[
            Route("/realms/desk/authorization", authorize),
            Route("/realms/desk/end_session", end_session),
            Route("/{path:path}", other, methods=["GET", "POST"]),
        ]
    )


@pytest.mark.usefixtures("empty")
@pytest.mark.skipif(
    not (is_current() and BROWSER.exists()), reason="no dashboard or browser: `make page`"
)
async def test_a_user_logs_in_and_out_at_the_provider_and_a_stranger_is_refused(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    ports = free_port(), free_port()
    issuer = f"http://localhost:{ports[1]}/realms/desk"  # another site than 127.0.0.1
    monkeypatch.setattr(providing, "ISSUER", issuer)
    provider = MadeUpProvider()
    home = f"http://127.0.0.1:{ports[0]}"
    monkeypatch.setattr(app.state, "sign_on", Provider(terms(issuer=issuer, home=home)))

    async with serving(app, ports[0]), serving(site_of(provider), ports[1]), a_window() as page:
        button = page.get_by_role("button", name="Desk")
        await page.goto(f"{home}/?screen=settings")
        await button.click()
        await page.get_by_role("button", name="Show linked accounts").click()
        linked = page.get_by_title("ada@example.org")
        await expect(linked).to_be_visible(timeout=PATIENCE_MILLISECONDS)
        inside = {cookie["name"]: cookie for cookie in await page.context.cookies()}
        await page.get_by_role("button", name="Log out").first.click()
        await page.wait_for_url(f"{home}/")  # by way of the provider
        await expect(button).to_be_visible(timeout=PATIENCE_MILLISECONDS)
        outside = {cookie["name"] for cookie in await page.context.cookies()}
        provider.account |= {"sub": "9", "email": "eve@example.com"}
        await button.click()
        await expect(page.get_by_text("You are not logged in")).to_be_visible(
            timeout=PATIENCE_MILLISECONDS
        )

    session = inside["__Host-sigmasight"]
    assert (session["httpOnly"], session["sameSite"]) == (True, "Lax")
    assert "__Host-sigmasight" not in outside
