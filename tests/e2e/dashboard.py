"""The dashboard in a browser: Chromium from `web/package-lock.json`, driven by Playwright.

In every test, a request to another origin, a violation of the page's policy, an exception or
an error on the console is a finding. Screenshots go to `build/screenshots`.
"""

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import (
    Browser,
    BrowserContext,
    Page,
    StorageState,
    expect,
    sync_playwright,
)

from deploy.page import PROJECT, SOURCES, node
from sigmasight_client.models import PortfolioReport
from tests.e2e.accessibility import accessibility

_LISTED = re.compile(r'id: "([^"]+)",\s+name: "([^"]+)",\s+key: "(\w)"')
_SCREENS = _LISTED.findall((SOURCES / "src/state/screens.ts").read_text(encoding="utf-8"))
# The key after `g` of every screen that the page lists, and what the navigation calls it.
SCREENS = {key: screen for screen, _, key in _SCREENS}
NAMES = tuple(name for _, name, _ in _SCREENS)
SCREENSHOTS = PROJECT / "build" / "screenshots"
BROWSER = SOURCES / "node_modules" / "@sparticuz" / "chromium"
_WHERE = (
    "import chromium from '@sparticuz/chromium';"
    "chromium.setGraphicsMode = false;"
    "console.log(JSON.stringify([await chromium.executablePath(), chromium.args]))"
)
_CELLS = """place => [...place.querySelectorAll('tbody tr')].map(row =>
  [...row.cells].map(cell => {
    const copy = cell.cloneNode(true);
    const plain = copy.textContent;
    copy.querySelectorAll('small').forEach(each => each.remove());
    return copy.textContent.trim() || plain;
  }))"""
# Before a log-in, the answer to the first read is a 401, which browsers put on the console.
_EXPECTED = re.compile("401 \\(Unauthorized\\)")


