"""Users who are logged in: by the form once, and then in a new window for each test."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, BrowserContext

from deploy.demo.books import DemoBook
from tests.e2e.dashboard import Dashboard

_AS_AFTER_THE_LOG_IN = """() => {
  localStorage.clear();
  localStorage.setItem('sigmasight.tour', 'seen');
}"""


class Users:
    """A browser for each user, whose session all its windows share.

    What an earlier window stored in the browser is removed. A test that ends the session needs a
    separate browser: `Dashboard`.
    """

    def __init__(self, browser: Browser, address: str) -> None:
        self._browser = browser
        self._address = address
        self._contexts: dict[str, BrowserContext] = {}

    @contextmanager
    def window(self, book: DemoBook, theme: str = "light") -> Iterator[Dashboard]:
        """A window that shows the first report; nothing may go wrong in it."""
        context = self._contexts.get(book.email)
        window = Dashboard(self._browser, self._address, theme, context=context)
        window.page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
        try:
            if context is None:
                window.log_in(book.email, book.password)
                self._contexts[book.email] = window.context
            else:
                window.page.goto(f"{self._address}/favicon.svg")
                window.page.evaluate(_AS_AFTER_THE_LOG_IN)
                window.page.goto(f"{self._address}/")
                window.ready()
            yield window
        finally:
            for page in window.context.pages:
                page.close()
        assert window.findings == []

    def close(self) -> None:
        """Close every browser."""
        for context in self._contexts.values():
            context.close()
