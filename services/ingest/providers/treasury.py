"""The US Treasury's daily par yield curve: constant-maturity yields without a key.

The same figures that FRED's series carry. docs/market-data.md has the shapes of its answers.
"""

from collections.abc import AsyncIterator, Mapping
from datetime import date
from functools import cached_property, partial
from typing import TYPE_CHECKING
from xml.etree.ElementTree import (  # documents with a DOCTYPE are refused  # nosec B405
    Element,
    ParseError,
    fromstring,
)

from services.ingest.inputs import YieldObservation
from services.ingest.providers import Pace, ProviderUnavailable, YieldAnswer
from services.ingest.providers.patience import Patience, Refused, TryAgain
from services.ingest.providers.threads import Threads, as_they_finish

if TYPE_CHECKING:
    from services.ingest.providers.paced_http import PacedPool

URL = "https://home.treasury.gov/resource-center/data-chart-center/interest-rates/pages/xml"
FIELD_OF_MATURITY = {
    "1M": "BC_1MONTH", "3M": "BC_3MONTH", "6M": "BC_6MONTH", "1Y": "BC_1YEAR", "2Y": "BC_2YEAR",
    "5Y": "BC_5YEAR", "7Y": "BC_7YEAR", "10Y": "BC_10YEAR", "20Y": "BC_20YEAR", "30Y": "BC_30YEAR",
}  # fmt: skip
_DATA = "{http://schemas.microsoft.com/ado/2007/08/dataservices}"
_PROPERTIES = "{http://schemas.microsoft.com/ado/2007/08/dataservices/metadata}properties"

Curve = Mapping[str, float]  # percent a year, by maturity


class TreasuryProvider:
    """One request per calendar year, which has every maturity."""

    name = "treasury"
    live = True

    def __init__(
        self,
        pace: Pace,
        *,
        url: str = URL,
        patience: Patience | None = None,
        at_once: int = 2,
    ) -> None:
        self._url = url
        self._patience = patience or Patience()
        self._threads = Threads(self.name, pace, at_once)

    async def yields(self, ranges: Mapping[str, tuple[date, date]]) -> AsyncIterator[YieldAnswer]:
        """Maturities from one month to thirty years; days without a curve are absent."""
        years = {
            year for first, last in ranges.values() for year in range(first.year, last.year + 1)
        }
        curves: dict[date, Curve] = {}
        calls = (partial(self._request, year) for year in sorted(years))
        async for found in as_they_finish(calls, self._threads.at_once):
            curves |= found
        for maturity, (first, last) in ranges.items():
            yield (
                maturity,
                [
                    YieldObservation(maturity, day, curve[maturity], self.name)
                    for day, curve in sorted(curves.items())
                    if first <= day <= last and maturity in curve
                ],
            )

    async def _request(self, year: int) -> dict[date, Curve]:
        try:
            return await self._threads.run(lambda: self._curves(year))
        except (Refused, TryAgain) as error:
            reason = error.reason
        except ParseError:
            reason = "answers with broken XML"
        except ValueError as error:
            reason = f"answers in a shape that it does not document ({type(error).__name__})"
        raise ProviderUnavailable(self.name, reason)

    def _curves(self, year: int) -> dict[date, Curve]:
        """One request for a calendar year."""
        fields = {"data": "daily_treasury_yield_curve", "field_tdr_date_value": str(year)}
        answer = self._pool.request("GET", self._url, fields=fields)
        if b"<!DOCTYPE" in answer.data or b"<!ENTITY" in answer.data:
            raise ValueError("a page, or a document that defines entities")
        feed = fromstring(answer.data)  # nosec B314
        if not feed.tag.endswith("}feed"):
            raise ValueError("no feed")
        return dict(_curve(entry) for entry in feed.iter(_PROPERTIES))

    @cached_property
    def _pool(self) -> "PacedPool":
        from services.ingest.providers.paced_http import XML, PacedPool

        return PacedPool(self._threads, self._patience, "", form=XML, maxsize=self._threads.at_once)


def _curve(entry: Element) -> tuple[date, Curve]:
    """A day and its yields; a maturity that was not issued then is absent or empty."""
    day = date.fromisoformat((entry.findtext(f"{_DATA}NEW_DATE") or "")[:10])
    texts = {
        maturity: entry.findtext(f"{_DATA}{field}") for maturity, field in FIELD_OF_MATURITY.items()
    }
    return day, {maturity: float(text) for maturity, text in texts.items() if text}
