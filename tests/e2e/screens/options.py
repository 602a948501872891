"""Options: curve, grid, where the Greeks are, and what quotes imply."""

from datetime import date
from typing import Any

from playwright.sync_api import Page, expect

from deploy.demo.books import DEMO_BOOKS, LAST_SESSION
from deploy.local.api import admin_connection
from tests.e2e.dashboard import Dashboard
from tests.e2e.local_stack import LocalStack, client_of, report_of
from tests.e2e.screens.texts import cents, compact, percent, rows_of, thousands

FUND = DEMO_BOOKS[-1]  # long and short, with options
NAME = "AAPL"
EXPIRIES = (
    *("230120", "230217", "230317", "230421", "230519", "230616"),
    *("230721", "230818", "230915", "231020", "231117", "231215"),
)
STRIKES = (105, 115, 125, 135, 145)


def opened(window: Dashboard, underlying: str = "") -> Page:
    """The screen, of all options or of those of one underlying."""
    window.press("g", "t")
    window.shows("options")
    if underlying:
        window.page.get_by_label("Of", exact=True).select_option(underlying)
        window.shows("options")
    return window.page


def the_map(page: Page) -> list[list[str]]:
    return rows_of(page.locator("table.map"))


def expected_map(found: Any, greek: str, side: str) -> list[list[str]]:
    """The texts of the map's rows, without the line at the price of the underlying."""
    cells = {
        (each["underlying"], each["strike"], each["expiry"]): each[side] for each in found["cells"]
    }
    return [
        [
            row["underlying"] if row["strike"] is None else f"{row['strike']:g}",
            *(
                compact(amount[greek]) if amount else ""
                for expiry in found["expiries"]
                for amount in [cells.get((row["underlying"], row["strike"], expiry["expiry"]))]
            ),
            compact(row[side][greek]) if row[side] else "",
        ]
        for row in found["rows"]
    ]


def test_the_map_of_greeks_is_the_apis_for_each_greek_and_side(
    stack: LocalStack, fund: Dashboard
) -> None:
    with client_of(stack, FUND) as client:
        report = report_of(client, FUND)
        found = client.get_option_map(report["portfolio"]["portfolio_id"])
    page = opened(fund)

    assert the_map(page) == expected_map(found, "dollar_vega_1pt", "net")
    page.get_by_role("button", name="Short", exact=True).click()
    page.get_by_label("Greek", exact=True).select_option("dollar_delta")
    expect(page.get_by_role("heading", name="Dollar delta by expiry")).to_be_visible()
    assert the_map(page) == expected_map(found, "dollar_delta", "short")
    assert "greek=dollar_delta" in page.url
    assert "side=short" in page.url
    total = page.locator("section", has=page.get_by_role("heading", name="Dollar delta by expiry"))
    whole = found["total"]
    assert whole is not None
    expect(total.locator(".facts.line")).to_contain_text(compact(whole["dollar_delta"]))
    metrics = {
        each["metric"]: each["value"]
        for group in report["metrics"]["groups"]
        for each in group["metrics"]
    }
    assert abs(whole["dollar_delta"] - (metrics["dollar_delta"] or 0.0)) < 1.0


def test_a_cell_of_the_map_leads_to_its_contracts_and_its_meaning(
    stack: LocalStack, fund: Dashboard
) -> None:
    with client_of(stack, FUND) as client:
        portfolio_id = report_of(client, FUND)["portfolio"]["portfolio_id"]
        found = client.get_option_map(portfolio_id, underlying=NAME)
    cell = found["cells"][0]
    page = opened(fund, NAME)
    spot = found["rows"][0]["underlying_price"]

    rows = [row for row in the_map(page) if row[0] != f"{spot:g}{NAME}"]
    assert [row for row in rows if len(row) > 2] == expected_map(found, "dollar_vega_1pt", "net")
    page.locator("table.map tbody .figure").first.click()
    drawer = page.locator(".drawer")
    net = cell["net"]
    assert net is not None
    expect(drawer.locator(".big")).to_have_text(cents(net["dollar_vega_1pt"]))
    expect(drawer).to_contain_text("Formula")
    fund.press("Escape")
    expect(drawer).to_have_count(0)
    contracts = page.locator("section", has=page.get_by_role("heading", name="Contracts"))
    assert len(rows_of(contracts)) == len(cell["position_ids"])
    contracts.get_by_role("button", name="Show all").click()
    assert len(rows_of(contracts)) == found["options"]["positions"]


