"""What single sign-on refuses: answers that are forged, stolen, replayed, or of strangers."""

from datetime import UTC, datetime

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from services.gateway.edge.cookies import COOKIE
from services.gateway.edge.dependencies import Gateway
from services.gateway.identity import queries as identity_queries
from services.gateway.identity.sign_on.provider import Provider
from tests.integration.gateway.providing import (
    Browser,
    MadeUpProvider,
    a_key,
    code_of,
    logged_in_by,
    recorded,
    refused,
    terms,
)

# --- refusals ---


async def test_an_answer_counts_once_and_in_the_browser_that_asked(
    browser: Browser, desk: MadeUpProvider, http: httpx2.AsyncClient, gateway: Gateway
) -> None:
    """Neither replayed, nor given to a victim who would log in as its sender."""
    answer = desk.logged_in(await browser.started())
    victim = Browser(http)
    own = desk.logged_in(await victim.started())
    held = dict(browser.cookies)

    injected = [await Browser(http).come_back(answer), await victim.come_back(answer)]
    mixed = await victim.come_back(own | {"code": answer["code"]})
    first = await browser.come_back(answer)
    browser.cookies = held
    replayed = await browser.come_back(answer)

    assert [code_of(each) for each in (*injected, replayed)] == ["sign_on_expired"] * 3
    assert code_of(mixed) == "sign_on_expired"  # the attempt went with its first answer's cookie
    assert COOKIE not in victim.cookies
    assert first.status_code == 303
    assert COOKIE not in browser.cookies
    assert len(await recorded(gateway, "sign_on.refused")) == 4


async def test_a_code_of_another_browser_has_another_verifier(
    browser: Browser, desk: MadeUpProvider, http: httpx2.AsyncClient
) -> None:
    stolen = desk.logged_in(await Browser(http).started())["code"]
    own = desk.logged_in(await browser.started())

    answer = await browser.come_back(own | {"code": stolen})

    assert (answer.status_code, code_of(answer)) == (403, "sign_on_invalid")


FORGED: dict[str, dict[str, object]] = {
    "no nonce": {"nonce": None},
    "another nonce": {"nonce": "another"},
    "another issuer": {"iss": "https://login.example.org/realms/other"},
    "another audience": {"aud": "another-client"},
    "no audience": {"aud": None},
    "two audiences without a party": {"aud": ["sigmasight", "another-client"]},
    "another party": {"azp": "another-client"},
    "expired": {"exp": 1_000_000_000},
    "no end": {"exp": None},
    "no subject": {"sub": None},
}


async def test_forged_claims_are_refused(browser: Browser, desk: MadeUpProvider) -> None:
    for name, forged in FORGED.items():
        desk.forged = forged

        assert await refused(browser, desk) == (403, "sign_on_invalid"), name


async def test_forged_signatures_are_refused(browser: Browser, desk: MadeUpProvider) -> None:
    for header in ({"alg": "none"}, {"alg": "HS256", "kid": "first"}):
        desk.header = header
        assert await refused(browser, desk) == (403, "sign_on_invalid"), header

    desk.header = {"alg": "RS256", "kid": "first"}
    desk.key = a_key("second")
    assert await refused(browser, desk) == (403, "sign_on_invalid")


async def test_an_answer_in_the_name_of_another_provider_is_refused(
    browser: Browser, desk: MadeUpProvider
) -> None:
    answer = desk.logged_in(await browser.started()) | {"iss": "https://evil.example.org"}

    assert code_of(await browser.come_back(answer)) == "sign_on_invalid"


NOT_ALLOWED: dict[str, dict[str, object]] = {
    "another domain": {"email": "ada@example.com"},
    "a domain inside another": {"email": "ada@evil-example.org"},
    "not verified": {"email_verified": False},
    "verified by word": {"email_verified": "true"},
    "not known to be verified": {"email_verified": None},
    "no address": {"email": None, "email_verified": None},
}


async def test_who_is_not_on_the_list_stays_outside(browser: Browser, desk: MadeUpProvider) -> None:
    account = dict(desk.account)
    for name, other in NOT_ALLOWED.items():
        kept = {key: value for key, value in (account | other).items() if value is not None}
        desk.account = kept

        assert await refused(browser, desk) == (403, "sign_on_not_allowed"), name


async def test_a_list_of_groups_asks_the_user_information_too(
    app: FastAPI, browser: Browser, desk: MadeUpProvider
) -> None:
    app.state.sign_on = Provider(terms(allowed_groups=frozenset({"risk"})), desk)
    outside = await refused(browser, desk)
    desk.account["groups"] = ["risk"]
    desk.forged = {"groups": None}  # of the token alone

    answer = await logged_in_by(browser, desk)

    assert outside == (403, "sign_on_not_allowed")
    assert (answer.status_code, "userinfo" in desk.asked) == (303, True)


async def test_a_disabled_user_stays_outside(
    browser: Browser, desk: MadeUpProvider, gateway: Gateway
) -> None:
    await logged_in_by(browser, desk)
    async with gateway.database.transaction() as session:
        user = await identity_queries.load_user_by_email(session, "ada@example.org")
        assert user is not None
        user.disabled_at = datetime.now(UTC)
    browser.cookies.clear()

    assert await refused(browser, desk) == (403, "user_disabled")


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example.org/", "//evil.example.org/", "/\\evil.example.org", "evil", "/a\nb"],
)
async def test_the_way_back_is_on_our_page(
    browser: Browser, desk: MadeUpProvider, elsewhere: str
) -> None:
    answer = await browser.ask("POST", "auth/oidc/login", json={"return_to": elsewhere})

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "return_to")


async def test_another_page_starts_nothing(browser: Browser, desk: MadeUpProvider) -> None:
    answer = await browser.ask("POST", "auth/oidc/login", site="cross-site", json={})

    assert (answer.status_code, answer.json()["code"]) == (403, "not_from_the_page")


async def test_a_refusal_of_the_provider_is_shown_without_its_text(
    browser: Browser, desk: MadeUpProvider
) -> None:
    state = desk.logged_in(await browser.started())["state"]
    refusal = {"state": state, "error": "access_denied", "error_description": "<b>x</b>"}

    answer = await browser.come_back(refusal)

    assert code_of(answer) == "sign_on_denied"
    assert "access_denied" in answer.text
    assert "<b>" not in answer.text


async def test_an_attempt_ends_after_ten_minutes(
    browser: Browser, desk: MadeUpProvider, gateway: Gateway
) -> None:
    answer = desk.logged_in(await browser.started())
    async with gateway.database.transaction() as session:
        past = "update gateway.sign_on_attempts set expires_at = expires_at - interval '10 minutes'"
        await session.execute(text(past))

    assert code_of(await browser.come_back(answer)) == "sign_on_expired"
