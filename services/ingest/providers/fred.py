"""FRED through fredapi: constant-maturity Treasury yields.

docs/market-data.md has the shapes of its answers.
"""

import http.client
import urllib.error
from collections.abc import AsyncIterator, Mapping
from datetime import date
from functools import cached_property, partial
from typing import TYPE_CHECKING
from xml.etree.ElementTree import ParseError, fromstring  # nosec B405

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
    retrying,
    scrubbed,
)
from services.ingest.providers.threads import Threads, as_they_finish

if TYPE_CHECKING:
    from services.ingest.providers.fred_client import BoundedFred

SERIES_OF_MATURITY = {maturity: series for series, maturity in MATURITY_OF_SERIES.items()}
_MOST_OF_A_REFUSAL = 10_000  # bytes
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
    def _client(self) -> "BoundedFred":
        from services.ingest.providers.fred_client import BoundedFred  # pulls in pandas

        return BoundedFred(self._api_key, self._root_url, self._patience)


def _problem(error: Exception, secret: str) -> Exception:
    if isinstance(error, urllib.error.HTTPError):
        trouble = failed(error.code, error.headers.get("Retry-After"), error.headers.get("Date"))
        said = scrubbed(_message(error), secret)
        return trouble or Refused(error.code, f"refuses (HTTP {error.code}){said}")
    if isinstance(error, TimeoutError) or isinstance(getattr(error, "reason", None), TimeoutError):
        return TryAgain(SILENT)
    if isinstance(error, urllib.error.URLError):
        return TryAgain(UNREACHABLE)
    if isinstance(error, OSError | http.client.HTTPException):
        return TryAgain(BROKEN_OFF)
    if isinstance(error, ParseError):
        return TryAgain("answers with something that is not XML")
    return Refused(200, f"answers in a shape that it does not document ({type(error).__name__})")


def _message(refusal: urllib.error.HTTPError) -> str:
    """What FRED says of a refusal, after a colon; nothing where it says nothing."""
    try:
        said = fromstring(refusal.read(_MOST_OF_A_REFUSAL)).get("message")  # nosec B314
    except (OSError, http.client.HTTPException, ParseError):
        said = None
    return f": {said}" if said else ""
