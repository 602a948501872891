"""The frame of every screen: navigation, the strip, the drawer, events, log-in, readers."""

import json
import re
from itertools import cycle, islice
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Route, expect

from deploy.demo.books import DEMO_BOOKS, LAST_SESSION, DemoBook
from deploy.local.api import admin_connection, connection
from sigmasight_client.models import NewLimit
from tests.e2e.dashboard import NAMES, SCREENS, Dashboard, expected_strip, whole
from tests.e2e.local_stack import LocalStack, client_of, report_of
from tests.e2e.screens.texts import machine_names, published_names

EVENTS = 200
RELOAD = 7  # requests: the report, four of a screen, the portfolios and their sums
ONE_POSITION = b"ticker,quantity,entry_price,entry_date,tags\nAAPL,100,130.00,2022-12-01,core\n"
CONCENTRATED: NewLimit = {
    "name": "Concentration",
    "measure": "market_value",
    "per": "underlying",
    "unit": "share_of_nav",
    "direction": "outside",
    "breach": 0.5,
}


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

    for report in (latest, earlier):
        (delta,) = [
            each["value"]
            for group in report["metrics"]["groups"]
            for each in group["metrics"]
            if each["metric"] == "dollar_delta"
        ]
        exposures = report["snapshot"] and report["snapshot"]["exposures"]
        assert exposures
        assert delta == exposures["delta_adjusted"]["net"]
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


def test_new_results_arrive_in_every_tab_without_a_reload(
    stack: LocalStack, dashboard: Dashboard
) -> None:
    other = dashboard.another_tab()
    other.goto(f"{dashboard.page.url}&screen=positions")
    for tab in (dashboard.page, other):
        expect(tab.get_by_text("live", exact=True)).to_be_visible()

    with (
        admin_connection(stack.directory.load()) as admin,
        dashboard.page.expect_response(lambda answer: "/report" in answer.url, timeout=60_000),
        other.expect_response(lambda answer: "/report" in answer.url, timeout=60_000),
    ):
        admin.close_market({"session_date": LAST_SESSION.isoformat()})

    dashboard.ready()
    assert "screen=positions" in other.url
    assert "screen=" not in dashboard.page.url


def test_a_session_that_is_over_asks_for_a_log_in_and_keeps_the_address(
    alone: Dashboard, book: DemoBook
) -> None:
    page = alone.page
    alone.press("g", "s")
    alone.shows("scenarios")
    alone.press("[")
    expect(page).to_have_url(re.compile("as_of="))
    wanted = page.url
    kept = alone.context.storage_state()
    own = {"X-SigmaSight-Page": "1", "Sec-Fetch-Site": "same-origin"}
    alone.context.request.delete(f"{alone.address}/api/v1/auth/session", headers=own)
    # The server knows the session no longer; the browser still has its cookie.
    alone.context.set_storage_state(kept)

    page.reload()
    expect(page.get_by_label("Password")).to_be_visible()
    assert page.url == wanted
    page.get_by_label("E-mail").fill(book.email)
    page.get_by_label("Password").fill(book.password)
    page.get_by_role("button", name="Log in").click()

    alone.shows("scenarios")
    assert page.url == wanted


def test_a_newcomer_is_shown_around_once(
    stack: LocalStack, browser: Browser, book: DemoBook
) -> None:
    window = Dashboard(browser, stack.directory.load().gateway_url, newcomer=True)
    window.log_in(book.email, book.password)
    tour = window.page.get_by_role("dialog", name="Tour")

    for step in range(1, 6):
        expect(tour).to_contain_text(f"Step {step} of 5")
        expect(window.page.locator(".toured")).to_have_count(1)
        tour.locator(".primary").click()
    expect(tour).to_have_count(0)
    window.page.reload()
    window.ready()

    expect(tour).to_have_count(0)
    window.context.close()
    assert window.findings == []


def test_the_palette_finds_positions_scenarios_and_figures(
    stack: LocalStack, dashboard: Dashboard, book: DemoBook
) -> None:
    with client_of(stack, book) as client:
        report = report_of(client, book)
        names = published_names(client, report)
    symbol = report["positions"][-1]["symbol"]
    scenario = report["stress"]["scenarios"][0]
    for text, place in (
        (symbol, f"filter={symbol}"),
        (scenario["name"], f"scenario={scenario['scenario_id']}"),
        ("es_95_1d_historical", "figure=es_95_1d_historical"),
    ):
        dashboard.press("Control+k")
        expect(dashboard.page.get_by_role("combobox", name="Go to")).to_be_focused()
        dashboard.page.keyboard.type(text)
        expect(dashboard.page.locator("#choices [role=option]").first).to_be_visible()
        assert machine_names(dashboard.page, names) == []
        dashboard.press("Enter")
        expect(dashboard.page).to_have_url(re.compile(re.escape(place)))

    dashboard.press("Escape", "?")
    keys = dashboard.page.get_by_role("dialog", name="Keys")
    for key in SCREENS:
        expect(keys).to_contain_text(f"g {key}")


