"""Factors and correlations: every number is the API's."""

import re

import pytest
from playwright.sync_api import expect

from deploy.demo.books import DEMO_BOOKS, DemoBook
from sigmasight_client import SigmaSight
from tests.e2e.dashboard import Dashboard, fixed, money, percent, whole
from tests.e2e.local_stack import LocalStack, client_of, report_of


def _id_of(client: SigmaSight, book: DemoBook) -> str:
    return str(report_of(client, book)["portfolio"]["portfolio_id"])


def test_shares_of_risk_and_the_models_are_the_apis(
    stack: LocalStack, dashboard: Dashboard, book: DemoBook
) -> None:
    with client_of(stack, book) as client:
        risk = client.get_factor_risk(_id_of(client, book))

    dashboard.press("g", "f")
    dashboard.shows("factors")
    panel = dashboard.page.get_by_role("region", name="Where the risk comes from").first
    models = dashboard.table("Three models side by side")
    sums = dashboard.facts("The risk in sum")
    market = percent(risk["factors"][0]["share_of_risk"])
    panel.get_by_role("button", name=market).first.click()
    drawer = dashboard.page.locator(".drawer")
    expect(drawer.get_by_role("heading", name="Share of risk")).to_be_visible()
    expect(drawer.locator(".big")).to_have_text(market)
    dashboard.press("Escape")
    expect(drawer).to_have_count(0)
    panel.get_by_role("button", name="Table").click()
    shares = dashboard.table("Where the risk comes from")

    parts = [(each["name"], each) for each in risk["factors"]]
    sources = [*parts, ("Specific", risk["specific"]), ("All factors", risk["systematic"])]
    assert shares == [
        [name, money(each["contribution"]), percent(each["share_of_risk"])]
        for name, each in [*sources, ("Together", risk["total"])]
    ]
    assert (sums["Together"], sums["Coverage"]) == ("100.00%", percent(risk["coverage"]))
    assert [row[0] for row in models] == [name for name, _ in parts]
    for row, (_, factor) in zip(models, parts, strict=True):
        found = [
            text
            for each in factor["models"]
            for text in (
                whole(each["dollar_exposure"], plus=True),
                fixed(each["beta"], 3, plus=True),
            )
        ]
        assert [cell.removeprefix("○ ") for cell in row[3:]] == found


def test_pnl_by_factor_is_the_apis_and_adds_up(
    stack: LocalStack, dashboard: Dashboard, book: DemoBook
) -> None:
    with client_of(stack, book) as client:
        months = client.get_attribution_periods(_id_of(client, book))
        weeks = client.get_attribution_periods(_id_of(client, book), per="week")

    dashboard.press("g", "f")
    dashboard.shows("factors")
    panel = dashboard.page.get_by_role("region", name="P&L by factor").first
    panel.get_by_role("button", name="Table").click()
    rows = dashboard.table("P&L by factor")

    assert rows[:-1] == [
        [
            period["end"],
            *(money(part["values"][place], plus=True) for part in months["parts"]),
            money(months["pnl"][place], plus=True),
        ]
        for place, period in enumerate(months["periods"])
    ]
    assert rows[-1][-1] == money(months["total"], plus=True)
    assert months["total"] == weeks["total"]
    panel.get_by_role("button", name="Chart").click()
    panel.get_by_role("button", name="Weeks").click()
    expect(dashboard.page).to_have_url(re.compile("per=week"))
    panel.get_by_role("button", name="Table").click()
    expect(panel.locator("tbody tr")).to_have_count(len(weeks["periods"]) + 1)


def test_a_symbol_leads_to_its_regression_by_keyboard(
    stack: LocalStack, dashboard: Dashboard, book: DemoBook
) -> None:
    with client_of(stack, book) as client:
        page = client.get_position_factor_exposures(_id_of(client, book))
        symbol = page["items"][0]["underlying"]
        (found,) = client.get_regression(symbol)["regressions"]

    dashboard.press("g", "f")
    dashboard.shows("factors")
    exposures = dashboard.table("Exposures by position")
    link = dashboard.page.locator('div.scroll[aria-label="Exposures by position"] button').first
    link.focus()
    dashboard.press("Enter")
    expect(dashboard.page.locator('dl[aria-label="Quality of the fit"]')).to_be_visible(
        timeout=20_000
    )
    facts = dashboard.facts("Quality of the fit")
    coefficients = dashboard.table("Coefficients")
    dashboard.screenshot("regression")

    assert [row[2:9] for row in exposures] == [
        [whole(each["factor_exposure"], plus=True) for each in position["factors"]]
        for position in page["items"]
    ]
    assert facts["R²"] == percent(found["r_squared"])
    assert facts["Observations"] == str(found["observations"])
    assert facts["Residual volatility of a day"] == percent(found["residual_deviation"])
    assert [row[:3] + row[8:9] for row in coefficients] == [
        [
            each["name"],
            fixed(each["beta"], 3, plus=True),
            fixed(each["raw_beta"], 3, plus=True),
            fixed(each["variance_inflation"], 2),
        ]
        for each in found["coefficients"]
    ]
    assert f"symbol={symbol}" in dashboard.page.url


