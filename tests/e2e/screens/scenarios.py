"""Scenarios: portfolios by scenario, what each is made of, and the shock editor."""

import re
from typing import Any

from playwright.sync_api import Locator, Page, expect

from deploy.demo.books import DemoBook
from tests.e2e.dashboard import Dashboard, whole
from tests.e2e.local_stack import LocalStack, client_of, report_of
from tests.e2e.screens.texts import compact, percent, rows_of


def panel(page: Page, name: str) -> Locator:
    return page.locator("section", has=page.get_by_role("heading", name=name, exact=True))


def test_portfolios_by_scenario_are_the_apis_by_each_method(
    stack: LocalStack, dashboard: Dashboard, book: DemoBook
) -> None:
    with client_of(stack, book) as client:
        found = client.get_portfolios_scenarios()
    page = dashboard.page

    dashboard.press("g", "s")
    dashboard.shows("scenarios")
    shown = panel(page, "Portfolios by scenario")
    cells = found["portfolios"][0]["cells"]
    names = [each["name"] for each in found["scenarios"]]
    assert [(row[0], row[-1]) for row in rows_of(shown)] == [
        (name, compact(each["correlated"])) for name, each in zip(names, cells, strict=True)
    ]
    shown.get_by_role("button", name="Only these move").click()
    assert [row[-1] for row in rows_of(shown)] == [compact(each["direct"]) for each in cells]
    shown.get_by_role("button", name="Others follow").click()
    shown.get_by_role("button", name="% of NAV").click()
    assert [row[-1] for row in rows_of(shown)] == [
        percent(each["share_of_nav"], plus=True) for each in cells
    ]
    assert "unit=nav" in page.url


def test_a_scenario_opens_by_keyboard_to_its_factors_and_positions(
    stack: LocalStack, dashboard: Dashboard, book: DemoBook
) -> None:
    with client_of(stack, book) as client:
        portfolio_id = report_of(client, book)["portfolio"]["portfolio_id"]
        results = client.get_stress_results(portfolio_id, include=["positions"])
        listed = client.list_scenarios()["items"]
    (outcome,) = [
        each for each in results["scenarios"] if each["scenario_id"] == "covid_crash_2020"
    ]
    (terms,) = [each for each in listed if each["scenario_id"] == outcome["scenario_id"]]
    direct, correlated = outcome["direct"], outcome["correlated"]
    assert direct is not None
    assert correlated is not None
    page = dashboard.page

    dashboard.press("g", "s")
    dashboard.shows("scenarios")
    panel(page, "Scenarios").get_by_role("button", name=outcome["name"]).focus()
    dashboard.press("Enter")

    expect(page).to_have_url(re.compile("scenario=covid_crash_2020"))
    detail = panel(page, outcome["name"])
    by_factor = {row[0]: row[1:] for row in rows_of(detail)}
    given = outcome["shocks"]["market"]
    measured = (terms["measured_shocks"] or {})["market"]
    assert by_factor["Market"][:2] == [_move(given), _move(measured)]
    for place, result in ((4, direct), (5, correlated)):
        impacts = result["factor_impacts"] or {}
        assert by_factor["Market"][place] == compact(impacts["market"])
        assert by_factor["All"][place] == compact(result["total_pnl"])
    specified = correlated["stated"]
    assert specified is not None
    assert by_factor["All"][6] == compact(specified["total_pnl"])
    expect(detail).to_contain_text(f"{correlated['plausibility']:.1f} yearly standard deviations")
    positions = {each["symbol"]: each["pnl"] for each in correlated["positions"] or []}
    rows = rows_of(panel(page, "By position"))
    assert {row[0]: row[2] for row in rows} == {
        symbol: compact(pnl) for symbol, pnl in positions.items()
    }


def _move(value: float) -> str:
    """A shock in percent, without decimals that say nothing."""
    text = f"{abs(value) * 100:.2f}".rstrip("0").rstrip(".")
    return f"{'−' if value < 0 else '+'}{text}%"