def test_curve_and_grid_are_what_the_api_reprices(stack: LocalStack, fund: Dashboard) -> None:
    with client_of(stack, FUND) as client:
        about: Any = {
            "portfolio_id": report_of(client, FUND)["portfolio"]["portfolio_id"],
            "underlying": NAME,
            "days_forward": [0, 10],
        }
        grid = client.evaluate_grid(about)
        about["volatilities"] = [-0.25, 0.25]
        curve = client.evaluate_curve(about)
    page = opened(fund, NAME)

    page.get_by_label("Days ahead").fill("0, 10")
    fund.press("Enter")
    expect(page.get_by_role("button", name="in 10 days")).to_be_visible()
    page.get_by_role("button", name="in 10 days").click()
    fund.shows("options")
    shown = rows_of(page.locator("section", has_text="P&L by spot and volatility").locator("table"))
    size = max(abs(pnl) for row in grid["pnl"][1] for pnl in row)
    text = thousands if size >= 10_000 else compact
    assert [row[1:] for row in shown] == [
        [text(line[place]) for line in grid["pnl"][1]] for place in range(len(grid["spots"]))
    ]
    panel = page.locator("section", has=page.get_by_role("heading", name="P&L by spot", exact=True))
    band = curve["day"]["bands"][-1]
    expect(panel.locator(".facts.line")).to_contain_text(compact(band["value_at_risk"], plus=False))
    panel.get_by_role("button", name="Table").click()
    lines = [each["pnl"] for each in curve["dates"]]
    lines += [each["dates"][1]["pnl"] for each in curve["others"]]
    assert [row[2:] for row in rows_of(panel)] == [
        [cents(line[place]) for line in lines] for place in range(len(curve["spots"]))
    ]
    assert "days=10" in page.url


def test_twelve_expiries_of_quotes_are_volatilities_with_curves(
    stack: LocalStack, fund: Dashboard
) -> None:
    with admin_connection(stack.directory.load()) as admin:
        admin.put_option_quotes({"rows": quotes()})
    with client_of(stack, FUND) as client:
        found = client.get_smile(NAME)
    page = opened(fund, NAME)
    panel = page.locator("section", has=page.get_by_role("heading", name="Smile by expiry"))

    assert len(found["expiries"]) == len(EXPIRIES)
    expect(panel.locator("figure")).to_have_count(len(EXPIRIES))
    for figure, smile in zip(panel.locator("figure").all(), found["expiries"], strict=True):
        fit = smile["fit"]
        assert fit is not None
        expect(figure).to_contain_text(smile["expiry"])
        expect(figure).to_contain_text(f"at the money {percent(fit['at_the_money'])}")
        assert figure.locator("circle").count() == len(smile["quotes"])
    assert panel.locator("path.long, path.short").count() == 2  # the two options that are held
    fund.screenshot("options-twelve-expiries")
    panel.get_by_role("button", name="Table").click()
    volatilities = {row[4] for row in rows_of(panel)}
    assert {percent(each["volatility"]) for each in found["expiries"][0]["quotes"]} <= volatilities
    assert fund.accessibility() == []


def quotes() -> list[Any]:
    """Quotes of contracts that no portfolio holds, dearer the longer they live."""
    rows: list[Any] = []
    for expiry in EXPIRIES:
        day = date(2000 + int(expiry[:2]), int(expiry[2:4]), int(expiry[4:]))
        years = (day - LAST_SESSION).days / 365
        for strike in STRIKES:
            away = abs(strike - 125.67)
            price = round(max(16.0 * years**0.5 - 0.35 * away, 0.4 + 4.0 * years**0.5), 2)
            kind = "C" if strike > 125.67 else "P"
            rows.append(
                {
                    "contract": f"{NAME}{expiry}{kind}{strike * 1000:08d}",
                    "session_date": LAST_SESSION.isoformat(),
                    "bid": price,
                    "ask": round(price * 1.04, 2),
                }
            )
    return rows


def test_a_portfolio_without_options_says_so_once(dashboard: Dashboard) -> None:
    dashboard.press("g", "t")
    dashboard.shows("options")

    expect(dashboard.page.get_by_text("The portfolio holds no options")).to_have_count(1)
    expect(dashboard.page.locator("table.heat")).to_have_count(1)  # the grid of its shares
    dashboard.screenshot("options-none")
