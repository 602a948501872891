"""The demo and the real stack, on one state directory: a machine with nothing on it at first.

One command gives a complete report. The stack then comes up by itself with the demo's data,
survives kill -9 of any part, gives the same report from memory, and leaves nothing behind.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil
import pytest
from playwright.sync_api import Browser, expect

from deploy.demo.books import DEMO_BOOKS, LAST_SESSION, SESSIONS, DemoBook
from deploy.local.api import admin_connection, connection
from deploy.local.places import outside_place, remove_place
from deploy.local.stack import SERVERS, WORDS, answers_ok
from deploy.local.state import PROJECT, StateDirectory
from deploy.page import is_current
from sigmasight_client import SigmaSight
from sigmasight_client.models import PortfolioReport
from tests.e2e.dashboard import (
    BROWSER,
    NAMES,
    SCREENS,
    Dashboard,
    chromium,
    expected_strip,
    whole,
)

PARTS = (*SERVERS, *WORDS)


class LocalStack:
    """The `sigmasight` command on a separate state directory."""

    def __init__(self, path: Path) -> None:
        self.directory = StateDirectory(path)
        self.environment = dict(os.environ) | {"SIGMASIGHT_STATE_DIR": str(path), "COLUMNS": "200"}

    def run(self, *arguments: str, **more_environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "deploy.local", *arguments],
            env=self.environment | more_environment,
            cwd=PROJECT,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def status(self) -> dict[str, Any]:
        said: dict[str, Any] = json.loads(self.run("status", "--json").stdout)
        return said

    def pid(self, name: str) -> int | None:
        identity = self.directory.load().programs[name].identity
        return identity.pid if identity else None

    def is_ready(self, word: str) -> bool:
        return answers_ok(f"{self.directory.load().programs[word].address}/health/ready")

    def processes(self) -> list[psutil.Process]:
        """The supervisor, its programs, and the processes those started."""
        state = self.directory.load()
        known = [state.supervisor, *(program.identity for program in state.programs.values())]
        top = [
            process for process in (identity.process() for identity in known if identity) if process
        ]
        return [*top, *(child for process in top for child in process.children(recursive=True))]


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """The command before anything was started."""
    stack = LocalStack(tmp_path_factory.mktemp("stack") / "state")
    yield stack
    stack.run("down")
    remove_place(outside_place(stack.directory.path / "postgres"))


@pytest.fixture(scope="module")
def first(local: LocalStack) -> subprocess.CompletedProcess[str]:
    """What the demo prints the first time; nothing runs afterwards."""
    return local.run("demo", "--once")


@pytest.fixture(scope="module")
def stack(local: LocalStack, first: subprocess.CompletedProcess[str]) -> LocalStack:
    """The stack in the background, on the demo's data."""
    said = local.run("up")
    assert said.returncode == 0, said.stderr
    return local