def test_a_shock_of_factors_names_volatility_rates_and_time_is_the_apis(
    stack: LocalStack, dashboard: Dashboard, book: DemoBook
) -> None:
    with client_of(stack, book) as client:
        wanted: Any = {
            "portfolio_id": report_of(client, book)["portfolio"]["portfolio_id"],
            "shocks": {"market": -0.12},
            "rate_shock": 0.005,
            "volatility_shock": 0.25,
            "days_forward": 10,
            "underlying_shocks": {"AAPL": -0.2},
        }
        result = client.evaluate_both(wanted)["scenarios"][0]
    page = dashboard.page

    dashboard.press("g", "s")
    editor = panel(page, "Shock editor")
    editor.get_by_label("Market", exact=True).fill("-12")
    editor.get_by_label("Yields, bp").fill("50")
    editor.get_by_label("Volatility, %").fill("25")
    editor.get_by_label("Days forward").fill("10")
    editor.get_by_label("Name 1", exact=True).fill("aapl")
    editor.get_by_label("Move of name 1", exact=True).fill("-20")
    dashboard.press("Enter")

    outcome = page.get_by_role("status", name="Outcome")
    for each in (result["correlated"], result["direct"]):
        assert each is not None
        expect(outcome).to_contain_text(whole(each["total_pnl"], plus=True))
    page.reload()
    expect(outcome).to_be_visible()
    expect(editor.get_by_label("Market", exact=True)).to_have_value("-12")
    expect(editor.get_by_label("Name 1", exact=True)).to_have_value("AAPL")
    dashboard.screenshot("scenarios-shock")


def test_a_shock_that_cannot_be_says_which_field_and_why(dashboard: Dashboard) -> None:
    page = dashboard.page

    dashboard.press("g", "s")
    editor = panel(page, "Shock editor")
    editor.get_by_label("Market", exact=True).fill("-150")
    editor.get_by_role("button", name="Evaluate").click()

    expect(editor.get_by_role("alert")).to_contain_text("market")
    dashboard.findings.clear()  # the browser reports the refused request


def test_a_scenario_is_saved_listed_evaluated_and_deleted(
    stack: LocalStack, dashboard: Dashboard, book: DemoBook
) -> None:
    page = dashboard.page

    dashboard.press("g", "s")
    editor = panel(page, "Shock editor")
    editor.get_by_label("Market", exact=True).fill("-7.5")
    editor.get_by_label("Name 1", exact=True).fill("AAPL")
    editor.get_by_label("Move of name 1", exact=True).fill("-20")
    editor.get_by_role("button", name="Evaluate").click()
    expect(editor.get_by_role("note")).to_contain_text("Not saved with it: AAPL −20%")
    editor.get_by_label("Name", exact=True).fill("Slow leak")
    editor.get_by_label("Severity").select_option("mild")
    editor.get_by_role("button", name="Save scenario").click()

    saved = panel(page, "Saved scenarios")
    expect(saved).to_contain_text("Market −7.5%")
    expect(panel(page, "Portfolios by scenario")).to_contain_text("evaluated from the next run on")
    with client_of(stack, book) as client:
        (own,) = [each for each in client.list_scenarios()["items"] if each["custom"]]
    assert (own["name"], own["severity"], own["shocks"]) == (
        "Slow leak",
        "mild",
        {"market": -0.075},
    )
    editor.get_by_role("button", name="Clear").click()
    saved.get_by_role("button", name="Evaluate now").click()
    expect(editor.get_by_label("Market", exact=True)).to_have_value("-7.5")
    saved.get_by_role("button", name="Delete Slow leak").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete it").click()
    expect(saved).to_contain_text("None yet")
    with client_of(stack, book) as client:
        assert [each for each in client.list_scenarios()["items"] if each["custom"]] == []
