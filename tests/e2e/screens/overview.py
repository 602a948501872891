"""The Overview: its pictures' numbers are the API's."""

from playwright.sync_api import expect

from deploy.demo.books import DemoBook
from sigmasight_client.models import PortfolioReport
from tests.e2e.dashboard import Dashboard, money, percent, whole
from tests.e2e.local_stack import LocalStack, client_of, report_of


def test_the_overview_shows_the_numbers_of_the_api_on_any_session(
    stack: LocalStack, dashboard: Dashboard, book: DemoBook
) -> None:
    with client_of(stack, book) as client:
        latest = report_of(client, book)
        earlier = report_of(client, book, latest["sessions"][-20])

    _assert_shown(dashboard, latest)
    dashboard.page.get_by_label("As of").select_option(earlier["as_of"])
    expect(dashboard.page.locator(".numbers .item").first).to_contain_text(_nav(earlier))
    _assert_shown(dashboard, earlier)


def _nav(report: PortfolioReport) -> str:
    assert report["snapshot"] is not None
    return whole(report["snapshot"]["nav"])


def _assert_shown(dashboard: Dashboard, report: PortfolioReport) -> None:
    day = report["pnl_by_position"]
    by_position = list(dashboard.panel("P&L of the day by position").values())
    by_factor = dashboard.panel("P&L of the day by factor")
    risk = list(dashboard.panel("What makes the risk").values())
    scenarios = dashboard.panel("Worst scenarios")
    (components,) = [c for c in report["metrics"]["component_var"] if c["confidence"] == 95]
    worst = report["stress"]["correlated"]["worst"]
    assert worst is not None

    shown = [each["pnl"] for each in day["largest"]] + ([day["others"]] if day["others"] else [])
    assert by_position == [money(pnl, plus=True) for pnl in [*shown, day["total"]]]
    for factor in report["attribution"]["factors"]:
        if factor["pnl"]:
            assert by_factor[factor["name"]] == money(factor["pnl"], plus=True)
    assert by_factor["Total"] == money(report["attribution"]["total"], plus=True)
    assert risk == [percent(each["share"]) for each in components["positions"][: len(risk)]]
    assert next(iter(scenarios.items())) == (worst["name"], whole(worst["total_pnl"], plus=True))
    returns = dashboard.page.get_by_label("Performance and drawdown")
    for text in [percent(each["value"], plus=True) for each in report["performance"]]:
        expect(returns).to_contain_text(text)
    expect(returns).to_contain_text(percent(report["history"][-1]["drawdown"]))


def test_the_overview_says_what_changed_since_the_session_before(
    stack: LocalStack, dashboard: Dashboard, book: DemoBook
) -> None:
    with client_of(stack, book) as client:
        portfolio_id = report_of(client, book)["portfolio"]["portfolio_id"]
        changes = client.get_changes(portfolio_id)
    changed = dashboard.page.get_by_role("region", name="Since the session before").first

    (nav,) = [each for each in changes["figures"] if each["measure"] == "nav"]
    expect(changed).to_contain_text(whole(nav["difference"], plus=True))
    expect(changed).to_contain_text(str(changes["start"]))
    moved = {each["title"]: each for each in changes["figures"] if "." not in each["measure"]}
    for row in changed.locator("tbody tr").all():
        each = moved[row.locator("td").first.inner_text()]
        assert each["difference"] is not None
        figure = row.locator("td").nth(3).locator(".figure")
        colour = _colour(each["measure"], each["difference"])
        expect(figure).to_have_class(f"figure {colour}")


def _colour(measure: str, difference: float) -> str:
    """More risk is a loss, more NAV and P&L a gain, more exposure neither."""
    if measure.startswith(("var_", "es_", "volatility_")):
        return "loss" if difference > 0 else "gain"
    if measure == "nav" or measure.endswith("pnl"):
        return "gain" if difference > 0 else "loss"
    return ""


def test_bars_and_pressed_buttons_are_seen_in_the_colours_of_the_system(
    dashboard: Dashboard,
) -> None:
    dashboard.page.emulate_media(forced_colors="active")

    ground = _ground(dashboard, "body")
    bars = dashboard.page.locator(".bars .track i:not(.loss)").all()
    assert bars
    assert ground not in {bar.evaluate(_GROUND) for bar in bars}
    pressed = _ground(dashboard, ".choice [aria-pressed=true]")
    assert pressed != _ground(dashboard, ".choice [aria-pressed=false]")


_GROUND = "place => getComputedStyle(place).backgroundColor"


def _ground(dashboard: Dashboard, selector: str) -> str:
    found: str = dashboard.page.locator(selector).first.evaluate(_GROUND)
    return found


def test_every_number_of_strip_and_overview_says_how_it_came_to_be(dashboard: Dashboard) -> None:
    """One of each kind: by position, by factor, by scenario, of the chain of returns."""
    page = dashboard.page
    drawer = page.locator(".drawer")
    strip = page.locator(".numbers .item").filter(has_not_text="Limits").locator(".figure")
    panels = [page.locator(".bars").nth(place).locator(".figure").first for place in range(4)]

    for place in [*strip.all(), *panels, *page.locator(".returns .figure").all()]:
        place.click()
        expect(drawer.get_by_text("Methodology")).to_be_visible()
        expect(drawer.get_by_text("Revision")).to_be_visible()
        expect(drawer.get_by_text("Unit")).to_be_visible()
        expect(drawer.get_by_role("button", name="Copy as CSV")).to_be_visible()
        dashboard.press("Escape")
        expect(drawer).to_have_count(0)