def is_alive(process: psutil.Process) -> bool:
    """Whether it still runs; one that ended and waits to be collected does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def until(claim: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


def test_first_demo_replays_everything_and_misses_nothing(
    first: subprocess.CompletedProcess[str],
) -> None:
    assert first.returncode == 0, first.stdout + first.stderr
    assert f"{SESSIONS} runs in" in first.stdout
    assert "missing:" not in first.stdout


@pytest.mark.parametrize("book", DEMO_BOOKS, ids=lambda book: book.file.stem)
def test_report_has_every_part_for_every_book(
    book: DemoBook, first: subprocess.CompletedProcess[str]
) -> None:
    report = first.stdout.split(f"{book.portfolio} ({book.full_name}) as of 2022-12-28")[1].split(
        "╰"
    )[0]

    for part in (
        "NAV",
        "daily P&L",
        "notional",
        "delta-adjusted",
        "vega",
        "Momentum",
        "worst",
        "coverage",
    ):
        assert part in report
    assert "Prices come from the bundled files" in report
    assert "n/a" not in report


def test_credentials_and_address_are_printed(first: subprocess.CompletedProcess[str]) -> None:
    assert "http://127.0.0.1:" in first.stdout
    for book in DEMO_BOOKS:
        assert f"{book.email} with password {book.password}" in first.stdout


def test_nothing_runs_after_the_report(
    first: subprocess.CompletedProcess[str], local: LocalStack
) -> None:
    assert first.returncode == 0
    assert not local.directory.is_claimed()
    assert local.directory.load().phase == "stopped"


def test_every_part_is_up_and_says_it_is_ready(stack: LocalStack) -> None:
    said = stack.status()

    assert said["running"]
    assert said["phase"] == "ready"
    assert set(said["programs"]) == set(PARTS)
    assert all(stack.is_ready(word) for word in WORDS)


def test_nothing_listens_beyond_loopback(stack: LocalStack) -> None:
    listening = [
        connection.laddr.ip
        for process in stack.processes()
        for connection in process.net_connections()
        if connection.status == psutil.CONN_LISTEN
    ]

    assert len(listening) >= len(PARTS)
    assert set(listening) == {"127.0.0.1"}


def test_second_up_finds_the_first(stack: LocalStack) -> None:
    before = stack.pid("gateway")

    said = stack.run("up")

    assert said.returncode == 0
    assert "already running" in said.stdout
    assert stack.pid("gateway") == before


def test_doctor_finds_nothing_wrong_with_a_healthy_stack(stack: LocalStack) -> None:
    said = stack.run("doctor")

    assert said.returncode == 0, said.stdout
    assert "no problems" in said.stdout


def test_backfill_without_keys_says_that_everything_is_stored(stack: LocalStack) -> None:
    said = stack.run("backfill")

    assert said.returncode == 0, said.stderr
    assert "Providers of closes, in this order: bundled (files)." in said.stdout
    assert "Nothing to fetch: 10,626 of 10,626 sessions stored; 42 of 42 symbols" in said.stdout
    assert "not complete" not in said.stdout


def test_misspelt_setting_is_named_before_anything_starts(stack: LocalStack) -> None:
    said = stack.run("up", SIGMASIGHT_LOG_LEVLE="DEBUG")

    assert said.returncode == 1
    assert "SIGMASIGHT_LOG_LEVLE" in said.stderr
    assert "SIGMASIGHT_LOG_LEVEL" in said.stderr
    assert "Traceback" not in said.stderr


# --- the dashboard ---


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The browser of the page's lock file."""
    if not (is_current() and BROWSER.exists()):
        pytest.skip("the dashboard or its browser is missing: `make page`")
    with chromium() as opened:
        yield opened


@pytest.fixture
def book() -> DemoBook:
    """A demo portfolio of less than a million, with options."""
    return DEMO_BOOKS[0]


def client_of(stack: LocalStack, book: DemoBook) -> SigmaSight:
    return connection(stack.directory.load(), book.email, book.password)


def report_of(client: SigmaSight, book: DemoBook, day: str | None = None) -> PortfolioReport:
    portfolios = client.list_portfolios()["items"]
    (found,) = [each for each in portfolios if each["name"] == book.portfolio]
    return client.get_report(found["portfolio_id"], as_of=day)


@pytest.fixture
def dashboard(stack: LocalStack, browser: Browser, book: DemoBook) -> Iterator[Dashboard]:
    """A window logged in by the form; nothing may go wrong in it."""
    window = Dashboard(browser, stack.directory.load().gateway_url)
    window.log_in(book.email, book.password)
    yield window
    window.context.close()
    assert window.findings == []


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

    now = dashboard.strip()
    dashboard.press("[")
    expect(dashboard.page.get_by_label("As of")).to_have_value(before)
    then = dashboard.strip()

    assert expected_strip(latest).items() <= now.items()
    assert expected_strip(earlier).items() <= then.items()
    assert f"as_of={before}" in dashboard.page.url


def test_the_grid_holds_every_position_and_filters_by_keyboard(
    stack: LocalStack, dashboard: Dashboard, book: DemoBook
) -> None:
    with client_of(stack, book) as client:
        positions = report_of(client, book)["positions"]
    symbol, count = positions[0]["symbol"], len(positions)
    rows = dashboard.page.locator(".rows tbody tr[aria-rowindex]")

    dashboard.press("g", "p")
    dashboard.shows("positions")
    expect(dashboard.page.get_by_text(f"{count} of {count} positions")).to_be_visible()
    dashboard.press("/")
    dashboard.page.keyboard.type(symbol)

    expect(rows.first).to_contain_text(symbol)
    expect(rows.first).to_contain_text(f"${positions[0]['market_value']:,.2f}")
    assert f"filter={symbol}" in dashboard.page.url


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


