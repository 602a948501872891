"""FRED through fredapi: constant-maturity Treasury yields.

docs/market-data.md has the shapes of its answers.
"""

import http.client
import io
import urllib.error
import urllib.request
import urllib.response
from collections.abc import AsyncIterator, Mapping
from datetime import date
from functools import cached_property, partial
from typing import TYPE_CHECKING
from xml.etree.ElementTree import ParseError  # the error alone  # nosec B405

from services.ingest.inputs import YieldObservation
from services.ingest.providers import Pace, ProviderUnavailable, YieldAnswer
from services.ingest.providers.bundled import MATURITY_OF_SERIES
from services.ingest.providers.patience import (
    BROKEN_OFF,
    SILENT,
    UNREACHABLE,
    Patience,
    Refused,
    TryAgain,
    failed,
    read_in_time,
    retrying,
    scrubbed,
)
from services.ingest.providers.threads import Threads, as_they_finish

if TYPE_CHECKING:
    from fredapi import Fred  # type: ignore[import-untyped]

SERIES_OF_MATURITY = {maturity: series for series, maturity in MATURITY_OF_SERIES.items()}
ROOT_URL = "https://api.stlouisfed.org/fred"


class FredProvider:
    """One request per series and range."""

    name = "fred"
    live = True

    def __init__(
        self,
        api_key: str,
        pace: Pace,
        *,
        root_url: str = ROOT_URL,
        patience: Patience | None = None,
        at_once: int = 2,
    ) -> None:
        self._api_key = api_key
        self._root_url = root_url
        self._patience = patience or Patience()
        self._threads = Threads(self.name, pace, at_once)

    async def yields(self, ranges: Mapping[str, tuple[date, date]]) -> AsyncIterator[YieldAnswer]:
        """Maturities from one month to thirty years, without holidays, which FRED marks "."."""
        calls = (partial(self._observed, maturity, *days) for maturity, days in ranges.items())
        async for answer in as_they_finish(calls, self._threads.at_once):
            yield answer

    async def _observed(self, maturity: str, first: date, last: date) -> YieldAnswer:
        series = SERIES_OF_MATURITY[maturity]
        attempts = retrying(self._patience, self._threads.pause)
        try:
            percents = await self._threads.run(lambda: attempts(self._series, series, first, last))
        except (Refused, TryAgain) as error:
            raise ProviderUnavailable(self.name, error.reason) from None
        return maturity, [
            YieldObservation(maturity, day, percent, self.name) for day, percent in percents.items()
        ]

    def _series(self, series: str, first: date, last: date) -> dict[date, float]:
        """One request. Its URL holds the key, so errors are raised again without their cause."""
        self._threads.wait_for_turn()
        try:
            found = self._client.get_series(
                series, observation_start=first, observation_end=last
            ).dropna()
            return {stamp.date(): float(percent) for stamp, percent in found.items()}
        except TryAgain as error:
            problem: Exception = TryAgain(error.reason)
        except (OSError, http.client.HTTPException, ParseError, TypeError, ValueError) as error:
            problem = _problem(error, self._api_key)
        raise problem

    @cached_property
    def _client(self) -> "Fred":
        from fredapi import Fred  # pulls in pandas

        client = Fred(self._api_key)
        client.root_url = self._root_url.rstrip("/")
        _bound(self._root_url, self._patience)
        return client


def _problem(error: Exception, secret: str) -> Exception:
    """fredapi raises a ValueError, or any error from the body, in place of an HTTP error."""
    answer = error if isinstance(error, urllib.error.HTTPError) else error.__context__
    if isinstance(answer, urllib.error.HTTPError):
        trouble = failed(answer.code, answer.headers.get("Retry-After"), answer.headers.get("Date"))
        said = f": {scrubbed(str(error), secret)}" if isinstance(error, ValueError) else ""
        return trouble or Refused(answer.code, f"refuses (HTTP {answer.code}){said}")
    if isinstance(error, TimeoutError) or isinstance(getattr(error, "reason", None), TimeoutError):
        return TryAgain(SILENT)
    if isinstance(error, urllib.error.URLError):
        return TryAgain(UNREACHABLE)
    if isinstance(error, OSError | http.client.HTTPException):
        return TryAgain(BROKEN_OFF)
    if isinstance(error, ParseError):
        return TryAgain("answers with something that is not XML")
    return Refused(200, f"answers in a shape that it does not document ({type(error).__name__})")


class _Bounds(urllib.request.BaseHandler):
    """Bounds in time for requests to hosts we know; fredapi sends its own without any."""

    def __init__(self) -> None:
        self.patience_by_host: dict[str, Patience] = {}

    def http_request(self, request: urllib.request.Request) -> urllib.request.Request:
        """Before sending: how long the server may be silent."""
        if patience := self.patience_by_host.get(request.host):
            request.timeout = patience.silence_seconds
        return request

    def http_response(
        self, request: urllib.request.Request, response: http.client.HTTPResponse
    ) -> http.client.HTTPResponse | urllib.response.addinfourl:
        """After the head: the whole body, in time."""
        patience = self.patience_by_host.get(request.host)
        if patience is None:
            return response
        with response:
            body = read_in_time(response.read1, patience.whole_answer_seconds)
            if response.length:
                raise http.client.IncompleteRead(body, response.length)
        whole = urllib.response.addinfourl(
            io.BytesIO(body), response.headers, request.full_url, response.status
        )
        whole.msg = response.reason  # type: ignore[attr-defined]
        return whole

    https_request = http_request
    https_response = http_response


_bounds = _Bounds()


def _bound(url: str, patience: Patience) -> None:
    """urllib takes its handlers for the whole process, as fredapi does its proxies."""
    _bounds.patience_by_host[urllib.request.Request(url).host] = patience
    urllib.request.install_opener(urllib.request.build_opener(_bounds))
