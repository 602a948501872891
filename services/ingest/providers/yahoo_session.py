"""yfinance's HTTP session: requests wait their turn, have time limits, and raise clear errors.

yfinance takes most failures for an unknown symbol, so they are distinguished before it sees them.
"""

import atexit
import json
import shutil
import tempfile
import threading
from collections.abc import Mapping
from functools import lru_cache
from math import ceil
from typing import Any
from urllib.parse import urlsplit

from curl_cffi import CurlOpt, requests
from curl_cffi.requests import exceptions

from services.ingest.providers.paced_http import Turns
from services.ingest.providers.patience import (
    SILENT,
    UNREACHABLE,
    UNTRUSTED,
    Patience,
    Refused,
    TryAgain,
    failed,
    reason_of,
    retrying,
)
from services.ingest.providers.yahoo import UnknownSymbol

# With a symbol's facts yfinance requests its price-earnings-to-growth ratio, which is not used.
_UNWANTED = "/ws/fundamentals-timeseries/"
_preparing = threading.Lock()
_NOT_THERE = ("Not Found", "No data found", "Data doesn't exist", "Quote not found")
_REASONS: Mapping[type[Exception], str] = {  # an SSLError is a ConnectionError too
    exceptions.Timeout: SILENT,
    exceptions.SSLError: UNTRUSTED,
    exceptions.ConnectionError: UNREACHABLE,
}


class PacedSession(requests.Session[requests.Response]):
    """Raises `UnknownSymbol`, `Refused` and `TryAgain` for data; yfinance lets them pass.

    Cookies and crumbs are not data: yfinance also works without them, so it handles their failures.
    """

    def __init__(self, turns: Turns, patience: Patience, options: Mapping[str, Any]) -> None:
        silence = {
            CurlOpt.LOW_SPEED_LIMIT: 1,
            CurlOpt.LOW_SPEED_TIME: ceil(patience.silence_seconds),
        }
        own = {
            "impersonate": "chrome",
            **options,
            "curl_options": silence | dict(options.get("curl_options", {})),
        }
        super().__init__(**own)
        self._turns = turns
        self._patience = patience

    def request(self, method: Any, url: str, *arguments: Any, **options: Any) -> requests.Response:
        """One request of the library; requests for data are retried as `patience` allows."""
        patience = self._patience
        options["timeout"] = (patience.connect_seconds, patience.whole_answer_seconds)
        path = urlsplit(url).path
        if path.startswith(_UNWANTED):
            return _nothing(url)
        if "/finance/" not in path:
            self._turns.wait_for_turn()
            return super().request(method, url, *arguments, **options)
        return retrying(patience, self._turns.pause)(self._data, method, url, *arguments, **options)

    def _data(self, method: Any, url: str, *arguments: Any, **options: Any) -> requests.Response:
        self._turns.wait_for_turn()
        try:
            response = super().request(method, url, *arguments, **options)
        except exceptions.RequestException as error:
            raise TryAgain(reason_of(error, _REASONS)) from None
        headers = response.headers
        if trouble := failed(response.status_code, headers.get("Retry-After"), headers.get("Date")):
            raise trouble
        _check(response)
        return response


def prepare_library() -> None:
    """Once per process, whichever thread comes first; the others wait.

    Failures are raised instead of logged, and the cache is a separate one. The library creates its
    tables at first use, where two threads at once end with "database is locked" (yfinance 1.7.0).
    """
    with _preparing:
        _prepare_library()


@lru_cache
def _prepare_library() -> None:
    import yfinance  # type: ignore[import-untyped]

    directory = tempfile.mkdtemp(prefix="sigmasight-yahoo-")
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    yfinance.set_tz_cache_location(directory)
    yfinance.config.debug.hide_exceptions = False
    for cache in (yfinance.cache.get_tz_cache(), yfinance.cache.get_cookie_cache()):
        cache.initialise()


def _nothing(url: str) -> requests.Response:
    response = requests.Response()
    response.url = url
    response.content = b"{}"
    return response


def _check(response: requests.Response) -> None:
    """A wrong cookie or crumb (401) is left to the library, which gets new ones."""
    if response.status_code == 401:
        return
    error = _error(response)
    if error is not None and any(text in error for text in _NOT_THERE):
        raise UnknownSymbol(error)
    if response.status_code != 200 or error is not None:
        raise Refused(
            response.status_code,
            f"refuses (HTTP {response.status_code})" + (f": {error}" if error else ""),
        )


def _error(response: requests.Response) -> str | None:
    """Yahoo's error in an answer such as {"chart": {"result": ..., "error": ...}}."""
    try:
        [answer] = json.loads(response.content).values()
        error = answer["error"]
    except (AttributeError, KeyError, TypeError, ValueError):
        if response.status_code == 200:
            raise TryAgain("answers with something that is not its data") from None
        return None
    return f"{error.get('code')}: {error.get('description')}"[:200] if error else None