def test_new_results_arrive_without_a_reload(stack: LocalStack, dashboard: Dashboard) -> None:
    expect(dashboard.page.get_by_text("live", exact=True)).to_be_visible()

    with (
        admin_connection(stack.directory.load()) as admin,
        dashboard.page.expect_response(lambda answer: "/report" in answer.url, timeout=60_000),
    ):
        admin.close_market({"session_date": LAST_SESSION.isoformat()})

    dashboard.ready()


def test_a_session_ends_in_every_tab_and_a_link_opens_another(
    stack: LocalStack, browser: Browser, dashboard: Dashboard, book: DemoBook
) -> None:
    other = dashboard.another_tab()
    other.goto(dashboard.page.url)
    expect(other.locator(".numbers")).to_be_visible()

    dashboard.page.get_by_role("button", name="Log out").click()
    expect(dashboard.page.get_by_label("Password")).to_be_visible()
    other.keyboard.press("[")
    expect(other.get_by_label("Password")).to_be_visible()

    with client_of(stack, book) as client:
        code = client.create_login_link()["code"]
    dashboard.follow_link(code)
    assert "login" not in dashboard.page.url


def test_a_custom_shock_is_what_the_api_makes_of_it(
    stack: LocalStack, dashboard: Dashboard, book: DemoBook
) -> None:
    with client_of(stack, book) as client:
        portfolio_id = report_of(client, book)["portfolio"]["portfolio_id"]
        answer = client.evaluate_both(
            {"portfolio_id": portfolio_id, "shocks": {"market": -0.12}, "rate_shock": 0.005}
        )
    result = answer["scenarios"][0]["correlated"]
    assert result is not None

    dashboard.press("g", "s")
    dashboard.page.get_by_label("Market, %").fill("-12")
    dashboard.page.get_by_label("Yields, bp").fill("50")
    dashboard.page.get_by_role("button", name="Evaluate").click()

    outcome = dashboard.page.get_by_role("status", name="Outcome")
    expect(outcome).to_contain_text(whole(result["total_pnl"], plus=True))


def test_a_limit_is_tried_set_and_deleted(dashboard: Dashboard) -> None:
    dashboard.page.on("dialog", lambda dialog: dialog.accept())
    limits = dashboard.page.get_by_role("region", name="Limits", exact=True).last

    dashboard.press("g", "l")
    expect(dashboard.page.get_by_text("No limit is set")).to_be_visible()
    dashboard.page.get_by_role("button", name="Try on past sessions").click()
    expect(dashboard.page.get_by_text("Sessions in breach")).to_be_visible()
    dashboard.page.get_by_role("button", name="Set", exact=True).click()
    expect(limits).to_contain_text("Concentration")
    dashboard.page.get_by_role("button", name="Delete").click()

    expect(dashboard.page.get_by_text("No limit is set")).to_be_visible()


