"""VaR, its parts, and how it held."""

from uuid import uuid4

from playwright.sync_api import Browser, expect

from deploy.demo.books import DemoBook
from deploy.local.api import connection
from sigmasight_client.models import PortfolioReport
from tests.e2e.dashboard import Dashboard, fixed, money, percent, whole
from tests.e2e.local_stack import LocalStack, client_of, report_of

METHODS = ("historical", "rescaled", "smoothed", "parametric")


def _metrics(report: PortfolioReport) -> dict[str, float | None]:
    return {
        each["metric"]: each["value"]
        for group in report["metrics"]["groups"]
        for each in group["metrics"]
    }


def test_every_method_and_part_of_var_is_the_apis(
    stack: LocalStack, dashboard: Dashboard, book: DemoBook
) -> None:
    with client_of(stack, book) as client:
        report = report_of(client, book)
    metrics = _metrics(report)
    (parts,) = [each for each in report["metrics"]["component_var"] if each["confidence"] == 99]

    dashboard.press("g", "v")
    dashboard.shows("risk")
    methods = dashboard.table("One-day VaR and shortfall by method")
    dashboard.page.get_by_role("button", name="99 %", exact=True).click()
    components = dashboard.table("Components of VaR 99 %")

    assert [row[:5] for row in methods] == [
        [
            method.capitalize(),
            *(
                money(metrics[f"{name}_1d_{method}"])
                for name in ("var_95", "var_99", "es_95", "es_99")
            ),
        ]
        for method in METHODS
    ]
    assert sorted(row[1] for row in components[:-1]) == sorted(
        money(each["component_var"]) for each in parts["positions"]
    )
    assert components[-1][1] == money(parts["total_var"]) == money(metrics["var_99_1d_smoothed"])
    assert components[-1][3] == money(parts["total_es"])


def test_the_distribution_of_past_pnl_is_the_apis(
    stack: LocalStack, dashboard: Dashboard, book: DemoBook
) -> None:
    with client_of(stack, book) as client:
        portfolio_id = report_of(client, book)["portfolio"]["portfolio_id"]
        found = client.get_pnl_vectors(portfolio_id, limit=1)["distribution"]
    assert found is not None

    dashboard.press("g", "v")
    dashboard.shows("risk")
    facts = dashboard.facts("The past days in sum")
    panel = dashboard.page.get_by_role("region", name="Today's holdings on past days")
    panel.get_by_role("button", name="Table").click()
    rows = dashboard.table("Today's holdings on past days")

    assert facts["Worst"] == whole(found["worst_pnl"], plus=True)
    assert facts["Kurtosis"] == fixed(found["kurtosis"], 2)
    assert rows == [
        [whole(each["low"]), whole(each["high"]), str(each["sessions"])]
        for each in found["classes"]
    ]


def test_an_exception_leads_to_that_days_losers_by_keyboard(
    stack: LocalStack, dashboard: Dashboard, book: DemoBook
) -> None:
    with client_of(stack, book) as client:
        portfolio_id = report_of(client, book)["portfolio"]["portfolio_id"]
        judged = client.get_var_backtest(portfolio_id)["judged"]
        day = judged[0]["exception_dates"][0]
        lost = client.get_judged_day(day, portfolio_id, confidence="95")
    first = judged[0]

    dashboard.press("g", "v")
    dashboard.shows("risk")
    facts = dashboard.facts("What the exceptions say")
    verdicts = dashboard.table("How the VaR held")
    dashboard.page.get_by_role("button", name=day, exact=True).focus()
    dashboard.press("Enter")
    rows = dashboard.table(f"P&L of {day} by position")
    dashboard.screenshot("losers")

    assert facts["Exceptions"] == f"{first['exceptions']} of {first['days']}"
    assert first["kupiec"] is not None
    assert facts["Kupiec"].startswith(f"p {fixed(first['kupiec']['p_value'], 3)}")
    assert [row[1:7] for row in verdicts] == [
        [
            str(each["days"]),
            str(each["exceptions"]),
            f"{each['expected_exceptions']:.1f}".removesuffix(".0"),
            *(
                fixed(test["p_value"] if test else None, 3)
                for test in (
                    each["kupiec"],
                    each["christoffersen"],
                    each["conditional_coverage"],
                )
            ),
        ]
        for each in judged
    ]
    assert [row[2:5] for row in rows[: len(lost["positions"])]] == [
        [
            money(each["pnl"], plus=True),
            percent(each["share_of_total"]),
            money(each["component_var"]),
        ]
        for each in lost["positions"]
    ]
    assert rows[-1][2] == money(lost["hypothetical_pnl"], plus=True)
    assert f"exception={day}" in dashboard.page.url


def test_a_young_book_of_one_position_says_what_is_missing(
    stack: LocalStack, browser: Browser
) -> None:
    email, password = f"{uuid4().hex}@example.com", "correct horse battery"
    file = b"ticker,quantity,entry_price,entry_date,tags\nAAPL,100,130.00,2022-12-20,\n"
    with connection(stack.directory.load(), email, password) as client:
        client.register({"email": email, "password": password})
        run_id = client.upload_positions(file, portfolio_name="One")["run_id"]
        assert run_id is not None
        client.follow(run_id)
    window = Dashboard(browser, stack.directory.load().gateway_url)
    window.log_in(email, password)

    window.press("g", "v")
    window.shows("risk")
    expect(window.page.get_by_role("region", name="How the VaR held").first).to_contain_text(
        "60 needed"
    )
    window.screenshot("risk-young")
    window.press("g", "c")
    window.shows("correlation")
    window.page.get_by_role("button", name="Calculate now").click()
    expect(window.page.get_by_text("a correlation needs two").first).to_be_visible(timeout=60_000)
    window.screenshot("correlation-one")
    window.press("g", "f")
    window.shows("factors")
    assert [row[0] for row in window.table("Exposures by position")] == ["AAPL"]
    window.screenshot("factors-one")
    window.context.close()

    assert window.findings == []