# Read once when the page is opened, for all screens.
OPENING = ("/portfolios?", "/auth/me", "/me/preferences")


def test_a_screen_costs_at_most_four_requests(dashboard: Dashboard) -> None:
    asked: list[str] = []
    dashboard.page.on("request", lambda request: asked.append(request.url))
    costs = {}

    dashboard.page.reload()
    dashboard.ready()
    for key, screen in [("", "overview"), *SCREENS.items()]:
        if key:
            asked.clear()
            dashboard.press("g", key)
        dashboard.page.wait_for_load_state("networkidle")
        dashboard.shows(screen) if key else dashboard.ready()
        costs[key or "cold"] = [url for url in asked if _is_read(url)]

    opening = [url for url in costs["cold"] if any(each in url for each in OPENING)]
    costs["cold"] = [url for url in costs["cold"] if url not in opening]
    assert len(opening) == len(OPENING)
    assert {screen: urls for screen, urls in costs.items() if len(urls) > 4} == {}
    assert costs["cold"]


def _is_read(url: str) -> bool:
    return "/api/v1/" in url and "/api/v1/events" not in url


def test_the_page_keeps_nothing_of_hundreds_of_events(
    stack: LocalStack, browser: Browser, book: DemoBook
) -> None:
    """Events faster than in an hour: four batches of 200, the first to warm up."""
    window = Dashboard(browser, stack.directory.load().gateway_url)
    with client_of(stack, book) as client:
        portfolio_id = report_of(client, book)["portfolio"]["portfolio_id"]
    sent: list[int] = []
    asked: list[str] = []

    def answer(route: Route) -> None:
        sent.append(EVENTS)
        body = _many_events(portfolio_id, sum(sent))
        route.fulfill(content_type="text/event-stream", body=body)

    def count(route: Route) -> None:
        asked.append(route.request.url)
        route.continue_()

    def refuse(route: Route) -> None:
        route.fulfill(status=503, json={"code": "unavailable", "detail": "a part is restarting"})

    window.page.route("**/api/v1/events", answer)
    window.log_in(book.email, book.password)
    window.page.route(re.compile("/api/v1/(?!events)"), count)
    devtools = window.context.new_cdp_session(window.page)
    sizes = []
    for batch in range(2, 6):
        while len(sent) < batch:
            window.page.wait_for_timeout(50)
        window.page.wait_for_timeout(600)  # what is coalesced has been read
        devtools.send("HeapProfiler.collectGarbage")
        sizes.append(devtools.send("Runtime.getHeapUsage")["usedSize"])
    expect(window.page.get_by_role("status", name="New alerts")).to_contain_text("2 new alerts")
    assert len(asked) <= 3 * RELOAD
    window.page.route(re.compile("/api/v1/(?!events)"), refuse)
    expect(window.page.locator(".old")).to_contain_text("a part is restarting")
    expect(window.page.locator(".numbers")).to_be_visible()
    expect(window.page.get_by_role("region", name="Exposure by sector")).to_be_visible()
    window.context.close()

    assert sum(sent) >= 800
    assert max(sizes[1:]) < sizes[0] * 1.3 + 4_000_000, sizes
    assert [each for each in window.findings if "503" not in each] == []


def _many_events(portfolio_id: str, first: int) -> str:
    about = {"portfolio_ids": [portfolio_id], "as_of": LAST_SESSION.isoformat()}
    stage = about | {"stage": "stress", "stages_done": 5, "stages": 6}
    kinds = [("stage", stage), ("results", about), ("alert", about | {"alerts": 2}), ("run", about)]
    messages = [
        f"id: {number}\nevent: {kind}\ndata: {json.dumps(data)}\n\n"
        for number, (kind, data) in enumerate(islice(cycle(kinds), EVENTS), first)
    ]
    return "retry: 100\n\n" + "".join(messages)


