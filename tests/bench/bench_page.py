"""Seconds until the dashboard can be used: its Overview from a cold cache, each screen after that.

`python -m tests.bench.bench_page`. On the demo's stack, in the browser of the page's tests, which
drives it step by step: what the driver takes is part of the figures. A screen is there when its
pictures are drawn and nothing says "Loading". Next to the figures: requests to the API, and how
much the first Overview and everything built takes with gzip.
"""

import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from playwright.sync_api import Browser, StorageState, expect

from deploy.demo.books import DEMO_BOOKS
from deploy.local.places import outside_place, remove_place
from services.gateway.web.files import BUILT
from tests.bench import show
from tests.bench.measuring import Measurement, seconds_of, within
from tests.e2e.dashboard import SCREENS, Dashboard, chromium
from tests.e2e.local_stack import LocalStack

COLD_SECONDS, SWITCH_SECONDS, TIMES = 1.5, 0.3, 5
FIRST_KB, ALL_KB = 450, 900
BOOK = DEMO_BOOKS[-1]  # long and short, with options


def run() -> list[Measurement]:
    """The median of five of each, against what is allowed."""
    with _demo() as address, chromium() as browser:
        window = Dashboard(browser, address)
        window.log_in(BOOK.email, BOOK.password)
        rows = [_cold(browser, address, window.context.storage_state())]
        window.page.wait_for_load_state("networkidle")
        rows += [_switch(window, key) for key in SCREENS]
        window.context.close()
    return rows


@contextmanager
def _demo() -> Iterator[str]:
    """The address of a stack with the demo's data."""
    with tempfile.TemporaryDirectory() as parent:
        stack = LocalStack(Path(parent) / "state")
        try:
            for command in (("demo", "--once"), ("up",)):
                said = stack.run(*command)
                if said.returncode:
                    raise RuntimeError(said.stderr)
            yield stack.directory.load().gateway_url
        finally:
            stack.run("down")
            remove_place(outside_place(stack.directory.path / "postgres"))


def _cold(browser: Browser, address: str, kept: StorageState) -> Measurement:
    """From the navigation of a browser that has a session and nothing in its cache."""
    taken, asked, loaded = [], 0, 0
    for _ in range(TIMES):
        window = Dashboard(browser, address)
        window.context.set_storage_state(kept)
        requests = _requests(window)
        taken.append(seconds_of(partial(_open, window)))
        asked = len(_reads(requests))
        loaded = sum(_size(url) for url in requests if "/assets/" in url)
        window.context.close()
    built = sum(path.stat().st_size for path in BUILT.rglob("*.gz"))
    words = (
        f"at most {COLD_SECONDS} s; {asked} requests to the API, {loaded / 1000:.0f} of "
        f"{FIRST_KB} kB loaded, {built / 1000:.0f} of {ALL_KB} kB built"
    )
    return within(COLD_SECONDS, words, "Overview, cold cache", statistics.median(taken))


def _size(url: str) -> int:
    """Bytes of a built file as it is sent."""
    path = BUILT / "assets" / url.rsplit("/", maxsplit=1)[-1]
    compressed = path.with_name(f"{path.name}.gz")
    return (compressed if compressed.exists() else path).stat().st_size


def _open(window: Dashboard) -> None:
    window.page.goto(f"{window.address}/")
    window.ready()
    expect(window.page.locator(".chart canvas").first).to_be_visible()


def _switch(window: Dashboard, key: str) -> Measurement:
    """From the key to the screen, the others in between."""
    elsewhere = next(other for other in SCREENS if other != key)
    taken, asked = [], 0
    for _ in range(TIMES):
        window.press("g", elsewhere)
        window.shows(SCREENS[elsewhere])
        window.page.wait_for_load_state("networkidle")
        requests = _requests(window)
        taken.append(seconds_of(partial(_show, window, key)))
        asked = len(_reads(requests))
    words = f"at most {SWITCH_SECONDS} s; {asked} requests to the API"
    return within(SWITCH_SECONDS, words, f"screen {SCREENS[key]}", statistics.median(taken))


def _show(window: Dashboard, key: str) -> None:
    window.press("g", key)
    window.shows(SCREENS[key])


def _requests(window: Dashboard) -> list[str]:
    """The addresses that are requested from now on."""
    found: list[str] = []
    window.page.on("request", lambda request: found.append(request.url))
    return found


def _reads(urls: list[str]) -> list[str]:
    """Those of the API, but for the stream of events."""
    return [url for url in urls if "/api/v1/" in url and "/api/v1/events" not in url]


if __name__ == "__main__":
    show(run())