def test_a_new_user_goes_from_a_file_to_a_booked_trade(
    stack: LocalStack, browser: Browser, tmp_path: Path
) -> None:
    header = "ticker,quantity,entry_price,entry_date,tags\n"
    bad, good = tmp_path / "bad.csv", tmp_path / "good.csv"
    good.write_text(f"{header}AAPL,100,130.00,2022-12-01,core\nXOM,-50,100.00,2022-12-01,\n")
    bad.write_text(f"{header}AAPL,many,130.00,2022-12-01,core\nXOM,-50,100.00,2022-12-01,\n")
    email, password = f"{uuid4().hex}@example.com", "correct horse battery"
    with connection(stack.directory.load(), email, password) as client:
        client.register({"email": email, "password": password})
    window = Dashboard(browser, stack.directory.load().gateway_url)
    window.enter(email, password)

    expect(window.page.get_by_role("heading", name="Your first portfolio")).to_be_visible()
    window.page.locator("input[type=file]").set_input_files(bad)
    window.page.get_by_role("button", name="Preview").click()
    expect(window.page.get_by_role("region", name="Problems by line")).to_contain_text("quantity")
    window.screenshot("import-preview")
    window.page.locator("input[type=file]").set_input_files(good)
    window.page.get_by_role("button", name="Import", exact=True).click()

    window.ready()
    assert window.strip()["NAV"] != "–"

    page = window.page
    window.press("g", "w")
    page.get_by_role("button", name="New draft").click()
    page.get_by_label("Action").select_option("sell")
    page.get_by_label("Symbol").fill("AAPL")
    page.get_by_label("Quantity").fill("40")
    page.get_by_role("button", name="Enter").click()
    expect(page.get_by_role("region", name="Trades").last).to_contain_text("AAPL")
    page.get_by_role("button", name="Calculate").click()
    expect(page.get_by_role("region", name="Value and exposure").last).to_be_visible(timeout=60_000)
    window.screenshot("what-if-calculated")
    page.get_by_role("button", name="See what would be written").click()
    page.get_by_role("button", name="Book 1 transaction").click()
    expect(page.get_by_text("booked", exact=True)).to_be_visible()
    with connection(stack.directory.load(), email, password) as client:
        portfolio_id = client.list_portfolios()["items"][0]["portfolio_id"]
        entered = client.list_transactions(portfolio_id)["items"]
    assert [(each["kind"], each["quantity"]) for each in entered if each["kind"] == "sell"] == [
        ("sell", -40.0)
    ]
    window.context.close()
    assert window.findings == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_screen_shuts_readers_out(stack: LocalStack, browser: Browser, theme: str) -> None:
    book = DEMO_BOOKS[-1]  # long and short, with options
    window = Dashboard(browser, stack.directory.load().gateway_url, theme)
    window.page.goto(f"{window.address}/")
    expect(window.page.get_by_label("Password")).to_be_visible()
    found = {"log-in": window.accessibility()}
    window.log_in(book.email, book.password)

    for key, screen in SCREENS.items():
        window.press("g", key)
        window.shows(screen)
        window.screenshot(screen)
        found[screen] = window.accessibility()
    window.context.close()

    assert {screen: each for screen, each in found.items() if each} == {}
    assert window.findings == []


def test_the_documentation_needs_no_other_server(stack: LocalStack, browser: Browser) -> None:
    window = Dashboard(browser, stack.directory.load().gateway_url)

    window.page.goto(f"{window.address}/docs")
    expect(window.page.locator(".opblock").first).to_be_visible(timeout=30_000)
    window.context.close()

    assert window.findings == []


# --- kills ---


def test_all_parts_killed_at_once_come_back(stack: LocalStack) -> None:
    """Each by itself is killed in the middle of its work in test_kill_in_replay.py."""
    killed = {name: pid for name in PARTS if (pid := stack.pid(name))}
    assert killed.keys() == set(PARTS)

    for pid in killed.values():
        os.kill(pid, signal.SIGKILL)

    until(lambda: all(stack.pid(name) not in (None, killed[name]) for name in PARTS), seconds=20)
    until(lambda: all(stack.is_ready(word) for word in WORDS), seconds=60)


def test_killing_the_supervisor_leaves_no_process_and_keeps_the_data(stack: LocalStack) -> None:
    before = stack.directory.load()
    running = stack.processes()
    assert before.supervisor is not None
    assert len(running) > len(PARTS)

    os.kill(before.supervisor.pid, signal.SIGKILL)
    until(lambda: not any(map(is_alive, running)), seconds=15)
    assert stack.run("status").returncode == 1
    said = stack.run("up")

    after = stack.directory.load()
    assert said.returncode == 0, said.stderr
    assert after.ports == before.ports
    assert after.secrets == before.secrets


def test_second_demo_reuses_the_data_after_all_was_killed(
    first: subprocess.CompletedProcess[str], stack: LocalStack
) -> None:
    second = stack.run("demo", "--once")

    assert second.returncode == 0, second.stdout + second.stderr
    assert "Nothing to replay" in second.stdout
    assert reports_of(second.stdout) == reports_of(first.stdout)


def reports_of(printed: str) -> str:
    """The framed part: everything but timings and progress."""
    return "\n".join(line for line in printed.splitlines() if line.startswith(("│", "╭", "╰")))


def test_down_leaves_no_process(stack: LocalStack) -> None:
    running = stack.processes()

    said = stack.run("down")

    assert said.returncode == 0
    assert [process for process in running if is_alive(process)] == []
    assert stack.run("status").returncode == 1
    assert "not running" in stack.run("down").stdout