def test_correlations_are_the_apis_to_the_history_of_a_pair(
    stack: LocalStack, dashboard: Dashboard, book: DemoBook
) -> None:
    with client_of(stack, book) as client:
        portfolio_id = _id_of(client, book)
        report = client.get_position_correlations(portfolio_id=portfolio_id)
        matrix = client.get_position_matrix(portfolio_id=portfolio_id)
        one, other = matrix["symbols"][0]["symbol"], matrix["symbols"][1]["symbol"]
        pair = client.get_pair_history(one, other, portfolio_id=portfolio_id)
    names = [each["symbol"] for each in matrix["symbols"]]

    dashboard.press("g", "c")
    dashboard.shows("correlation")
    facts = dashboard.facts("Correlation in sum")
    clusters = dashboard.table("Clusters")
    dashboard.page.get_by_role("region", name="Correlation matrix").get_by_role(
        "button", name="Table"
    ).click()
    shown = dashboard.table("Correlation matrix")
    dashboard.page.goto(f"{dashboard.page.url}&pair={one},{other}")
    dashboard.ready()
    over_time = f"{one} and {other} over time"
    dashboard.page.get_by_role("region", name=over_time).get_by_role("button", name="Table").click()
    history = dashboard.table(over_time)

    assert facts["Mean |correlation|"] == fixed(report["overall_correlation"], 3)
    assert facts["Value in clusters"] == percent(report["concentration"])
    assert [row[0] for row in clusters] == [each["name"] for each in report["clusters"]]
    order = [row[0] for row in shown]
    assert sorted(order) == sorted(names)
    assert [row[1:] for row in shown] == [
        [
            fixed(matrix["correlations"][names.index(row)][names.index(column)], 2, plus=True)
            for column in order
        ]
        for row in order
    ]
    assert [row[:2] for row in history] == [
        [each["as_of"], fixed(each["correlation"], 3, plus=True)]
        for each in reversed(pair["items"])
    ]


# Each area of a picture takes as long as on a busy machine, so that it takes several frames.
_SLOW = """() => {
  const { fill } = CanvasRenderingContext2D.prototype;
  CanvasRenderingContext2D.prototype.fill = function (...what) {
    const end = performance.now() + 4;
    while (performance.now() < end);
    fill.apply(this, what);
  };
}"""


def test_a_picture_may_be_left_before_it_is_drawn(fund: Dashboard) -> None:
    fund.page.evaluate(_SLOW)
    for _ in range(3):
        fund.press("g", "c")
        fund.shows("correlation")
        panel = fund.page.get_by_role("region", name="Correlation matrix")
        expect(panel.locator("canvas").first).to_be_visible()
        fund.press("g", "o")
        fund.shows("overview")

    assert fund.findings == []


def test_pairs_that_hedge_come_first(stack: LocalStack, fund: Dashboard) -> None:
    book = DEMO_BOOKS[-1]  # long and short
    with client_of(stack, book) as client:
        report = client.get_position_correlations(portfolio_id=_id_of(client, book))

    fund.press("g", "c")
    fund.shows("correlation")
    rows = fund.table("Pairs that hedge")
    fund.page.set_viewport_size({"width": 390, "height": 844})
    cells = fund.page.locator(".matrix")
    cells.evaluate("place => place.scrollTo(200, 100)")
    cell = cells.locator("tbody td").first.bounding_box()
    name = cells.locator("tbody th").last.bounding_box()
    frame = cells.bounding_box()
    assert cell
    assert name
    assert frame
    assert cell["width"] >= 40
    assert name["x"] == pytest.approx(frame["x"], abs=2)  # it stays while the cells scroll
    assert fund.accessibility() == []

    assert report["hedges"]
    assert [row[:2] for row in rows if row[-1] == "hedges"] == [
        [f"{each['symbol_a']} and {each['symbol_b']}", fixed(each["correlation"], 3, plus=True)]
        for each in report["hedges"]
    ]


def test_these_screens_cost_at_most_four_requests(
    stack: LocalStack, dashboard: Dashboard, book: DemoBook
) -> None:
    with client_of(stack, book) as client:
        page = client.get_position_factor_exposures(_id_of(client, book))
        days = client.get_var_backtest(page["portfolio_id"])["judged"][0]["exception_dates"]
    # All that may be chosen on them is chosen.
    chosen = f"symbol={page['items'][0]['underlying']}&exception={days[0]}"
    dashboard.page.goto(f"{dashboard.address}/?screen=positions&{chosen}")
    dashboard.ready()
    dashboard.page.wait_for_load_state("networkidle")
    asked: list[str] = []
    dashboard.page.on(
        "request", lambda request: asked.append(request.url) if "/api/v1/" in request.url else None
    )

    last = {  # what is there when everything is
        "factors": ("f", 'dl[aria-label="Quality of the fit"]'),
        "correlation": ("c", 'section[aria-label$="over time"] .chart'),
        "risk": ("v", f'div.scroll[aria-label="P&L of {days[0]} by position"]'),
    }
    counts = {}
    for screen, (key, place) in last.items():
        asked.clear()
        dashboard.press("g", key)
        dashboard.shows(screen)
        expect(dashboard.page.locator(place)).to_be_visible(timeout=20_000)
        counts[screen] = list(asked)

    assert {screen: urls for screen, urls in counts.items() if not 0 < len(urls) <= 4} == {}