def test_alerts_and_new_portfolios_appear_while_the_page_is_open(
    stack: LocalStack, browser: Browser
) -> None:
    email, password = f"{uuid4().hex}@example.com", "correct horse battery"
    with connection(stack.directory.load(), email, password) as client:
        client.register({"email": email, "password": password})
        client.upload_positions(ONE_POSITION, portfolio_name="One")
        client.create_limit(CONCENTRATED)
        window = Dashboard(browser, stack.directory.load().gateway_url)
        window.page.clock.install()
        window.log_in(email, password)
        expect(window.page.get_by_text("live", exact=True)).to_be_visible()
        uploaded = client.upload_positions(ONE_POSITION, portfolio_name="Two")
        assert uploaded["portfolio"]
        of_two: NewLimit = {**CONCENTRATED, "portfolio_id": uploaded["portfolio"]["portfolio_id"]}

        toast = window.page.get_by_role("status", name="New alerts")
        expect(toast).to_contain_text("1 new alert of", timeout=60_000)
        expect(toast).to_contain_text("Two")
        toast.get_by_role("button", name="Show").click()
        listed = window.page.get_by_role("dialog", name="Alerts")
        for alert in client.list_alerts()["items"]:
            expect(listed).to_contain_text(alert["message"])
        window.screenshot("alerts")
        assert window.accessibility() == []
        window.press("Escape")
        expect(toast.locator(".toast")).to_have_count(0)
        window.page.mouse.move(5, 5)
        client.create_limit({**of_two, "name": "Until Escape"})
        expect(toast).to_contain_text("1 new alert of")
        window.press("Escape")
        expect(toast.locator(".toast")).to_have_count(0)
        client.create_limit({**of_two, "name": "For a while"})
        expect(toast).to_contain_text("1 new alert of")
        window.page.clock.fast_forward(13_000)
        expect(toast.locator(".toast")).to_have_count(0)
        window.page.get_by_role("button", name="All portfolios").click()
        summary = client.get_portfolios_summary()
    together = window.page.get_by_role("dialog", name="All portfolios")
    expect(together).to_contain_text(whole(summary["nav"]))
    expect(together).to_contain_text(whole(summary["var_95_1d_sum"]))
    expect(together).to_contain_text("2 of 2 portfolios")
    window.press("Escape", "Control+k")
    window.page.keyboard.type("AAPL")
    window.page.get_by_role("option", name="AAPL position in Two").click()
    expect(window.page).to_have_url(re.compile("filter=AAPL"))
    expect(window.page.get_by_role("heading", name="Two", level=1)).to_be_visible()
    window.context.close()
    assert window.findings == []


def test_a_session_ends_in_every_tab_and_a_link_opens_another(
    stack: LocalStack, alone: Dashboard
) -> None:
    other = alone.another_tab()
    other.goto(alone.page.url)
    expect(other.locator(".numbers")).to_be_visible()

    alone.page.get_by_role("button", name="Log out").click()
    expect(alone.page.get_by_label("Password")).to_be_visible()
    other.keyboard.press("[")
    expect(other.get_by_label("Password")).to_be_visible()

    other_user = DEMO_BOOKS[-1]
    with client_of(stack, other_user) as client:
        code = client.create_login_link()["code"]
    alone.follow_link(code)
    assert "login" not in alone.page.url
    heading = alone.page.get_by_role("heading", name=other_user.portfolio, level=1)
    expect(heading).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_screen_shuts_readers_out(stack: LocalStack, browser: Browser, theme: str) -> None:
    book = DEMO_BOOKS[-1]  # long and short, with options
    window = Dashboard(browser, stack.directory.load().gateway_url, theme)
    window.page.goto(f"{window.address}/")
    expect(window.page.get_by_label("Password")).to_be_visible()
    only_colours = theme != "light"
    found = {"log-in": window.accessibility(only_colours)}
    window.log_in(book.email, book.password)

    for key, screen in SCREENS.items():
        window.press("g", key)
        window.shows(screen)
        window.screenshot(screen)
        found[screen] = window.accessibility(only_colours)
        # As where the machine asks for more contrast.
        window.page.emulate_media(contrast="more")
        expect(window.page.locator(":root[data-theme^=contrast]")).to_have_count(1)
        found[f"{screen}, high contrast"] = window.accessibility(only_colours=True)
        window.page.emulate_media(contrast="no-preference")
    window.context.close()

    assert {screen: each for screen, each in found.items() if each} == {}
    assert window.findings == []


def test_the_documentation_needs_no_other_server(stack: LocalStack, browser: Browser) -> None:
    window = Dashboard(browser, stack.directory.load().gateway_url)

    window.page.goto(f"{window.address}/docs")
    expect(window.page.locator(".opblock").first).to_be_visible(timeout=30_000)
    window.context.close()

    assert window.findings == []
