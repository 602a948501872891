"""The grid of positions with 10,000 rows, in the browser that the tests use.

`python -m tests.bench.bench_positions`. The built page is served from its folder, and the API's
answers are made here: the figures are of the page alone. What counts is the processor time of the
page's process from an interaction until the next frame is drawn, which a busy machine does not
distort; the target is 100 ms for each interaction.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from uuid import uuid4

import psutil
from playwright.sync_api import Page, Route

from deploy.page import BUILT, is_current
from services.gateway.analytics.schemas.table import COLUMNS_EXAMPLE, SUMS_EXAMPLE
from tests.bench import show
from tests.bench.measuring import Measurement, within
from tests.e2e.dashboard import BROWSER, chromium

ROWS = 10_000
REPETITIONS = 24
ALLOWED_SECONDS = 0.1
ADDRESS = "http://page.example"
PORTFOLIO = {"portfolio_id": str(uuid4()), "name": "10,000 positions", "positions": ROWS}
TYPES = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
}
_SET = (
    "const i = document.querySelector('[data-filter]');"
    "Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')"
    ".set.call(i, i.value ? '' : 'S1');"
    "i.dispatchEvent(new Event('input', {bubbles: true}))"
)
_HEAD = "[...document.querySelectorAll('.rows thead button')].find((b) => b.textContent.startsWith"
_KEY = "new KeyboardEvent('keydown', {key: 'ArrowDown', bubbles: true})"
INTERACTIONS = {
    "scroll by 200 rows": "document.querySelector('.rows').scrollTop += 6400",
    "an arrow down": f"document.querySelector('.rows table').dispatchEvent({_KEY})",
    "sort by a number": f"{_HEAD}('Market value')).click()",
    "sort by a text": f"{_HEAD}('Position')).click()",
    "a pill on or off": "document.querySelector('.pills button').click()",
    "filter by a text": _SET,
}
_DRAWN = "new Promise((done) => requestAnimationFrame(() => setTimeout(done)))"


def columns() -> Mapping[str, Sequence[object]]:
    """The example of the API's documentation, many times: of 500 symbols and 11 sectors."""
    made: dict[str, Sequence[object]] = {name: one * ROWS for name, one in COLUMNS_EXAMPLE.items()}
    numbers = range(ROWS)
    return made | {
        "position_id": [str(uuid4()) for _ in numbers],
        "symbol": [f"S{number % 500}" for number in numbers],
        "underlying": [f"S{number % 500}" for number in numbers],
        "strike": [None if number % 3 else 150.0 for number in numbers],
        "sector": [f"Sector {number % 11}" for number in numbers],
        "entry_date": [str(date(2022, 1, 3) + timedelta(number % 300)) for number in numbers],
        "quantity": [float((number * 7919) % 2000 - 900) for number in numbers],
        "market_value": [float((number * 104_729) % 1_000_003) - 4e5 for number in numbers],
    }


def answers() -> Mapping[str, object]:
    """What the API would answer, by the end of the path."""
    nothing: dict[str, object] = {"left_out": [], "positions": [], "groups": []}
    report: dict[str, object] = {
        "portfolio": PORTFOLIO,
        "as_of": None,
        "snapshot": None,
        "history": [],
        "positions": [],
        **dict.fromkeys(("greeks", "factors", "stress", "metrics"), nothing),
        **{"left_out": [], "warnings": [], "limits": {}, "last_run": None, "reason": "a benchmark"},
    }
    listed = {**PORTFOLIO, "nav": None, "daily_pnl": None}
    table = {
        **{"portfolio_id": PORTFOLIO["portfolio_id"], "valued_on": "2022-12-28", "status": "open"},
        **{"positions": ROWS, "columns": columns(), "tags": [], "reason": None},
        "everything": SUMS_EXAMPLE,
    }
    sums: dict[str, object] = {"by": None, "groups": [], "everything": SUMS_EXAMPLE, "reason": None}
    return {
        "/portfolios": {"items": [listed], "total": 1, "limit": 1000, "offset": 0},
        "/report": report,
        "/positions/table": table,
        "/positions/sums": {**sums, "portfolio_id": PORTFOLIO["portfolio_id"]},
        "/me/preferences": {"theme": "light", "views": [], "version": 0},
        "/auth/me": {"user_id": str(uuid4()), "email": "reader@example.com", "role": "user"},
    }


def run() -> list[Measurement]:
    """Processor seconds of each interaction, the mean of some; nothing without a built page."""
    if not (is_current() and BROWSER.exists()):
        return []
    known = {end: json.dumps(answer) for end, answer in answers().items()}
    with chromium() as browser:
        page = browser.new_context(viewport={"width": 1440, "height": 1000}).new_page()
        page.route("**/*", lambda route: _serve(route, known))
        page.goto(f"{ADDRESS}/?screen=positions")
        page.wait_for_selector(".rows tbody tr[aria-rowindex]")
        page.evaluate("document.querySelector('.rows table').focus()")
        return [
            within(ALLOWED_SECONDS, "100 ms", f"{ROWS:,} rows: {name}", _seconds(page, act))
            for name, act in INTERACTIONS.items()
        ]


def _serve(route: Route, known: Mapping[str, str]) -> None:
    path = route.request.url.removeprefix(ADDRESS).split("?")[0]
    if path.startswith("/api/"):
        body = next((answer for end, answer in known.items() if path.endswith(end)), None)
        route.fulfill(status=200 if body else 404, body=body, content_type="application/json")
        return
    file = BUILT / (path.lstrip("/") or "index.html")
    kind = TYPES.get(file.suffix)
    if kind and file.exists():
        route.fulfill(body=file.read_bytes(), content_type=kind)
    else:
        route.abort()


def _seconds(page: Page, act: str) -> float:
    once = f"{{ {act}; await {_DRAWN}; }}"
    page.evaluate(f"async () => {once}")
    before = _spent()
    page.evaluate(f"async () => {{ for (let k = 0; k < {REPETITIONS}; k++) {once} }}")
    return (_spent() - before) / REPETITIONS


def _spent() -> float:
    """Processor seconds of the processes that draw pages."""
    drawing = [
        each
        for each in psutil.Process().children(recursive=True)
        if "--type=renderer" in each.cmdline()
    ]
    return sum(times.user + times.system for times in (each.cpu_times() for each in drawing))


if __name__ == "__main__":
    show(run())
