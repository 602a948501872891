"""The US Treasury's XML feed as the provider uses it, from the bundled yields.

docs/market-data.md has its shapes.
"""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache

from services.ingest.providers.bundled import MATURITY_OF_SERIES
from services.ingest.providers.treasury import FIELD_OF_MATURITY
from tests import panel
from tests.wire.server import Reply, Request, StandIn

PATH = "/resource-center/data-chart-center/interest-rates/pages/xml"
Curves = Mapping[date, Mapping[str, float]]  # percent by maturity, by day
_DATA = "http://schemas.microsoft.com/ado/2007/08/dataservices"


def treasury(curves: Curves | None = None) -> StandIn:
    """A stand-in that knows the bundled yields, or these curves."""
    known = bundled_curves() if curves is None else curves
    return StandIn(lambda request: _answer(request, known))


@lru_cache
def bundled_curves() -> Curves:
    """The bundled yields by day."""
    curves: dict[date, dict[str, float]] = {}
    for series, maturity in MATURITY_OF_SERIES.items():
        days, percents = panel.yields(series)
        for day, percent in zip(days, percents, strict=True):
            curves.setdefault(day, {})[maturity] = float(percent)
    return curves


def feed(curves: Curves) -> Reply:
    """The curves as the Treasury publishes them: Atom entries with OData properties."""
    entries = "".join(_entry(day, curve) for day, curve in curves.items())
    body = (
        '<?xml version="1.0" encoding="utf-8" standalone="yes"?>\n'
        '<feed xml:base="http://data.treasury.gov/Feed.svc/" xmlns="http://www.w3.org/2005/Atom" '
        f'xmlns:d="{_DATA}" xmlns:m="{_DATA}/metadata">'
        '<title type="text">DailyTreasuryYieldCurveRateData</title>'
        f"<updated>2023-01-01T00:00:00Z</updated>{entries}</feed>"
    )
    return Reply(200, body.encode(), {"Content-Type": "application/xml; charset=utf-8"})


def _answer(request: Request, curves: Curves) -> Reply:
    if request.path != PATH or request.query.get("data") != "daily_treasury_yield_curve":
        return Reply(404, b"<html><body>Page not found</body></html>")
    year = int(request.query["field_tdr_date_value"])
    return feed({day: curve for day, curve in curves.items() if day.year == year})


def _entry(day: date, curve: Mapping[str, float]) -> str:
    yields = "".join(
        f'<d:{field} m:type="Edm.Double">{curve[maturity]:.2f}</d:{field}>'
        if maturity in curve
        else f'<d:{field} m:type="Edm.Double" m:null="true" />'
        for maturity, field in FIELD_OF_MATURITY.items()
    )
    return (
        '<entry><title type="text"></title><content type="application/xml"><m:properties>'
        f'<d:Id m:type="Edm.Int32">{day.toordinal()}</d:Id>'
        f'<d:NEW_DATE m:type="Edm.DateTime">{day}T00:00:00</d:NEW_DATE>{yields}'
        "</m:properties></content></entry>"
    )