def browser_program() -> tuple[str, list[str]]:
    """The browser that the lock file names, and its arguments.

    It brings its own libraries, and needs no root. Without graphics: to compute those of a card in
    software takes most of the time of a test.
    """
    said = subprocess.run(
        (node(), "--input-type=module", "-e", _WHERE),
        cwd=SOURCES,
        capture_output=True,
        text=True,
        check=True,
    )
    path, advised = json.loads(said.stdout)
    # In a single process the browser would end with the first window that is closed.
    return path, [each for each in advised if each not in ("--single-process", "--no-zygote")]


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser, ready to open windows."""
    path, arguments = browser_program()
    # Machines are shared: how long a page takes says nothing of whether it is right.
    expect.set_options(timeout=20_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


class Dashboard:
    """One window of a logged-out browser; `findings` is what went wrong in it so far.

    A `newcomer` has not seen the tour. In the `context` of an earlier window, a further window of
    the same browser.
    """

    def __init__(
        self,
        browser: Browser,
        address: str,
        theme: str = "light",
        *,
        newcomer: bool = False,
        context: BrowserContext | None = None,
    ) -> None:
        self.address = address
        self.theme = theme
        self.findings: list[str] = []
        self.context = context or browser.new_context(
            viewport={"width": 1440, "height": 1000},
            color_scheme="dark" if theme == "dark" else "light",
            storage_state=None if newcomer else _tour_was_seen(address),
        )
        self.page = self.another_tab()

    def another_tab(self) -> Page:
        """A further tab of the same browser."""
        page = self.context.new_page()
        page.on("request", lambda request: self._check(request.url))
        page.on("pageerror", lambda error: self.findings.append(str(error)))
        page.on("console", lambda message: self._note(message.type, message.text))
        return page

    def _check(self, url: str) -> None:
        if not url.startswith((f"{self.address}/", "data:")):
            self.findings.append(f"request to {url}")

    def _note(self, kind: str, text: str) -> None:
        if kind in ("error", "warning") and not _EXPECTED.search(text):
            self.findings.append(f"{kind}: {text}")

    def log_in(self, email: str, password: str) -> None:
        """Log in by the form, and wait for the first report."""
        self.enter(email, password)
        self.ready()

    def enter(self, email: str, password: str) -> None:
        """Log in by the form."""
        self.page.goto(f"{self.address}/")
        self.page.get_by_label("E-mail").fill(email)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Log in").click()

    def follow_link(self, code: str) -> None:
        """Log in by a link."""
        self.page.goto(f"{self.address}/#login={code}")
        self.ready()

    def ready(self) -> None:
        """Wait until the report is there."""
        expect(self.page.locator(".numbers")).to_be_visible(timeout=20_000)

    def press(self, *keys: str) -> None:
        """Press keys one after the other."""
        for key in keys:
            self.page.keyboard.press(key)

    def shows(self, screen: str) -> None:
        """Wait until the screen is there, its pictures included."""
        expect(self.page).to_have_url(re.compile(f"screen={screen}"))
        expect(self.page.locator(f"main[aria-label={screen}]")).to_be_visible()
        loading = self.page.locator("#screen").get_by_text("Loading …")
        expect(loading).to_have_count(0, timeout=20_000)
        for chart in self.page.locator(".chart").all():
            expect(chart.locator("canvas").first).to_be_visible()

    def panel(self, title: str) -> dict[str, str]:
        """The figures of a panel's rows by their labels."""
        rows = self.page.get_by_role("region", name=title, exact=True).locator(".bars li").all()
        return {
            row.locator(".label").inner_text(): row.locator(".figure").first.inner_text()
            for row in rows
        }

    def strip(self) -> dict[str, str]:
        """The strip's numbers by their names."""
        items = self.page.locator(".numbers .item").all()
        return {
            item.locator("dt").inner_text(): item.locator(".figure").first.inner_text()
            for item in items
        }

    def table(self, label: str) -> list[list[str]]:
        """The cells of a table by its label, row by row, without their small print."""
        place = self.page.locator(f'div.scroll[aria-label="{label}"]')
        expect(place).to_be_visible()
        return [[cell.strip() for cell in row] for row in place.evaluate(_CELLS)]

    def facts(self, label: str) -> dict[str, str]:
        """A row of figures by their names."""
        place = self.page.locator(f'dl[aria-label="{label}"]')
        expect(place).to_be_visible()
        items = place.locator("> div").all()
        return {each.locator("dt").inner_text(): each.locator("dd").inner_text() for each in items}

    def screenshot(self, name: str) -> None:
        """Keep a picture of the window."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"{name}-{self.theme}.png")

    def accessibility(self, only_colours: bool = False) -> list[str]:
        """What axe finds serious or critical: the rule and the first place.

        With `only_colours` by the rules that depend on a theme.
        """
        return accessibility(self.page, only_colours)


def _tour_was_seen(address: str) -> StorageState:
    return {
        "origins": [
            {"origin": address, "localStorage": [{"name": "sigmasight.tour", "value": "seen"}]}
        ]
    }


def whole(value: float | None, *, plus: bool = False) -> str:
    """USD without cents as the page writes them."""
    return _signed("${:,.0f}", value, plus)


def percent(value: float | None, *, plus: bool = False) -> str:
    """A decimal as the page writes it."""
    return _signed("{:,.2%}", value, plus)


def _signed(form: str, value: float | None, plus: bool) -> str:
    if value is None:
        return "–"
    text = form.format(abs(value))
    if not set(text) & set("123456789"):
        return text  # what is rounded to zero has no sign
    return f"{'−' if value < 0 else '+' if plus else ''}{text}"


def money(value: float | None, *, plus: bool = False) -> str:
    """USD with cents as the page writes them."""
    return _signed("${:,.2f}", value, plus)


def fixed(value: float | None, digits: int, *, plus: bool = False) -> str:
    """A number with so many decimals as the page writes it."""
    return _signed(f"{{:,.{digits}f}}", value, plus)


def expected_strip(report: PortfolioReport) -> dict[str, str]:
    """What the strip has to say, by the API's report; amounts below a million."""
    snapshot = report["snapshot"]
    assert snapshot is not None
    metrics = {
        each["metric"]: each["value"]
        for group in report["metrics"]["groups"]
        for each in group["metrics"]
    }
    shares = snapshot["exposures_of_nav"]
    worst = report["stress"]["correlated"]["worst"]
    assert shares is not None
    assert worst is not None
    return {
        "NAV": whole(snapshot["nav"]),
        "Day P&L": whole(snapshot["daily_pnl"], plus=True),
        "Gross": percent(shares["delta_adjusted"]["gross"]),
        "Net, $ delta": percent(shares["delta_adjusted"]["net"], plus=True),
        "VaR 99 %": whole(metrics["var_99_1d_historical"]),
        "ES 95 %": whole(metrics["es_95_1d_historical"]),
        "ES 99 %": whole(metrics["es_99_1d_historical"]),
        "Vega, 1 point": whole(metrics["dollar_vega_1pt"], plus=True),
        "Theta, 1 day": whole(metrics["dollar_theta_1d"], plus=True),
        "Worst scenario": whole(worst["total_pnl"], plus=True),
        "Limits": "none",
    }
