"""One stack and one browser for all tests of a file."""

import subprocess
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from deploy.demo.books import DEMO_BOOKS, DemoBook
from deploy.page import is_current
from tests.e2e.dashboard import BROWSER, Dashboard, chromium
from tests.e2e.local_stack import LocalStack
from tests.e2e.users import Users

pytest.register_assert_rewrite("tests.e2e.screens")


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """The command before anything was started."""
    stack = LocalStack(tmp_path_factory.mktemp("stack") / "state")
    yield stack
    stack.close()


@pytest.fixture(scope="module")
def first(local: LocalStack) -> subprocess.CompletedProcess[str]:
    """What the demo prints the first time; nothing runs afterwards."""
    return local.run("demo", "--once")


@pytest.fixture(scope="module")
def at_rest(local: LocalStack, first: subprocess.CompletedProcess[str]) -> tuple[bool, str]:
    """Whether the directory is in use after the demo, and its phase, before anything else runs."""
    assert first.args
    return local.directory.is_claimed(), local.directory.load().phase


@pytest.fixture(scope="module")
def stack(local: LocalStack, at_rest: tuple[bool, str]) -> LocalStack:
    """The stack in the background, on the demo's data."""
    said = local.run("up")
    assert said.returncode == 0, said.stderr
    return local


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


@pytest.fixture(scope="module")
def users(stack: LocalStack, browser: Browser) -> Iterator[Users]:
    """The users of the demo's portfolios, each logged in by the form once."""
    users = Users(browser, stack.directory.load().gateway_url)
    yield users
    users.close()


@pytest.fixture
def dashboard(users: Users, book: DemoBook) -> Iterator[Dashboard]:
    """A window of a user who is logged in; nothing may go wrong in it."""
    with users.window(book) as window:
        yield window


@pytest.fixture
def fund(users: Users) -> Iterator[Dashboard]:
    """A window of the user whose portfolio is long and short, with options."""
    with users.window(DEMO_BOOKS[-1]) as window:
        yield window


@pytest.fixture
def alone(stack: LocalStack, browser: Browser, book: DemoBook) -> Iterator[Dashboard]:
    """A window logged in by the form, whose session is that of no other test."""
    window = Dashboard(browser, stack.directory.load().gateway_url)
    window.log_in(book.email, book.password)
    yield window
    window.context.close()
    assert window.findings == []
